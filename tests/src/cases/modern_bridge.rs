//! Clients of 2026-07-28 in front of commands of either era, which no request can tell apart.

use serde_json::{Value, json};

use crate::Target;
use crate::client::text_of;
use crate::modern::{LOG_LEVEL, Modern, Subscription, signed};
use crate::pontoon::{CommandLine, Pontoon};
use crate::probe;
use crate::wait::{eventually, millis, seconds, sleep};

cases! { $ modern_bridge:
    discovery_is_of_the_command
    progress_comes_before_the_answer
    tokens_of_two_clients
    many_calls_at_once
    a_call_that_is_left_is_cancelled
    calls_that_are_left_leave_nothing
    unknown_resources
    news_of_lists
    news_of_resources
    subscriptions_that_the_server_ends
    only_what_was_asked_for_is_logged
    unknown_log_levels
    what_headers_repeat_of_arguments
    tools_with_a_nameless_header
    crash_under_a_call
    last_words
    silence_of_a_call
    the_end_of_a_process_ends_subscriptions
    descriptions_that_are_too_long
}

/// Returns a proxy in front of a command of each era.
pub(super) fn each(target: &Target, options: &[&str]) -> [(&'static str, Pontoon); 2] {
    let start = |line: CommandLine| line.options(options).start();
    [
        ("modern", start(target.proxy().options(&["--child-era", "modern"]).child(&["--modern"]))),
        ("legacy", start(target.proxy().options(&["--child-era", "legacy"]))),
    ]
}

pub fn descriptions_that_are_too_long(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let long = json!({"experimental": {"padding": {"text": "x".repeat(64 << 10)}}});
        let client = Modern::new(&pontoon).able(long);
        let refused = client.send(&client.tool_call("echo", json!({"text": "hello"})));
        refused.expect_error(400, -32602, era);
        assert!(refused.text().contains("at most 64 KiB"), "{era}: {}", refused.text());
    }
}

pub fn discovery_is_of_the_command(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let found = Modern::new(&pontoon).request("server/discover", json!({}));
        let result = &found["result"];
        let capabilities = json!({
            "logging": {},
            "resources": {"listChanged": true, "subscribe": true},
            "tools": {"listChanged": true},
        });
        assert_eq!(result["capabilities"], capabilities, "{era}: {found}");
        let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert_eq!(server, &json!({"name": "test-server", "version": "1.0.0"}), "{era}: {found}");
        assert_eq!((&result["ttlMs"], &result["cacheScope"]), (&json!(0), &json!("private")));
    }
}

/// Returns a call with a progress token.
pub(super) fn with_token(client: &Modern, token: Value, tool: &str, arguments: Value) -> Value {
    let mut call = client.tool_call(tool, arguments);
    call["params"]["_meta"]["progressToken"] = token;
    call
}

/// Returns the progress values in messages; panics if one has another token.
#[track_caller]
pub(super) fn progress_of(messages: &[Value], token: &Value) -> Vec<f64> {
    let all = messages.iter().filter(|message| message["method"] == "notifications/progress");
    let value = |message: &Value| {
        assert_eq!(&message["params"]["progressToken"], token, "{message}");
        message["params"]["progress"].as_f64().expect("a number")
    };
    all.map(value).collect()
}

pub fn progress_comes_before_the_answer(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        for token in [json!("mine"), json!(7), json!("")] {
            let call = with_token(&client, token.clone(), "progress", json!({"n": 5}));
            let messages = client.send(&call).messages();
            assert_eq!(progress_of(&messages, &token), [1.0, 2.0, 3.0, 4.0, 5.0], "{era}");
            let answer = messages.last().expect("an answer");
            assert_eq!((&answer["id"], text_of(answer)), (&call["id"], "done"), "{era}");
            assert_eq!(messages.len(), 6, "{era}: {messages:?}");
        }
        let silent = client.send(&client.tool_call("progress", json!({"n": 5})));
        assert_eq!(silent.messages().len(), 1, "{era}: progress was not requested");
    }
}

