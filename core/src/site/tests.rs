use super::*;
use crate::http::{encode_segment, without_segment};

#[test]
fn a_path_finds_its_server() {
    let routes = Routes::new(["time", "git", "möwe", "a.b", ""]);
    for (target, server) in [
        ("/time/mcp", Some(0)),
        ("/time/mcp?x=/git/mcp", Some(0)),
        ("/time/", Some(0)),
        ("/git/messages?sessionId=1", Some(1)),
        ("/m%C3%B6we/mcp", Some(2)),
        ("/m%c3%b6we/mcp", Some(2)),
        ("/%74ime/mcp", Some(0)),
        ("/a.b/mcp", Some(3)),
        ("/.well-known/oauth-protected-resource/time/mcp", Some(0)),
        // No server, or no path below its name.
        ("/time", None),
        ("/time?a/b", None),
        ("/Time/mcp", None),
        ("/time%2Fmcp", None),
        ("/time%2", None),
        ("/m%C3we/mcp", None),
        ("/%+1/mcp", None),
        ("//time/mcp", None),
        ("//mcp", None),
        ("/.well-known/oauth-protected-resource", None),
        ("/", None),
        ("", None),
        ("*", None),
    ] {
        assert_eq!(routes.find(target), server, "{target}");
    }
    assert_eq!(Routes::default().find("/time/mcp"), None);
}

#[test]
fn a_target_without_its_segment_begins_with_a_slash() {
    for (target, rest) in [
        ("/time/mcp", "/mcp"),
        ("/time/mcp/?a=/b", "/mcp/?a=/b"),
        ("/time/", "/"),
        ("/time", ""),
        ("/time?a/b", ""),
        ("", ""),
    ] {
        assert_eq!(without_segment(target), rest, "{target}");
    }
}

#[test]
fn a_name_is_encoded_for_a_path() {
    assert_eq!(encode_segment("a-b_c.D9~"), "a-b_c.D9~");
    assert_eq!(encode_segment("möwe"), "m%C3%B6we");
}
