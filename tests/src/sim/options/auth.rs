//! The options of authentication.

use std::fs;
use std::sync::Arc;

use pontoon_core::auth::{Auth, Cidr, Keys, Resource, ScopePolicy, StaticToken, TrustedHeaders};
use pontoon_driver::Authenticator;

/// The options of authentication so far.
#[derive(Default)]
pub(super) struct Options {
    keys: Keys,
    is_given: bool,
    resource: Option<Resource>,
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
        self.is_given.then(|| Auth {
            authenticator: Arc::new(Authenticator::new(self.keys)),
            resource: self.resource.map(|it| it.with_authorization_servers(&self.servers)),
            scopes: ScopePolicy::new("mcp", &self.scopes),
        })
    }
}
