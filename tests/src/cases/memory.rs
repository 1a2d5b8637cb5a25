//! The memory budget: requests over it are refused, everything else is served meanwhile, and all
//! memory is returned.

use serde_json::json;

use crate::Target;
use crate::canary::Canary;
use crate::client::{Client, tool_call};
use crate::modern::Modern;
use crate::pontoon::Pontoon;
use crate::probe::rss_kib;
use crate::wait::{eventually, millis, seconds, throughout};
use crate::wire::{Request, Wire};

cases! { $ memory:
    bodies_held_back
    answers_one_session_leaves_unread
    answers_modern_clients_leave_unread
    answers_of_echo_left_unread
    ; on sockets only:
    memory_returns_after_a_burst: "a simulated process has no memory of its own"
}

const BUDGET: usize = 48 << 20;
/// Twice the buffer of Linux for a peer that reads nothing (`tcp_wmem`), and less than a session
/// may leave unread.
const ANSWER: usize = 9 << 20;

fn scene(target: &Target) -> (Pontoon, Canary, u64) {
    let options = ["--max-memory", "48MiB", "--max-body", "12MiB"];
    let pontoon = target.proxy().options(&options).start();
    let canary = Canary::start(&pontoon);
    let before = rss_kib(pontoon.pid());
    (pontoon, canary, before)
}

fn held(pontoon: &Pontoon) -> usize {
    pontoon.metric("pontoon_memory_bytes", &[]) as usize
}

/// Checks the program while the budget is used up. Memory beyond the budget is that of the
/// allocator and of connection buffers; in a debug build it is more than a quarter of so small a
/// budget.
fn expect_bounded(pontoon: &Pontoon, before: u64) {
    assert!(held(pontoon) <= BUDGET + ANSWER, "{} bytes are held", held(pontoon));
    let grown = rss_kib(pontoon.pid()).saturating_sub(before);
    assert!(grown < (BUDGET / 1024 * 5 / 4 + 16 * 1024) as u64, "it has grown by {grown} KiB");
}

fn expect_given_back(pontoon: &Pontoon) {
    // The calls of a canary use a varying amount.
    eventually("everything is given back", seconds(20), || {
        held(pontoon) < 4096 && pontoon.metric("pontoon_queue_bytes", &[]) < 4096.0
    });
}

pub fn bodies_held_back(target: &Target) {
    const BODY: usize = 12_000_000;
    let (pontoon, canary, before) = scene(target);
    let client = Client::open(&pontoon);
    let post = client.sign(Request::post("")).head_bytes(Some(BODY + 1));
    let mut wires = Vec::new();
    for _ in 0..12 {
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(&post);
        // A refused one may end while its body is still being sent.
        let _ = wire.try_send(vec![b' '; BODY]);
        wires.push(wire);
    }
    let refused = || pontoon.metric("pontoon_rejects_total", &["memory_full"]);
    // Bodies of one session may use a quarter of the budget, which is one body.
    eventually("the others are refused", seconds(20), || refused() == 11.0);
    expect_bounded(&pontoon, before);
    Client::open(&pontoon).expect_served();
    let answer =
        |wire: &mut Wire| wire.has_arrived(millis(500)).then(|| wire.try_response().ok()).flatten();
    let response = wires.iter_mut().find_map(answer).expect("an answer");
    let error = response.expect_error(503, -32603, "a body that does not fit");
    assert!(error.contains("--max-memory"), "{error}");
    assert_eq!(response.header("Retry-After"), Some("1"));
    assert!(response.head.closes());
    drop(wires);
    expect_given_back(&pontoon);
    canary.finish();
}

pub fn answers_one_session_leaves_unread(target: &Target) {
    let (pontoon, canary, before) = scene(target);
    let client = Client::open(&pontoon);
    let call = |id: u64| {
        let mut wire = Wire::connect_narrow(pontoon.addr, 4096);
        let call = client.post(tool_call(id, "big", json!({ "bytes": ANSWER })));
        wire.send(call.with("Accept", "application/json, text/event-stream").bytes());
        wire
    };
    let wires: Vec<_> = (100..112).map(call).collect();
    let unread = || pontoon.metric("pontoon_queue_bytes", &[]) as usize;
    eventually("they wait to be read", seconds(20), || unread() > ANSWER / 2);
    expect_bounded(&pontoon, before);
    assert!(unread() <= BUDGET / 4 + ANSWER, "the command is read no further");
    Client::open(&pontoon).expect_served();
    drop(wires);
    expect_given_back(&pontoon);
    canary.finish();
}