pub fn tokens_of_two_clients(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let clients = [Modern::new(&pontoon), Modern::new(&pontoon)];
        let token = json!("the same");
        let mut streams = clients.each_ref().map(|client| {
            let arguments = json!({"n": 5, "ms": 20});
            let call = with_token(client, token.clone(), "progress", arguments);
            assert_eq!(call["id"], 1, "and the same id");
            client.stream(&call)
        });
        for stream in &mut streams {
            let messages = stream.messages();
            assert_eq!(progress_of(&messages, &token), [1.0, 2.0, 3.0, 4.0, 5.0], "{era}");
            assert_eq!(messages.last().expect("an answer")["id"], 1, "{era}");
        }
    }
}

pub fn many_calls_at_once(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let clients: Vec<_> = (0..16).map(|_| Modern::new(&pontoon)).collect();
        let calls: Vec<_> = clients
            .iter()
            .enumerate()
            .map(|(nth, client)| {
                let arguments = json!({"text": format!("for {nth}"), "ms": 100});
                client.start(&client.tool_call("echo", arguments))
            })
            .collect();
        for (nth, mut wire) in calls.into_iter().enumerate() {
            let answer = wire.response().answer();
            assert_eq!(text_of(&answer), format!("for {nth}"), "{era}");
            assert_eq!(answer["id"], 1, "{era}");
        }
    }
}

pub fn a_call_that_is_left_is_cancelled(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        let process = client.child();
        // This one answers a cancelled call, so that it does not count as silent.
        let call = client.tool_call("late", json!({"ms": 1000, "mark": "left"}));
        let wire = client.start(&call);
        let reached = || -> Vec<Value> {
            let mut calls = pontoon.record.messages("tools/call");
            calls.retain(|call| call["params"]["arguments"]["mark"] == "left");
            calls
        };
        eventually("it reaches the command", seconds(10), || reached().len() == 1);
        wire.reset();
        let upstream = reached()[0]["id"].clone();
        let cancelled = || pontoon.record.messages("notifications/cancelled");
        eventually("it is cancelled", seconds(10), || cancelled().len() == 1);
        assert_eq!(cancelled()[0]["params"]["requestId"], upstream, "{era}");
        client.expect_served();
        eventually("the process is used again", seconds(10), || client.child() == process);
    }
}

pub fn calls_that_are_left_leave_nothing(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        for nth in 1..=3 {
            let wire = client.start(&client.tool_call("sleep", json!({"ms": 20_000, "mark": nth})));
            let mark = format!("\"mark\":{nth}");
            let reached = || !pontoon.record.lines_with(&mark).is_empty();
            eventually("it reaches the command", seconds(10), reached);
            wire.reset();
            client.expect_served();
        }
        eventually("all are cancelled", seconds(10), || {
            pontoon.record.messages("notifications/cancelled").len() == 3
        });
        eventually("one process is enough again", seconds(20), || {
            pontoon.running_children().len() == 1
        });
        client.expect_served();
        assert_eq!(pontoon.running_children().len(), 1, "{era}");
    }
}

pub fn unknown_resources(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        let read = client.request("resources/read", json!({"uri": "test-server://notes"}));
        assert_eq!(read["result"]["contents"][0]["text"], "nothing of note", "{era}: {read}");
        assert!(read["result"]["ttlMs"].is_u64(), "{era}: {read}");
        let unknown = client.request("resources/read", json!({"uri": "test-server://none"}));
        assert_eq!(unknown["error"]["code"], -32602, "{era}: {unknown}");
        assert_eq!(unknown["error"]["data"]["uri"], "test-server://none", "{era}: {unknown}");
    }
}

pub fn news_of_lists(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        let tools = json!({"toolsListChanged": true, "promptsListChanged": true});
        let mut tools = client.listen(tools);
        let granted = json!({"toolsListChanged": true});
        assert_eq!(tools.granted, granted, "{era}: it has no prompts");
        let mut resources = client.listen(json!({"resourcesListChanged": true}));
        let mut nothing = client.listen(json!({"toolsListChanged": false}));
        client.text("list_changed", json!({}));
        assert_eq!(tools.news()["method"], "notifications/tools/list_changed", "{era}");
        client.text("list_changed", json!({"what": "resources"}));
        let news = resources.news();
        assert_eq!(news["method"], "notifications/resources/list_changed", "{era}");
        for stream in [&mut tools, &mut resources, &mut nothing] {
            assert!(stream.events.is_quiet(millis(200)), "{era}: what was not asked for");
        }
        // Ids may have any form.
        let mut large = client.body("subscriptions/listen", json!({"notifications": granted}));
        large["id"] = json!(9_007_199_254_740_991_i64);
        let mut events = client.stream(&large);
        events.message();
        client.text("list_changed", json!({}));
        let mut large = Subscription { id: large["id"].clone(), granted, events };
        large.news();
        tools.news();
    }
}

