//! Requests passed to the child, and its messages: results, errors, progress, log messages, its
//! end.

use serde_json::{Value, json};

use super::rig::{Rig, Sent, able};
use crate::legacy_facade::RelatesTo;
use crate::protocol::Revision;
use crate::reject::{ExitStatus, Reject};

#[test]
fn a_request_says_of_itself_what_the_session_knows() {
    let mut rig = Rig::open(Revision::V2025_11_25, &json!({"roots": {"listChanged": true}}));
    let params = json!({"name": "x", "_meta": {"progressToken": 2, "traceparent": "t"}});
    rig.request("tools/call", &params);
    let (number, line) = rig.sent_request();
    assert_eq!(line["method"], "tools/call");
    assert_eq!(line["params"]["name"], "x");
    let meta = json!({
        "io.modelcontextprotocol/clientCapabilities": {"roots": {}},
        "io.modelcontextprotocol/clientInfo": {"name": "client", "version": "2"},
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "progressToken": number,
        "traceparent": "t",
    });
    assert_eq!(line["params"]["_meta"], meta);
}

#[test]
fn a_result_loses_what_only_the_modern_era_has() {
    let mut rig = Rig::able();
    let call = rig.request("tools/list", &json!({}));
    let (number, _) = rig.sent_request();
    let tools = json!([{"name": "x", "inputSchema": {"type": "object"}}]);
    let meta = json!({
        "io.modelcontextprotocol/serverInfo": {"name": "child", "version": "1"},
        "mine": 1,
    });
    rig.answers(
        number,
        &json!({
            "resultType": "complete", "ttlMs": 5, "cacheScope": "private",
            "tools": tools, "nextCursor": "c", "_meta": meta,
        }),
    );
    let result = json!({"tools": tools, "nextCursor": "c", "_meta": {"mine": 1}});
    assert_eq!(rig.result(call), result);
    assert!(rig.is_idle());
}

#[test]
fn content_that_a_revision_does_not_know_becomes_text() {
    let mut rig = Rig::open(Revision::V2024_11_05, &json!({}));
    let (call, number) = rig.call();
    let audio = json!({"type": "audio", "data": "AA==", "mimeType": "audio/wav"});
    rig.answers(number, &json!({"resultType": "complete", "content": [audio]}));
    assert_eq!(rig.result(call)["content"][0]["type"], "text");
}

#[test]
fn an_answer_that_is_none_is_an_error() {
    for result in [json!(7), json!({"resultType": "task"})] {
        let mut rig = Rig::able();
        let (call, number) = rig.call();
        rig.answers(number, &result);
        assert_eq!(rig.code(call), -32603, "{result}");
        assert!(rig.is_idle());
    }
}

#[test]
fn errors_are_those_of_the_legacy_era() {
    let mut rig = Rig::able();
    let mut code = |method: &str, error: &Value| {
        let call = rig.request(method, &json!({"name": "x", "uri": "file:///a"}));
        let (number, _) = rig.sent_request();
        rig.fails(number, error);
        rig.code(call)
    };
    let not_found = json!({"code": -32602, "message": "?", "data": {"uri": "file:///a"}});
    let cases = [
        ("resources/read", not_found, -32002),
        ("resources/read", json!({"code": -32602, "message": "?"}), -32602),
        ("tools/call", json!({"code": -32020, "message": "?"}), -32603),
        ("tools/call", json!({"code": -32022, "message": "?"}), -32603),
        ("prompts/get", json!({"code": -32021, "message": "?"}), -32603),
        ("tools/call", json!({"code": 5, "message": "?"}), 5),
    ];
    for (method, error, expected) in cases {
        assert_eq!(code(method, &error), expected, "{method} {error}");
    }
}

#[test]
fn a_tool_that_lacks_a_capability_fails_with_a_result() {
    let mut rig = Rig::able();
    let (call, number) = rig.call();
    rig.fails(number, &json!({"code": -32021, "message": "No roots"}));
    let result = rig.result(call);
    assert_eq!(result["isError"], true);
    assert_eq!(result["content"][0]["text"], "No roots");
}

#[test]
fn unknown_methods_and_notifications_are_passed_on() {
    let mut rig = Rig::able();
    let call = rig.request("vendor/do", &json!({"a": [1.50]}));
    let (number, line) = rig.sent_request();
    assert_eq!(line["method"], "vendor/do");
    assert_eq!(line["params"]["a"], json!([1.50]));
    rig.answers(number, &json!({"done": true}));
    assert_eq!(rig.result(call), json!({"done": true}));
    rig.notify("notifications/vendor", &json!({"a": 1}));
    let line = json!({"jsonrpc": "2.0", "method": "notifications/vendor", "params": {"a": 1}});
    assert_eq!(rig.sent(), [Sent::Notification(line)]);
}

#[test]
fn what_has_no_word_in_the_other_era_goes_no_further() {
    let mut rig = Rig::able();
    for method in
        ["tasks/get", "tasks/list", "tasks/cancel", "server/discover", "subscriptions/listen"]
    {
        let call = rig.request(method, &json!({}));
        assert_eq!(rig.code(call), -32601, "{method}");
    }
    rig.notify("notifications/roots/list_changed", &json!({}));
    rig.notify("notifications/progress", &json!({"progressToken": 1, "progress": 1}));
    assert_eq!(rig.sent(), []);
}

