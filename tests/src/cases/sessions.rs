//! Sessions: their start, their owner, their end.
//!
//! MCP 2025-11-25, basic/transports (Session Management) and basic/lifecycle.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::Target;
use crate::client::{Client, NEWEST, initialize, text_of, tool_call};
use crate::pontoon::Pontoon;
use crate::probe::is_running;
use crate::wait::{eventually, millis, seconds, sleep};
use crate::wire::{Request, Response};

cases! { $ sessions:
    ids_are_random_uuids
    every_revision_is_negotiated
    a_revision_that_only_client_and_command_know
    unsupported_revisions_in_the_header
    answers_name_their_session
    requests_without_a_session
    unknown_sessions
    chosen_ids_are_not_adopted
    guesses_are_not_found
    sessions_of_another_principal
    sessions_without_credentials
    sessions_bound_by_choice
    an_empty_session_id
    second_initialize
    delete
    delete_with_requests_in_flight
    expiry
    expiry_counts_from_the_last_answer
    one_child_for_each_session
    oldest_idle_session_gives_way
    no_room_while_all_are_busy
    refused_initialize
}

const UNKNOWN: &str = "Session not found or expired";

fn open(pontoon: &Pontoon) -> Response {
    Request::post(initialize(NEWEST).to_string()).send(pontoon.addr)
}

/// Asserts that a session does not exist, for any request.
#[track_caller]
fn expect_gone(client: &Client, pontoon: &Pontoon, case: &str) {
    let post = client.send(tool_call(17, "echo", json!({"text": "gone"})));
    assert_eq!(post.expect_error(404, -32603, case), UNKNOWN);
    assert_eq!(post.json()["id"], 17, "{case}: {}", post.describe());
    let listen = client.sign(Request::listen()).send(pontoon.addr);
    assert_eq!(listen.expect_error(404, -32603, case), UNKNOWN);
    client.delete().expect(404, case);
    client.notify("notifications/initialized", json!({})).expect(404, case);
}

pub fn ids_are_random_uuids(target: &Target) {
    let pontoon = target.proxy().start();
    let mut ids = BTreeSet::new();
    for _ in 0..20 {
        let response = open(&pontoon);
        let id = response.expect(200, "initialize").header("mcp-session-id").unwrap().to_owned();
        let shape: String =
            id.chars().map(|c| if c.is_ascii_hexdigit() { 'x' } else { c }).collect();
        assert_eq!(shape, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "{id}");
        assert_eq!(&id[14..15], "4", "version of {id}");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "variant of {id}");
        ids.insert(id);
    }
    assert_eq!(ids.len(), 20, "all different");
    let heads: BTreeSet<_> = ids.iter().map(|id| &id[..4]).collect();
    assert!(heads.len() > 15, "no common beginning: {ids:?}");
}

pub fn every_revision_is_negotiated(target: &Target) {
    let pontoon = target.proxy().start();
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", NEWEST] {
        let response = Request::post(initialize(revision).to_string()).send(pontoon.addr);
        let answer = response.expect(200, revision).answer();
        assert_eq!(answer["id"], 0);
        assert_eq!(answer["result"]["protocolVersion"], revision);
        assert_eq!(answer["result"]["serverInfo"]["name"], "test-server", "the child's own answer");
    }
    let unknown = Request::post(initialize("1999-12-31").to_string()).send(pontoon.addr);
    let answer = unknown.expect(200, "another is offered").answer();
    assert_eq!(answer["result"]["protocolVersion"], NEWEST, "{answer}");
}

pub fn a_revision_that_only_client_and_command_know(target: &Target) {
    for revision in ["2027-01-01", "2024-10-07", "DRAFT-2027-v1"] {
        let pontoon = target.proxy().child(&["--revision", revision]).start();
        let client = Client::open_revision(&pontoon, revision);
        client.expect_served();
        client.delete().expect(204, revision);
    }
}

