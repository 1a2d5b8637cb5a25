//! The log lines of requests: client, tool and result.

use serde_json::{Value, json};

use crate::Target;
use crate::cases::modern_bridge::each;
use crate::client::{Client, tool_call};
use crate::modern::Modern;
use crate::pontoon::Pontoon;
use crate::wait::{eventually, seconds};

cases! { $ requests_seen:
    each_request_is_a_line
    names_of_tools_stay_in_their_line
    lines_above_the_limit_are_counted
}

/// Returns the lines of calls of a tool, once there are this many.
#[track_caller]
fn calls(pontoon: &Pontoon, count: usize) -> Vec<Value> {
    let is_call = |line: &Value| line["method"] == "tools/call";
    let seen = || pontoon.log_events("request_done").into_iter().filter(is_call);
    eventually("they are logged", seconds(5), || seen().count() >= count);
    seen().collect()
}

pub fn each_request_is_a_line(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let client = Client::open(&pontoon);
        client.call("echo", json!({"text": "s3cret"}));
        client.send(tool_call(9, "no-such-tool", json!({}))).expect(200, "an error");
        Modern::new(&pontoon).call("echo", json!({"text": "s3cret"}));
        let seen = calls(&pontoon, 3);
        for (line, tool) in seen.iter().zip(["echo", "no-such-tool", "echo"]) {
            assert_eq!(
                (&line["tool"], &line["status"]),
                (&json!(tool), &json!(200)),
                "{era}: {line}"
            );
            assert_eq!(line["ok"], json!(tool == "echo"), "{era}: {line}");
            assert!(line["took"].is_number() && line["level"] == "info", "{era}: {line}");
            assert!(line["client"].is_string(), "{era}: {line}");
        }
        assert!(seen[0]["session"].is_string(), "{era}: {}", seen[0]);
        assert!(seen[2]["session"].is_null(), "{era}: {}", seen[2]);
        let all = pontoon.log_events("request_done");
        assert_eq!(all[0]["method"], "initialize", "{era}: {all:?}");
        assert!(!pontoon.log().contains("s3cret"), "{era}: {}", pontoon.log());
    }
}

pub fn names_of_tools_stay_in_their_line(target: &Target) {
    for (era, pontoon) in each(target, &[]) {
        let long = format!("a\n{}", "x".repeat(5000));
        Client::open(&pontoon).send(tool_call(9, &long, json!({}))).expect(200, "an error");
        let seen = calls(&pontoon, 1);
        let shown = seen[0]["tool"].as_str().unwrap();
        assert!(shown.starts_with("a") && shown.chars().count() <= 101, "{era}: {shown}");
        assert!(!shown.contains('\n'), "{era}: {shown}");
    }
}

pub fn lines_above_the_limit_are_counted(target: &Target) {
    let pontoon = target.proxy().start();
    let client = Client::open(&pontoon);
    for _ in 0..300 {
        client.request("ping", json!({}));
    }
    let counted = || {
        let written = pontoon.log_events("request_done").len() as u64;
        let skipped = pontoon.log_events("skipped").into_iter();
        let requests = skipped.filter(|line| line["what"] == "request_done");
        written + requests.map(|line| line["times"].as_u64().unwrap()).sum::<u64>()
    };
    // Includes the `initialize` that opened the session.
    eventually("all are counted", seconds(10), || counted() == 301);
}
