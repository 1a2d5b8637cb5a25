//! CORS headers for pages of other origins.

use super::*;

#[test]
fn an_allowed_origin_gets_cors_headers() {
    for (method, target) in EVERYWHERE {
        let cors = |origin: &str| match admit(method, target, &[("origin", origin)]) {
            Ok(admission) => admission.cors,
            Err(answer) => answer.head.cors,
        };
        let given = cors(LISTED).expect("CORS headers, whatever the answer is");
        assert_eq!((&*given.origin, given.preflight), (LISTED, false), "{method} {target}");
        // In the browser's notation, because it compares bytes.
        assert_eq!(&*cors("HTTPS://app.example:443").unwrap().origin, "HTTPS://app.example:443");
        let loopback = cors("http://localhost:6274").expect("a page of loopback");
        assert_eq!((&*loopback.origin, loopback.preflight), ("http://localhost:6274", false));
        for origin in ["https://evil.example", "http://app.localhost:6274", "null", "*"] {
            assert_eq!(cors(origin), None, "{method} {target} {origin}");
        }
    }
    assert_eq!(admit("POST", "/mcp", &[]).unwrap().cors, None);
    let wrong_host = admit("POST", "/mcp", &[("host", "evil.example"), ("origin", LISTED)]);
    assert_eq!(wrong_host.unwrap_err().head.cors, None);
}

#[test]
fn every_answer_says_that_it_hangs_on_the_origin() {
    for origin in [LISTED, "http://localhost", "http://evil.example"] {
        let answer = admit("OPTIONS", "/mcp", &[("origin", origin)]).unwrap_err();
        assert!(sent(&answer.head).contains(&("vary".into(), "Origin".into())), "{origin}");
    }
}

#[test]
fn a_preflight_of_a_listed_origin_is_answered() {
    let lines = [("origin", LISTED), ("access-control-request-method", "POST")];
    let answer = admit("OPTIONS", "/mcp", &lines).unwrap_err();
    assert_eq!((answer.head.status, answer.reject, answer.body.len()), (204, None, 0));
    let lines_sent = sent(&answer.head);
    let value = |name: &str| &lines_sent.iter().find(|line| line.0 == name).expect(name).1;
    assert_eq!(value("access-control-allow-origin"), LISTED);
    assert_eq!(value("access-control-allow-methods"), "GET, POST, DELETE, OPTIONS");
    for header in
        ["content-type", "mcp-session-id", "mcp-protocol-version", "last-event-id", "mcp-method"]
    {
        assert!(value("access-control-allow-headers").contains(header), "{header}");
    }
    let asked = "X-Api-Key, accept, Mcp-Param-Region,, x-b/d, x-\u{e9}";
    let asked = ("access-control-request-headers", asked);
    let answer = admit("OPTIONS", "/mcp", &[lines[0], lines[1], asked]).unwrap_err();
    let named = sent(&answer.head);
    let allowed = named.iter().find(|line| line.0 == "access-control-allow-headers").unwrap();
    assert!(allowed.1.ends_with(", mcp-name, x-api-key, mcp-param-region"), "{allowed:?}");
    let many = (0..500).map(|number| format!("x-{number}")).collect::<Vec<_>>().join(",");
    let asked = ("access-control-request-headers", many.as_str());
    let answer = admit("OPTIONS", "/mcp", &[lines[0], lines[1], asked]).unwrap_err();
    let bytes: usize = sent(&answer.head).iter().map(|line| line.1.len()).sum();
    assert!(bytes < 1500, "{bytes} bytes of headers");
    assert!(!lines_sent.iter().any(|line| line.0 == "access-control-allow-credentials"));
    assert!(!lines_sent.iter().any(|line| line.1 == "*"));
}

#[test]
fn options_tells_anybody_else_the_methods_only() {
    for lines in [&[][..], &[("access-control-request-method", "POST")]] {
        let answer = admit("OPTIONS", "/mcp", lines).unwrap_err();
        assert_eq!((answer.head.status, answer.reject), (204, None), "{lines:?}");
        assert_eq!(answer.head.allow, Some("GET, POST, DELETE, OPTIONS"));
        assert_eq!(sent_names(&answer.head, "access-control"), [""; 0], "{lines:?}");
    }
    // A listed origin that asks without a preflight may read the answer.
    let answer = admit("OPTIONS", "/mcp", &[("origin", LISTED)]).unwrap_err();
    assert_eq!(
        sent_names(&answer.head, "access-control"),
        ["access-control-allow-origin", "access-control-expose-headers"]
    );
}
