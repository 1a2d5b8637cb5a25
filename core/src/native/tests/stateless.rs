//! Requests to a server without sessions, answered where they arrive.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::Fixture;
use crate::child_spec::ChildSpec;
use crate::config::{Config, Native, Serves};
use crate::engine::Engine;
use crate::host_stats::{HostStats, ProcessStats};
use crate::http::{Headers, McpHead, ReplyHead, Request, RequestHead, Rules};
use crate::json::Body;
use crate::native::{StatelessOutcome, StatelessServer};
use crate::observe::{Event, Level};
use crate::protocol::Revision;
use crate::reject::{MirroredValue, Reject};
use crate::time::{Duration, Instant};

struct Lines(Vec<(String, String)>);

impl Headers for Lines {
    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |line: &&(String, String)| line.0.eq_ignore_ascii_case(name);
        self.0.iter().filter(named).map(|line| line.1.as_bytes()).collect::<Vec<_>>().into_iter()
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }
}

struct Endpoint {
    config: Config,
    engine: Engine,
    stateless: StatelessServer,
    log: RefCell<Vec<Event>>,
}

impl Endpoint {
    fn of(native: Native) -> Endpoint {
        Endpoint::logging(Level::Info, native)
    }

    fn logging(log_level: Level, native: Native) -> Endpoint {
        let config = Config {
            log_level,
            origins: vec!["https://app.example".into()],
            ..Config::new(Serves::Native(native))
        };
        let mut engine = Engine::new(Arc::new(config.clone()), [1; 32], Instant::ZERO);
        engine.set_unix_time(Duration::from_secs(1_000_000));
        let stateless = engine.stateless().expect("no sessions");
        Endpoint { config, engine, stateless, log: RefCell::default() }
    }

    fn new() -> Endpoint {
        Endpoint::of(Native::stateless(Arc::new(Fixture::new())))
    }

    /// Applies the rules to a POST.
    fn read(&self, more: &[(&str, &str)], body: &str) -> (McpHead, Body) {
        let mut lines = vec![("Host", "localhost"), ("Content-Type", "application/json")];
        lines.extend(more);
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let headers = Lines(lines.into_iter().map(own).collect());
        let head = RequestHead {
            method: "POST",
            target: "/mcp?a=b",
            headers: &headers,
            peer: Some([127, 0, 0, 1].into()),
            arrived: Instant::from_micros(3_000_000),
        };
        let admission = Rules::new(&self.config).admit(&head, Duration::ZERO).expect("admitted");
        let body = Bytes::copy_from_slice(body.as_bytes());
        let Ok(Request::Post { head, body }) = admission.request(body, &head) else {
            panic!("no POST")
        };
        (head, body)
    }

    fn serve(&self, more: &[(&str, &str)], body: &str) -> StatelessOutcome {
        let (head, body) = self.read(more, body);
        let clock = || (Instant::from_micros(3_005_000), Duration::new(1_000_003, 5_000_000));
        let sample = || HostStats {
            process: ProcessStats { pid: 42, ..ProcessStats::default() },
            ..HostStats::default()
        };
        let log = |event| self.log.borrow_mut().push(event);
        self.stateless.answer(head, &body, clock, sample, log, drop)
    }

    fn post(&self, more: &[(&str, &str)], body: &str) -> (ReplyHead, String) {
        match self.serve(more, body) {
            StatelessOutcome::Reply(head, body) | StatelessOutcome::Refused(_, head, body) => {
                (head, String::from_utf8(body.to_vec()).unwrap())
            }
            StatelessOutcome::Pending(run) => panic!("{run:?}"),
        }
    }

    /// Returns the text in the answer to a call.
    fn text(&self, more: &[(&str, &str)], tool: &str) -> String {
        let (head, body) = self.post(more, &call(1, tool));
        assert_eq!(head.status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).expect("one JSON body");
        body["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
    }
}

fn call(id: u32, tool: &str) -> String {
    json!({
        "jsonrpc": "2.0",
        "id": id,
        "method": "tools/call",
        "params": { "name": tool, "arguments": { "text": "hi" } },
    })
    .to_string()
}

fn content_type(head: &ReplyHead) -> String {
    let mut found = String::new();
    head.headers(|name, value| {
        if name == "content-type" {
            found = value.into_owned();
        }
    });
    found
}

#[test]
fn a_call_needs_no_initialize_and_gets_one_json_body() {
    let (head, body) = Endpoint::new().post(&[], &call(7, "say"));
    assert_eq!((head.status, &*content_type(&head)), (200, "application/json"));
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["id"], 7);
    assert_eq!(body["result"]["content"], json!([{ "type": "text", "text": "hi" }]));
}

