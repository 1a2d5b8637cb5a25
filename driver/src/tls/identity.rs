//! A certificate and its private key, from PEM files.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// A certificate with its chain and its private key.
#[derive(Clone, Debug)]
pub struct Identity(pub(super) Arc<CertifiedKey>);

/// The reason why a certificate and a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityError {
    /// The certificate is not usable.
    Certificate(String),
    /// The key is not usable.
    Key(String),
    /// The key is encrypted.
    EncryptedKey,
    /// The key is not that of the first certificate.
    Mismatch,
}

impl Identity {
    /// Reads a certificate with its chain, the server's own first, and a private key in PKCS#8, SEC1
    /// or PKCS#1, both as PEM.
    ///
    /// # Errors
    ///
    /// One of them is missing, malformed or of an unknown kind, the key is encrypted, or they do not
    /// belong together.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Identity, IdentityError> {
        let chain = certificates(certificate).map_err(IdentityError::Certificate)?;
        if is_encrypted(key) {
            return Err(IdentityError::EncryptedKey);
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
            IdentityError::Key(match error {
                pem::Error::NoItemsFound => "it has no PRIVATE KEY section".to_owned(),
                error => format!("it is not PEM: {error}"),
            })
        })?;
        match CertifiedKey::from_der(chain, key, &provider()) {
            Ok(identity) => Ok(Identity(Arc::new(identity))),
            Err(rustls::Error::InconsistentKeys(_)) => Err(IdentityError::Mismatch),
            Err(rustls::Error::InvalidCertificate(error)) => {
                Err(IdentityError::Certificate(format!("the first one is invalid: {error}")))
            }
            Err(error) => Err(IdentityError::Key(error.to_string())),
        }
    }
}

/// Returns the certificates of a PEM file, at least one.
fn certificates(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain = CertificateDer::pem_slice_iter(file).collect::<Result<Vec<_>, _>>();
    match chain {
        Ok(chain) if chain.is_empty() => Err("it has no CERTIFICATE section".to_owned()),
        Ok(chain) => Ok(chain),
        Err(error) => Err(format!("it is not PEM: {error}")),
    }
}

/// Returns whether a key is encrypted, in the form of PKCS#8 or in that of OpenSSL.
fn is_encrypted(key: &[u8]) -> bool {
    let has = |text: &[u8]| memchr::memmem::find(key, text).is_some();
    has(b"BEGIN ENCRYPTED PRIVATE KEY") || has(b"Proc-Type: 4,ENCRYPTED")
}

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdentityError::Certificate(why) | IdentityError::Key(why) => f.write_str(why),
            IdentityError::EncryptedKey => f.write_str("the key is encrypted"),
            IdentityError::Mismatch => {
                f.write_str("the key does not belong to the first certificate")
            }
        }
    }
}

#[cfg(test)]
mod tests;
