//! Clients that use up all sessions or connections, while others have to be served.

use std::sync::{Arc, Mutex};
use std::thread;

use rustix::process::Signal;
use serde_json::json;

use crate::Target;
use crate::client::{Client, NEWEST, initialize, text_of, tool_call};
use crate::modern::{Modern, every_capability};
use crate::pontoon::Pontoon;
use crate::probe::fds;
use crate::wait::{Instant, eventually, millis, seconds, throughout};
use crate::wire::{Request, Wire};

cases! { $ places:
    sessions_with_only_get_streams_give_way
    strangers_evict_strangers
    parked_calls_give_way
    streams_leave_connections_for_probes
    requests_leave_connections_for_probes
    connections_that_wait_for_their_peer_give_way
    a_closing_connection_has_its_time
    a_half_closed_client_is_answered

    ; on sockets only:
    a_pause_of_the_process: "signals that stop a process are the system's"
    children_that_stop_slowly_under_a_limit_of_descriptors: "what fails when descriptors run out is the system's"
}

/// Returns the status of an `initialize` from a client without a session.
fn try_open(pontoon: &Pontoon) -> u16 {
    Request::post(initialize(NEWEST).to_string()).send(pontoon.addr).head.status
}

pub fn sessions_with_only_get_streams_give_way(target: &Target) {
    let pontoon = target.proxy().options(&["--max-sessions", "3"]).start();
    let clients: Vec<_> = (0..3).map(|_| Client::open(&pontoon)).collect();
    let mut streams: Vec<_> = clients.iter().map(Client::listen).collect();
    clients[0].expect_served();
    let newest = Client::open(&pontoon);
    newest.expect_served();
    // The session whose last request is oldest is evicted.
    while streams[1].try_next(seconds(10)).expect("an event or the end").is_some() {}
    clients[1].send(json!({"jsonrpc": "2.0", "id": 1, "method": "ping"})).expect(404, "evicted");
    clients[0].expect_served();

    let busy = [&clients[0], &clients[2], &newest];
    let calls: Vec<_> = busy.iter().map(|it| it.start(tool_call(1, "hang", json!({})))).collect();
    eventually("all are busy", seconds(10), || {
        pontoon.metric("pontoon_requests_in_flight", &[]) == 3.0
    });
    let refused = Request::post(initialize(NEWEST).to_string()).send(pontoon.addr);
    refused.expect_error(503, -32603, "no room");
    assert_eq!(refused.header("retry-after"), Some("5"));
    let ready = pontoon.get("/readyz");
    assert!(ready.expect(503, "not ready").text().contains("--max-sessions"));
    pontoon.get("/livez").expect(200, "alive");
    drop(calls);
    busy[0].delete().expect(204, "room again");
    pontoon.get("/readyz").expect(200, "ready again");
    Client::open(&pontoon).expect_served();
}

pub fn strangers_evict_strangers(target: &Target) {
    let pontoon = target.proxy().options(&["--max-sessions", "5"]).start();
    let mine = Client::open_with(&pontoon, NEWEST, Some("Bearer me"));
    let others = Client::open_with(&pontoon, NEWEST, Some("Bearer other"));
    for _ in 0..8 {
        // The processes of evicted sessions have to end before others may start.
        eventually("a stranger gets in", seconds(20), || try_open(&pontoon) == 200);
    }
    mine.expect_served();
    others.expect_served();
}

pub fn parked_calls_give_way(target: &Target) {
    let options = ["--child-era", "legacy", "--child-per", "call", "--max-sessions", "3"];
    let pontoon = target.proxy().options(&options).start();
    let client = Modern::new(&pontoon).able(every_capability());
    let ask = json!({"id": "who", "method": "roots/list", "params": {}});
    for _ in 0..3 {
        let call = client.tool_call("rounds", json!({"rounds": [[ask]]}));
        let asked = client.send(&call).answer();
        assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    }
    assert_eq!(pontoon.metric("pontoon_parked_calls", &[]), 3.0);
    Client::open(&pontoon).expect_served();
    Modern::new(&pontoon).authorized("Bearer other").expect_served();
    assert!(pontoon.metric("pontoon_parked_calls", &[]) <= 2.0);
}

