//! Sessions of modern clients, from the clients' point of view.

use std::collections::BTreeSet;
use std::sync::Arc;

use pontoon_core::server::{MessageContext, ServerConnection, StdioServer};
use pontoon_core::{Duration, Instant, Principal, StateKey};
use serde_json::{Value, json};

use crate::echo::{Echo, Settings};

/// A server, and clients that share only that.
struct Rig {
    server: Arc<Echo>,
    seal: StateKey,
    now: Instant,
    random: u64,
    principal: Principal,
}

impl Rig {
    fn new() -> Self {
        Rig {
            server: Arc::new(Echo::stateful(Settings::default())),
            seal: StateKey::new([5; 32]),
            now: Instant::from_micros(1_000),
            random: 0,
            principal: Principal::Anonymous,
        }
    }

    /// Sends a request in a new connection.
    fn ask(&mut self, method: &str, mut params: Value, is_modern: bool) -> Value {
        if is_modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.random += 1;
        let wall = Duration::from_secs(1_800_000_000);
        let at = MessageContext::without_http(self.now, wall, self.random, &self.seal);
        let at = MessageContext { principal: self.principal, ..at };
        let mut out = Vec::new();
        let mut connection = ServerConnection::new(self.server.clone());
        connection.handle_message(request.to_string().as_bytes(), &at, &mut out);
        serde_json::from_slice(&out).expect("one answer")
    }

    fn call(&mut self, name: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({"name": name, "arguments": arguments}), true);
        assert!(answer["result"].is_object(), "{answer}");
        answer["result"].clone()
    }

    fn open(&mut self) -> String {
        let opened = self.call("openSession", json!({}));
        opened["structuredContent"]["session"].as_str().unwrap().to_owned()
    }

    fn echo(&mut self, session: &str, message: &str) -> Value {
        self.call("echo", json!({"message": message, "session": session}))
    }

    fn is_known(&mut self, session: &str) -> bool {
        let info = self.call("sessionInfo", json!({ "session": session }));
        let is_refused = info["isError"] == true;
        if is_refused {
            let text = "This session is unknown or has expired: openSession opens another.";
            assert_eq!(info["content"][0]["text"], text);
        }
        !is_refused
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }
}