#[test]
fn nothing_is_remembered_between_requests() {
    let desk = Endpoint::new();
    assert_eq!(desk.text(&[], "count"), "1");
    assert_eq!(desk.text(&[("Mcp-Session-Id", "mine")], "count"), "1");
}

#[test]
fn a_session_id_of_the_client_goes_back_unless_it_is_malformed() {
    let desk = Endpoint::new();
    let echoed = |value: &str| {
        let (head, _) = desk.post(&[("Mcp-Session-Id", value)], &call(1, "say"));
        assert_eq!(head.session, None, "none is made up");
        head.foreign_session.as_deref().map(str::to_owned)
    };
    assert_eq!(echoed("any-Thing.1").as_deref(), Some("any-Thing.1"));
    assert_eq!(echoed(&"x".repeat(128)), Some("x".repeat(128)));
    assert_eq!(echoed(&"x".repeat(129)), None);
    assert_eq!(echoed("two words"), None);
    assert_eq!(echoed(""), None);
}

#[test]
fn notifications_and_answers_are_accepted_without_a_body() {
    let desk = Endpoint::new();
    for body in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/whatever"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    ] {
        let (head, body) = desk.post(&[], body);
        assert_eq!((head.status, &*body), (202, ""));
    }
}

#[test]
fn only_event_stream_gets_one_event() {
    let (head, body) = Endpoint::new().post(&[("Accept", "text/event-stream")], &call(1, "say"));
    assert_eq!(content_type(&head), "text/event-stream");
    assert!(body.starts_with("event: message\ndata: {"), "{body}");
    assert_eq!(body.matches("event: ").count(), 1, "{body}");
}

#[test]
fn more_than_an_answer_is_streamed_to_clients_that_accept_a_stream() {
    let desk = Endpoint::new();
    for accept in ["*/*", "application/json, text/event-stream", ""] {
        let (head, body) = desk.post(&[("Accept", accept)], &call(1, "news"));
        assert_eq!(content_type(&head), "text/event-stream", "{accept}");
        let order = ["yours", "everybody's", "told"].map(|word| body.find(word).expect(word));
        assert!(order.is_sorted(), "{body}");
    }
    let (head, body) = desk.post(&[("Accept", "application/json")], &call(1, "news"));
    assert_eq!(content_type(&head), "application/json");
    assert!(body.contains("told") && !body.contains("yours"), "{body}");
}

#[test]
fn facts_are_there_at_once() {
    assert_eq!(Endpoint::new().text(&[], "facts"), "pid=42 requests=0 sessions=0 cleanups=0 POST");
}

#[test]
fn a_client_without_a_session_cannot_be_asked() {
    let text = Endpoint::new().text(&[], "ask");
    assert!(text.starts_with("The client did not declare"), "{text}");
}

#[test]
fn the_server_sees_the_whole_head() {
    let more = [
        ("Origin", "https://app.example"),
        ("X-Twice", "1"),
        ("x-twice", "2"),
        ("MCP-Protocol-Version", "2025-06-18"),
    ];
    let text = Endpoint::new().text(&more, "scene");
    assert_eq!(
        text,
        "2025-06-18 late=5 wall=1000003 | POST /mcp?a=b 127.0.0.1 cors=true \
         host=localhost;content-type=application/json;origin=https://app.example;x-twice=1;\
         x-twice=2;mcp-protocol-version=2025-06-18 | -"
    );
    let text = Endpoint::new().text(&[("Origin", "http://localhost:5173")], "scene");
    assert!(text.contains("cors=true"), "{text}");
    let text = Endpoint::new().text(&[], "scene");
    assert!(text.contains("cors=false"), "{text}");
}

#[test]
fn a_client_that_names_no_revision_speaks_that_of_the_first_http() {
    assert!(Endpoint::new().text(&[], "scene").starts_with("2025-03-26 "));
}

