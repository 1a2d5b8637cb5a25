use proptest::prelude::*;

use super::*;

#[test]
fn credentials_show_their_scheme_and_no_more() {
    let jwt = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2ln";
    for (name, value, shown) in [
        ("authorization", format!("Bearer {jwt}"), "Bearer eyJhbGc..."),
        ("authorization", format!("bearer   {jwt}"), "Bearer eyJhbGc..."),
        ("authorization", "Bearer eyJhbGc...".to_owned(), "Bearer eyJhbGc..."),
        ("authorization", "Bearer eyJ.x.y".to_owned(), "Bearer eyJ..."),
        ("authorization", "Bearer opaque-token".to_owned(), "Bearer ***"),
        ("authorization", "Bearer eyJopaque".to_owned(), "Bearer ***"),
        ("authorization", "Basic dXNlcjpwYXNz".to_owned(), "Basic ***"),
        ("authorization", "Bearer".to_owned(), "Bearer"),
        ("authorization", "hunter2".to_owned(), "***"),
        ("authorization", "hunter2 hunter3".to_owned(), "***"),
        ("proxy-authorization", "Digest username=x".to_owned(), "Digest ***"),
        ("x-forwarded-authorization", "token abc".to_owned(), "Token ***"),
        ("x-anything", format!("Bearer {jwt}"), "Bearer eyJhbGc..."),
        ("x-anything", format!("a={jwt}; b"), "***"),
        ("cookie", "a=b".to_owned(), "***"),
        ("x-auth-token", "token_abc123".to_owned(), "***"),
        ("x-api-key", "abc".to_owned(), "***"),
        ("x-github-pat", "abc".to_owned(), "***"),
        ("x-otp", "123456".to_owned(), "***"),
        ("ocp-apim-subscription-key", "abc".to_owned(), "***"),
        ("x-amz-security-token", "abc".to_owned(), "***"),
        ("x-client-secret", "abc".to_owned(), "***"),
        ("x-hub-signature-256", "sha256=1".to_owned(), "***"),
        ("x-private_key-id", "1".to_owned(), "***"),
        ("x-session-id", "abc".to_owned(), "***"),
        ("mcp-session-id", "abc".to_owned(), "abc"),
        ("x-user-id", "12345".to_owned(), "12345"),
        ("user-agent", "MCP-Client/1.0 (eyJ)".to_owned(), "MCP-Client/1.0 (eyJ)"),
        ("keep-alive", "timeout=5".to_owned(), "timeout=5"),
    ] {
        assert_eq!(header(name, value.as_bytes()), shown, "{name}: {value}");
    }
}

#[test]
fn addresses_lose_their_passwords() {
    for (text, shown) in [
        ("https://app.example.com:8443/a?b=c", "https://app.example.com:8443/a?b=c"),
        ("https://user:pass@host/path", "https://***@host/path"),
        ("https://token@host", "https://***@host"),
        ("redis://:p@ss@host:6379, http://u:v@w/", "redis://***@host:6379, http://***@w/"),
        ("https://host/@scope/x", "https://host/@scope/x"),
        (
            "https://host/?access_token=abc&x=1#id_token=def",
            "https://host/?access_token=***&x=1#id_token=***",
        ),
        ("https://host/cb?code=abc&state=1", "https://host/cb?code=***&state=1"),
        ("/path?API_KEY=abc", "/path?API_KEY=***"),
        ("/go?to=https://a:b@c/&token=1", "/go?to=https://***@c/&token=***"),
        ("/t/eyJhbGciOiJIUzI1NiJ9.e30.c2ln/x", "/t/***/x"),
    ] {
        assert_eq!(address(text), shown);
    }
}

#[test]
fn what_would_break_a_line_is_escaped() {
    assert_eq!(escape_untrusted("Grüße, 世界".as_bytes()), "Grüße, 世界");
    assert_eq!(escape_untrusted(b"a\r\nb\t\x7f\xff\xc3"), r"a\r\nb\t\u{7f}\xff\xc3");
    assert_eq!(escape_untrusted("a\u{202e}b\u{2028}".as_bytes()), r"a\u{202e}b\u{2028}");
    let long = escape_untrusted(&[b'x'; 5000]);
    assert_eq!((long.chars().count(), long.chars().last()), (1001, Some('…')));
}

proptest! {
    #[test]
    fn anything_is_shown_on_one_line(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let shown = escape_untrusted(&bytes);
        prop_assert!(!shown.chars().any(char::is_control), "{shown:?}");
    }

    #[test]
    fn no_opaque_credential_is_shown(
        scheme in "(Bearer|bearer|Basic|Digest|Token|Custom|)",
        secret in "[A-Za-z0-9_-]{12,40}",
    ) {
        let shown = header("authorization", format!("{scheme} {secret}").as_bytes());
        prop_assert!(!shown.contains(&secret[..6]), "{shown}");
    }

    #[test]
    fn of_a_jwt_only_the_beginning_of_its_header_is_shown(
        header_part in "[A-Za-z0-9_-]{4,40}",
        payload in "[A-Za-z0-9_-]{12,40}",
        signature in "[A-Za-z0-9_-]{12,40}",
        name in "(authorization|x-anything|cookie|x-user-name)",
    ) {
        let value = format!("Bearer eyJ{header_part}.{payload}.{signature}");
        let shown = header(&name, value.as_bytes());
        prop_assert!(shown.len() <= "Bearer eyJ1234...".len(), "{shown}");
    }
}
