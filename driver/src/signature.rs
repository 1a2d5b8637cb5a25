//! The check of a signature, by `ring`.

use pontoon_core::auth::{Algorithm, KeyMaterial};
use ring::hmac;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};

/// Returns whether a signature of a message is that of this key. RSA keys of less than 2048 bits are
/// not accepted.
pub fn verify_signature(
    key: &KeyMaterial,
    algorithm: Algorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    match key {
        KeyMaterial::Rsa { n, e } => rsa(algorithm).is_some_and(|parameters| {
            RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
        }),
        KeyMaterial::P256(point) => {
            let key = UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point);
            key.verify(message, signature).is_ok()
        }
        KeyMaterial::P384(point) => {
            let key = UnparsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, point);
            key.verify(message, signature).is_ok()
        }
        KeyMaterial::Ed25519(key) => {
            let key = UnparsedPublicKey::new(&signature::ED25519, key);
            key.verify(message, signature).is_ok()
        }
        KeyMaterial::Symmetric(key) => hmac_of(algorithm).is_some_and(|algorithm| {
            hmac::verify(&hmac::Key::new(algorithm, key), message, signature).is_ok()
        }),
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn hmac_of(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    Some(match algorithm {
        Algorithm::HS256 => hmac::HMAC_SHA256,
        Algorithm::HS384 => hmac::HMAC_SHA384,
        Algorithm::HS512 => hmac::HMAC_SHA512,
        _ => return None,
    })
}
