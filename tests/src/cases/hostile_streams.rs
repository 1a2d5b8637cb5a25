//! Streams that break, stop or resume at any point, and payloads that resemble their framing, while
//! a healthy session is served.
//!
//! MCP 2025-11-25, basic/transports (a disconnect is no cancellation; Resumability); HTML standard,
//! server-sent events.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::Target;
use crate::canary::Canary;
use crate::client::{Client, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::probe::{fds, rss_kib};
use crate::wait::{eventually, millis, seconds, throughout};
use crate::wire::{Events, Request, Wire};

cases! { $ hostile_streams:
    a_listening_client_that_stops_reading
    leaving_at_any_point_of_an_exchange
    leaving_before_the_request_is_whole
    positions_that_are_none
    resuming_gets_the_events_of_that_stream_only
    resuming_after_some_events_are_forgotten
    ids_across_reconnects
    one_stream_for_each_message_while_they_come_and_go
    payloads_that_look_like_events
}

fn scene(target: &Target) -> (Pontoon, Client, Canary) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let canary = Canary::start(&pontoon);
    (pontoon, client, canary)
}

fn progress_call(id: u64, n: u64, ms: u64) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {
        "name": "progress", "arguments": {"n": n, "ms": ms},
        "_meta": {"progressToken": format!("token {id}")}}})
}

/// Returns the steps of progress up to the end of a stream; the last message has to be the answer.
#[track_caller]
fn steps(events: &mut Events, id: u64) -> Vec<u64> {
    let mut messages = events.messages();
    let answer = messages.pop().expect("an answer");
    assert_eq!(answer["id"], id, "{answer}");
    let step = |message: &Value| {
        assert_eq!(message["params"]["progressToken"], format!("token {id}"), "{message}");
        message["params"]["progress"].as_u64().expect("a step")
    };
    messages.iter().map(step).collect()
}

pub fn a_listening_client_that_stops_reading(target: &Target) {
    let (mut pontoon, client, canary) = scene(target);
    client.expect_served();
    let before = rss_kib(pontoon.pid());
    let mut deaf = Wire::connect_narrow(pontoon.addr, 4096);
    deaf.send(client.sign(Request::listen()).bytes());
    assert_eq!(deaf.head().status, 200);
    // More than any buffer holds, repeatedly, and none of it is read.
    let flood = tool_call(1, "flood", json!({"bytes": 64 << 20}));
    let _floods: Vec<_> = (0..2).map(|_| client.start(&flood)).collect();
    throughout("memory is bounded", seconds(2), || {
        rss_kib(pontoon.pid()).saturating_sub(before) < 40 * 1024
    });
    deaf.reset();
    pontoon.expect_alive("after a deaf listener");
    canary.finish();
}

/// The points at which a client disconnects.
const POINTS: [&str; 6] = [
    "after the head",
    "inside the body",
    "when the child has the call",
    "when the stream has begun",
    "after the first event",
    "inside a large answer",
];

pub fn leaving_at_any_point_of_an_exchange(target: &Target) {
    let (pontoon, client, canary) = scene(target);
    client.expect_served();
    let open = fds(pontoon.pid());
    let calls = || {
        let named = |tool: &str| pontoon.record.lines_with(&format!("\"name\":\"{tool}\"")).len();
        named("progress") + named("big")
    };
    let mut whole = 0;
    for (nth, point) in POINTS.into_iter().enumerate() {
        for accept in ["application/json", "text/event-stream"] {
            let id = nth as u64 + 10;
            let call = match point {
                "inside a large answer" => tool_call(id, "big", json!({"bytes": 2 << 20})),
                _ => progress_call(id, 4, 50),
            };
            let request = client.post(call).with("Accept", accept);
            let bytes = request.bytes();
            let head = request.head_bytes(None).len();
            let mut wire = Wire::connect_narrow(pontoon.addr, 4096);
            wire.send(match point {
                "after the head" => &bytes[..head + 22],
                "inside the body" => &bytes[..bytes.len() - 10],
                _ => &bytes[..],
            });
            // A reset may overtake bytes that were sent before it.
            if !point.ends_with("head") && !point.ends_with("body") {
                whole += 1;
                eventually("the child has the call", seconds(5), || calls() == whole);
            }
            match (point, accept) {
                ("when the stream has begun", "text/event-stream") => drop(wire.head()),
                ("after the first event", "text/event-stream") => {
                    wire.head();
                    wire.read_some().expect("an event");
                }
                ("inside a large answer", _) => drop(wire.head()),
                _ => {}
            }
            wire.reset();
        }
    }
    // Answers that are not read end too, without an effect on others.
    eventually("nothing is in flight", seconds(5), || {
        pontoon.metric("pontoon_requests_in_flight", &[]) == 0.0
    });
    eventually("no descriptor is left", seconds(5), || fds(pontoon.pid()) <= open + 1);
    client.expect_served();
    assert!(pontoon.record.messages("notifications/cancelled").is_empty(), "leaving is no cancel");
    assert_eq!(calls(), whole, "each that was whole has reached the child once, and no other");
    canary.finish();
}

