use super::*;
use crate::auth::{Cidr, JwtKeys, JwtSettings, StaticToken, TrustedHeaders};

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn grant(proof: Proof) -> Grant {
    let (principal, scopes) = (Principal::verified("token", "ann"), Scopes::parse("mcp"));
    Grant { principal, scopes, proof, expires: Some(NOW + Duration::from_secs(10)) }
}

fn tokens(name: &str, scopes: &str) -> Keys {
    let digest = TokenDigest::of(b"secret");
    let token = StaticToken { name: name.into(), digest, scopes: Scopes::parse(scopes) };
    Keys { tokens: vec![token], ..Keys::default() }
}

#[test]
fn a_grant_ends_with_its_time() {
    let grant = grant(Proof::Token(TokenDigest::of(b"secret")));
    let keys = tokens("ann", "mcp");
    for (seconds, flaw) in [(0, None), (9, None), (10, Some(TokenFlaw::Expired))] {
        assert_eq!(grant.flaw(&keys, NOW + Duration::from_secs(seconds)), flaw, "{seconds} s");
    }
}

#[test]
fn a_grant_of_a_static_token_ends_with_its_line() {
    let grant = grant(Proof::Token(TokenDigest::of(b"secret")));
    for (keys, flaw) in [
        (tokens("ann", "mcp"), None),
        (tokens("ann", "mcp:tools/call"), Some(TokenFlaw::Unknown)),
        (tokens("ben", "mcp"), Some(TokenFlaw::Unknown)),
        (Keys::default(), Some(TokenFlaw::Unknown)),
    ] {
        assert_eq!(grant.flaw(&keys, NOW), flaw, "{keys:?}");
    }
}

#[test]
fn a_grant_of_a_signature_ends_with_its_key() {
    let keys = |issuer: &str, set: &str, algorithms: &[Algorithm]| Keys {
        jwt: Some(JwtSettings {
            issuer: issuer.into(),
            algorithms: algorithms.to_vec(),
            keys: JwtKeys::parse(set).expect("keys"),
            verify: |_, _, _, _| true,
        }),
        ..Keys::default()
    };
    let set =
        |bytes: &str| format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{bytes}"}}]}}"#);
    let [one, other] = ["A", "B"].map(|byte| byte.repeat(42) + "A");
    let both = format!(
        r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{other}"}},{{"kty":"OKP","crv":"Ed25519","x":"{one}"}}]}}"#
    );
    let signer = Signer {
        issuer: "i".into(),
        algorithm: Algorithm::EdDSA,
        key: KeyMaterial::Ed25519(vec![0; 32]),
    };
    let grant = grant(Proof::Signature(Arc::new(signer)));
    let ed = [Algorithm::EdDSA];
    for (keys, flaw) in [
        (keys("i", &set(&one), &ed), None),
        (keys("i", &both, &ed), None),
        (keys("i", &set(&other), &ed), Some(TokenFlaw::Key)),
        (keys("i", &set(&one), &[Algorithm::ES256]), Some(TokenFlaw::Algorithm)),
        (keys("j", &set(&one), &ed), Some(TokenFlaw::Issuer)),
        (Keys::default(), Some(TokenFlaw::Issuer)),
    ] {
        assert_eq!(grant.flaw(&keys, NOW), flaw, "{keys:?}");
    }
}

#[test]
fn a_grant_of_a_gateway_ends_with_its_address() {
    let peer = "10.0.0.1".parse().ok();
    let grant = grant(Proof::Gateway(peer));
    let trusted = |range: &str| Keys {
        trusted: Some(TrustedHeaders::from(vec![Cidr::parse(range).expect("a range")])),
        ..Keys::default()
    };
    assert_eq!(grant.flaw(&trusted("10.0.0.0/8"), NOW), None);
    assert_eq!(grant.flaw(&trusted("11.0.0.0/8"), NOW), Some(TokenFlaw::Unknown));
}
