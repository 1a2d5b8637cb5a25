use proptest::prelude::*;

use super::*;

fn check<'a>(listed: &[&str], values: &[&'a [u8]]) -> Result<Option<&'a str>, Reject> {
    let listed: Vec<String> = listed.iter().map(|entry| entry.to_string()).collect();
    Origins::new(&listed).check(values.iter().copied())
}

fn check_one<'a>(listed: &[&str], origin: &'a str) -> Result<Option<&'a str>, Reject> {
    check(listed, &[origin.as_bytes()])
}

const FORBIDDEN: Result<Option<&str>, Reject> = Err(Reject::ForbiddenOrigin);

#[test]
fn only_pages_of_loopback_are_allowed_by_themselves() {
    #[rustfmt::skip]
    let table = [
        ("http://localhost", true),
        ("http://localhost:6274", true),
        ("https://localhost:1", true),
        ("HTTP://LOCALHOST:3000", true),
        ("http://127.0.0.1:3000", true),
        ("http://127.9.9.9", true),
        ("http://[::1]:3000", true),
        ("null", false),
        ("NULL", false),
        ("", false),
        ("*", false),
        ("http://evil.example", false),
        ("http://localhost.evil", false),
        ("http://127.0.0.1.evil", false),
        ("http://evil.localhost", false),
        ("http://xlocalhost", false),
        ("http://localhost.", false),
        ("http://0.0.0.0:3000", false),
        ("http://[::]", false),
        ("http://127.0.0.01", false),
        // Not in the form in which browsers write origins.
        ("http://localhost/", false),
        ("http://localhost/mcp", false),
        ("http://localhost?x", false),
        ("http://localhost#x", false),
        ("http://localhost:", false),
        ("http://localhost:99999", false),
        ("http://localhost@evil.example", false),
        ("http://evil.example@localhost", false),
        ("http://localhost http://localhost", false),
        ("http://localhost, http://localhost", false),
        ("http:localhost", false),
        ("http:///localhost", false),
        ("//localhost", false),
        ("://localhost", false),
        ("localhost", false),
        ("localhost:3000", false),
        // Loopback for web schemes only; other schemes may use the name differently.
        ("file://localhost", false),
        ("tauri://localhost", false),
        ("httpx://localhost", false),
    ];
    for (origin, allowed) in table {
        let expected = if allowed { Ok(Some(origin)) } else { FORBIDDEN };
        assert_eq!(check_one(&[], origin), expected, "{origin}");
    }
    assert_eq!(check(&[], &[b"http://localhost\xff"]), FORBIDDEN);
}

#[test]
fn there_is_at_most_one_origin() {
    assert_eq!(check(&[], &[]), Ok(None));
    assert_eq!(check(&[], &[b"http://localhost", b"http://localhost"]), FORBIDDEN);
    assert_eq!(check(&[], &[b"http://localhost", b"http://evil.example"]), FORBIDDEN);
}

#[test]
fn a_listed_origin_is_allowed_and_given_as_it_came() {
    let listed = ["https://App.Example.com", "http://dev.example:8080", "tauri://localhost"];
    for origin in [
        "https://app.example.com",
        "https://app.example.com:443",
        "HTTPS://APP.example.COM",
        "http://dev.example:8080",
        "tauri://localhost",
    ] {
        assert_eq!(check_one(&listed, origin), Ok(Some(origin)), "{origin}");
    }
    for origin in [
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com:80",
        "https://app.example.com.evil",
        "https://x.app.example.com",
        "https://example.com",
        "http://dev.example",
        "tauri://localhost:1",
    ] {
        assert_eq!(check_one(&listed, origin), FORBIDDEN, "{origin}");
    }
}

#[test]
fn a_page_of_loopback_may_read_answers_whether_it_is_listed_or_not() {
    for origin in ["http://localhost:6274", "http://localhost:6275"] {
        assert_eq!(check_one(&["http://localhost:6274"], origin), Ok(Some(origin)));
    }
    assert_eq!(check_one(&["http://[0::1]:80"], "http://[::1]"), Ok(Some("http://[::1]")));
}

#[test]
fn an_entry_that_is_no_origin_allows_nothing() {
    for entry in ["", "*", "null", "example.com", "https://example.com/", "https://*.example.com"] {
        assert!(!Origins::understands(entry), "{entry:?}");
        assert_eq!(check_one(&[entry], entry), FORBIDDEN, "{entry:?}");
    }
    assert!(Origins::understands("https://example.com"));
}

proptest! {
    #[test]
    fn nothing_panics(value in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = check(&["https://example.com"], &[&value]);
    }

    #[test]
    fn what_is_given_for_an_answer_is_clean(origin in "https?://[a-z:/\r\n @.0-9]{0,20}") {
        let listed = [origin.as_str()];
        if let Ok(Some(given)) = check_one(&listed, &origin) {
            prop_assert!(given.bytes().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