pub fn leaving_before_the_request_is_whole(target: &Target) {
    let (pontoon, client, canary) = scene(target);
    let request = client.post(tool_call(1, "echo", json!({"text": "never whole"})));
    let bytes = request.bytes();
    let chunked = {
        let head = client.sign(Request::post("")).header("Transfer-Encoding", "chunked");
        let body = tool_call(1, "echo", json!({"text": "never whole"})).to_string();
        let head = String::from_utf8(head.head_bytes(None)).unwrap();
        format!("{head}{:x}\r\n{body}\r\n0\r\n", body.len()).into_bytes()
    };
    let ends = [1, 20, 100, bytes.len() - 80, bytes.len() - 1];
    let cuts = ends.iter().map(|end| &bytes[..*end]).chain([&chunked[..], &chunked[..300]]);
    for cut in cuts {
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(cut);
        wire.reset();
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(cut).half_close();
        let answer = wire.until_closed(seconds(5));
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400 "), "{} bytes", cut.len());
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(cut);
        drop(wire);
    }
    client.expect_served();
    assert!(pontoon.record.lines_with("never whole").is_empty(), "nothing of it was carried out");
    canary.finish();
}

pub fn positions_that_are_none(target: &Target) {
    let (pontoon, client, canary) = scene(target);
    let mut events = client.stream(progress_call(1, 2, 0));
    let first = events.next_event().expect("an event").id.expect("an id");
    let last = events.messages().len();
    assert_eq!(last, 3);
    let position = |id: &str| client.resume(id).response();
    for id in ["\u{e9}", "null", "*", "18446744073709551616-0", &"9".repeat(400)] {
        let response = position(id);
        assert!([400, 404].contains(&response.status()), "{id:?}: {}", response.describe());
    }
    let huge = position(&"1".repeat(64 * 1024));
    assert!([400, 431].contains(&huge.status()), "{}", huge.describe());
    let twice = client.sign(Request::listen()).header("Last-Event-ID", &first);
    twice.header("Last-Event-ID", &first).send(pontoon.addr).expect(400, "two positions");
    canary.finish();
}

pub fn resuming_gets_the_events_of_that_stream_only(target: &Target) {
    let (pontoon, client, canary) = scene(target);
    let mut listening = client.listen();
    // Slow enough for all to be in progress when the message of another arrives.
    let mut broken: Vec<_> = (1..=4).map(|id| client.stream(progress_call(id, 6, 400))).collect();
    let firsts: Vec<_> = broken
        .iter_mut()
        .map(|events| events.next_message().expect("progress").0.id.expect("an id"))
        .collect();
    client.call("log", json!({"text": "on another stream"}));
    broken.into_iter().for_each(Events::reset);
    for (first, id) in firsts.iter().zip(1..) {
        assert_eq!(steps(&mut client.resume(first).events(), id), [2, 3, 4, 5, 6], "stream {id}");
    }
    let other = Client::open(&pontoon);
    for first in &firsts {
        let response = other.resume(first).response();
        assert!([400, 404].contains(&response.status()), "{}", response.describe());
    }
    assert_eq!(listening.message()["params"]["data"], "on another stream");
    canary.finish();
}