pub fn streams_leave_connections_for_probes(target: &Target) {
    let mut pontoon = target.calculator().options(&["--max-connections", "16"]).start();
    let client = Modern::new(&pontoon);
    let wanted = json!({"notifications": {"toolsListChanged": true}});
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..20 {
        let body = client.body("subscriptions/listen", wanted.clone());
        let mut wire = client.post(&body).with("Accept", "text/event-stream").open(pontoon.addr);
        match wire.head().status {
            200 => open.push(wire),
            status => {
                assert_eq!(status, 503);
                refused += 1;
            }
        }
    }
    // Three quarters of the connections may be streams, and three quarters of these from one
    // address.
    assert_eq!((open.len(), refused), (9, 11));
    let body = client.body("subscriptions/listen", wanted);
    let response = client.send(&body);
    response.expect_error(503, -32603, "too many streams");
    assert_eq!(response.header("retry-after"), Some("5"));
    assert!(response.text().contains("--max-connections"), "{}", response.text());
    pontoon.expect_alive("beside streams");
    client.request("tools/list", json!({}));
    drop(open);
    eventually("another one is let in", seconds(20), || {
        let post = client.post(&body).with("Accept", "text/event-stream");
        post.open(pontoon.addr).head().status == 200
    });
}

pub fn requests_leave_connections_for_probes(target: &Target) {
    let mut pontoon = target.proxy().options(&["--max-connections", "16"]).start();
    let client = Client::open(&pontoon);
    let calls: Vec<_> = (0..20).map(|id| client.start(tool_call(id, "hang", json!({})))).collect();
    eventually("as many as may wait do", seconds(10), || {
        pontoon.metric("pontoon_requests_in_flight", &[]) == 11.0
    });
    let response = client.send(tool_call(99, "echo", json!({"text": "x"})));
    response.expect_error(503, -32603, "too many requests");
    assert_eq!(response.header("retry-after"), Some("1"));
    pontoon.expect_alive("beside requests");
    drop(calls);
}

pub fn connections_that_wait_for_their_peer_give_way(target: &Target) {
    const CONNECTIONS: usize = 8;
    let mut pontoon = target.proxy().options(&["--max-connections", "8"]).start();
    let livez = Request::new("GET", "/livez").bytes();
    let body = Request::post("").head_bytes(Some(1000));
    for (case, first) in [
        ("nothing", Vec::new()),
        ("a byte of a head", b"G".to_vec()),
        ("a request before", livez.clone()),
        ("a body that does not come", body),
    ] {
        let mut wires: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let mut wire = Wire::connect(pontoon.addr);
                wire.send(&first);
                if case == "a request before" {
                    wire.response().expect(200, case);
                }
                wire
            })
            .collect();
        // No time limit passes meanwhile.
        let began = Instant::now();
        for _ in 0..3 {
            pontoon.expect_alive(case);
        }
        assert!(began.elapsed() < seconds(9), "{case}: {:?}", began.elapsed());
        if case == "a body that does not come" {
            // The one that has waited longest, by the order in which the program read the heads.
            let refused =
                wires.iter_mut().find_map(|wire| wire.has_arrived(millis(100)).then_some(wire));
            refused.expect("a refusal").response().expect_error(503, -32603, case);
        }
    }
}

pub fn a_closing_connection_has_its_time(target: &Target) {
    let mut pontoon = target.proxy().start();
    pontoon.expect_alive("before");
    let open = fds(pontoon.pid());
    let mut wires: Vec<_> = (0..20).map(|_| Wire::connect(pontoon.addr)).collect();
    for wire in &mut wires {
        let last = Request::new("GET", "/livez").header("Connection", "close").bytes();
        // One byte too many, after which the peer neither sends nor closes.
        wire.send([&last[..], b"G"].concat());
        wire.response().expect(200, "the last answer");
    }
    eventually("they are closed", seconds(15), || fds(pontoon.pid()) <= open + 8);
    let began = Instant::now();
    pontoon.signal(Signal::TERM);
    pontoon.ended(seconds(20));
    assert!(began.elapsed() < seconds(15), "ended after {:?}", began.elapsed());
}

