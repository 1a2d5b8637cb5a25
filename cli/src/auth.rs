//! Authentication: from the settings, and the files that they name, to what the core needs.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use pontoon_core::auth::{Auth, Keys, Resource, ScopePolicy, StaticToken, TrustedHeaders};
use pontoon_driver::Authenticator;

use crate::args::AuthArgs;
use crate::errors::Failure;

/// The name of the only server of an endpoint in scopes.
const SERVER: &str = "mcp";

/// The name in scopes of the paths that belong to none of several servers.
pub(crate) const SITE: &str = "pontoon";

/// Returns the authentication of the only server of an endpoint, or `None` if there is none.
pub(crate) fn of(args: &AuthArgs) -> Result<Option<Auth>, Failure> {
    shared(args)?.map(|shared| shared.auth(SERVER, "")).transpose()
}

/// Returns the authentication that several servers share, or `None` if there is none.
pub(crate) fn shared(args: &AuthArgs) -> Result<Option<SharedAuth>, Failure> {
    if !is_wanted(args) {
        return check_unused(args).map(|()| None);
    }
    let authenticator = Arc::new(Authenticator::new(keys(args)?));
    Ok(Some(SharedAuth { authenticator, args: args.clone() }))
}

/// The authentication that several servers share.
pub(crate) struct SharedAuth {
    authenticator: Arc<Authenticator>,
    args: AuthArgs,
}

impl SharedAuth {
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
    args.auth_token_file.is_some() || !args.auth_trust_from.is_empty()
}

/// Checks that no setting of authentication is given that would do nothing.
fn check_unused(args: &AuthArgs) -> Result<(), Failure> {
    let unused = [
        ("--auth-resource", args.auth_resource.is_some()),
        ("--auth-servers", !args.auth_servers.is_empty()),
        ("--auth-scopes", !args.auth_scopes.is_empty()),
        ("--auth-scopes-header", args.auth_scopes_header.is_some()),
    ];
    match unused.iter().find(|(_, is_given)| *is_given) {
        Some((option, _)) => Err(Failure {
            what: format!("{option} has no effect alone"),
            why: "nothing says how clients prove who they are".into(),
            fix: "give --auth-token-file or --auth-trust-from, too".into(),
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
    Ok(Keys { tokens, trusted })
}

/// Returns the rule about scopes for a server of this name.
fn policy(args: &AuthArgs, server: &str) -> ScopePolicy {
    match &args.auth_scopes[..] {
        [none] if none == "none" => ScopePolicy::unchecked(server),
        initial => ScopePolicy::new(server, initial),
    }
}

fn resource(args: &AuthArgs, url: &str) -> Result<Resource, Failure> {
    let resource = Resource::new(url).map_err(|why| Failure {
        what: format!("invalid value {url:?} for --auth-resource"),
        why: why.into(),
        fix: "give the URL that clients are configured with".into(),
        code: 2,
    })?;
    Ok(resource.with_authorization_servers(&args.auth_servers))
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