#[test]
fn a_client_that_names_no_revision_gets_one_that_is_served() {
    use Revision::*;
    let cases = [
        (&[V2025_06_18, V2024_11_05][..], "2024-11-05 "),
        (&[V2025_11_25, V2025_06_18], "2025-06-18 "),
        (&[V2025_11_25, V2025_03_26, V2024_11_05], "2025-03-26 "),
    ];
    for (served, spoken) in cases {
        let native = Native::stateless(Arc::new(Fixture::new()));
        let desk = Endpoint::of(Native { revisions: served.into(), ..native });
        assert!(desk.text(&[], "scene").starts_with(spoken), "{served:?}");
    }
}

#[test]
fn a_revision_that_is_not_served_is_refused_with_those_that_are() {
    let served = [Revision::V2024_11_05, Revision::V2025_06_18];
    let native = Native::stateless(Arc::new(Fixture::new()));
    let desk = Endpoint::of(Native { revisions: Arc::new(served), ..native });
    for asked in ["2025-11-25", "1999-01-01"] {
        let (head, body) = desk.post(&[("MCP-Protocol-Version", asked)], &call(5, "say"));
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((head.status, &body["id"]), (400, &json!(5)));
        assert_eq!(body["error"]["data"]["supported"], json!(["2025-06-18", "2024-11-05"]));
        assert_eq!(body["error"]["data"]["requested"], asked);
    }
    assert_eq!(desk.post(&[("MCP-Protocol-Version", "2025-06-18")], &call(5, "say")).0.status, 200);
}

#[test]
fn a_batch_is_executed_where_there_are_batches() {
    let batch = format!(
        r#"[{},{{"jsonrpc":"2.0","method":"notifications/x"}},5,{}]"#,
        call(1, "say"),
        call(2, "fail")
    );
    let (head, body) = Endpoint::new().post(&[], &batch);
    let refusal: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((head.status, &refusal["error"]["code"]), (400, &json!(-32600)));

    let native = Native::stateless(Arc::new(Fixture::with_batches()));
    let revision: &[_] = &[("MCP-Protocol-Version", "2025-03-26")];
    for (desk, more) in [(Endpoint::of(native), &[][..]), (Endpoint::new(), revision)] {
        let (head, body) = desk.post(more, &batch);
        assert_eq!((head.status, &*content_type(&head)), (200, "application/json"));
        let answers: Value = serde_json::from_str(&body).unwrap();
        let answers = answers.as_array().unwrap();
        assert_eq!(answers.len(), 3, "{answers:?}");
        assert_eq!(answers[0]["result"]["content"][0]["text"], "hi");
        assert_eq!(answers[1]["error"]["code"], -32600);
        assert_eq!(answers[2]["error"]["message"], "it always fails");
    }
}

