use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::echo::tests::rig::jwt;

fn with(payload: Value) -> String {
    jwt(json!({ "alg": "none" }), payload)
}

#[test]
fn a_token_is_taken_apart() {
    let token = with(json!({ "sub": "1", "iat": 5 }));
    let jwt = Jwt::parse(&token).unwrap();
    assert_eq!(Value::Object(jwt.header.clone()), json!({ "alg": "none" }));
    assert_eq!(Value::Object(jwt.payload.clone()), json!({ "sub": "1", "iat": 5 }));
    assert_eq!(jwt.parts.join("."), token);
    assert!(Jwt::parse("e30=.e30=.").is_ok(), "padded, and without a signature");
}

#[test]
fn what_is_no_token_is_told_apart() {
    for (text, problem) in [
        ("", "not a JWT: one part instead of three"),
        ("abc", "not a JWT: one part instead of three"),
        ("a.b", "not a JWT: 2 parts instead of three"),
        ("a.b.c.d.e", "the token is encrypted (JWE): five parts"),
        ("!.e30.x", "the header of the token is not in base64url"),
        ("e30.+/+/.x", "the payload of the token is not in base64url"),
        ("W10.e30.x", "the header of the token is not a JSON object"),
        ("e30.MQ.x", "the payload of the token is not a JSON object"),
        ("e30.eyJhIjox.x", "the payload of the token is not a JSON object"),
        ("e30._w.x", "the payload of the token is not a JSON object"),
        ("...", "not a JWT: 4 parts instead of three"),
        ("..", "the header of the token is not a JSON object"),
    ] {
        assert_eq!(Jwt::parse(text).unwrap_err().to_string(), problem, "{text}");
    }
    let deep = with(Value::Null).replacen(
        "bnVsbA",
        &base64::engine::general_purpose::URL_SAFE_NO_PAD.encode("{\"a\":".repeat(10_000)),
        1,
    );
    assert_eq!(Jwt::parse(&deep).unwrap_err(), Malformed::Object("payload"));
}

#[test]
fn odd_times_are_shown_as_what_they_are() {
    for (claim, shown) in [
        (json!(1516239022), "2018-01-18 01:30:22 UTC"),
        (json!(1516239022.9), "2018-01-18 01:30:22 UTC"),
        (json!(-0.5), "1969-12-31 23:59:59 UTC"),
        (json!(1e300), "1e+300 (out of range)"),
        (json!(u64::MAX), "18446744073709551615 (out of range)"),
        (json!(i64::MIN), "-9223372036854775808 (out of range)"),
        (json!("1516239022"), "1516239022 (not a number)"),
        (json!("tomorrow\n"), "tomorrow\\n (not a number)"),
        (json!(null), "null (not a number)"),
        (json!([1, "a"]), "[1, \"a\"] (not a number)"),
        (json!({ "a": 1 }), "{\"a\":1} (not a number)"),
        (json!(true), "true (not a number)"),
    ] {
        let token = with(json!({ "exp": claim }));
        let jwt = Jwt::parse(&token).unwrap();
        assert_eq!(jwt.time("exp").unwrap().to_string(), shown);
    }
}

#[test]
fn validity_is_what_the_times_say() {
    for (payload, validity) in [
        (json!({}), Validity::Endless),
        (json!({ "nbf": 50 }), Validity::Endless),
        (json!({ "exp": 101 }), Validity::NotExpired),
        (json!({ "exp": 100 }), Validity::Expired),
        (json!({ "exp": 99 }), Validity::Expired),
        (json!({ "nbf": 101 }), Validity::NotYet),
        (json!({ "nbf": 100, "exp": 200 }), Validity::NotExpired),
        (json!({ "nbf": 150, "exp": 200 }), Validity::NotYet),
        (json!({ "exp": "200" }), Validity::Unknown),
        (json!({ "exp": 1e300 }), Validity::Unknown),
        (json!({ "nbf": [], "exp": 50 }), Validity::Unknown),
    ] {
        let token = with(payload.clone());
        let jwt = Jwt::parse(&token).unwrap();
        assert_eq!(jwt.validity(Duration::from_secs(100)), validity, "{payload}");
    }
}

proptest! {
    #[test]
    fn reading_never_panics(text in "(\\PC|[.eyJ0A=_-]){0,60}", wall in any::<u64>()) {
        if let Ok(jwt) = Jwt::parse(&text) {
            jwt.validity(Duration::from_secs(wall));
        }
    }

    #[test]
    fn any_claims_come_through(
        claims in proptest::collection::btree_map("\\PC{0,8}", "\\PC{0,20}", 0..6),
    ) {
        let token = with(json!(claims));
        prop_assert_eq!(Value::Object(Jwt::parse(&token).unwrap().payload), json!(claims));
    }
}
