use proptest::prelude::*;

use super::*;

fn of(value: &str) -> Principal {
    Principal::of(Some(value.as_bytes()))
}

/// Returns a token with this payload, and a signature that differs with `salt`.
fn jwt(payload: &str, salt: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("Bearer {}.{}.{}", encode(r#"{"alg":"RS256"}"#), encode(payload), encode(salt))
}

#[test]
fn without_credentials_everybody_is_the_same() {
    assert_eq!(Principal::of(None), Principal::Anonymous);
    assert_eq!(of(""), Principal::Anonymous);
    assert_eq!(of(" "), Principal::Anonymous);
}

#[test]
fn other_values_stand_for_themselves() {
    assert_eq!(of("Bearer secret"), of("Bearer secret"));
    let all = ["Bearer secret", "Bearer secret2", "Basic c2VjcmV0", "Bearer", "Bearer a.b.c", "x"];
    for (index, one) in all.iter().enumerate() {
        assert_ne!(of(one), Principal::Anonymous, "{one}");
        for two in &all[index + 1..] {
            assert_ne!(of(one), of(two), "{one} / {two}");
        }
    }
}

#[test]
fn a_refreshed_token_is_the_same_principal() {
    let old = jwt(r#"{"iss":"https://id.example","sub":"ann","exp":1}"#, "one");
    let new = jwt(r#"{"exp":2,"sub":"ann","iss":"https://id.example","aud":["x"]}"#, "two");
    assert_ne!(old, new);
    assert_eq!(of(&old), of(&new));
    assert_eq!(of(&old), of(&old.replace("Bearer ", "bearer  ")));
}

#[test]
fn subject_and_issuer_both_tell_principals_apart() {
    let all = [
        r#"{"iss":"https://id.example","sub":"ann"}"#,
        r#"{"iss":"https://id.example","sub":"bob"}"#,
        r#"{"iss":"https://id2.example","sub":"ann"}"#,
        r#"{"sub":"ann"}"#,
        r#"{"iss":"","sub":"ann"}"#,
        // Claims that would be equal if only their text were hashed.
        r#"{"iss":"a","sub":"bc"}"#,
        r#"{"iss":"ab","sub":"c"}"#,
        r#"{"iss":"abc","sub":""}"#,
        r#"{"sub":"abc"}"#,
        r#"{"sub":"7"}"#,
        r#"{"sub":7}"#,
        r#"{"iss":"https://id.example","client_id":"ann"}"#,
        r#"{"iss":"https://id2.example","client_id":"ann"}"#,
        r#"{"iss":"https://id.example","azp":"bob"}"#,
    ];
    for (index, one) in all.iter().enumerate() {
        for two in &all[index + 1..] {
            assert_ne!(of(&jwt(one, "s")), of(&jwt(two, "s")), "{one} / {two}");
        }
    }
}

#[test]
fn a_client_without_a_subject_is_known_by_its_issuer() {
    for payload in [
        r#"{"iss":"https://id.example","client_id":"batch"}"#,
        r#"{"iss":"https://id.example","azp":"batch"}"#,
        r#"{"sub":17}"#,
    ] {
        assert_eq!(of(&jwt(payload, "one")), of(&jwt(payload, "two")), "{payload}");
    }
}

#[test]
fn the_name_of_a_scheme_has_no_case() {
    assert_eq!(of("Bearer secret"), of("bearer  secret"));
    assert_eq!(of("Basic c2VjcmV0"), of("BASIC c2VjcmV0"));
    assert_ne!(of("Basic c2VjcmV0"), of("Basic C2VjcmV0"));
    assert_ne!(of("secret"), of("SECRET"), "there is no scheme");
}

#[test]
fn a_signature_of_aws_stands_for_its_key() {
    let signed = |key: &str, signature: &str| {
        of(&format!(
            "AWS4-HMAC-SHA256 Credential={key}/20261129/eu-west-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature={signature}"
        ))
    };
    assert_eq!(signed("AKIDEXAMPLE", "aa"), signed("AKIDEXAMPLE", "bb"));
    assert_ne!(signed("AKIDEXAMPLE", "aa"), signed("AKIDOTHER", "aa"));
}

#[test]
fn an_answer_of_digest_stands_for_its_user_in_the_realm() {
    let answer = |user: &str, realm: &str, nc: u32| {
        of(&format!(
            r#"Digest username="{user}", realm="{realm}", nonce="n,=", uri="/mcp", nc={nc:08x}, response="{nc}""#
        ))
    };
    assert_eq!(answer("ann", "r", 1), answer("ann", "r", 2));
    assert_ne!(answer("ann", "r", 1), answer("bob", "r", 1));
    assert_ne!(answer("ann", "r", 1), answer("ann", "s", 1));
    let twice = [1, 2].map(|n| of(&format!("Digest username=\"ann\", username=\"bob\", nc={n}")));
    assert_ne!(twice[0], twice[1]);
    let lines = [1, 2].map(|n| of(&format!("Digest username=\"ann\", Bearer {n}")));
    assert_ne!(lines[0], lines[1], "credentials of two kinds stand for themselves");
}

#[test]
fn a_value_stands_for_itself_where_sessions_are_bound_to_it() {
    let value = |text: &str| Principal::of_value(Some(text.as_bytes()));
    let claims = r#"{"sub":"ann"}"#;
    assert_ne!(value(&jwt(claims, "one")), value(&jwt(claims, "two")));
    assert_eq!(value("Bearer x"), value("bearer x"));
    assert_eq!(Principal::of_value(None), Principal::Anonymous);
}

#[test]
fn escapes_in_claims_do_not_matter() {
    assert_eq!(of(&jwt(r#"{"sub":"ann"}"#, "s")), of(&jwt(r#"{"sub":"\u0061nn"}"#, "s")));
}

#[test]
fn a_token_that_names_no_principal_stands_for_itself() {
    for payload in [
        r#"{"iss":"https://id.example"}"#,
        r#"{"sub":null}"#,
        r#"{"sub":true}"#,
        r#"{"sub":["ann"]}"#,
        r#"{"client_id":"c"}"#,
        r#"{"iss":"https://id.example","client_id":7}"#,
        r#"{"iss":7,"sub":"ann"}"#,
        r#"{"sub":"ann","sub":"bob"}"#,
        r#"{"Sub":"ann"}"#,
        r#"{"sub":"ann"} x"#,
        r#"["https://id.example","ann"]"#,
        r#""ann""#,
        "",
        "{",
    ] {
        assert_ne!(of(&jwt(payload, "one")), of(&jwt(payload, "two")), "{payload}");
    }
}

#[test]
fn what_only_resembles_a_token_stands_for_itself() {
    let token = jwt(r#"{"sub":"ann"}"#, "s");
    for other in [
        format!("{token}.x"),
        format!("{token}="),
        format!("{token} x"),
        format!("{token}, {token}"),
        token.replace("Bearer", "DPoP"),
        token.replacen('.', "..", 1),
        token.rsplit_once('.').unwrap().0.to_string(),
        format!("{}.", token.rsplit_once('.').unwrap().0),
    ] {
        assert_ne!(of(&other), of(&token), "{other}");
    }
}

#[test]
fn deep_json_in_a_token_is_harmless() {
    let deep = format!(r#"{{"x":{}1{},"sub":"ann"}}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert_ne!(of(&jwt(&deep, "s")), Principal::Anonymous);
}

#[test]
fn nothing_of_the_credentials_is_shown() {
    assert_eq!(format!("{:?}", Principal::Anonymous), "Anonymous");
    assert_eq!(format!("{:?}", of("Bearer secret")), "Bearer(…)");
}

proptest! {
    #[test]
    fn nothing_panics(value in proptest::collection::vec(any::<u8>(), 0..300)) {
        Principal::of(Some(&value));
        Principal::of(Some(&[b"Bearer ", &value[..]].concat()));
        of(&jwt(&String::from_utf8_lossy(&value), "s"));
    }

    #[test]
    fn claims_decide_alone(iss in "\\PC{0,12}", sub in "\\PC{0,12}", other in "\\PC{0,12}") {
        let token = |sub: &str, salt: &str| {
            jwt(&serde_json::json!({"iss": iss, "sub": sub, "jti": salt}).to_string(), salt)
        };
        prop_assert_eq!(of(&token(&sub, "1")), of(&token(&sub, "2")));
        prop_assert_eq!(of(&token(&sub, "1")) == of(&token(&other, "1")), sub == other);
    }
}