fn tools(listed: &Value) -> Vec<&str> {
    let tools = listed["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

#[test]
fn only_clients_of_the_modern_era_are_offered_sessions() {
    let mut rig = Rig::new();
    let legacy = rig.ask("tools/list", json!({}), false);
    let modern = rig.ask("tools/list", json!({}), true);
    assert_eq!((tools(&legacy).len(), tools(&modern)[0]), (11, "openSession"));
    assert_eq!(tools(&modern)[1..], tools(&legacy));
    for (name, takes) in [("echo", true), ("replayLastEcho", true), ("printHeader", false)] {
        let at = tools(&modern).iter().position(|tool| *tool == name).unwrap();
        let input = &modern["result"]["tools"][at]["inputSchema"];
        assert_eq!(input["properties"].get("session").is_some(), takes, "{name}");
    }
    let params = json!({"name": "openSession", "arguments": {}});
    let answer = rig.ask("tools/call", params, false);
    assert_eq!(answer["error"]["message"], "Unknown tool: openSession");
    let params = json!({"name": "echo", "arguments": {"message": "x", "session": "y"}});
    let answer = rig.ask("tools/call", params, false);
    assert_eq!(answer["error"]["message"], "params.arguments.session is unknown");
}

#[test]
fn a_session_remembers_across_conversations() {
    let mut rig = Rig::new();
    let session = rig.open();
    rig.echo(&session, "one");
    rig.pass(60);
    let second = rig.echo(&session, "two");
    let data = json!({"message": "two", "session": session, "echo_count": 2});
    assert_eq!(second["structuredContent"], data);
    let replayed = rig.call("replayLastEcho", json!({ "session": session }));
    assert_eq!(replayed["structuredContent"]["message"], "two");
    let info = rig.call("sessionInfo", json!({ "session": session }))["structuredContent"].clone();
    assert_eq!((&info["session_id"], &info["requests"]), (&json!(session), &json!(4)));
    assert_eq!((&info["age_seconds"], &info["echo_count"]), (&json!(60), &json!(2)));
    assert_eq!(
        (&info["initialized"], &info["protocol_version"]),
        (&json!(false), &json!("2026-07-28"))
    );
}

#[test]
fn without_a_session_nothing_is_remembered() {
    let mut rig = Rig::new();
    for _ in 0..2 {
        let echoed = rig.call("echo", json!({"message": "x"}));
        let data = json!({"message": "x", "session": null, "echo_count": 1});
        assert_eq!(echoed["structuredContent"], data);
    }
    let replayed = rig.call("replayLastEcho", json!({}));
    assert_eq!(replayed["isError"], true);
    let text = "No session is given: openSession opens one.";
    assert_eq!(replayed["content"][0]["text"], text);
}

#[test]
fn sessions_share_nothing() {
    let mut rig = Rig::new();
    let (one, two) = (rig.open(), rig.open());
    assert_ne!(one, two);
    rig.echo(&one, "mine");
    assert_eq!(rig.echo(&two, "x")["structuredContent"]["echo_count"], 1);
}

#[test]
fn a_session_belongs_to_the_principal_that_opened_it() {
    let mut rig = Rig::new();
    rig.principal = Principal::of(Some(b"Bearer one"));
    let session = rig.open();
    for other in [Principal::Anonymous, Principal::of(Some(b"Bearer two"))] {
        rig.principal = other;
        assert!(!rig.is_known(&session));
    }
    rig.principal = Principal::of(Some(b"Bearer one"));
    assert!(rig.is_known(&session));
    for name in ["", "x", &session.to_uppercase(), &session.replace('-', "")] {
        assert!(!rig.is_known(name), "{name}");
    }
}

#[test]
fn a_session_ends_when_it_is_unused() {
    let mut rig = Rig::new();
    let session = rig.open();
    for _ in 0..3 {
        rig.pass(3599);
        assert!(rig.is_known(&session), "use keeps it");
    }
    rig.pass(3600);
    assert!(!rig.is_known(&session));
    assert!(rig.echo(&session, "x")["isError"] == true, "and it is not opened again");
}

#[test]
fn sessions_that_are_opened_at_once_are_not_one() {
    let rig = Rig::new();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({"name": "openSession", "arguments": {}, "_meta": meta});
    let open = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    let at = MessageContext::without_http(rig.now, Duration::ZERO, 7, &rig.seal);
    let mut out = Vec::new();
    let mut pipe = StdioServer::new(ServerConnection::new(rig.server), 1000);
    pipe.handle_input(format!("{open}\n").repeat(3).as_bytes(), &at, &mut out);
    let answers: Vec<Value> =
        serde_json::Deserializer::from_slice(&out).into_iter().map(Result::unwrap).collect();
    let opened = |answer: &Value| answer["result"]["structuredContent"]["session"].to_string();
    let sessions: BTreeSet<_> = answers.iter().map(opened).collect();
    assert_eq!((answers.len(), sessions.len()), (3, 3), "{answers:?}");
}

#[test]
fn no_name_can_be_foreseen_without_the_key() {
    let name = |seal| Rig { seal: StateKey::new(seal), ..Rig::new() }.open();
    assert_ne!(name([1; 32]), name([2; 32]), "though chance is the same");
}

#[test]
fn sessions_are_limited_in_number() {
    let mut rig = Rig::new();
    let used = rig.open();
    assert!(rig.is_known(&used));
    rig.pass(1);
    let unused = rig.open();
    rig.pass(1);
    for _ in 2..1000 {
        rig.open();
    }
    rig.open();
    assert!(!rig.is_known(&unused), "one that was never used gives way");
    assert!(rig.is_known(&used));
}

#[test]
fn one_principal_cannot_take_all_sessions() {
    let mut rig = Rig::new();
    let others = rig.open();
    assert!(rig.is_known(&others));
    rig.pass(1);
    rig.principal = Principal::of(Some(b"Bearer mallory"));
    let mut sessions = Vec::new();
    for _ in 0..1100 {
        let session = rig.open();
        assert!(rig.is_known(&session));
        sessions.push(session);
        rig.pass(1);
    }
    assert!(!rig.is_known(&sessions[0]), "the one that was unused longest gives way");
    assert!(rig.is_known(&sessions[101]));
    rig.principal = Principal::Anonymous;
    assert!(rig.is_known(&others));
    let another = rig.open();
    assert!(rig.is_known(&another) && rig.is_known(&others));
}

#[test]
fn messages_are_limited_together() {
    let mut rig = Rig::new();
    let long = "x".repeat(1 << 20);
    let first = rig.open();
    rig.echo(&first, &long);
    let others: Vec<_> = (0..63)
        .map(|_| {
            rig.pass(1);
            let session = rig.open();
            rig.echo(&session, &long);
            session
        })
        .collect();
    assert!(rig.is_known(&first), "64 MiB are remembered");
    let empty = rig.open();
    rig.pass(1);
    let last = rig.open();
    rig.echo(&last, "x");
    assert!(!rig.is_known(&others[0]), "it was unused longest");
    for session in [&first, &others[1], &empty, &last] {
        assert!(rig.is_known(session));
    }
}
