//! Peers that are silent, slow or many, while a healthy session is served.
//!
//! Every time limit is set to a second or less here; the core tests the defaults.

use serde_json::{Value, json};

use crate::Target;
use crate::canary::Canary;
use crate::client::{Client, NEWEST, initialize, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::probe::{fds, rss_kib};
use crate::silent_clients::{SilentClients, raise_fd_limit};
use crate::wait::{Instant, eventually, millis, seconds, throughout};
use crate::wire::{Request, Wire};

cases! { $ hostile_slow:
    two_thousand_silent_connections
    more_connections_than_there_is_room_for
    heads_byte_by_byte
    bodies_byte_by_byte
    idle_connections
    idle_limits_spare_what_is_under_way
    answers_taken_slowly
    answers_not_taken
    hundreds_of_idle_streams

    ; on sockets only:
    bursts_under_a_limit_of_64_descriptors: "what fails when descriptors run out is the system's"
}

fn scene(target: &Target, options: &[&str]) -> (Pontoon, Canary) {
    let pontoon = target.proxy().options(options).start();
    let canary = Canary::start(&pontoon);
    (pontoon, canary)
}

pub fn two_thousand_silent_connections(target: &Target) {
    raise_fd_limit(8192);
    let options = ["--max-connections", "3000", "--head-timeout", "1s"];
    let (mut pontoon, canary) = scene(target, &options);
    let open = fds(pontoon.pid());
    let mut clients = SilentClients::connect(pontoon.addr, 2000);
    eventually("all of them are closed", seconds(30), || clients.count_open() == 0);
    // The descriptors of the canary vary.
    eventually("nothing of them is left", seconds(5), || fds(pontoon.pid()) <= open + 8);
    pontoon.expect_alive("after silent connections");
    Client::open(&pontoon).expect_served();
    canary.finish();
}

pub fn more_connections_than_there_is_room_for(target: &Target) {
    let (mut pontoon, canary) = scene(target, &["--max-connections", "20", "--head-timeout", "1s"]);
    let open = fds(pontoon.pid());
    let _clients = SilentClients::connect(pontoon.addr, 100);
    // 19 are accepted at a time, and closed after a second, so that the next one gets a turn.
    let began = Instant::now();
    pontoon.expect_alive("beside silent clients");
    assert!(began.elapsed() < seconds(15), "it was let in after {:?}", began.elapsed());
    let held = fds(pontoon.pid()).saturating_sub(open);
    assert!(held <= 30, "{held} descriptors more than before");
    canary.finish();
}

pub fn bursts_under_a_limit_of_64_descriptors(target: &Target) {
    let options = ["--head-timeout", "500ms"];
    let mut pontoon = target.proxy().options(&options).descriptors(64).start();
    // Its connection may be closed between two calls, like any that waits for its peer.
    let canary = Canary::start_reconnecting(&pontoon);
    for burst in 0..3 {
        let mut clients = SilentClients::connect(pontoon.addr, 200);
        if burst == 1 {
            // Those that send requests are closed too, because each request may need descriptors of
            // its own.
            clients.send(&Request::new("GET", "/livez").bytes());
        }
        throughout("it runs", millis(300), || crate::probe::is_running(pontoon.pid()));
        drop(clients);
        pontoon.expect_alive("after a burst");
    }
    // Descriptors are freed as the program notices that their connections have ended.
    eventually("a session can be opened", seconds(10), || {
        Request::post(initialize(NEWEST).to_string()).send(pontoon.addr).status() == 200
    });
    canary.finish();
}

pub fn heads_byte_by_byte(target: &Target) {
    let (pontoon, canary) = scene(target, &["--head-timeout", "1s"]);
    let head = Request::new("GET", "/livez").header("X-Long", "x".repeat(1000)).bytes();
    let began = Instant::now();
    let mut wire = Wire::connect(pontoon.addr);
    // The limit is for the whole head: bytes that arrive for 20 s do not extend it.
    for byte in head.chunks(1) {
        if wire.has_arrived(millis(20)) || wire.try_send(byte).is_err() {
            break;
        }
    }
    let took = began.elapsed();
    assert!(took >= seconds(1) && took < seconds(15), "refused after {took:?}");
    let response = wire.response();
    response.expect_error(408, -32600, "a head that takes too long");
    assert!(response.head.closes());
    canary.finish();
}

pub fn bodies_byte_by_byte(target: &Target) {
    let (pontoon, canary) = scene(target, &["--body-timeout", "1s"]);
    let client = Client::open(&pontoon);
    let post = client.sign(Request::post(""));
    for (case, head) in [
        ("a short one", post.head_bytes(Some(1000))),
        ("a long one", post.head_bytes(Some(4 << 20))),
        ("in chunks", post.clone().header("Transfer-Encoding", "chunked").head_bytes(None)),
    ] {
        let mut wire = Wire::connect(pontoon.addr);
        let began = Instant::now();
        wire.send(head);
        let pieces: &[&str] = if case == "in chunks" { &["1\r\nx\r\n"] } else { &["x"] };
        for piece in pieces.iter().cycle() {
            let is_late = began.elapsed() > seconds(15);
            if is_late || wire.has_arrived(millis(20)) || wire.try_send(piece).is_err() {
                break;
            }
        }
        let took = began.elapsed();
        assert!(took >= seconds(1) && took < seconds(15), "{case}: refused after {took:?}");
        let response = wire.response();
        response.expect_error(408, -32600, case);
        assert!(response.head.closes(), "{case}");
    }
    client.expect_served();
    canary.finish();
}

pub fn idle_connections(target: &Target) {
    let (pontoon, canary) = scene(target, &["--idle-timeout", "2s"]);
    let mut used = Wire::connect(pontoon.addr);
    let ask = Request::new("GET", "/livez").bytes();
    let mut asked = Instant::now();
    for _ in 0..5 {
        asked = Instant::now();
        used.send(&ask).response().expect(200, "before its time is up");
        throughout("it stays open", millis(600), || !used.has_ended());
    }
    assert!(used.until_closed(seconds(10)).is_empty(), "closed without a word");
    let took = asked.elapsed();
    assert!(took >= seconds(2) && took < seconds(15), "closed after {took:?}");
    canary.finish();
}

pub fn idle_limits_spare_what_is_under_way(target: &Target) {
    let options = ["--idle-timeout", "1s", "--head-timeout", "1s", "--body-timeout", "1s"];
    let (pontoon, canary) = scene(target, &options);
    let client = Client::open(&pontoon);
    let mut listening = client.listen();
    let mut call = client.start(tool_call(1, "echo", json!({"text": "late", "ms": 1600})));
    let mut stream = client.stream(tool_call(2, "echo", json!({"text": "later", "ms": 1800})));
    assert_eq!(text_of(&call.response().answer()), "late");
    assert_eq!(text_of(&stream.message()), "later");
    client.call("list_changed", json!({}));
    let changed = "notifications/tools/list_changed";
    assert_eq!(listening.message()["method"], changed, "the silent stream is still there");
    canary.finish();
}

/// More bytes than the system buffers on the way.
const LARGE: usize = 12 << 20;

/// Requests a large answer on this connection.
fn large_answer(client: &Client, mut wire: Wire) -> Wire {
    wire.send(client.post(tool_call(1, "big", json!({"bytes": LARGE}))).bytes());
    wire
}

pub fn answers_taken_slowly(target: &Target) {
    let options = ["--write-timeout", "1500ms", "--idle-timeout", "700ms"];
    let pontoon = target.proxy().options(&options).start();
    // Its connection may be idle for too long on a busy machine.
    let canary = Canary::start_reconnecting(&pontoon);
    let mut wire = large_answer(&Client::open(&pontoon), Wire::connect(pontoon.addr));
    let began = Instant::now();
    // Each limit passes, but the peer always reads something.
    while began.elapsed() < seconds(3) {
        // About 3 MB/s, with TLS too: the system reports room for more only once a third of its
        // buffer is free.
        let read = wire.read_some().expect("it goes on");
        throughout("a pause", millis(20) * u32::try_from(read).unwrap() / (64 * 1024), || true);
    }
    let answer: Value = wire.response().answer();
    assert_eq!(text_of(&answer).len(), LARGE, "nothing of it is missing");
    canary.finish();
}

pub fn answers_not_taken(target: &Target) {
    let (pontoon, canary) = scene(target, &["--write-timeout", "700ms"]);
    let clients: Vec<_> = (0..4).map(|_| Client::open(&pontoon)).collect();
    clients.iter().for_each(Client::expect_served);
    let before = rss_kib(pontoon.pid());
    let narrow = || Wire::connect_narrow(pontoon.addr, 4096);
    let mut deaf: Vec<_> = clients.iter().map(|client| large_answer(client, narrow())).collect();
    for wire in &mut deaf {
        assert_eq!(wire.head().status, 200);
    }
    throughout("nothing is read", millis(2500), || true);
    for wire in &mut deaf {
        let read = wire.until_closed(seconds(5)).len();
        assert!(read < LARGE, "the answer is cut off");
    }
    let grown = || rss_kib(pontoon.pid()).saturating_sub(before);
    eventually("their answers are forgotten", seconds(5), || grown() < 32 * 1024);
    canary.finish();
}

pub fn hundreds_of_idle_streams(target: &Target) {
    const STREAMS: u64 = 300;
    let (mut pontoon, canary) = scene(target, &["--keep-alive", "500ms"]);
    let client = Client::open(&pontoon);
    client.expect_served();
    let before = rss_kib(pontoon.pid());
    let open = |id| {
        let call = client.post(tool_call(id, "hang", json!({})));
        call.with("Accept", "text/event-stream").open(pontoon.addr)
    };
    let wires: Vec<_> = (0..STREAMS).map(open).collect();
    let mut streams: Vec<_> = wires.into_iter().map(Wire::events).collect();
    let each = rss_kib(pontoon.pid()).saturating_sub(before) / STREAMS;
    assert!(each < 128, "{each} KiB for each stream");
    for events in &mut streams {
        let alive = loop {
            let event = events.try_next(seconds(3)).expect("a sign of life").expect("no end");
            if !event.comments.is_empty() {
                break event;
            }
        };
        assert_eq!(alive.message(), None);
    }
    pontoon.expect_alive("with many streams");
    canary.finish();
    drop(streams);
    eventually("nothing of them is left", seconds(15), || {
        pontoon.metric("pontoon_streams", &[]) == 0.0
    });
    client.expect_served();
}
