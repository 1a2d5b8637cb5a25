//! pontoon's own servers, with the settings of the command line.

use std::ffi::OsString;
use std::sync::Arc;

use pontoon_core::{Native, Revision};
use pontoon_servers::calculator::{Calculator, FlatEvents};
use pontoon_servers::echo::{Echo, Settings};

use crate::args::{CalculatorArgs, EchoArgs, Program, Verb};
use crate::errors::Failure;
use crate::variables::Variables;
use crate::{container, parse};

/// Creates the server of `pontoon echo`.
pub(crate) fn echo(args: &EchoArgs, variables: &Variables) -> Result<Native, Failure> {
    let revisions = revisions(args)?;
    let settings = Settings {
        environment: variables.all(),
        host: args.serving.host.clone(),
        port: args.serving.port,
        debug: args.debug,
        session_timeout: args.sessions.timeout,
        sessions_max: args.sessions.max_sessions,
        binary: args.binary,
        compression: args.compression,
        message_bytes_max: args.max_message,
        revisions: revisions.clone(),
        origins: args.serving.allow_origin.clone(),
        container: container::detect(variables.first(&["KUBERNETES_SERVICE_HOST"]).is_some()),
    };
    let native = match args.stateless {
        true => Native::stateless(Arc::new(Echo::stateless(settings))),
        false => Native::stateful(Arc::new(Echo::stateful(settings))),
    };
    Ok(Native {
        revisions: revisions.into(),
        sweep_period: args.cleanup_interval,
        connection_requests_max: args.max_requests,
        packs: args.compression,
        ..native
    })
}

/// Creates the server of `pontoon calculator`.
pub(crate) fn calculator(args: &CalculatorArgs) -> Native {
    let server = Calculator::new(args.sample_tool.clone().unwrap_or_default());
    let native = Native::stateless(Arc::new(server));
    let named = args.revisions.as_ref().map(|revisions| revisions.0.as_slice());
    let revisions = named.unwrap_or(&Revision::ALL).into();
    let event_format = args.documented_events.then(|| Arc::new(FlatEvents) as Arc<_>);
    Native { revisions, event_format, ..native }
}

/// Creates the server of `pontoon stdio`. Variables apply to it as they do over HTTP.
pub(crate) fn stdio(program: Program, variables: &Variables) -> Result<Native, Failure> {
    let words: &[&str] = match program {
        Program::Echo => &["pontoon", "echo"],
        Program::EchoStateless => &["pontoon", "echo", "--stateless"],
        Program::Calculator => &["pontoon", "calculator"],
    };
    match parse::parse(words.iter().map(OsString::from), variables)? {
        Verb::Echo(args) => echo(&args, variables),
        Verb::Calculator(args) => Ok(calculator(&args)),
        other => unreachable!("no server: {other:?}"),
    }
}

/// Returns the revisions to serve.
fn revisions(args: &EchoArgs) -> Result<Vec<Revision>, Failure> {
    match (&args.protocol_versions, args.protocol_version) {
        // The documented version limits nothing: other revisions are served too.
        (None, _) => Ok(Revision::ALL.to_vec()),
        (Some(listed), Some(one)) if !listed.0.contains(&one) => Err(Failure {
            what: format!("revision {one} is not served"),
            why: "the list of revisions to serve does not name it".into(),
            fix: "add it to --protocol-versions (MCP_PROTOCOL_VERSIONS_SUPPORTED), or leave \
                  --protocol-version (MCP_PROTOCOL_VERSION) out"
                .into(),
            code: 2,
        }),
        (Some(listed), _) => Ok(listed.0.clone()),
    }
}

#[cfg(test)]
mod tests;
