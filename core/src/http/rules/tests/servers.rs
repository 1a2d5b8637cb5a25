//! The list of servers, and a listener of its own for it.

use super::*;

const HTML: &[u8] = b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn asked(rules: &Rules, target: &str, accept: &[u8]) -> Result<Request, (Reject, String)> {
    let lines = Lines(vec![("host", b"localhost".as_slice()), ("accept", accept)]);
    let (method, peer, arrived) = ("GET", None, Instant::ZERO);
    let head = RequestHead { method, target, headers: &lines, peer, arrived };
    match rules.admit(&head, Duration::ZERO) {
        Ok(admission) => Ok(read(admission, "").expect("a request")),
        Err(answer) => {
            let text = String::from_utf8(answer.body.to_vec()).expect("UTF-8");
            Err((answer.reject.expect("a refusal"), text))
        }
    }
}

#[test]
fn the_root_lists_the_servers_as_a_page_for_browsers() {
    let rules = Rules::new(&config());
    for (accept, page) in [(HTML, true), (b"*/*", false), (b"application/json", false)] {
        for target in ["/", "/?x"] {
            let request = asked(&rules, target, accept);
            let is_list = matches!(request, Ok(Request::Servers { html }) if html == page);
            assert!(is_list, "{target} {page} {request:?}");
        }
    }
    // A client that posts here has the wrong URL, and learns the right one.
    for method in ["POST", "DELETE", "OPTIONS", "PUT"] {
        assert_eq!(refused(method, "/", &[]), Some(Reject::NotFound), "{method}");
    }
}

#[test]
fn an_endpoint_at_the_root_leaves_no_place_for_the_list() {
    let rules = Rules::new(&Config { path: "/".into(), ..config() });
    let request = asked(&rules, "/", b"text/event-stream");
    assert!(matches!(request, Ok(Request::Listen { .. })), "{request:?}");
    let refused = asked(&rules, "/", b"text/html").map(|_| ()).unwrap_err();
    assert_eq!(refused.0, Reject::NotAcceptable);
}

#[test]
fn with_a_listener_for_them_the_endpoint_keeps_only_the_probes_of_balancers() {
    let config = Config { admin: Some("http://127.0.0.1:3000".into()), ..config() };
    let (endpoint, admin) = (Rules::new(&config), Rules::admin(&config));
    for path in ["/", "/health", "/metrics"] {
        assert!(asked(&admin, path, b"*/*").is_ok(), "{path}");
        let (reject, text) = asked(&endpoint, path, b"*/*").map(|_| ()).unwrap_err();
        assert_eq!(reject, Reject::NotFound, "{path}");
        assert!(text.contains("at the address of --admin"), "{text}");
    }
    for path in ["/livez", "/readyz"] {
        assert!(asked(&admin, path, b"*/*").is_ok(), "{path}");
        assert!(asked(&endpoint, path, b"*/*").is_ok(), "{path}");
    }
    assert!(asked(&endpoint, "/mcp", b"text/event-stream").is_ok());
    let (reject, text) = asked(&admin, "/mcp", b"text/event-stream").map(|_| ()).unwrap_err();
    assert_eq!(reject, Reject::NotFound);
    assert!(text.contains("serves /, /health"), "{text}");
}

#[test]
fn the_listener_for_them_checks_hosts_and_origins_too() {
    let rules = Rules::admin(&config());
    for line in [("host", b"evil.example".as_slice()), ("origin", b"https://evil.example")] {
        let mut lines = vec![line];
        if line.0 != "host" {
            lines.push(("host", b"localhost"));
        }
        let headers = Lines(lines);
        let (method, peer, arrived) = ("GET", None, Instant::ZERO);
        let head = RequestHead { method, target: "/", headers: &headers, peer, arrived };
        assert_eq!(rules.admit(&head, Duration::ZERO).unwrap_err().head.status, 403, "{}", line.0);
    }
}
