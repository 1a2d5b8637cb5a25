//! The public keys of an issuer (RFC 7517), and the algorithms that they fit (RFC 7518).

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use strum::{EnumString, VariantNames};

/// An algorithm of signatures. There is no `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[allow(missing_docs, reason = "the names are those of RFC 7518, section 3.1, and RFC 8037")]
pub enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
    HS256,
    HS384,
    HS512,
}

impl Algorithm {
    /// The algorithms that are allowed by default: those of public keys with SHA-256, and `EdDSA`.
    pub const DEFAULT: [Algorithm; 4] =
        [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA];

    /// Returns whether it needs a key that the issuer shares with this program.
    pub fn is_symmetric(self) -> bool {
        matches!(self, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512)
    }
}

/// Checks a signature of a message; given a key that fits the algorithm.
pub type VerifySignature =
    fn(key: &KeyMaterial, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool;

/// A key, of one kind.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the members are those of RFC 7518, section 6")]
pub enum KeyMaterial {
    /// A public RSA key: modulus and exponent.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// A public key on P-256, as an uncompressed point.
    P256(Vec<u8>),
    /// A public key on P-384, as an uncompressed point.
    P384(Vec<u8>),
    /// A public key of Ed25519.
    Ed25519(Vec<u8>),
    /// A key that the issuer shares with this program.
    Symmetric(Vec<u8>),
}

impl KeyMaterial {
    /// Returns whether keys of this kind are used with an algorithm. So a public key is never taken
    /// for a symmetric one.
    fn fits(&self, algorithm: Algorithm) -> bool {
        use Algorithm::*;
        match self {
            KeyMaterial::Rsa { .. } => {
                matches!(algorithm, RS256 | RS384 | RS512 | PS256 | PS384 | PS512)
            }
            KeyMaterial::P256(_) => algorithm == ES256,
            KeyMaterial::P384(_) => algorithm == ES384,
            KeyMaterial::Ed25519(_) => algorithm == EdDSA,
            KeyMaterial::Symmetric(_) => algorithm.is_symmetric(),
        }
    }
}

/// Shows only the kind, because a symmetric key is a secret.
impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyMaterial::Rsa { .. } => "Rsa(…)",
            KeyMaterial::P256(_) => "P256(…)",
            KeyMaterial::P384(_) => "P384(…)",
            KeyMaterial::Ed25519(_) => "Ed25519(…)",
            KeyMaterial::Symmetric(_) => "Symmetric(…)",
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Key {
    id: Option<Box<str>>,
    /// The only algorithm that it is for, if it says so.
    algorithm: Option<Algorithm>,
    material: KeyMaterial,
}

/// The keys of an issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JwtKeys(Arc<[Key]>);

/// The maximum number of keys; further ones are ignored.
const KEYS_MAX: usize = 100;

/// The maximum number of keys that are tried for a token without `kid`.
const TRIED_MAX: usize = 8;

/// The minimum length of a symmetric key (RFC 7518, section 3.2).
const SYMMETRIC_BYTES_MIN: usize = 32;

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    k: Option<String>,
}

impl JwtKeys {
    /// Parses a JWK set. Keys of unknown kinds, and those for encryption, are ignored (RFC 7517,
    /// section 5).
    ///
    /// # Errors
    ///
    /// It is no JWK set, or none of its keys can be used.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<JwtKeys, &'static str> {
        let keys = read(text.as_ref())?.into();
        let none = "it has no key for signatures of RSA, P-256, P-384, Ed25519 or HMAC";
        Some(JwtKeys(keys)).filter(|keys| !keys.is_empty()).ok_or(none)
    }

    /// Parses a JWK set that everyone can read. Symmetric keys are ignored, too, since those are no
    /// secrets.
    ///
    /// # Errors
    ///
    /// It is no JWK set, or none of its keys can be used.
    pub(super) fn parse_public(text: &[u8]) -> Result<JwtKeys, &'static str> {
        let mut keys = read(text)?;
        keys.retain(|key| !matches!(key.material, KeyMaterial::Symmetric(_)));
        let none = "it has no public key for signatures of RSA, P-256, P-384 or Ed25519";
        Some(JwtKeys(keys.into())).filter(|keys| !keys.is_empty()).ok_or(none)
    }

    /// Returns the number of keys.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether there is a symmetric key.
    pub fn has_symmetric(&self) -> bool {
        self.0.iter().any(|key| matches!(key.material, KeyMaterial::Symmetric(_)))
    }

    /// Returns whether a key is one of them.
    pub(super) fn has(&self, key: &KeyMaterial) -> bool {
        self.0.iter().any(|own| own.material == *key)
    }

    /// Iterates over the keys that may have signed a token.
    pub(super) fn fitting(
        &self,
        algorithm: Algorithm,
        id: Option<&str>,
    ) -> impl Iterator<Item = &KeyMaterial> {
        let fits = move |key: &&Key| {
            key.material.fits(algorithm)
                && key.algorithm.is_none_or(|own| own == algorithm)
                && id.is_none_or(|id| key.id.as_deref() == Some(id))
        };
        self.0.iter().filter(fits).map(|key| &key.material).take(TRIED_MAX)
    }
}

/// Returns the keys of a JWK set that can be used.
fn read(text: &[u8]) -> Result<Vec<Key>, &'static str> {
    let set: Set = serde_json::from_slice(text).map_err(|_| "it is no JWK set (RFC 7517)")?;
    Ok(set.keys.into_iter().take(KEYS_MAX).filter_map(Key::of).collect())
}

impl Key {
    fn of(value: serde_json::Value) -> Option<Key> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let decode = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_ref()?).ok();
        let point = |bytes: usize| {
            let (x, y) = (decode(&jwk.x)?, decode(&jwk.y)?);
            (x.len() == bytes && y.len() == bytes).then(|| [vec![4], x, y].concat())
        };
        let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => KeyMaterial::Rsa { n: decode(&jwk.n)?, e: decode(&jwk.e)? },
            ("EC", Some("P-256")) => KeyMaterial::P256(point(32)?),
            ("EC", Some("P-384")) => KeyMaterial::P384(point(48)?),
            ("OKP", Some("Ed25519")) => KeyMaterial::Ed25519(decode(&jwk.x)?),
            ("oct", _) => {
                let key = decode(&jwk.k).filter(|key| key.len() >= SYMMETRIC_BYTES_MIN)?;
                KeyMaterial::Symmetric(key)
            }
            _ => return None,
        };
        let algorithm = match &jwk.alg {
            None => None,
            // A key for another algorithm is for none of these.
            Some(name) => Some(name.parse().ok()?),
        };
        let is_for_signatures = jwk.usage.as_deref().is_none_or(|usage| usage == "sig");
        is_for_signatures.then(|| Key { id: jwk.kid.map(Box::from), algorithm, material })
    }
}
