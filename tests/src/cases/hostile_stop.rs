//! SIGTERM at full load, at random times: every request is answered.
//!
//! A client may have sent a request when the program closes its connection, and then cannot know
//! whether it was carried out (RFC 9112, section 9.5). Here each client knows every byte it has
//! sent and received, and the children's record shows the requests that were carried out.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::Target;
use crate::client::{Client, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::probe::is_running;
use crate::wait::{Instant, eventually, millis, seconds, throughout};
use crate::wire::{Broken, Request, Wire, refuses_connections};

cases! { $ hostile_stop:
    requests_on_idle_connections_while_it_stops
    requests_that_are_half_sent_while_it_stops
    idle_connections_do_not_hold_it_up
    peers_that_take_nothing_do_not_hold_it_up

    ; on sockets only:
    sigterm_at_full_load: "which of many threads is where at that moment is the system's"
}

/// The number of rounds of the case at full load.
const ROUNDS: u64 = 20;

/// The number of clients that keep their connection.
const KEEPERS: usize = 12;

/// The number of clients that open a connection for each request.
const STRANGERS: usize = 4;

/// The result of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Answered by the child.
    Answered,
    /// 503 with `Connection: close` and `Retry-After`.
    Refused,
    /// Its connection had ended before it was sent completely, so it was never a request.
    Unsent,
    /// Sent completely on a connection that was reset without a byte: the program never accepted
    /// it.
    TurnedAway,
    /// Sent completely on a connection with earlier answers, and not answered.
    Lost,
}

/// All requests of one client, and their results.
type Outcomes = Vec<(String, Fate)>;

pub fn sigterm_at_full_load(target: &Target) {
    let mut totals = [0; 5];
    let mut slowest = Duration::ZERO;
    for round in 0..ROUNDS {
        let (outcomes, took) = sigterm_after(target, moment(round));
        slowest = slowest.max(took);
        for (_, outcome) in &outcomes {
            totals[*outcome as usize] += 1;
        }
    }
    let [answered, refused, unsent, turned_away, lost] = totals;
    eprintln!(
        "{ROUNDS} rounds: {answered} answered, {refused} refused, {unsent} not sent, \
         {turned_away} turned away, {lost} lost; at most {slowest:?} to the end"
    );
    assert!(refused > 0, "no request has met a program that stops: nothing was shown");
}

/// Returns the time of the stop after the load has begun: up to 200 ms, and the same in every run.
fn moment(round: u64) -> Duration {
    millis(round.wrapping_mul(6_364_136_223_846_793_005).rotate_left(29) % 200)
}

/// Runs one round; returns the result of every request, and the duration of the stop.
fn sigterm_after(target: &Target, moment: Duration) -> (Outcomes, Duration) {
    let mut pontoon = target.proxy().start();
    let sessions: Vec<_> = (0..4).map(|_| Arc::new(Client::open(&pontoon))).collect();
    let ready = Arc::new(Barrier::new(KEEPERS + STRANGERS + 1));
    let clients: Vec<_> = (0..KEEPERS + STRANGERS)
        .map(|nth| {
            let (addr, client) = (pontoon.addr, sessions[nth % sessions.len()].clone());
            let ready = ready.clone();
            thread::spawn(move || {
                let mut kept = (nth < KEEPERS).then(|| Wire::connect(addr));
                ready.wait();
                let mut outcomes = Outcomes::new();
                // Until no connection is accepted any more.
                loop {
                    let is_known = kept.is_some();
                    let wire = kept.take().or_else(|| Wire::try_connect(addr).ok());
                    let Some(mut wire) = wire else { break };
                    let text = format!("load {nth} {}", outcomes.len());
                    let (outcome, keep) = ask(&client, &mut wire, &text, is_known);
                    outcomes.push((text, outcome));
                    kept = (keep && nth < KEEPERS).then_some(wire);
                }
                outcomes
            })
        })
        .collect();
    ready.wait();
    throughout("the load is on", moment, || true);
    pontoon.signal(Signal::TERM);
    let began = Instant::now();
    let status = pontoon.ended(seconds(10));
    let took = began.elapsed();
    let outcomes: Outcomes =
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    assert_eq!(status.code(), Some(0), "{}", pontoon.log());
    assert!(!pontoon.record.children().into_iter().any(is_running), "no child is left");
    expect_nothing_lost(&pontoon, &outcomes);
    (outcomes, took)
}

/// Sends a request. Returns its result, and whether the connection may be used again.
fn ask(client: &Client, wire: &mut Wire, text: &str, is_known: bool) -> (Fate, bool) {
    if wire.has_ended() {
        return (Fate::Unsent, false);
    }
    let request = client.post(tool_call(1, "echo", json!({"text": text}))).bytes();
    if wire.try_send(request).is_err() {
        return (Fate::Unsent, false);
    }
    match wire.try_response() {
        Ok(response) if response.status() == 200 => {
            assert_eq!(text_of(&response.answer()), text);
            (Fate::Answered, !response.head.closes())
        }
        Ok(response) => {
            response.expect_error(503, -32603, text);
            assert!(response.head.closes(), "{}", response.describe());
            assert_eq!(response.header("retry-after"), Some("1"), "{}", response.describe());
            (Fate::Refused, false)
        }
        Err(broken) => {
            assert!(!matches!(broken, Broken::Malformed(_) | Broken::Silent), "{text}: {broken}");
            (if is_known { Fate::Lost } else { Fate::TurnedAway }, false)
        }
    }
}

