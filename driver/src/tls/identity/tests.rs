use super::*;

/// Files of `openssl`: a key of P-256 in two forms and one of RSA, a certificate for each, and the
/// first key encrypted with `x` in two forms.
const EC_CERT: &[u8] = include_bytes!("ec.cert.pem");
const EC_PKCS8: &[u8] = include_bytes!("ec.pkcs8.pem");
const EC_SEC1: &[u8] = include_bytes!("ec.sec1.pem");
const ENCRYPTED_PKCS8: &[u8] = include_bytes!("encrypted.pkcs8.pem");
const ENCRYPTED_SEC1: &[u8] = include_bytes!("encrypted.sec1.pem");
const RSA_CERT: &[u8] = include_bytes!("rsa.cert.pem");
const RSA_PKCS1: &[u8] = include_bytes!("rsa.pkcs1.pem");

fn refused(certificate: &[u8], key: &[u8]) -> IdentityError {
    Identity::from_pem(certificate, key).expect_err("it is unusable")
}

#[test]
fn keys_of_every_form_are_read() {
    for (certificate, key) in [(EC_CERT, EC_PKCS8), (EC_CERT, EC_SEC1), (RSA_CERT, RSA_PKCS1)] {
        Identity::from_pem(certificate, key).expect("a pair");
    }
    // A chain, and both in one file, with the key in front.
    let chain = [EC_CERT, RSA_CERT].concat();
    assert_eq!(Identity::from_pem(&chain, EC_SEC1).unwrap().0.cert.len(), 2);
    let both = [EC_SEC1, EC_CERT].concat();
    Identity::from_pem(&both, &both).expect("one file");
}

#[test]
fn unusable_files_say_why() {
    assert_eq!(refused(EC_CERT, RSA_PKCS1), IdentityError::Mismatch);
    assert_eq!(refused(&[RSA_CERT, EC_CERT].concat(), EC_PKCS8), IdentityError::Mismatch);
    for key in [ENCRYPTED_PKCS8, ENCRYPTED_SEC1] {
        assert_eq!(refused(EC_CERT, key), IdentityError::EncryptedKey);
    }
    for certificate in [&b""[..], b"text", EC_PKCS8] {
        let error = refused(certificate, EC_PKCS8);
        assert_eq!(error.to_string(), "it has no CERTIFICATE section");
    }
    for key in [&b""[..], b"text", EC_CERT] {
        assert_eq!(refused(EC_CERT, key).to_string(), "it has no PRIVATE KEY section");
    }
    let cut = &EC_CERT[..EC_CERT.len() / 2];
    assert!(matches!(refused(cut, EC_PKCS8), IdentityError::Certificate(_)));
    let not_der = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(refused(not_der, EC_PKCS8), IdentityError::Certificate(_)));
    let not_key = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert!(matches!(refused(EC_CERT, not_key), IdentityError::Key(_)));
}
