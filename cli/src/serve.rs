//! `pontoon proxy`.

use std::process::ExitCode;

use crate::args::ProxyArgs;
use crate::errors::Failure;

/// Serves the command until the program is asked to stop.
pub(crate) fn proxy(args: &ProxyArgs) -> Result<ExitCode, Failure> {
    Err(Failure {
        what: format!("cannot serve {:?}", args.command),
        why: "no runtime is built in".into(),
        fix: "use a build that has one".into(),
        code: 1,
    })
}
