use pontoon_core::Duration;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::echo::tests::rig::{documented_jwt, jwt, stateful, stateless};

#[test]
fn the_stateless_layout_is_the_documented_one() {
    let mut stage = stateless().header("authorization", format!("Bearer {}", documented_jwt()));
    stage.wall = Duration::from_secs(1_734_700_000);
    assert_eq!(
        stage.text("bearerDecode", json!({})),
        "\
🔍 JWT Token Analysis (Unverified)

📄 Header:
{
  \"alg\": \"RS256\",
  \"typ\": \"JWT\"
}

📦 Payload:
{
  \"sub\": \"1234567890\",
  \"name\": \"John Doe\",
  \"admin\": true,
  \"iat\": 1516239022
}

⏱️ Token Timeline:
  Issued At: 2018-01-18 01:30:22 UTC (1516239022)
  Age: 6 years, 11 months

⚠️ Security Notice:
  The signature was not checked; anyone could have written this token.
  Do not base decisions on it.
  For debugging only."
    );
}

#[test]
fn the_stateful_layout_is_the_documented_one() {
    let token = jwt(
        json!({"alg": "RS256", "typ": "JWT"}),
        json!({"sub": "user123", "name": "John Doe", "iat": 1516239022, "exp": 1516242622}),
    );
    assert_eq!(
        stateful().text("bearerDecode", json!({ "token": token })),
        "\
🔍 JWT Token Analysis

Header:
{
  \"alg\": \"RS256\",
  \"typ\": \"JWT\"
}

Payload:
{
  \"sub\": \"user123\",
  \"name\": \"John Doe\",
  \"iat\": 1516239022,
  \"exp\": 1516242622
}

⏱️ Token Status:
- Issued: 2018-01-18 01:30:22 UTC
- Expires: 2018-01-18 02:30:22 UTC
- Status: EXPIRED
- Signature: not verified"
    );
}

#[test]
fn every_time_has_its_place_in_the_timeline() {
    let token = jwt(json!({}), json!({ "iat": 200, "nbf": 3700, "exp": "never" }));
    let mut stage = stateless();
    stage.wall = Duration::from_secs(100);
    let text = stage.text("bearerDecode", json!({ "token": token }));
    assert!(
        text.contains(
            "\
⏱️ Token Timeline:
  Issued At: 1970-01-01 00:03:20 UTC (200)
  Age: issued 1 minute, 40 seconds in the future
  Status: UNKNOWN
  Not Before: 1970-01-01 01:01:40 UTC (3700)
  Expires At: never (not a number)
"
        ),
        "{text}"
    );
    let token = jwt(json!({}), json!({ "exp": 90 }));
    let text = stage.text("bearerDecode", json!({ "token": token }));
    assert!(text.contains("  Issued At: n/a\n  Status: EXPIRED\n"), "{text}");
    assert!(text.contains("(90)\n  Expired: 10 seconds ago\n"), "{text}");
    let token = jwt(json!({}), json!({ "exp": 161 }));
    let text = stage.text("bearerDecode", json!({ "token": format!("Bearer {token}") }));
    assert!(text.contains("  Expires In: 1 minute, 1 second\n"), "{text}");
}

#[test]
fn an_argument_comes_before_the_header() {
    let other = jwt(json!({}), json!({ "sub": "other" }));
    let stage = stateful().header("authorization", format!("Bearer {}", documented_jwt()));
    let data = stage.data("bearerDecode", json!({ "token": other }));
    assert_eq!((&data["payload"]["sub"], &data["source"]), (&json!("other"), &json!("argument")));
    let data = stage.data("bearerDecode", json!({}));
    assert_eq!(data["source"], "authorization");
    assert_eq!((&data["verified"], &data["issued_at"]), (&json!(false), &json!(1516239022)));
}

#[test]
fn parts_are_shown_raw_but_never_the_signature() {
    let token = documented_jwt();
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let result = stateless().call("bearerDecode", json!({ "token": token, "includeRaw": true }));
    let text = crate::echo::tests::rig::text(&result);
    let raw = format!(
        "\n🧾 Raw Parts:\n  Header: {header}\n  Payload: {payload}\n  \
         Signature: 20 characters (not shown)\n"
    );
    assert!(text.contains(&raw), "{text}");
    assert_eq!(result.structured.as_ref().unwrap()["raw"], json!([header, payload]));
    assert!(!format!("{result:?}").contains(signature));
}

#[test]
fn what_cannot_be_decoded_is_said_and_is_no_error() {
    for (authorization, problem) in [
        (None, "No token: pass one as an argument or in the Authorization header"),
        (Some("Bearer"), "the Authorization header holds no token"),
        (Some("Basic YTpi"), "the Authorization header holds no Bearer token: its scheme is Basic"),
        (Some("hunter2"), "the Authorization header holds no Bearer token"),
        (Some("Bearer abc"), "not a JWT: one part instead of three"),
    ] {
        let stage = match authorization {
            Some(value) => stateless().header("authorization", value),
            None => stateless(),
        };
        let result = stage.call("bearerDecode", json!({}));
        assert!(!result.is_error);
        assert_eq!(
            crate::echo::tests::rig::text(&result),
            format!("🔍 JWT Token Analysis (Unverified)\n\n❌ {problem}")
        );
        assert_eq!(result.structured.unwrap()["problem"], problem);
    }
}

proptest! {
    #[test]
    fn decoding_never_panics_and_never_proves(
        header in "\\PC{0,12}",
        claims in proptest::collection::vec((
            proptest::sample::select(&["exp", "iat", "nbf", "aud", "roles", "sub"][..]),
            prop_oneof![
                any::<i32>().prop_map(|number| json!(f64::from(number) / 4.0)),
                Just(json!(1e300)),
                any::<i64>().prop_map(|number| json!(number)),
                "\\PC{0,9}".prop_map(|text| json!(text)),
                Just(json!(null)),
                Just(json!([{}, []])),
            ],
        ), 0..6),
        wall in any::<u64>(),
        raw in any::<bool>(),
    ) {
        let payload: serde_json::Map<_, _> =
            claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let token = jwt(json!({ "alg": header }), payload.clone().into());
        for mut stage in [stateful(), stateless()] {
            stage.wall = Duration::from_secs(wall);
            let arguments = json!({ "token": token, "includeRaw": raw });
            let data = stage.data("bearerDecode", arguments.clone());
            prop_assert_eq!(&data["decoded"], &json!(true));
            prop_assert_eq!(&data["verified"], &json!(false));
            prop_assert_eq!(&data["payload"], &Value::Object(payload.clone()));
            let text = stage.text("bearerDecode", arguments);
            let without_blocks = text.split("Token ").last().unwrap().to_lowercase();
            prop_assert!(!without_blocks.contains("authenticated"), "{}", text);
            prop_assert!(!without_blocks.replace("not verified", "").contains("verified"), "{}", text);
        }
    }
}