pub fn unsupported_revisions_in_the_header(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for value in ["1999-12-31", "latest", "2025-11-25x", "\"2025-11-25\""] {
        let response = client.post(ping).with("MCP-Protocol-Version", value).send(pontoon.addr);
        response.expect(400, value);
    }
    let absent = client.post(ping).without("MCP-Protocol-Version").send(pontoon.addr);
    absent.expect(200, "the session tells");
}

pub fn answers_name_their_session(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    for body in [
        tool_call(1, "echo", json!({"text": "x"})).to_string(),
        r#"{"jsonrpc":"2.0","id":2,"method":"no/such/method"}"#.to_owned(),
    ] {
        let named = client.send(&*body).header("mcp-session-id").map(str::to_owned);
        assert_eq!(named.as_ref(), Some(&client.session), "{body}");
    }
}

pub fn requests_without_a_session(target: &Target) {
    let pontoon = target.proxy().start();
    for body in [
        tool_call(1, "echo", json!({"text": "lost"})).to_string(),
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","method":"initialize","params":{}}"#.to_owned(),
    ] {
        let message = Request::post(&*body).send(pontoon.addr).expect_error(400, -32600, &body);
        assert!(message.contains("Mcp-Session-Id"), "a hint: {message}");
    }
    Request::listen().send(pontoon.addr).expect(400, "GET");
    Request::new("DELETE", "/mcp").send(pontoon.addr).expect(400, "DELETE");
    assert!(pontoon.record.lines_with("lost").is_empty());
}

pub fn unknown_sessions(target: &Target) {
    let pontoon = target.proxy().start();
    let mut client = Client::open(&pontoon);
    let mine = client.session.clone();
    for id in [
        "00000000-0000-4000-8000-000000000000",
        "nonsense",
        &mine.to_uppercase(),
        &mine.replace('-', ""),
        &format!("{{{mine}}}"),
        &mine[..35],
        &format!("{mine}0"),
    ] {
        client.session = id.to_owned();
        expect_gone(&client, &pontoon, id);
    }
    client.session = mine;
    client.expect_served();
}

pub fn chosen_ids_are_not_adopted(target: &Target) {
    let pontoon = target.proxy().start();
    let mut client = Client::open(&pontoon);
    for chosen in ["11111111-1111-4111-8111-111111111111", "my-own"] {
        let response = Request::post(initialize(NEWEST).to_string())
            .header("Mcp-Session-Id", chosen)
            .send(pontoon.addr);
        if response.status() != 404 {
            let given = response.expect(200, chosen).header("mcp-session-id");
            assert_ne!(given, Some(chosen));
        }
        client.session = chosen.to_owned();
        expect_gone(&client, &pontoon, chosen);
    }
}

pub fn guesses_are_not_found(target: &Target) {
    let pontoon = target.proxy().start();
    let mut client = Client::open(&pontoon);
    let mine = client.session.clone();
    // Ids close to a real one: one digit changed in each place.
    for at in (0..36).filter(|at| mine.as_bytes()[*at] != b'-') {
        let digit = if &mine[at..=at] == "9" { "8" } else { "9" };
        client.session = format!("{}{digit}{}", &mine[..at], &mine[at + 1..]);
        client.send(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).expect(404, &client.session);
    }
}

