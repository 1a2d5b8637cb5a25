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
            scopes: match &self.scopes[..] {
                [none] if none == "none" => ScopePolicy::unchecked("mcp"),
                initial => ScopePolicy::new("mcp", initial),
            },
        })
    }
}