pub fn a_half_closed_client_is_answered(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let mut wire = Wire::connect(pontoon.addr);
    wire.send(Request::new("GET", "/livez").bytes()).half_close();
    wire.response().expect(200, "a probe");
    let call = tool_call(1, "echo", json!({"text": "late", "ms": 300}));
    let mut wire = client.start(call);
    wire.half_close();
    assert_eq!(text_of(&wire.response().answer()), "late");
    // Requests behind the one in flight are answered too.
    let calls = [3, 4].map(|id| {
        let text = json!({"text": format!("call {id}"), "ms": 300});
        client.post(tool_call(id, "echo", text)).bytes()
    });
    let mut wire = Wire::connect(pontoon.addr);
    wire.send(calls.concat()).half_close();
    assert_eq!(text_of(&wire.response().answer()), "call 3");
    assert_eq!(text_of(&wire.response().answer()), "call 4");
    // One that is cut off is refused.
    let mut wire = Wire::connect(pontoon.addr);
    wire.send(&calls[0]).send(&calls[1][..calls[1].len() - 1]).half_close();
    assert_eq!(text_of(&wire.response().answer()), "call 3");
    wire.response().expect_error(400, -32600, "a request without its end");
    // It is not kept for an answer that does not come.
    let mut wire = client.start(tool_call(2, "hang", json!({})));
    wire.half_close();
    assert!(wire.until_closed(seconds(15)).is_empty());
    client.expect_served();
}

pub fn a_pause_of_the_process(target: &Target) {
    let options = ["--timeout", "2", "--request-timeout", "2"];
    let pontoon = target.proxy().options(&options).start();
    let clients = [Client::open(&pontoon), Client::open(&pontoon)];
    clients.iter().for_each(Client::expect_served);
    // The process writes its answer before it continues.
    let mut call =
        clients[0].start(tool_call(1, "echo", json!({"text": "in the pipe", "ms": 500})));
    eventually("it is in flight", seconds(10), || {
        pontoon.metric("pontoon_requests_in_flight", &[]) == 1.0
    });
    pontoon.signal(Signal::STOP);
    let mut late = clients[1].start(tool_call(1, "echo", json!({"text": "in the socket"})));
    throughout("the pause", millis(4500), || true);
    pontoon.signal(Signal::CONT);
    assert_eq!(text_of(&call.response().answer()), "in the pipe");
    assert_eq!(text_of(&late.response().answer()), "in the socket");
}

pub fn children_that_stop_slowly_under_a_limit_of_descriptors(target: &Target) {
    let line = target.proxy().child(&["--ignore-eof", "--ignore-term"]).descriptors(160);
    let mut pontoon = line.start();
    let sessions: Vec<_> = (0..4).map(|_| Client::open(&pontoon)).collect();
    let (addr, ends) = (pontoon.addr, Instant::now() + seconds(4));
    let broken = Arc::new(Mutex::new(Vec::<String>::new()));
    let tell = |broken: &Mutex<Vec<String>>, request: &Request| {
        let mut wire = match Wire::try_connect(addr) {
            Ok(wire) => wire.patience(seconds(60)),
            Err(error) => return broken.lock().unwrap().push(error.to_string()),
        };
        let answer = wire.try_send(request.bytes()).map_err(|error| error.to_string());
        let answer =
            answer.and_then(|()| wire.try_response().map_err(|error| format!("{error:?}")));
        match answer.map(|response| response.head.status) {
            Ok(200 | 503) => {}
            other => broken.lock().unwrap().push(format!("{other:?}")),
        }
    };
    let echo = |client: &Client| client.post(tool_call(1, "echo", json!({"text": "x", "ms": 100})));
    let calls = (0..20).map(|nth| echo(&sessions[nth % sessions.len()]));
    let opens = (0..4).map(|_| Request::post(initialize(NEWEST).to_string()));
    let requests: Vec<_> = calls.chain(opens).collect();
    thread::scope(|scope| {
        for request in &requests {
            let broken = broken.clone();
            scope.spawn(move || {
                while Instant::now() < ends {
                    tell(&broken, request);
                }
            });
        }
    });
    let broken = broken.lock().unwrap();
    assert!(broken.is_empty(), "{} without an answer: {:?}", broken.len(), broken.first());
    assert_eq!(pontoon.log().matches("panicked").count(), 0);
    pontoon.expect_alive("after the load");
}
