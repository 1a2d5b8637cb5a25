//! Answers do not depend on how the bytes of a connection are split: one conversation, cut at every
//! place, gets the same bytes each time.
//!
//! It runs in the simulated world, where a piece arrives alone, because the next is sent only once
//! all tasks are done with it.

use std::time::Duration;

use pontoon_suite::Target;
use pontoon_suite::client::{NEWEST, initialize, tool_call};
use pontoon_suite::sim::rng::Rng;
use pontoon_suite::wait::{millis, seconds, sleep};
use pontoon_suite::wire::{Request, Wire};
use serde_json::{Value, json};

/// The pause between two pieces, in which the first is read.
const PAUSE: Duration = millis(1);

/// Returns the answers to these pieces on one connection, to its end, without the lines with the
/// date, for which hyper asks the real clock.
fn answers<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let target = Target::simulated();
    let pontoon = target.proxy().start();
    let mut wire = Wire::connect(pontoon.addr);
    for piece in pieces {
        // A server that has refused one piece need not read the next.
        let _ = wire.try_send(piece);
        sleep(PAUSE);
    }
    let answers = String::from_utf8(wire.until_closed(seconds(60))).expect("text");
    answers.split_inclusive('\n').filter(|line| !line.starts_with("date: ")).collect()
}

/// Returns the statuses of these answers.
fn statuses(answers: &str) -> Vec<&str> {
    let statuses = answers.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]);
    statuses.filter(|status| status.parse::<u16>().is_ok()).collect()
}

/// Returns the requests of a session, one after the other. The worlds have one seed, so each of
/// them gives its first session the same id.
fn conversation() -> Vec<u8> {
    let opening = Request::post(initialize(NEWEST).to_string());
    let session = {
        let target = Target::simulated();
        let response = opening.send(target.proxy().start().addr);
        response.header("mcp-session-id").expect("a session").to_owned()
    };
    let sign = |request: Request| {
        request.header("Mcp-Session-Id", &session).header("MCP-Protocol-Version", NEWEST)
    };
    let post = |body: &Value| sign(Request::post(body.to_string()));
    let echo = |id: u64| tool_call(id, "echo", json!({"text": format!("text {id} \u{1f6f6}")}));
    let progress = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {
        "name": "progress", "arguments": {"n": 3, "ms": 5}, "_meta": {"progressToken": "token"}}});
    let in_chunks = {
        let body = echo(4).to_string();
        let (front, rest) = body.split_at(17);
        let head = sign(Request::post("")).header("Transfer-Encoding", "chunked").head_bytes(None);
        let chunks = format!("11\r\n{front}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n", rest.len());
        [head, chunks.into_bytes()].concat()
    };
    [
        opening.bytes(),
        post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).bytes(),
        post(&echo(1)).bytes(),
        post(&progress).with("Accept", "text/event-stream").bytes(),
        Request::new("GET", "/livez").bytes(),
        post(&json!({"jsonrpc": "2.0", "id": 3, "method": "no/such"})).bytes(),
        in_chunks,
        Request::new("GET", "/nothing/here").bytes(),
        post(&json!([])).bytes(),
        sign(Request::new("DELETE", "/mcp")).bytes(),
    ]
    .concat()
}

/// The statuses of its answers.
const ANSWERED: [&str; 10] = ["200", "202", "200", "200", "200", "200", "200", "404", "400", "204"];

/// Returns possible endings, with the status of each.
fn endings() -> [(Vec<u8>, &'static str); 7] {
    let last = Request::new("GET", "/livez").header("Connection", "close").bytes();
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    let refused = |rest: &str| format!("{head}{rest}GET /livez HTTP/1.1\r\n\r\n").into_bytes();
    [
        (last, "200"),
        (refused("Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"), "400"),
        (refused("Content-Length: 9999999999\r\n\r\n{}"), "413"),
        (refused("Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nx\r\n\r\n"), "400"),
        (refused("Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n"), "400"),
        (refused("X: y\n\r\n"), "400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), "505"),
    ]
}

/// Returns a conversation with an ordinary end, and the answers to it in one piece.
fn whole() -> (Vec<u8>, String) {
    let [(ending, status), ..] = endings();
    let bytes = [conversation(), ending].concat();
    let answered = answers([&bytes[..]]);
    assert_eq!(statuses(&answered), [&ANSWERED[..], &[status]].concat(), "{answered}");
    (bytes, answered)
}

#[test]
fn one_cut_anywhere() {
    let (bytes, answered) = whole();
    for at in 1..bytes.len() {
        let (front, rest) = bytes.split_at(at);
        assert_eq!(answers([front, rest]), answered, "cut after {at} bytes");
    }
}

#[test]
fn many_cuts() {
    let (bytes, answered) = whole();
    assert_eq!(answers(bytes.chunks(1)), answered, "byte by byte");
    let mut rng = Rng::new(1);
    for nth in 0..500 {
        let len_max = rng.choose(&[3, 20, 100, 1000]);
        let mut left = &bytes[..];
        let mut pieces = Vec::new();
        while let Some(len) = (left.len() as u64).checked_sub(1) {
            let (piece, rest) = left.split_at(rng.range(0..len_max.min(len + 1)) as usize + 1);
            pieces.push(piece);
            left = rest;
        }
        assert_eq!(answers(pieces.iter().copied()), answered, "{nth}: {pieces:?}");
    }
}

#[test]
fn cuts_in_what_is_refused() {
    let conversation = conversation();
    for (ending, status) in endings() {
        let answered = answers([&conversation[..], &ending]);
        let case = ending.escape_ascii();
        assert_eq!(statuses(&answered), [&ANSWERED[..], &[status]].concat(), "{case}");
        for at in 1..ending.len() {
            let (front, rest) = ending.split_at(at);
            let pieces = [&conversation[..], front, rest];
            assert_eq!(answers(pieces), answered, "{case}: cut after {at} bytes");
        }
        let bytes = [&conversation[..], &ending].concat();
        assert_eq!(answers(bytes.chunks(1)), answered, "{case}: byte by byte");
    }
}