pub fn sessions_of_another_principal(target: &Target) {
    let pontoon = target.proxy().start();
    let owner = Client::open_with(&pontoon, NEWEST, Some("Bearer the-owner"));
    let call = tool_call(3, "echo", json!({"text": "stolen"})).to_string();
    let unknown = Request::post(&*call)
        .header("Mcp-Session-Id", "00000000-0000-4000-8000-000000000000")
        .send(pontoon.addr);
    for authorization in [None, Some("Bearer another-one"), Some("Basic dGhlOm93bmVy"), Some("")] {
        let sign = |request: Request| {
            let request = request.header("Mcp-Session-Id", &owner.session);
            match authorization {
                Some(value) => request.header("Authorization", value),
                None => request,
            }
        };
        let case = format!("{authorization:?}");
        let post = sign(Request::post(&*call)).send(pontoon.addr);
        let listen = sign(Request::listen()).send(pontoon.addr);
        let delete = sign(Request::new("DELETE", "/mcp")).send(pontoon.addr);
        if authorization.is_some_and(|value| !value.is_empty()) {
            assert_eq!(post.describe(), unknown.describe(), "{case}: as if it did not exist");
            listen.expect(404, &case);
            delete.expect(404, &case);
            continue;
        }
        for response in [post, listen, delete] {
            let text = response.expect_error(401, -32603, &case);
            assert!(text.contains("Authorization"), "{text}");
            assert_eq!(response.header("www-authenticate"), Some("Bearer"));
        }
    }
    owner.expect_served();
    assert!(pontoon.record.lines_with("stolen").is_empty());
    let refused = |reason: &str| {
        let label = format!("reason=\"{reason}\"");
        pontoon.metric("pontoon_rejects_total", &[&label])
    };
    assert_eq!(refused("other_principal"), 6.0);
    assert_eq!(refused("missing_credentials"), 6.0);
}

/// A session is bound to the stable part of credentials, unless an option says otherwise.
pub fn sessions_bound_by_choice(target: &Target) {
    let aws = |signature: &str| {
        format!("AWS4-HMAC-SHA256 Credential=KEY/20261129/x/y/aws4_request, Signature={signature}")
    };
    for (binding, other, status) in [
        ("subject", aws("two"), 200),
        ("token", aws("two"), 404),
        ("none", "Bearer another-one".to_owned(), 200),
    ] {
        let pontoon = target.proxy().options(&["--bind-session", binding]).start();
        let client = Client::open_with(&pontoon, NEWEST, Some(&aws("one")));
        client.expect_served();
        let call = client.post(tool_call(1, "echo", json!({"text": "x"})));
        let call = call.with("Authorization", &other).send(pontoon.addr);
        call.expect(status, binding);
    }
}

/// A client without a session may send an empty id.
pub fn an_empty_session_id(target: &Target) {
    let pontoon = target.proxy().start();
    let opened = Request::post(initialize(NEWEST).to_string()).header("Mcp-Session-Id", "");
    opened.send(pontoon.addr).expect(200, "initialize");
    let call = Request::post(tool_call(1, "echo", json!({})).to_string());
    let call = call.header("Mcp-Session-Id", "").send(pontoon.addr);
    call.expect_error(400, -32600, "as if it were not there");
}

/// Without credentials at first, it belongs to the first that uses it with some.
pub fn sessions_without_credentials(target: &Target) {
    let pontoon = target.proxy().start();
    let anybody = Client::open(&pontoon);
    anybody.expect_served();
    let by = |authorization: &str, text: &str| {
        let call = tool_call(3, "echo", json!({"text": text}));
        anybody.post(call).header("Authorization", authorization).send(pontoon.addr)
    };
    assert_eq!(text_of(&by("Bearer mine", "mine now").answer()), "mine now");
    by("Bearer another", "stolen").expect_error(404, -32603, "another");
    anybody.send(tool_call(3, "echo", json!({"text": "stolen"}))).expect(401, "none");
    assert_eq!(text_of(&by("Bearer mine", "still mine").answer()), "still mine");
    assert!(pontoon.record.lines_with("stolen").is_empty());
}

pub fn second_initialize(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let again = client.send(initialize(NEWEST));
    assert_eq!(again.expect_error(400, -32603, "again"), "Session already initialized");
    client.expect_served();
    let of_this_session = pontoon.record.bytes(client.child());
    let starts = String::from_utf8(of_this_session).unwrap().matches("\"initialize\"").count();
    assert_eq!(starts, 1, "the child sees one");
}

pub fn delete(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let child = client.child();
    let mut listening = client.listen();
    let response = client.delete();
    assert!(response.expect(204, "delete").body.is_empty());
    expect_gone(&client, &pontoon, "after DELETE");
    assert!(listening.messages().is_empty(), "the stream ends");
    eventually("the child ends", seconds(3), || !is_running(child));
    assert!(pontoon.record.note(child, "eof").is_some(), "its input was closed, not cut off");
    Client::open(&pontoon).expect_served();
}

