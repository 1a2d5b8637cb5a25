use super::*;

fn header(name: &str, value: &str) -> String {
    mask_header(name, value.as_bytes())
}

#[test]
fn credentials_are_hidden_whatever_they_are_called() {
    for (name, value, shown) in [
        ("authorization", "Bearer abc.def.ghi", "Bearer ***"),
        ("authorization", "bearer abc", "bearer ***"),
        ("authorization", "Basic dXNlcjpwYXNz", "Basic ***"),
        ("authorization", "abc", "***"),
        ("proxy-authorization", "Basic dXNlcjpwYXNz", "Basic ***"),
        ("x-forwarded-authorization", "secret", "***"),
        ("cookie", "session=1; theme=dark", "***"),
        ("x-auth-token", "abc", "***"),
        ("x-api-key", "abc", "***"),
        ("X-Api_Key", "abc", "***"),
        ("x-csrf-token", "abc", "***"),
        ("x-hub-signature-256", "sha256=1", "***"),
        ("x-upstream", "Bearer abc", "Bearer ***"),
        ("x-identity", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "***"),
        ("referer", "https://user:pass@host/path", "https://***@host/path"),
        (
            "referer",
            "https://host/?access_token=abc&page=2#x",
            "https://host/?access_token=***&page=2#x",
        ),
        ("x-original-uri", "/login?password=abc", "/login?password=***"),
        ("x-urls", "a http://u@h b https://p:q@r/", "a http://***@h b https://***@r/"),
    ] {
        assert_eq!(header(name, value), shown, "{name}: {value}");
    }
}

#[test]
fn what_is_no_secret_stays_as_it_is() {
    for (name, value) in [
        ("host", "localhost:1071"),
        ("accept", "application/json, text/event-stream;q=0.5"),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
        ("mcp-protocol-version", "2025-11-25"),
        ("origin", "http://localhost:3000"),
        ("x-user-name", "alice"),
        ("referer", "https://host/a/b?page=2&sort=asc"),
        ("x-forwarded-for", "10.0.0.1, 10.0.0.2"),
        ("x-empty", ""),
    ] {
        assert_eq!(header(name, value), value);
    }
    assert_eq!(mask_header("x-latin", b"caf\xe9"), "caf\u{fffd}");
}

#[test]
fn urls_within_urls_are_looked_into() {
    assert_eq!(mask_url("/go?to=https://a:b@c/&token=1"), "/go?to=https://***@c/&token=***");
    assert_eq!(mask_url("/t/eyJhbGciOiJIUzI1NiJ9.e30.c2ln/x"), "/t/***/x");
}
