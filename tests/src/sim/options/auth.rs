//! The options of authentication.

use std::fs;
use std::sync::Arc;

use pontoon_core::auth::{
    Algorithm, Auth, Cidr, JwtKeys, JwtSettings, Keys, Resource, ScopePolicy, StaticToken,
    TrustedHeaders,
};
use pontoon_driver::{Authenticator, verify_signature};

/// The options of authentication so far.
#[derive(Default)]
pub(super) struct Options {
    keys: Keys,
    is_given: bool,
    resource: Option<Resource>,
    issuer: Option<String>,
    jwt_keys: Option<JwtKeys>,
    algorithms: Vec<Algorithm>,
    audiences: Vec<String>,
    servers: Vec<String>,
    scopes: Vec<String>,
}

/// Returns the authentication with the scopes of one of several servers, given the command line.
pub(super) fn of_server(auth: Auth, arguments: &[String], name: &str, names: &[&str]) -> Auth {
    Auth { scopes: policy(&scopes(arguments), |it| ScopePolicy::among(name, names, it)), ..auth }
}

/// Returns the authentication with the scopes of the paths that belong to no server.
pub(super) fn of_site(auth: Auth, arguments: &[String]) -> Auth {
    let mut own = scopes(arguments);
    own.retain(|scope| matches!(&**scope, "none" | SITE));
    Auth { scopes: policy(&own, |initial| ScopePolicy::new(SITE, initial)), ..auth }
}

/// The name of those paths in scopes.
pub(super) const SITE: &str = "pontoon";

fn scopes(arguments: &[String]) -> Vec<String> {
    let values = arguments.iter().skip_while(|it| *it != "--auth-scopes").nth(1);
    values.map(|list| list.split(',').map(str::to_owned).collect()).unwrap_or_default()
}

fn policy(scopes: &[String], checked: impl FnOnce(&[String]) -> ScopePolicy) -> ScopePolicy {
    match scopes {
        [none] if none == "none" => ScopePolicy::unchecked(),
        initial => checked(initial),
    }
}

impl Options {
    /// Sets an option; returns whether it is one of authentication.
    pub(super) fn set(&mut self, option: &str, value: &str) -> bool {
        let list = || value.split(',').map(str::to_owned).collect();
        match option {
            "--auth-token-file" => {
                let text = fs::read_to_string(value).expect("a token file");
                self.keys.tokens = StaticToken::parse_file(&text).expect("tokens");
            }
            "--auth-trust-from" => {
                let peers = value.split(',').map(|it| Cidr::parse(it).expect("a range")).collect();
                self.keys.trusted = Some(TrustedHeaders::from(peers));
            }
            "--auth-scopes-header" => {
                let trusted = self.keys.trusted.as_mut().expect("--auth-trust-from comes first");
                trusted.scopes = Some(value.to_ascii_lowercase().into());
            }
            "--auth-issuer" => self.issuer = Some(value.to_owned()),
            "--auth-jwks-file" => {
                let text = fs::read_to_string(value).expect("a file of keys");
                self.jwt_keys = Some(JwtKeys::parse(&text).expect("keys"));
            }
            "--auth-algorithms" => {
                let read = |name: &str| name.parse().expect("an algorithm");
                self.algorithms = value.split(',').map(read).collect();
            }
            "--auth-audiences" => self.audiences = list(),
            "--auth-resource" => self.resource = Some(Resource::new(value).expect("a resource")),
            "--auth-servers" => self.servers = list(),
            "--auth-scopes" => self.scopes = list(),
            _ => return false,
        }
        self.is_given = true;
        true
    }

    /// Returns the authentication of these options.
    pub(super) fn finish(self) -> Option<Auth> {
        let jwt = self.issuer.map(|issuer| JwtSettings {
            issuer: issuer.into(),
            algorithms: match self.algorithms.is_empty() {
                true => Algorithm::DEFAULT.into(),
                false => self.algorithms,
            },
            keys: self.jwt_keys.expect("--auth-jwks-file"),
            verify: verify_signature,
        });
        let resource = self
            .resource
            .map(|it| it.with_authorization_servers(&self.servers).with_audiences(&self.audiences));
        self.is_given.then(|| Auth {
            authenticator: Arc::new(Authenticator::new(Keys { jwt, ..self.keys })),
            resource,
            scopes: policy(&self.scopes, |initial| ScopePolicy::new("mcp", initial)),
        })
    }
}