pub fn delete_with_requests_in_flight(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    let child = client.child();
    let mut waiting: Vec<_> =
        (100..105).map(|id| (id, client.start(tool_call(id, "hang", json!({}))))).collect();
    eventually("all are at the child", seconds(5), || {
        pontoon.record.lines_with("\"hang\"").len() == waiting.len()
    });
    client.delete().expect(204, "delete");
    for (id, wire) in &mut waiting {
        let answer = wire.response().answer();
        assert_eq!(answer["id"], *id, "{answer}");
        assert_eq!(answer["error"]["code"], -32603, "{answer}");
    }
    expect_gone(&client, &pontoon, "after DELETE");
    eventually("the child ends", seconds(15), || !is_running(child));
}

pub fn expiry(target: &Target) {
    let pontoon = target.proxy().options(&["--timeout", "1"]).start();
    let client = Client::open(&pontoon);
    let child = client.child();
    eventually("the child is ended", seconds(4), || !is_running(child));
    expect_gone(&client, &pontoon, "expired");
    assert_eq!(pontoon.metric("mcp_server_session_duration_seconds_count", &[]), 1.0);
    Client::open(&pontoon).expect_served();
}

pub fn expiry_counts_from_the_last_answer(target: &Target) {
    let pontoon = target.proxy().options(&["--timeout", "1"]).start();
    let client = Client::open(&pontoon);
    let answer = client.text("echo", json!({"text": "took its time", "ms": 2500}));
    assert_eq!(answer, "took its time");
    for _ in 0..4 {
        sleep(millis(500));
        client.expect_served();
    }
}

pub fn one_child_for_each_session(target: &Target) {
    let pontoon = target.proxy().start();
    let (a, b) = (Client::open(&pontoon), Client::open(&pontoon));
    assert_ne!(a.child(), b.child());
    a.delete().expect(204, "one session");
    b.expect_served();
}

pub fn oldest_idle_session_gives_way(target: &Target) {
    let pontoon = target.proxy().options(&["--max-sessions", "2"]).start();
    let (first, second) = (Client::open(&pontoon), Client::open(&pontoon));
    let child = first.child();
    second.expect_served();
    let third = Client::open(&pontoon);
    third.expect_served();
    second.expect_served();
    expect_gone(&first, &pontoon, "the oldest idle one");
    eventually("its child ends", seconds(3), || !is_running(child));
}

pub fn no_room_while_all_are_busy(target: &Target) {
    let pontoon = target.proxy().options(&["--max-sessions", "2"]).start();
    let clients = [Client::open(&pontoon), Client::open(&pontoon)];
    let call = tool_call(1, "echo", json!({"text": "busy", "ms": 1500}));
    let mut busy = clients.each_ref().map(|client| client.start(&call));
    eventually("both are busy", seconds(5), || pontoon.record.lines_with("busy").len() == 2);
    let refused = open(&pontoon);
    refused.expect_error(503, -32603, "no room");
    let wait = refused.header("retry-after").expect("Retry-After");
    assert!(wait.parse::<u32>().is_ok_and(|wait| (1..=60).contains(&wait)), "{wait}");
    for wire in &mut busy {
        assert_eq!(text_of(&wire.response().answer()), "busy");
    }
    open(&pontoon).expect(200, "room again");
}

pub fn refused_initialize(target: &Target) {
    let pontoon = target.proxy().child(&["--refuse-init"]).start();
    let response = open(&pontoon);
    let answer: Value = response.answer();
    assert_eq!(answer["error"]["code"], -32000, "the child's own error: {answer}");
    assert_eq!(response.header("mcp-session-id"), None, "no session has come to be");
    eventually("its child ends", seconds(15), || {
        let used = pontoon.record.messages("initialize").len();
        pontoon.running_children().len() <= pontoon.record.children().len() - used
    });
}