pub fn answers_modern_clients_leave_unread(target: &Target) {
    let (pontoon, canary, before) = scene(target);
    let modern = Modern::new(&pontoon);
    modern.expect_served();
    let body = modern.tool_call("big", json!({ "bytes": ANSWER }));
    let post = modern.post(&body).bytes();
    let call = |_| {
        let mut wire = Wire::connect_narrow(pontoon.addr, 4096);
        wire.send(&post);
        wire
    };
    let mut wires: Vec<_> = (0..12).map(call).collect();
    let mut heads = wires.iter_mut().map(Wire::head);
    let refusal = heads.find(|head| head.status == 503).expect("a refusal");
    assert_eq!(refusal.header("Retry-After"), Some("1"));
    expect_bounded(&pontoon, before);
    Client::open(&pontoon).expect_served();
    Modern::new(&pontoon).expect_served();
    drop(wires);
    expect_given_back(&pontoon);
    canary.finish();
}

/// The server in this process has no pipe that could be read more slowly: it is refused an answer
/// for which a session has no room.
pub fn answers_of_echo_left_unread(target: &Target) {
    const MESSAGE: usize = 1_000_000;
    let options = ["--max-memory", "48MiB", "--max-body", "12MiB"];
    let pontoon = target.echo().options(&options).start();
    let before = rss_kib(pontoon.pid());
    let client = Client::open_revision(&pontoon, "2025-03-26");
    let other = Client::open(&pontoon);
    let message = "m".repeat(MESSAGE);
    let calls = (100..111).map(|id| tool_call(id, "echo", json!({ "message": message })));
    let batch = client.post(json!(calls.collect::<Vec<_>>())).bytes();
    let call = |_| {
        let mut wire = Wire::connect_narrow(pontoon.addr, 4096);
        // A body for which there is no room is refused before it has come whole.
        let _ = wire.try_send(&batch);
        wire
    };
    let wires: Vec<_> = (0..6).map(call).collect();
    // Bodies or answers are refused, depending on how many bodies arrive at the same time.
    let refused = |reason| pontoon.metric("pontoon_rejects_total", &[reason]) > 0.0;
    let unread = || pontoon.metric("pontoon_queue_bytes", &[]) as usize;
    eventually("answers wait, and there is no room for more", seconds(20), || {
        unread() > BUDGET / 16 && (refused("unread_answers") || refused("memory_full"))
    });
    assert!(unread() < BUDGET / 2, "{} bytes wait to be read", unread());
    eventually("all that waits is counted", seconds(20), || held(&pontoon) >= unread());
    expect_bounded(&pontoon, before);
    assert!(other.text("echo", json!({"message": "still here"})).contains("still here"));
    drop(wires);
    client.delete();
    other.delete();
    expect_given_back(&pontoon);
}

pub fn memory_returns_after_a_burst(target: &Target) {
    let pontoon = target.echo().options(&["--max-memory", "512MiB"]).start();
    let burst = || {
        let client = Client::open(&pontoon);
        let echo = tool_call(1, "echo", json!({"message": "m".repeat(1_000_000)}));
        let mut wires: Vec<_> = (0..40).map(|_| client.start(&echo)).collect();
        for wire in &mut wires {
            wire.response().expect(200, "it is echoed");
        }
        client.delete();
    };
    // The first burst makes the code resident, and the threads.
    burst();
    let mut before = u64::MAX;
    throughout("it is served", seconds(5), || {
        before = before.min(rss_kib(pontoon.pid()));
        true
    });
    burst();
    // A burst takes 30 MiB or more.
    eventually("memory is returned", seconds(20), || {
        rss_kib(pontoon.pid()) <= before + before / 10
    });
    assert!(before < 40 * 1024, "{before} KiB after the first burst");
}