pub fn news_of_resources(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        let notes = json!({"resourceSubscriptions": ["test-server://notes"]});
        let both = json!({"resourceSubscriptions": ["test-server://notes", "test-server://more"]});
        let mut first = client.listen(notes.clone());
        assert_eq!(first.granted, notes, "{era}");
        let mut second = client.listen(both.clone());
        assert_eq!(second.granted, both, "{era}");
        client.text("updated", json!({"uri": "test-server://notes"}));
        for stream in [&mut first, &mut second] {
            let news = stream.news();
            assert_eq!(news["method"], "notifications/resources/updated", "{era}: {news}");
            assert_eq!(news["params"]["uri"], "test-server://notes", "{era}: {news}");
        }
        client.text("updated", json!({"uri": "test-server://more"}));
        assert_eq!(second.news()["params"]["uri"], "test-server://more", "{era}");
        assert!(first.events.is_quiet(millis(200)), "{era}: it is nothing to the first");
        client.text("updated", json!({"uri": "test-server://other"}));
        second.events.reset();
        client.text("updated", json!({"uri": "test-server://notes"}));
        assert_eq!(first.news()["params"]["uri"], "test-server://notes", "{era}: it goes on");
        first.events.reset();
        if era == "legacy" {
            let uris = |method: &str| {
                let messages = pontoon.record.messages(method);
                let mut uris: Vec<_> =
                    messages.iter().map(|message| message["params"]["uri"].to_string()).collect();
                uris.sort();
                uris
            };
            let once = ["\"test-server://more\"", "\"test-server://notes\""];
            assert_eq!(uris("resources/subscribe"), once, "once for each, for all subscribers");
            eventually("the last to go unsubscribes", seconds(10), || {
                uris("resources/unsubscribe") == once
            });
        } else {
            eventually("they are cancelled", seconds(10), || {
                let listens = pontoon.record.messages("subscriptions/listen").len();
                pontoon.record.messages("notifications/cancelled").len() == listens
            });
        }
    }
}

pub fn subscriptions_that_the_server_ends(target: &Target) {
    // Only a server that supports subscriptions can end one.
    let [(_, pontoon), _] = each(target, &[]);
    let client = Modern::new(&pontoon);
    let mut listen = client.listen(json!({"toolsListChanged": true}));
    client.text("hush", json!({}));
    let ended = listen.events.messages();
    let last = ended.last().expect("a result");
    assert_eq!(last["id"], listen.id, "{ended:?}");
    let subscription = &last["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"];
    assert_eq!(subscription, &listen.id, "{ended:?}");
    let mut again = client.listen(json!({"toolsListChanged": true}));
    client.text("list_changed", json!({}));
    again.news();
}

/// Returns the levels of the log messages before the answer.
fn logged(client: &Modern, level: Option<&str>) -> Vec<String> {
    let arguments = json!({"levels": ["debug", "info", "warning", "error"]});
    let mut call = client.tool_call("report", arguments);
    if let Some(level) = level {
        call["params"]["_meta"][LOG_LEVEL] = json!(level);
    }
    let messages = client.send(&call).messages();
    assert_eq!(text_of(messages.last().expect("an answer")), "reported");
    let entries = messages.iter().filter(|message| message["method"] == "notifications/message");
    entries.map(|entry| entry["params"]["level"].as_str().expect("a level").to_owned()).collect()
}

pub fn only_what_was_asked_for_is_logged(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        assert_eq!(logged(&client, None), [""; 0], "{era}");
        assert_eq!(logged(&client, Some("warning")), ["warning", "error"], "{era}");
        assert_eq!(logged(&client, Some("debug")), ["debug", "info", "warning", "error"], "{era}");
        assert_eq!(logged(&client, Some("error")), ["error"], "{era}");
        assert_eq!(logged(&client, None), [""; 0], "{era}: nothing is remembered");
    }
}

