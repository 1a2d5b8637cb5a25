use std::sync::Arc;

use super::rig::{Demo, at, error, messages, text};
use crate::host_stats::HostStats;
use crate::server::{ServerConnection, StdioServer};
use crate::time::{Duration, Instant};

const NOW: Instant = Instant::from_micros(5);
const ECHO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"hi"}}}"#;

fn pipe() -> StdioServer {
    StdioServer::new(ServerConnection::new(Arc::new(Demo::default())), 200)
}

fn feed(pipe: &mut StdioServer, bytes: &[u8]) -> Vec<serde_json::Value> {
    let mut out = Vec::new();
    pipe.handle_input(bytes, &at(NOW), &mut out);
    messages(&out)
}

#[test]
fn lines_are_answered_however_they_are_cut() {
    let input = format!("{ECHO}\n\n  \r\n{ECHO}\r\n{{\n");
    for size in 1..input.len() {
        let mut pipe = pipe();
        let pieces = input.as_bytes().chunks(size);
        let said: Vec<_> = pieces.flat_map(|piece| feed(&mut pipe, piece)).collect();
        assert_eq!((said.len(), text(&said[0]), text(&said[1])), (3, "hi", "hi"));
        assert_eq!(error(&said[2]).0, -32700);
        assert_eq!(said[2].get("id"), None);
    }
}

#[test]
fn the_last_line_needs_no_end() {
    let mut pipe = pipe();
    assert!(feed(&mut pipe, ECHO.as_bytes()).is_empty());
    let mut out = Vec::new();
    pipe.handle_end(&at(NOW), &mut out);
    assert_eq!(text(&messages(&out)[0]), "hi");
    out.clear();
    pipe.handle_end(&at(NOW), &mut out);
    assert!(out.is_empty());
}

#[test]
fn a_line_that_is_too_long_is_an_error_and_no_more() {
    let long = format!("{}\n{ECHO}\n{}{ECHO}\n{ECHO}\n", "x".repeat(201), " ".repeat(200));
    for size in [1, 7, 150, 1000] {
        let mut pipe = pipe();
        let pieces = long.as_bytes().chunks(size);
        let said: Vec<_> = pieces.flat_map(|piece| feed(&mut pipe, piece)).collect();
        let too_long = (-32700, "Parse error: a line exceeds 200 bytes");
        assert_eq!(said.len(), 4, "{size}");
        assert_eq!((error(&said[0]), error(&said[2])), (too_long, too_long));
        assert_eq!((text(&said[1]), text(&said[3])), ("hi", "hi"));
    }
    let mut pipe = pipe();
    assert_eq!(feed(&mut pipe, &[b' '; 201]).len(), 1);
    assert!(feed(&mut pipe, &[b' '; 10_000]).is_empty(), "one error is enough");
    let mut out = Vec::new();
    pipe.handle_end(&at(NOW), &mut out);
    assert!(out.is_empty());
}

#[test]
fn timers_and_facts_pass_through() {
    let call = |name| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"{name}\"}}}}\n"
        )
    };
    let mut pipe = pipe();
    assert!(feed(&mut pipe, call("facts").as_bytes()).is_empty());
    assert!(pipe.wants_stats() && !pipe.is_idle());
    let mut out = Vec::new();
    pipe.handle_stats(&HostStats::default(), &at(NOW), &mut out);
    assert_eq!(text(&messages(&out)[0]), "pid 0");
    assert!(feed(&mut pipe, call("steps").as_bytes()).is_empty());
    assert_eq!(pipe.poll_timeout(), Some(NOW + Duration::from_millis(100)));
    out.clear();
    pipe.handle_timeout(&at(NOW + Duration::from_secs(1)), &mut out);
    assert_eq!(text(&messages(&out)[0]), "done: 3");
    assert!(pipe.is_idle());
}