pub fn resuming_after_some_events_are_forgotten(target: &Target) {
    let (_pontoon, client, canary) = scene(target);
    let mut events = client.stream(progress_call(1, 400, 0));
    let first = events.next_message().expect("progress").0.id.expect("an id");
    assert_eq!(steps(&mut events, 1).len(), 399);
    // The end of the stream is kept, without a gap.
    let kept = steps(&mut client.resume(&first).events(), 1);
    assert!(kept.len() >= 100 && kept.len() < 399, "{} kept", kept.len());
    assert_eq!(kept.last(), Some(&400));
    assert!(kept.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{kept:?}");
    canary.finish();
}

pub fn ids_across_reconnects(target: &Target) {
    let (_pontoon, client, canary) = scene(target);
    let mut known = BTreeSet::new();
    for id in 0..5 {
        let mut events = client.stream(progress_call(id, 5, 30));
        let mut seen = Vec::new();
        // The stream breaks after every second message, until the answer has arrived.
        let answered = |message: &Value| message["id"] == id;
        while let Some((event, message)) = events.next_message() {
            seen.push(event.id.expect("an id"));
            if answered(&message) {
                break;
            }
            if seen.len() % 2 == 0 {
                events.reset();
                events = client.resume(seen.last().unwrap()).events();
            }
        }
        assert_eq!(seen.len(), 6, "each message once: {seen:?}");
        for event in seen {
            assert!(known.insert(event.clone()), "{event} was used before");
        }
    }
    canary.finish();
}

pub fn one_stream_for_each_message_while_they_come_and_go(target: &Target) {
    let (_pontoon, client, canary) = scene(target);
    let mut seen = Vec::new();
    let see = |events: &mut Events, seen: &mut Vec<u64>| {
        while let Ok(Some(event)) = events.try_next(millis(20)) {
            seen.extend(event.message().and_then(|message| message["params"]["data"].as_u64()));
        }
    };
    let mut open: Vec<Events> = Vec::new();
    for nth in 0..12 {
        open.push(client.listen());
        if open.len() > 3 {
            // Read to its end first, because messages sent before a client leaves count as sent.
            see(&mut open[0], &mut seen);
            drop(open.remove(0));
        }
        let call = tool_call(nth, "log", json!({"text": nth}));
        for message in client.stream(call).messages() {
            seen.extend(message["params"]["data"].as_u64());
        }
        for events in &mut open {
            see(events, &mut seen);
        }
    }
    let answer =
        client.stream(tool_call(99, "echo", json!({"text": "last", "ms": 200}))).messages();
    seen.extend(answer.iter().filter_map(|message| message["params"]["data"].as_u64()));
    for events in &mut open {
        see(events, &mut seen);
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..12).collect::<Vec<_>>(), "each of them once");
    canary.finish();
}

/// Parts of payloads: event framing, and texts that resemble it.
const PIECES: [&str; 16] = [
    "\n",
    "\n\n",
    "\r",
    "\r\n",
    "data:",
    "data: x\n\n",
    "id: 7\n",
    "event: y\r\r",
    ":",
    "retry: 1\n",
    "\u{2028}",
    "\u{85}",
    "\u{feff}",
    "\0",
    "",
    "\u{1f6f6}",
];

pub fn payloads_that_look_like_events(target: &Target) {
    let (pontoon, client, canary) = scene(target);
    let mut number = 1_u64;
    let mut next = || {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (number >> 33) as usize
    };
    let mut wire = Wire::connect(pontoon.addr);
    for nth in 0..300 {
        let text: String = (0..next() % 12).map(|_| PIECES[next() % PIECES.len()]).collect();
        let call = client.post(tool_call(nth, "echo", json!({"text": text})));
        let response = wire.send(call.with("Accept", "text/event-stream").bytes()).response();
        let messages = response.messages();
        assert_eq!(messages.len(), 1, "{text:?}: {messages:?}");
        assert_eq!(text_of(&messages[0]), text);
    }
    // White space in JSON may hold raw line breaks, which strings cannot.
    let response = client.post(tool_call(1, "newlines", json!({})));
    let response = response.with("Accept", "text/event-stream").send(pontoon.addr);
    assert_eq!(
        response.messages(),
        [json!({"jsonrpc": "2.0", "id": 1, "result": {"content": []}})]
    );
    canary.finish();
}
