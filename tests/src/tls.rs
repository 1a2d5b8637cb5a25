//! TLS of the suite: certificates made for each run, and the clients that trust them.
//!
//! The addresses of programs that expect TLS are known here, so that every case connects as its
//! program expects it.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};

/// A self-signed certificate for this machine, and its key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate as PEM.
    pub pem: String,
    /// The private key as PEM, in PKCS#8.
    pub key: String,
    der: CertificateDer<'static>,
}

impl Certificate {
    /// Creates one.
    pub fn new() -> Certificate {
        let key = KeyPair::generate().expect("a key");
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let params = CertificateParams::new(names).expect("valid names");
        let certificate = params.self_signed(&key).expect("a certificate");
        Certificate {
            pem: certificate.pem(),
            key: key.serialize_pem(),
            der: certificate.der().clone(),
        }
    }

    /// Returns the certificate of the programs that a target starts with TLS.
    pub fn of_suite() -> &'static Certificate {
        static CERTIFICATE: LazyLock<Certificate> = LazyLock::new(Certificate::new);
        &CERTIFICATE
    }

    /// Writes both into a folder, and returns their paths.
    pub fn write(&self, folder: &Path) -> [PathBuf; 2] {
        let paths = ["cert.pem", "key.pem"].map(|name| folder.join(name));
        fs::write(&paths[0], &self.pem).expect("a file");
        let mut key = OpenOptions::new();
        let key = key.create(true).write(true).truncate(true).mode(0o600).open(&paths[1]);
        key.and_then(|mut key| key.write_all(self.key.as_bytes())).expect("a file");
        paths
    }

    /// Returns a client for a server with this certificate.
    pub fn client(&self, addr: SocketAddr) -> ClientConnection {
        self.client_with(addr, &[&TLS13, &TLS12], &[])
    }

    /// Returns a client with these versions, which offers these protocols by ALPN.
    pub fn client_with(
        &self,
        addr: SocketAddr,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> ClientConnection {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).expect("a root");
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("suites for the versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::IpAddress(addr.ip().into());
        ClientConnection::new(Arc::new(config), name).expect("a client")
    }
}

impl Default for Certificate {
    fn default() -> Certificate {
        Certificate::new()
    }
}

static ADDRESSES: Mutex<Option<HashSet<SocketAddr>>> = Mutex::new(None);

/// Records whether the program at this address expects TLS.
pub(crate) fn expect(addr: SocketAddr, tls: bool) {
    let mut addresses = ADDRESSES.lock().unwrap();
    let addresses = addresses.get_or_insert_default();
    if tls {
        addresses.insert(addr)
    } else {
        addresses.remove(&addr)
    };
}

/// Returns a client for the program at this address, if that expects TLS.
pub(crate) fn client_for(addr: SocketAddr) -> Option<ClientConnection> {
    let is_expected = ADDRESSES.lock().unwrap().as_ref().is_some_and(|all| all.contains(&addr));
    is_expected.then(|| Certificate::of_suite().client(addr))
}
