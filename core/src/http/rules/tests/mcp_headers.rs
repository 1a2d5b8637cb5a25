//! The values of MCP headers.

use super::*;
use crate::frame::EventId;
use crate::http::McpRequestHeaders;
use crate::ids::SessionId;

/// Texts that are not words of visible ASCII.
const ODD: [&str; 6] = ["", "a b", "a\tb", "a\u{7f}", "a\u{1}", "\u{e4}"];

#[test]
fn a_session_id_is_ours_or_foreign() {
    let session = |value| head("POST", &[("mcp-session-id", value)]).session;
    assert_eq!(head("POST", &[]).session, SessionHeader::Absent);
    assert_eq!(session(""), SessionHeader::Absent);
    assert_eq!(
        session(SESSION),
        SessionHeader::Id(SessionId::parse(SESSION.as_bytes()).expect("an id"))
    );
    for foreign in
        ["x", "!~", &SESSION.to_uppercase(), &SESSION.replace('-', ""), &"a".repeat(5000)]
    {
        assert_eq!(session(foreign), SessionHeader::Foreign, "{foreign}");
    }
}

#[test]
fn malformed_mcp_headers_are_refused() {
    for method in ["POST", "GET", "DELETE"] {
        for value in &ODD[1..] {
            let reject = refused(method, "/mcp", &[("mcp-session-id", value)]);
            assert_eq!(reject, Some(Reject::BadMcpHeader), "{method}: {value:?}");
        }
        let twice = [("mcp-session-id", SESSION); 2];
        assert_eq!(refused(method, "/mcp", &twice), Some(Reject::BadMcpHeader), "{method}");
    }
    let lines: &[(&str, &[u8])] = &[("host", b"localhost"), ("mcp-session-id", b"\xff")];
    let answer = admit_with(&config(), "GET", "/mcp", lines).unwrap_err();
    assert_eq!(answer.reject, Some(Reject::BadMcpHeader));
}

/// The answer to a malformed revision depends on the body.
#[test]
fn a_malformed_revision_is_known_for_one() {
    for method in ["POST", "GET", "DELETE"] {
        for value in ODD {
            let head = head(method, &[("mcp-protocol-version", value)]);
            assert_eq!(head.revision, RevisionHeader::Malformed, "{method}: {value:?}");
        }
        let twice = head(method, &[("mcp-protocol-version", "2025-11-25"); 2]);
        assert_eq!(twice.revision, RevisionHeader::Malformed, "{method}");
    }
}

#[test]
fn who_listens_is_given_a_stream_for_anything() {
    let listen = ("mcp-method", "subscriptions/listen");
    for (lines, sse) in [
        (&[listen][..], true),
        (&[listen, ("accept", "*/*")], true),
        (&[listen, ("accept", "application/json")], false),
        (&[("mcp-method", "tools/list"), ("accept", "*/*")], false),
    ] {
        assert_eq!(head("POST", lines).accept.sse, sse, "{lines:?}");
    }
}

#[test]
fn a_revision_is_served_or_not() {
    let revision = |value| head("DELETE", &[("mcp-protocol-version", value)]).revision;
    assert_eq!(head("DELETE", &[]).revision, RevisionHeader::Absent);
    assert_eq!(revision("2025-06-18"), RevisionHeader::Served(Revision::V2025_06_18));
    assert_eq!(revision("2026-07-28"), RevisionHeader::Served(Revision::V2026_07_28));
    assert_eq!(revision("DRAFT"), RevisionHeader::Other("DRAFT".into()));
}

#[test]
fn the_last_event_is_read_on_a_get_only() {
    let last_event = |value| head("GET", &[("last-event-id", value)]).last_event;
    assert_eq!(head("GET", &[]).last_event, LastEvent::Absent);
    assert_eq!(last_event(""), LastEvent::Absent);
    assert_eq!(last_event("3-14"), LastEvent::Id(EventId { stream: 3, sequence: 14 }));
    for foreign in ["x", "03-14", "3-14 ", "\u{e4}", &"1".repeat(1024)] {
        assert_eq!(last_event(foreign), LastEvent::Foreign, "{foreign}");
    }
    for lines in [
        &[("last-event-id", "1-1"), ("last-event-id", "1-1")][..],
        &[("last-event-id", &"1".repeat(1025))],
    ] {
        assert_eq!(refused("GET", "/mcp", lines), Some(Reject::BadMcpHeader));
        for method in ["POST", "DELETE"] {
            assert_eq!(head(method, lines).last_event, LastEvent::Absent, "{method}");
        }
    }
}

#[test]
fn credentials_make_the_principal() {
    let principal = |lines: &[(&str, &str)]| head("POST", lines).principal;
    assert_eq!(principal(&[]), Principal::Anonymous);
    assert_eq!(principal(&[("authorization", "Bearer a")]), Principal::of(Some(b"Bearer a")));
    // An additional line never makes another principal of it.
    let both = principal(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]);
    for one in ["Bearer a", "Bearer b"] {
        assert_ne!(both, principal(&[("authorization", one)]), "{one}");
    }
}

#[test]
fn what_the_body_says_is_repeated_once() {
    let said = |lines: &[(&str, &str)]| head("POST", lines).request_headers;
    assert!(said(&[("mcp-name", "x")]).is_none(), "it is of the legacy era");
    let method = ("mcp-method", "tools/call");
    let both = said(&[method, ("mcp-name", "x"), ("mcp-param-region", "eu"), ("mcp-param-a", "1")]);
    let McpRequestHeaders { method: said_method, name, params } = *both.expect("headers");
    assert_eq!((&*said_method, name.as_deref()), (&b"tools/call"[..], Some(&b"x"[..])));
    let params: Vec<_> = params.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(params, [("region", &b"eu"[..]), ("a", b"1")]);
    // Of two lines, an intermediary may have used either.
    let twice = said(&[method, ("mcp-name", "x"), ("mcp-name", "x")]).expect("headers");
    assert_eq!(twice.name.as_deref(), Some(&b""[..]));
    let twice = said(&[method, method]).expect("headers");
    assert_eq!((&*twice.method, twice.name), (&b""[..], None));
}

#[test]
fn who_asks_in_the_modern_era_is_known_where_there_are_no_sessions() {
    let lines =
        [("host", "localhost"), ("content-type", "application/json"), ("authorization", "x")];
    let principal = |more: &[(&str, &str)]| {
        let all: Vec<(&str, &[u8])> =
            lines.iter().chain(more).map(|line| (line.0, line.1.as_bytes())).collect();
        let admission = admit_with(&native(false), "POST", "/mcp", &all).expect("admitted");
        match read(admission, r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#) {
            Ok(Request::Post { head, .. }) => head.principal,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(principal(&[]), Principal::Anonymous);
    assert_eq!(principal(&[("mcp-method", "ping")]), Principal::of(Some(b"x")));
}
