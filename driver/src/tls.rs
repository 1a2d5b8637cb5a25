//! TLS: the server's certificate, and the state machine of a connection between its socket and the
//! guard.
//!
//! Owns: the certificate in use, and the bytes of records. Never: a socket, a deadline, or the
//! consequence of a failure. A connection that does not complete its handshake is closed by its
//! guard, which counts the time from accept.
//!
//! `TlsSession` is driven over any reader and writer that do not block; `TlsSocket` makes a socket of
//! it, for all runtimes.

mod identity;
mod session;
mod socket;

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

pub use identity::{Identity, IdentityError};
pub(crate) use session::TlsSession;
pub(crate) use socket::TlsSocket;

use crate::lock::lock;

/// The settings of TLS that all connections share: versions 1.2 and 1.3, with the library's default
/// cipher suites, and `http/1.1` by ALPN. The library keeps at most 256 sessions for resumption.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
    current: Arc<Current>,
}

/// The certificate for new connections.
#[derive(Debug)]
struct Current(Mutex<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(lock(&self.0).clone())
    }
}

impl Tls {
    /// Creates the settings for this certificate.
    pub fn new(identity: Identity) -> Tls {
        let current = Arc::new(Current(Mutex::new(identity.0)));
        let mut config = ServerConfig::builder_with_provider(identity::provider())
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for both versions")
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Tls { config: Arc::new(config), current }
    }

    /// Replaces the certificate for new connections; open ones keep theirs.
    pub fn replace(&self, identity: Identity) {
        *lock(&self.current.0) = identity.0;
    }
}
