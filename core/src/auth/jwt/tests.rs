use super::*;

const NOW: u64 = 1_800_000_000;

/// Settings with a key for every signature.
fn settings() -> JwtSettings {
    let keys = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "one"}]}"#;
    JwtSettings {
        issuer: "https://id.example.com".into(),
        algorithms: Algorithm::DEFAULT.into(),
        keys: JwtKeys::parse(keys).expect("keys"),
        verify: |_, algorithm, message, signature| {
            algorithm == Algorithm::EdDSA && message.contains(&b'.') && signature == b"good"
        },
    }
}

fn token(claims: &str) -> String {
    let parts = [r#"{"alg":"EdDSA","kid":"one"}"#, claims, "good"];
    parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

/// Verifies a token with these claims besides its issuer and subject.
fn verify(claims: &str, now: u64) -> Result<Identity, TokenFlaw> {
    let claims = format!(r#"{{"iss":"https://id.example.com","sub":"ann",{claims}}}"#);
    settings().verify(token(&claims).as_bytes(), Duration::from_secs(now))
}

#[test]
fn times_have_a_tolerance_of_a_minute() {
    let exp = format!(r#""exp":{NOW}"#);
    for (now, expected) in [(NOW - 1, true), (NOW, true), (NOW + 59, true), (NOW + 60, false)] {
        assert_eq!(verify(&exp, now).is_ok(), expected, "{now}");
    }
    assert_eq!(verify(&exp, NOW + 60).unwrap_err(), TokenFlaw::Expired);
    let nbf = format!(r#""exp":{},"nbf":{NOW}"#, NOW + 1000);
    for (now, expected) in [(NOW - 61, false), (NOW - 60, true), (NOW, true)] {
        assert_eq!(verify(&nbf, now).is_ok(), expected, "{now}");
    }
    assert_eq!(verify(&nbf, NOW - 61).unwrap_err(), TokenFlaw::NotYetValid);
    let expires = verify(&exp, NOW).unwrap().expires;
    assert_eq!(expires, Some(Duration::from_secs(NOW + 60)), "no cache keeps it longer");
}

#[test]
fn times_that_are_no_times_are_refused() {
    for (claims, flaw) in [
        (r#""exp":null"#, TokenFlaw::NoExpiry),
        (r#""exp":"1800000000""#, TokenFlaw::Malformed),
        (r#""exp":-1"#, TokenFlaw::Expired),
        (r#""exp":1e300"#, TokenFlaw::Expired),
        (r#""exp":1e400"#, TokenFlaw::Malformed),
        (r#""exp":1900000000,"nbf":1e300"#, TokenFlaw::NotYetValid),
        (r#""exp":1900000000,"exp":1900000000"#, TokenFlaw::Malformed),
    ] {
        assert_eq!(verify(claims, NOW).unwrap_err(), flaw, "{claims}");
    }
}

#[test]
fn only_keys_of_the_right_kind_and_use_are_tried() {
    let keys = |text: &str| JwtKeys::parse(text);
    assert!(keys("{}").is_err());
    assert!(keys(r#"{"keys": []}"#).is_err());
    let short = r#"{"keys": [{"kty": "oct", "k": "c2hvcnQ"}]}"#;
    assert!(keys(short).is_err(), "a symmetric key that is too short");
    let enc = r#"{"keys": [{"kty": "RSA", "use": "enc", "n": "AAAA", "e": "AQAB"}]}"#;
    assert!(keys(enc).is_err(), "a key for encryption");
    let rsa = keys(r#"{"keys": [{"kty": "RSA", "alg": "RS256", "n": "AAAA", "e": "AQAB"}]}"#);
    let rsa = rsa.expect("a key");
    let count = |algorithm, id| rsa.fitting(algorithm, id).count();
    assert_eq!(count(Algorithm::RS256, None), 1);
    assert_eq!(count(Algorithm::PS256, None), 0, "the key says what it is for");
    assert_eq!(count(Algorithm::HS256, None), 0, "a public key is no secret");
    assert_eq!(count(Algorithm::RS256, Some("one")), 0, "it has no id");
}

#[test]
fn a_token_is_a_jwt_by_its_form() {
    let jwt = token("{}");
    assert!(is_jwt(jwt.as_bytes()));
    assert!(is_jwt(jwt.replace(&URL_SAFE_NO_PAD.encode("good"), "").as_bytes()), "no signature");
    for other in ["", "opaque", "..", "a.b.c", "v2.local.c2VjcmV0", &format!("{jwt}.x")] {
        assert!(!is_jwt(other.as_bytes()), "{other}");
    }
}