#[test]
fn params_that_are_no_object_are_refused() {
    let mut rig = Rig::able();
    let call = rig.request("tools/call", &json!([1]));
    assert_eq!(rig.code(call), -32602);
    assert_eq!(rig.sent(), []);
    assert!(rig.is_idle());
}

#[test]
fn progress_rises_and_comes_under_the_clients_own_token() {
    let mut rig = Rig::able();
    let params = json!({"name": "x", "_meta": {"progressToken": 2}});
    let call = rig.request("tools/call", &params);
    let (number, _) = rig.sent_request();
    for progress in [1.0, 3.0, 3.0, 2.0, 3.5] {
        let params = json!({"progressToken": number, "progress": progress, "total": 9});
        rig.tells(number, "notifications/progress", &params);
    }
    let said = rig.said_about();
    let told = |(said, about): &(Value, RelatesTo)| {
        assert_eq!(said["params"]["progressToken"], call);
        assert_eq!(*about, RelatesTo::Request(call));
        said["params"]["progress"].as_f64().unwrap()
    };
    assert_eq!(said.iter().map(told).collect::<Vec<_>>(), [1.0, 3.0, 3.5]);
}

#[test]
fn who_gave_no_token_hears_of_no_progress() {
    let mut rig = Rig::able();
    let (_, number) = rig.call();
    let params = json!({"progressToken": number, "progress": 1});
    rig.tells(number, "notifications/progress", &params);
    assert_eq!(rig.said(), [] as [Value; 0]);
}

#[test]
fn a_log_message_goes_to_the_stream_of_its_call() {
    let mut rig = Rig::able();
    rig.request("logging/setLevel", &json!({"level": "info"}));
    rig.said();
    let call = rig.request("tools/call", &json!({"name": "x"}));
    let sent = rig.sent();
    let [Sent::Request(number, traits, _)] = sent[..] else { panic!("{sent:?}") };
    assert!(traits.wants_logs && !traits.is_subscription);
    let params = json!({"level": "info", "data": "hello"});
    rig.tells(number, "notifications/message", &params);
    let said = rig.said_about();
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].0["params"], params);
    assert_eq!(said[0].1, RelatesTo::Request(call));
}

#[test]
fn a_client_that_is_slow_gets_no_log_messages() {
    let mut rig = Rig::able();
    let (call, number) = rig.call();
    rig.facade.set_slow(true);
    rig.tells(number, "notifications/message", &json!({"level": "info", "data": 1}));
    assert_eq!(rig.said(), [] as [Value; 0]);
    rig.answers(number, &json!({"resultType": "complete", "content": []}));
    assert_eq!(rig.result(call), json!({"content": []}));
    rig.facade.set_slow(false);
    let (_, number) = rig.call();
    rig.tells(number, "notifications/message", &json!({"level": "info", "data": 1}));
    assert_eq!(rig.said().len(), 1);
}

#[test]
fn a_cancelled_call_is_cancelled_upstream_and_its_late_answer_is_dropped() {
    let mut rig = Rig::able();
    let (call, number) = rig.call();
    rig.cancel(call);
    assert_eq!(rig.sent(), [Sent::Cancel(number)]);
    rig.answers(number, &json!({"resultType": "complete", "content": []}));
    assert_eq!(rig.said(), [] as [Value; 0]);
    assert!(rig.is_idle());
    rig.cancel(call);
    rig.cancel(999);
    assert_eq!(rig.sent(), []);
}

#[test]
fn a_child_that_ends_fails_what_it_was_given() {
    let mut rig = Rig::able();
    let (one, first) = rig.call();
    let (two, second) = rig.call();
    rig.loses(first, Reject::ChildExited(ExitStatus::Signal(11)));
    assert_eq!(rig.code(one), -32603);
    rig.loses(second, Reject::ChildExited(ExitStatus::Signal(11)));
    assert_eq!(rig.code(two), -32603);
    assert!(rig.is_idle());
    // The session still works.
    let (three, third) = rig.call();
    rig.answers(third, &json!({"resultType": "complete", "content": []}));
    assert_eq!(rig.result(three), json!({"content": []}));
}

#[test]
fn what_a_client_can_do_by_its_revision_is_all_that_is_said_of_it() {
    let mut rig = Rig::open(Revision::V2025_06_18, &able());
    rig.call();
    let mut rig = Rig::open(Revision::V2025_06_18, &able());
    rig.request("tools/list", &json!({}));
    let (_, line) = rig.sent_request();
    let said = &line["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
    assert_eq!(*said, json!({"elicitation": {"form": {}}, "roots": {}, "sampling": {}}));
}

/// There are many sessions, and most are idle.
#[test]
fn an_interpreter_is_small() {
    use super::super::LegacyFacade;
    assert!(size_of::<LegacyFacade>() <= 664, "{} bytes", size_of::<LegacyFacade>());
}