#[test]
fn initialize_stands_alone() {
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}]"#;
    let desk = Endpoint::of(Native::stateless(Arc::new(Fixture::with_batches())));
    let StatelessOutcome::Refused(Reject::InitializeInBatch, head, _) = desk.serve(&[], batch)
    else {
        panic!("it was not refused");
    };
    assert_eq!(head.status, 400);
    let (head, body) = desk.post(&[], batch.trim_matches(['[', ']']));
    assert_eq!(head.status, 200);
    assert!(body.contains(r#""protocolVersion":"2025-03-26""#), "{body}");
    // The header names the requested revision, not the one in use.
    let future = [("MCP-Protocol-Version", "2026-07-28")];
    let (head, body) = desk.post(&future, batch.trim_matches(['[', ']']));
    assert_eq!(head.status, 200);
    assert!(body.contains(r#""protocolVersion":"2025-03-26""#), "{body}");
    // The same in a batch that is refused anyway.
    assert!(matches!(
        Endpoint::new().serve(&[], batch),
        StatelessOutcome::Refused(Reject::InitializeInBatch, ..)
    ));
}

#[test]
fn what_is_answered_is_counted_by_method_and_tool() {
    let desk = Endpoint::new();
    desk.text(&[], "say");
    desk.post(&[], &call(1, "fail"));
    desk.post(&[], &call(1, "no-such-tool"));
    desk.post(&[], r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    desk.post(&[], r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let counters = desk.engine.counters(Instant::ZERO);
    assert_eq!((counters.requests, counters.errors), (4, 2));
    assert_eq!(counters.took, Duration::from_millis(20));
}

#[test]
fn what_is_answered_is_logged_where_that_matters_enough() {
    let native = Native::stateless(Arc::new(Fixture::with_batches()));
    let quiet = Endpoint::logging(Level::Warning, native.clone());
    quiet.text(&[], "say");
    assert_eq!(quiet.log.into_inner(), [], "the log begins at warning");

    let desk = Endpoint::of(native);
    let id = desk.text(&[], "id");
    let batch = format!(r#"[{},{},5]"#, call(1, "secret"), call(2, "fail"));
    desk.post(&[("Authorization", "Bearer secret")], &batch);
    desk.post(&[], r#"{"jsonrpc":"2.0","method":"notifications/secret"}"#);
    let events = desk.log.into_inner();
    let ok = |event: &Event| {
        let Event::RequestDone(done) = event else { panic!("{event:?}") };
        assert_eq!((done.method, done.took), ("tools/call", Duration::from_millis(5)));
        (done.tool.as_deref().map(str::to_owned), done.error.is_none())
    };
    let seen: Vec<_> = events.iter().map(ok).collect();
    assert_eq!(seen, [(Some("id".into()), true), (None, false), (Some("fail".into()), false)]);
    assert!(matches!(&events[0], Event::RequestDone(done) if done.id.unwrap().to_string() == id));
    assert!(!format!("{events:?}").contains("secret"));
}

#[test]
fn what_has_to_wait_is_handed_on() {
    assert!(matches!(Endpoint::new().serve(&[], &call(1, "steps")), StatelessOutcome::Pending(_)));
}

#[test]
fn a_session_needs_the_engine() {
    let command = ChildSpec { program: "x".into(), args: Vec::new(), env: None, cwd: None };
    let config = Config { serves: Serves::Command(command), ..Endpoint::new().config };
    assert!(Engine::new(Arc::new(config), [1; 32], Instant::ZERO).stateless().is_none());
    let sessions = Endpoint::of(Native::stateful(Arc::new(Fixture::new())));
    let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;
    let id = "0b9f3c1e-5a7d-4c1b-9e57-3f2d1c0b9a88";
    for (lines, body, is_taken) in [
        (&[][..], initialize, false),
        (&[], &call(1, "say"), false),
        (&[("MCP-Protocol-Version", "2026-07-28")], &call(1, "say"), true),
        (&[], &modern(), true),
        (&[("Mcp-Session-Id", id)], &modern(), false),
    ] {
        let (head, body) = sessions.read(lines, body);
        assert_eq!(sessions.stateless.takes(&head, &body), is_taken, "{lines:?} {body:?}");
    }
}

#[test]
fn the_name_in_a_method_of_an_extension_is_the_one_in_the_header() {
    let native = Native::stateless(Arc::new(Fixture::with_extension()));
    let desk = Endpoint::of(native);
    let refusal = |named: &[&str], id: Value| {
        let mut lines = vec![("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "things/get")];
        lines.extend(named.iter().map(|name| ("Mcp-Name", *name)));
        match desk.serve(&lines, &modern_call("things/get", json!({ "thingId": id }))) {
            StatelessOutcome::Refused(reject, ..) => Some(reject),
            _ => None,
        }
    };
    assert_eq!(refusal(&["one"], json!("one")), None);
    assert_eq!(refusal(&["=?base64?w7w=?="], json!("ü")), None);
    for named in [&["two"][..], &["one", "one"], &[]] {
        assert_eq!(
            refusal(named, json!("one")),
            Some(Reject::HeaderMismatch(MirroredValue::Name)),
            "{named:?}"
        );
    }
    assert_eq!(refusal(&["1"], json!(1)), None, "its parameters are wrong");
}

#[test]
fn who_listens_has_to_take_a_stream() {
    let desk = Endpoint::new();
    let listen = modern_call("subscriptions/listen", json!({"notifications": {}}));
    let said = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "subscriptions/listen")];
    let mut lines = said.to_vec();
    lines.push(("Accept", "application/json"));
    let StatelessOutcome::Refused(Reject::NotAcceptable, head, _) = desk.serve(&lines, &listen)
    else {
        panic!("no change may be announced");
    };
    assert_eq!(head.status, 406);
    assert!(matches!(desk.serve(&said, &listen), StatelessOutcome::Pending(_)));
}

fn modern() -> String {
    modern_call("tools/list", json!({}))
}

fn modern_call(method: &str, mut params: Value) -> String {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string()
}