/// Asserts that a request without an answer was not carried out either, and that none was lost.
#[track_caller]
fn expect_nothing_lost(pontoon: &Pontoon, outcomes: &Outcomes) {
    let carried_out = pontoon.record.lines_with("\"load ");
    for (text, outcome) in outcomes {
        let quoted = format!("\"{text}\"");
        let times = carried_out.iter().filter(|line| line.contains(&quoted)).count();
        assert_eq!(times, usize::from(*outcome == Fate::Answered), "{text}: {outcome:?}");
        assert_ne!(*outcome, Fate::Lost, "{text}");
    }
}

pub fn requests_on_idle_connections_while_it_stops(target: &Target) {
    let mut pontoon = target.proxy().start();
    let (busy, idle) = (Client::open(&pontoon), Client::open(&pontoon));
    let mut hanging =
        busy.stream(tool_call(1, "ask", json!({"id": "q", "method": "roots/list", "params": {}})));
    let question = hanging.message();
    // Accepted before those after it are answered.
    let mut silent = Wire::connect(pontoon.addr);
    let mut used: Vec<_> = (0..3).map(|_| Wire::connect(pontoon.addr)).collect();
    for wire in &mut used {
        wire.send(Request::new("GET", "/livez").bytes()).response().expect(200, "before");
    }
    pontoon.signal(Signal::TERM);
    eventually("new connections are refused", seconds(10), || {
        refuses_connections(pontoon.addr.port())
    });
    let call = tool_call(2, "echo", json!({"text": "too late"}));
    let [asks, answers, probes] = &mut used[..] else { panic!("three") };
    let refused = asks.send(idle.post(&call).bytes()).response();
    refused.expect_error(503, -32603, "a session that has ended by itself");
    assert_eq!(refused.header("retry-after"), Some("1"));
    asks.until_closed(seconds(10));
    let refused = silent.send(busy.post(&call).bytes()).response();
    refused.expect_error(503, -32603, "a connection on which nothing had been asked");
    probes.send(Request::new("GET", "/readyz").bytes()).response().expect(503, "readiness");
    // A request in flight may need an answer of its client, and no new connection is possible.
    let word = json!({"jsonrpc": "2.0", "id": question["id"], "result": {"roots": []}});
    answers.send(busy.post(word).bytes()).response().expect(202, "a word for what is in flight");
    let answer = hanging.message();
    assert!(text_of(&answer).contains("roots"), "what was asked is answered: {answer}");
    assert_eq!(pontoon.ended(seconds(20)).code(), Some(0));
    assert!(pontoon.record.lines_with("too late").is_empty(), "a refusal has no effect");
}

pub fn requests_that_are_half_sent_while_it_stops(target: &Target) {
    let mut pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let bytes = client.post(tool_call(1, "echo", json!({"text": "half sent"}))).bytes();
    let ends = [10, bytes.len() - 10];
    let mut halves = ends.map(|end| {
        let mut wire = Wire::connect(pontoon.addr);
        wire.send(&bytes[..end]);
        wire
    });
    client.expect_served();
    pontoon.signal(Signal::TERM);
    for (wire, end) in halves.iter_mut().zip(ends) {
        let response = wire.response();
        response.expect_error(503, -32603, &format!("after {end} bytes"));
        assert!(response.head.closes());
    }
    assert_eq!(pontoon.ended(seconds(5)).code(), Some(0));
    assert!(pontoon.record.lines_with("half sent").is_empty());
}

pub fn idle_connections_do_not_hold_it_up(target: &Target) {
    let mut pontoon = target.proxy().start();
    let mut idle: Vec<_> = (0..50).map(|_| Wire::connect(pontoon.addr)).collect();
    // Once the last of them are answered, all have been accepted.
    for wire in &mut idle[25..] {
        wire.send(Request::new("GET", "/livez").bytes()).response().expect(200, "before");
    }
    pontoon.signal(Signal::TERM);
    assert_eq!(pontoon.ended(seconds(3)).code(), Some(0));
    for wire in &mut idle {
        assert_eq!(wire.try_response().unwrap_err(), Broken::Closed, "they end in order");
    }
}

pub fn peers_that_take_nothing_do_not_hold_it_up(target: &Target) {
    let mut pontoon = target.proxy().options(&["--write-timeout", "500ms"]).start();
    let client = Client::open(&pontoon);
    let mut deaf = Wire::connect_narrow(pontoon.addr, 4096);
    deaf.send(client.post(tool_call(1, "big", json!({"bytes": 8 << 20}))).bytes());
    client.expect_served();
    pontoon.signal(Signal::TERM);
    assert_eq!(pontoon.ended(seconds(15)).code(), Some(0));
    assert!(pontoon.running_children().is_empty(), "no child is left");
}