pub fn unknown_log_levels(target: &Target) {
    // A modern server checks that itself.
    let [_, (_, pontoon)] = each(target, &[]);
    let client = Modern::new(&pontoon);
    let mut unknown = client.tool_call("report", json!({}));
    unknown["params"]["_meta"][LOG_LEVEL] = json!("loud");
    let refused = client.send(&unknown).answer();
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
}

pub fn what_headers_repeat_of_arguments(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        for (value, header, is_good) in [
            ("test-value", Some("test-value"), true),
            ("test-value", Some("  test-value "), true),
            ("Hello", Some("=?base64?SGVsbG8=?="), true),
            ("SGVsbG8=", Some("SGVsbG8="), true),
            ("=?base64?SGVsbG8=", Some("=?base64?SGVsbG8="), true),
            ("Ünïcode", Some("=?base64?w5xuw69jb2Rl?="), true),
            ("Hello", Some("=?base64?SGVsbG8?="), false),
            ("Hello", Some("=?base64?SGVs!!!bG8=?="), false),
            ("test-value", Some("other"), false),
            ("test-value", Some("TEST-VALUE"), false),
            ("test-value", None, false),
        ] {
            let case = format!("{era}: {value:?} as {header:?}");
            let body = client.tool_call("region", json!({"region": value}));
            let mut request = signed(&body);
            if let Some(header) = header {
                request = request.header("mcp-PARAM-region", header);
            }
            let response = request.send(pontoon.addr);
            if is_good {
                assert_eq!(text_of(&response.expect(200, &case).answer()), value, "{case}");
            } else {
                response.expect_error(400, -32020, &case);
                assert_eq!(response.json()["id"], body["id"], "{case}");
            }
        }
        for nothing in [json!({}), json!({"region": null})] {
            let answer = client.call("region", nothing);
            assert_eq!(text_of(&answer), "", "{era}: no value, no header");
        }
    }
}

pub fn tools_with_a_nameless_header(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        let list = client.request("tools/list", json!({}));
        let tools = list["result"]["tools"].as_array().expect("tools");
        let find = |name: &str| tools.iter().find(|tool| tool["name"] == name);
        let region = find("region").expect("one that is valid");
        let header = &region["inputSchema"]["properties"]["region"]["x-mcp-header"];
        assert_eq!(header, "Region", "{era}");
        // A client would drop the tool, so it may be missing, or lack the invalid annotation. A
        // modern server sends such tools to its clients itself.
        if let (Some(tool), "legacy") = (find("mislabelled"), era) {
            assert!(!tool.to_string().contains("x-mcp-header"), "{era}: {tool}");
        }
    }
}

pub fn crash_under_a_call(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        let before = client.child();
        let answer = client.call("crash", json!({"code": 7}));
        assert_eq!(answer["error"]["code"], -32603, "{era}: {answer}");
        client.expect_served();
        assert_ne!(client.child(), before, "{era}: another process");
    }
}

pub fn last_words(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        // Long enough to be translated outside of the lock.
        let words = "w".repeat(100_000);
        let told = Modern::new(&pontoon).text("last_words", json!({"text": words}));
        assert_eq!(told, words, "{era}: the answer of a process that has ended");
    }
}

pub fn silence_of_a_call(target: &Target) {
    for (era, pontoon) in each(target, &["--request-timeout", "1"]) {
        let client = Modern::new(&pontoon);
        let answer = client.call("sleep", json!({"ms": 15_000}));
        assert_eq!(answer["error"]["code"], -32603, "{era}: {answer}");
        eventually("it is cancelled", seconds(10), || {
            pontoon.record.messages("notifications/cancelled").len() == 1
        });
        client.expect_served();
    }
}

pub fn the_end_of_a_process_ends_subscriptions(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Modern::new(&pontoon);
        let mut listen = client.listen(json!({"toolsListChanged": true}));
        probe::signal(client.child(), rustix::process::Signal::KILL);
        // Either it ends, and the client subscribes again, or it is continued in the next process.
        sleep(millis(500));
        client.expect_served();
        let has_ended = !listen.events.is_quiet(millis(300));
        let mut listen =
            if has_ended { client.listen(json!({"toolsListChanged": true})) } else { listen };
        client.text("list_changed", json!({}));
        assert_eq!(listen.news()["method"], "notifications/tools/list_changed", "{era}");
    }
}
