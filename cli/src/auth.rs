//! Authentication: from the settings, and the files that they name, to what the core needs.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use pontoon_core::Event;
use pontoon_core::auth::{
    Auth, IntrospectionConfig, Keys, RemoteConfig, Resource, ScopePolicy, Secret, StaticToken,
    TrustedHeaders,
};
use pontoon_driver::Authenticator;

use crate::args::AuthArgs;
use crate::errors::Failure;
use crate::log::{Entry, Log};

/// The name of the only server of an endpoint in scopes.
const SERVER: &str = "mcp";

/// The name in scopes of the paths that belong to none of several servers.
pub(crate) const SITE: &str = "pontoon";

/// Returns the authentication that several servers share, or `None` if there is none.
pub(crate) fn shared(args: &AuthArgs) -> Result<Option<SharedAuth>, Failure> {
    if !is_wanted(args) {
        return check_unused(args).map(|()| None);
    }
    let authenticator = Arc::new(Authenticator::new(keys(args)?));
    Ok(Some(SharedAuth { authenticator, remote: remote(args)?, args: args.clone() }))
}

/// The authentication that several servers share.
#[derive(Debug)]
pub(crate) struct SharedAuth {
    authenticator: Arc<Authenticator>,
    remote: Option<RemoteConfig>,
    args: AuthArgs,
}

impl SharedAuth {
    /// Starts the requests to an authorization server, if there is one. Their failures are logged.
    pub(crate) fn start(&self, log: &Log) -> Result<(), Failure> {
        let Some(remote) = &self.remote else { return Ok(()) };
        let log = log.clone();
        let log = Arc::new(move |event: &Event| log.write(Entry::event(event.clone())));
        let started = self.authenticator.start(remote, log);
        started.map_err(|error| Failure::cannot_start(&error))
    }

    /// Returns the authentication of the only server of an endpoint.
    pub(crate) fn auth_of_only(&self) -> Result<Auth, Failure> {
        self.auth(SERVER, "")
    }

    /// Returns the authentication of the server with this name in scopes, and this path below the
    /// resource of the options.
    pub(crate) fn auth(&self, server: &str, path: &str) -> Result<Auth, Failure> {
        let args = &self.args;
        let url = args.auth_resource.as_deref();
        let url = url.map(|url| format!("{}{path}", url.trim_end_matches('/')));
        Ok(Auth {
            authenticator: self.authenticator.clone(),
            resource: url.map(|url| resource(args, &url)).transpose()?,
            scopes: policy(args, server),
        })
    }
}

/// Returns whether there is a way to identify clients.
fn is_wanted(args: &AuthArgs) -> bool {
    args.auth_token_file.is_some()
        || args.auth_introspection.is_some()
        || !args.auth_trust_from.is_empty()
}

/// Checks that no setting of authentication is given that would do nothing.
fn check_unused(args: &AuthArgs) -> Result<(), Failure> {
    let unused = [
        ("--auth-resource", args.auth_resource.is_some()),
        ("--auth-servers", !args.auth_servers.is_empty()),
        ("--auth-scopes", !args.auth_scopes.is_empty()),
        ("--auth-scopes-header", args.auth_scopes_header.is_some()),
        ("--auth-scopes-for", !args.auth_scopes_for.is_empty()),
        ("--auth-issuer", args.auth_issuer.is_some()),
    ];
    match unused.iter().find(|(_, is_given)| *is_given) {
        Some((option, _)) => Err(Failure {
            what: format!("{option} has no effect alone"),
            why: "nothing says how clients prove who they are".into(),
            fix: "give --auth-token-file, --auth-introspection or --auth-trust-from, too".into(),
            code: 2,
        }),
        None => Ok(()),
    }
}

/// Returns the tokens, keys and addresses, with the files read.
pub(crate) fn keys(args: &AuthArgs) -> Result<Keys, Failure> {
    let tokens = args.auth_token_file.as_deref().map(tokens).transpose()?.unwrap_or_default();
    let trusted = (!args.auth_trust_from.is_empty()).then(|| TrustedHeaders {
        user: args.auth_user_header.as_str().into(),
        scopes: args.auth_scopes_header.as_deref().map(Box::from),
        ..TrustedHeaders::from(args.auth_trust_from.clone())
    });
    Ok(Keys { tokens, trusted, introspects: args.auth_introspection.is_some() })
}

/// Returns what an authorization server is asked for, or `None` if nothing is.
fn remote(args: &AuthArgs) -> Result<Option<RemoteConfig>, Failure> {
    let introspection = args.auth_introspection.as_deref().map(|url| introspection(args, url));
    let issuer = args.auth_issuer.as_deref().unwrap_or_default().into();
    let introspection = introspection.transpose()?;
    Ok(introspection.map(|it| RemoteConfig { issuer, introspection: Some(it) }))
}

fn introspection(args: &AuthArgs, url: &str) -> Result<IntrospectionConfig, Failure> {
    let option = "--auth-introspection-secret";
    let path = args.auth_introspection_secret.as_deref().unwrap_or(Path::new(""));
    let secret = read(path, option)?;
    if secret.trim().is_empty() {
        return Err(Failure {
            what: format!("{} ({option}) is empty", path.display()),
            why: "the introspection endpoint answers only clients that it knows".into(),
            fix: "write the secret of the client into it".into(),
            code: 2,
        });
    }
    if args.auth_resource.is_none() {
        return Err(Failure {
            what: "--auth-introspection needs --auth-resource".into(),
            why: "a token has to be meant for this server, and nothing says what its URL is".into(),
            fix: "give --auth-resource the URL that clients are configured with".into(),
            code: 2,
        });
    }
    Ok(IntrospectionConfig {
        url: url.into(),
        client_id: args.auth_introspection_client.as_str().into(),
        client_secret: Secret::new(secret.trim()),
    })
}

/// Returns the rule about scopes for a server of this name.
fn policy(args: &AuthArgs, server: &str) -> ScopePolicy {
    match &args.auth_scopes[..] {
        [none] if none == "none" => ScopePolicy::unchecked(server),
        initial => ScopePolicy::new(server, initial).with_rules(args.auth_scopes_for.clone()),
    }
}

fn resource(args: &AuthArgs, url: &str) -> Result<Resource, Failure> {
    let resource = Resource::new(url).map_err(|why| Failure {
        what: format!("invalid value {url:?} for --auth-resource"),
        why: why.into(),
        fix: "give the URL that clients are configured with".into(),
        code: 2,
    })?;
    let servers = match (&args.auth_servers[..], &args.auth_issuer) {
        ([], Some(issuer)) => std::slice::from_ref(issuer),
        (servers, _) => servers,
    };
    Ok(resource.with_authorization_servers(servers))
}

fn tokens(path: &Path) -> Result<Vec<StaticToken>, Failure> {
    let text = read(path, "--auth-token-file")?;
    let bad = |why: String| Failure {
        what: format!("the token file {} cannot be used", path.display()),
        why,
        fix: "write a line for each token: NAME, and the output of `printf %s TOKEN | sha256sum`"
            .into(),
        code: 2,
    };
    let tokens = StaticToken::parse_file(&text)
        .map_err(|(line, reason)| bad(format!("line {line}: {reason}")))?;
    match tokens.is_empty() {
        true => Err(bad("it has no token, so that every client would be refused".into())),
        false => Ok(tokens),
    }
}

fn read(path: &Path, option: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure {
        what: format!("cannot read {} ({option})", path.display()),
        why: error.to_string(),
        fix: format!("give {option} a file that this program may read"),
        code: 2,
    })
}

#[cfg(test)]
mod tests;
