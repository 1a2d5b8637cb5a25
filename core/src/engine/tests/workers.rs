//! Modern clients in front of a modern child.

use serde_json::json;

use super::modern::*;
use super::rig::*;
use crate::config::ChildEra;
use crate::engine::*;
use crate::observe::Dropped;

fn rig() -> Rig {
    bridge_of(ChildEra::Modern)
}

#[test]
fn a_request_reaches_the_child_as_it_is_under_a_number_of_ours() {
    let mut rig = rig();
    let client = Modern { meta: r#","progressToken":"t",  "x.y/z" : 1e300"#, ..Modern::new() };
    let exchange = rig.ask(&client, r#""\u0061""#, "tools/call", r#""name":"x""#);
    let child = rig.last_child();
    let wanted = client.body("1", "tools/call", r#""name":"x""#).replace(r#""t""#, "1");
    assert_eq!(rig.fed(child), [wanted]);
    rig.child_says(
        child,
        r#"{"id":1,"jsonrpc":"2.0", "result":{"resultType":"complete","n":1e999}}"#,
    );
    let body = r#"{"id":"\u0061","jsonrpc":"2.0", "result":{"resultType":"complete","n":1e999}}"#;
    assert_eq!(rig.reply(exchange), (200, body));
}

#[test]
fn all_clients_share_one_child_and_get_their_own_answers() {
    let mut rig = rig();
    let one = rig.ask(&Modern::named("a"), "1", "tools/call", r#""name":"x""#);
    let two = rig.ask(&Modern::named("b"), "1", "tools/call", r#""name":"x""#);
    assert_eq!(rig.children.len(), 1);
    let child = rig.last_child();
    let numbers = rig.numbers(child);
    assert_eq!(numbers.len(), 2);
    rig.child_answers(child, &numbers[1], r#"{"of":"b"}"#);
    rig.child_answers(child, &numbers[0], r#"{"of":"a"}"#);
    assert_eq!(rig.json(one).1["result"]["of"], "a");
    assert_eq!(rig.json(two).1["result"]["of"], "b");
}

#[test]
fn progress_goes_to_the_stream_of_its_request_under_the_clients_token() {
    let mut rig = rig();
    let client = Modern { meta: r#","progressToken":"same""#, ..Modern::new() };
    let one = rig.ask(&client, "1", "tools/call", r#""name":"x""#);
    let two = rig.ask(&client, "2", "tools/call", r#""name":"x""#);
    let child = rig.last_child();
    let numbers = rig.numbers(child);
    rig.child_reports_progress(child, &numbers[1], 5);
    assert_eq!(rig.stage(one), Stage::Waiting);
    assert_eq!(
        parse(&rig.messages(two)[0])["params"],
        json!({"progressToken": "same", "progress": 5})
    );
    rig.child_answers(child, &numbers[1], "{}");
    assert_eq!(rig.messages(two).len(), 2);
    assert_eq!(rig.stage(two), Stage::Finished);
    rig.child_reports_progress(child, &numbers[1], 6);
    assert_eq!(rig.dropped(Dropped::UnknownProgress), 1);
}

#[test]
fn the_form_of_an_answer_is_one_that_the_client_takes() {
    let mut rig = rig();
    let call = |rig: &mut Rig, accept| {
        let client = Modern { accept, meta: r#","progressToken":7"#, ..Modern::new() };
        rig.ask(&client, "1", "tools/call", r#""name":"x""#)
    };
    let (json, sse) = (call(&mut rig, JSON), call(&mut rig, SSE));
    let child = rig.last_child();
    for number in rig.numbers(child) {
        rig.child_reports_progress(child, &number, 1);
        rig.child_answers(child, &number, "{}");
    }
    assert_eq!(rig.reply(json), (200, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#));
    assert_eq!(rig.messages(sse).len(), 2);
}

#[test]
fn errors_have_the_status_that_belongs_to_them() {
    let codes =
        [(-32601, 404), (-32020, 400), (-32021, 400), (-32022, 400), (-32602, 200), (7, 200)];
    for (code, status) in codes {
        for accept in [BOTH, SSE] {
            let mut rig = rig();
            let client = Modern { accept, ..Modern::new() };
            let exchange = rig.ask(&client, r#""i""#, "tools/call", r#""name":"x""#);
            let child = rig.last_child();
            rig.child_says(
                child,
                &format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{code},"message":"m"}}}}"#),
            );
            if status == 200 && accept == SSE {
                assert_eq!(rig.messages(exchange).len(), 1);
                continue;
            }
            let wanted = json!({"jsonrpc":"2.0","id":"i","error":{"code":code,"message":"m"}});
            assert_eq!(rig.json(exchange), (status, wanted));
        }
    }
}

#[test]
fn a_client_that_leaves_cancels() {
    let mut rig = rig();
    let exchange = rig.ask(&Modern::new(), "9", "tools/call", r#""name":"x""#);
    let child = rig.last_child();
    let number = rig.number(child);
    rig.disconnect(exchange);
    let told = rig.told(child);
    assert_eq!(told[0]["method"], "notifications/cancelled");
    assert_eq!(told[0]["params"]["requestId"].to_string(), number);
    rig.child_answers(child, &number, "{}");
    assert_eq!(rig.dropped(Dropped::UnknownAnswer), 1);
}

#[test]
fn a_client_cannot_cancel_what_it_did_not_ask() {
    let mut rig = rig();
    let call = rig.ask(&Modern::named("a"), "1", "tools/call", r#""name":"x""#);
    let child = rig.last_child();
    rig.fed(child);
    let posted = rig.modern_post(&Modern::named("b"), &cancel("1"));
    assert_eq!(rig.reply(posted), (202, ""));
    assert_eq!(rig.fed(child), [""; 0]);
    assert_eq!(rig.stage(call), Stage::Waiting);
}

#[test]
fn methods_that_are_gone_never_reach_the_child() {
    let mut rig = rig();
    for method in
        ["initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"]
    {
        let exchange = rig.ask(&Modern::new(), "1", method, "");
        assert_eq!(rig.json(exchange).1["error"]["code"], -32601, "{method}");
        assert_eq!(rig.reply(exchange).0, 404);
    }
    assert!(rig.children.is_empty());
}

#[test]
fn discover_names_every_revision_there_is_here() {
    let mut rig = rig();
    let exchange = rig.ask(&Modern::new(), "1", "server/discover", "");
    let child = rig.last_child();
    rig.fed(child);
    rig.child_answers(
        child,
        "1",
        r#"{"supportedVersions":["2026-07-28"],"capabilities":{},"n":1e99}"#,
    );
    let (_, body) = rig.json(exchange);
    let versions = json!(["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]);
    assert_eq!(body["result"]["supportedVersions"], versions);
    assert_eq!(body["id"], 1);
}

fn published(number: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{{"_meta":{{"io.modelcontextprotocol/subscriptionId":{number}}}}}}}"#
    )
}

#[test]
fn a_subscription_has_its_clients_id_on_every_message() {
    let mut rig = rig();
    let listen = r#""notifications":{"toolsListChanged":true}"#;
    let one = rig.ask(&Modern::new(), r#""mine""#, "subscriptions/listen", listen);
    let two = rig.ask(&Modern::new(), "7", "subscriptions/listen", listen);
    let child = rig.last_child();
    let numbers = rig.numbers(child);
    for number in &numbers {
        rig.child_says(child, &published(number));
    }
    rig.child_says(child, &published(&numbers[1]));
    let id = |message: &String| {
        parse(message)["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"].clone()
    };
    assert_eq!(rig.messages(one).iter().map(id).collect::<Vec<_>>(), [json!("mine")]);
    assert_eq!(rig.messages(two).iter().map(id).collect::<Vec<_>>(), [json!(7), json!(7)]);
    // The child ends one with its result, and cancels the other.
    rig.child_says(
        child,
        &format!(
            r#"{{"jsonrpc":"2.0","id":{},"result":{{"resultType":"complete","_meta":{{"io.modelcontextprotocol/subscriptionId":{}}}}}}}"#,
            numbers[0], numbers[0]
        ),
    );
    rig.child_says(child, &cancel(&numbers[1]));
    let last = rig.messages(one).pop().unwrap();
    let meta = &parse(&last)["result"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/subscriptionId"], "mine");
    assert_eq!((rig.stage(one), rig.stage(two)), (Stage::Finished, Stage::Finished));
    let last = parse(rig.messages(two).last().unwrap());
    assert_eq!((&last["id"], &last["result"]["resultType"]), (&json!(7), &json!("complete")));
}

#[test]
fn a_subscription_is_not_given_up_for_its_silence() {
    let mut rig = rig();
    let listen = rig.ask(&Modern::new(), "1", "subscriptions/listen", r#""notifications":{}"#);
    let call = rig.ask(&Modern::new(), "2", "tools/call", r#""name":"x""#);
    let child = rig.last_child();
    let numbers = rig.numbers(child);
    rig.pass(secs(3600));
    assert_eq!(rig.stage(listen), Stage::Begun);
    let late = parse(&rig.messages(call)[0]);
    assert_eq!(late["error"]["message"], LATE);
    let cancelled = rig.told(child).pop().unwrap();
    assert_eq!(cancelled["params"]["requestId"].to_string(), numbers[1]);
}

fn log_message() -> &'static str {
    r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}}"#
}

#[test]
fn a_log_message_reaches_the_one_request_that_can_be_meant() {
    let mut rig = rig();
    let wants = Modern { meta: r#","io.modelcontextprotocol/logLevel":"debug""#, ..Modern::new() };
    let logged = rig.ask(&wants, "1", "tools/call", r#""name":"x""#);
    let silent = rig.ask(&Modern::new(), "2", "tools/call", r#""name":"x""#);
    let child = rig.last_child();
    rig.child_says(child, log_message());
    assert_eq!(rig.messages(logged), [log_message()]);
    let other = rig.ask(&wants, "3", "tools/call", r#""name":"x""#);
    rig.child_says(child, log_message());
    assert_eq!(rig.messages(logged).len(), 1, "it could be meant for two");
    assert_eq!((rig.stage(silent), rig.stage(other)), (Stage::Waiting, Stage::Waiting));
    assert_eq!(rig.dropped(Dropped::UnknownNotification), 1);
}

#[test]
fn a_crash_fails_what_is_in_flight_and_the_next_request_starts_another_child() {
    let mut rig = rig();
    let listen = rig.ask(&Modern::new(), "1", "subscriptions/listen", r#""notifications":{}"#);
    let call = rig.ask(&Modern::new(), "2", "tools/call", r#""name":"x""#);
    let child = rig.last_child();
    rig.child_says(child, &list_changed(1));
    rig.child_ends(child, ExitStatus::Signal(9));
    for exchange in [listen, call] {
        let (status, body) = rig.json(exchange);
        assert_eq!((status, &body["error"]["code"]), (200, &json!(-32603)));
    }
    assert!(rig.children[&child].released);
    rig.ask(&Modern::new(), "3", "tools/call", r#""name":"x""#);
    assert_ne!(rig.last_child(), child);
}

#[test]
fn a_command_that_never_works_is_not_started_at_every_request() {
    let mut rig = rig();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let before = rig.children.len();
        let exchange = rig.ask(&Modern::new(), "1", "tools/list", "");
        if rig.children.len() > before {
            let child = rig.last_child();
            rig.child_ends(child, ExitStatus::Code(1));
        }
        statuses.push(rig.reply(exchange).0);
    }
    assert_eq!(statuses, [200, 200, 503, 503]);
}

#[test]
fn a_child_that_asks_is_told_that_no_client_can_be_asked() {
    let mut rig = rig();
    rig.ask(&Modern::new(), "1", "tools/call", r#""name":"x""#);
    let child = rig.last_child();
    rig.fed(child);
    rig.child_says(child, &sampling("7"));
    let told = rig.told(child);
    assert_eq!((&told[0]["id"], &told[0]["error"]["code"]), (&json!(7), &json!(-32601)));
}

#[test]
fn the_end_of_the_program_waits_for_calls_and_ends_subscriptions_in_order() {
    let mut rig = rig();
    let listen = rig.ask(&Modern::new(), r#""l""#, "subscriptions/listen", r#""notifications":{}"#);
    let call = rig.ask(&Modern::new(), "2", "tools/call", r#""name":"x""#);
    let child = rig.last_child();
    let numbers = rig.numbers(child);
    rig.input(Input::ShutdownRequested);
    let (_, ended) = rig.json(listen);
    let meta = json!({"io.modelcontextprotocol/subscriptionId": "l"});
    assert_eq!(ended["result"], json!({"resultType": "complete", "_meta": meta}));
    let refused = rig.ask(&Modern::new(), "3", "tools/call", r#""name":"x""#);
    assert_eq!(rig.reply(refused).0, 503);
    assert!(!rig.children[&child].stdin_closed);
    rig.child_answers(child, &numbers[1], "{}");
    assert_eq!(rig.reply(call).0, 200);
    assert!(rig.children[&child].stdin_closed);
    rig.child_ends(child, ExitStatus::Code(0));
    assert_eq!(rig.stopped, Some(false));
    rig.engine.check_empty();
}

#[test]
fn a_log_message_about_a_cancelled_call_reaches_no_client() {
    let mut rig = rig();
    let wants = Modern { meta: r#","io.modelcontextprotocol/logLevel":"debug""#, ..Modern::new() };
    let left = rig.ask(&wants, "1", "tools/call", r#""name":"x""#);
    let stays = rig.ask(&wants, "2", "tools/call", r#""name":"x""#);
    let child = rig.last_child();
    rig.disconnect(left);
    rig.child_says(child, log_message());
    assert_eq!(rig.stage(stays), Stage::Waiting);
    rig.pass(secs(2));
    rig.child_says(child, log_message());
    assert_eq!(rig.messages(stays), [log_message()]);
    assert!(!rig.children[&child].stdin_closed);
}
