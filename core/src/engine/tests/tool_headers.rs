//! Headers that repeat arguments of a tool, checked for children that see no headers.

use serde_json::json;

use super::modern::*;
use super::rig::*;
use crate::config::{BridgeOptions, ChildEra};
use crate::engine::*;
use crate::limits::Limits;

const LISTED: &str = r#"{"tools":[{"name":"x","inputSchema":{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}}}},{"name":"y","inputSchema":{"type":"object"}}]}"#;
const CALL: &str = r#""name":"x","arguments":{"region":"eu"}"#;

fn rig(child_era: ChildEra) -> Rig {
    curious_bridge(BridgeOptions { child_era, ..BridgeOptions::default() }, Limits::default())
}

impl Rig {
    fn call_with(&mut self, params: &[(&str, &str)]) -> ExchangeId {
        let client = Modern::new();
        let body = client.body("1", "tools/call", CALL);
        self.modern_post_with(&client, &body, params)
    }

    /// Prepares the latest child.
    fn ready(&mut self, era: ChildEra) -> ChildId {
        if era == ChildEra::Legacy { self.welcomes() } else { self.last_child() }
    }
}

const ERAS: [ChildEra; 2] = [ChildEra::Legacy, ChildEra::Modern];

#[test]
fn a_call_is_checked_by_a_list_that_the_bridge_asks_for() {
    for era in ERAS {
        let mut rig = rig(era);
        let right = rig.call_with(&[("region", "eu")]);
        let wrong = rig.call_with(&[("region", "us")]);
        let missing = rig.call_with(&[]);
        let child = rig.ready(era);
        let told = rig.told(child);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0]["method"], "tools/list");
        let is_modern = told[0]["params"].get("_meta").is_some();
        assert_eq!(is_modern, era == ChildEra::Modern);
        rig.child_answers(child, &told[0]["id"].to_string(), LISTED);
        for exchange in [wrong, missing] {
            let (status, code, _) = rig.error(exchange);
            assert_eq!((status, code), (400, -32020));
        }
        let told = rig.told(child);
        let methods: Vec<&str> = told.iter().filter_map(|it| it["method"].as_str()).collect();
        assert_eq!(methods, ["tools/call"]);
        rig.child_answers(child, &told[0]["id"].to_string(), "{}");
        assert_eq!(rig.reply(right).0, 200);
    }
}

#[test]
fn a_list_in_parts_is_asked_for_to_its_end() {
    let mut rig = rig(ChildEra::Modern);
    let call = rig.call_with(&[]);
    let child = rig.last_child();
    let number = rig.number(child);
    rig.child_answers(child, &number, r#"{"tools":[],"nextCursor":"c\u0061"}"#);
    let told = rig.told(child);
    assert_eq!(told[0]["params"]["cursor"], "ca");
    rig.child_answers(child, &told[0]["id"].to_string(), LISTED);
    assert_eq!(rig.error(call).1, -32020);
}

#[test]
fn a_list_that_a_client_asks_for_is_as_good() {
    for era in ERAS {
        let mut rig = rig(era);
        let list = rig.ask(&Modern::new(), "1", "tools/list", "");
        let child = rig.ready(era);
        let number = rig.number(child);
        rig.child_answers(child, &number, LISTED);
        assert_eq!(rig.reply(list).0, 200);
        rig.pass(secs(1));
        let right = rig.call_with(&[("region", "eu")]);
        let told = rig.told(child);
        assert_eq!(told[0]["method"], "tools/call");
        rig.child_answers(child, &told[0]["id"].to_string(), "{}");
        assert_eq!(rig.reply(right).0, 200);
        // A requirement that may be outdated refuses no call.
        let wrong = rig.call_with(&[]);
        assert_eq!(rig.stage(wrong), Stage::Waiting);
        let told = rig.told(child);
        assert_eq!(told[0]["method"], "tools/list");
        rig.child_answers(child, &told[0]["id"].to_string(), LISTED);
        assert_eq!(rig.error(wrong).1, -32020);
    }
}

#[test]
fn a_child_that_lists_nothing_is_called_all_the_same() {
    let ways: [fn(&mut Rig, ChildId); 2] = [
        |rig, child| {
            let number = rig.number(child);
            rig.child_says(
                child,
                &format!(
                    r#"{{"jsonrpc":"2.0","id":{number},"error":{{"code":-32601,"message":""}}}}"#
                ),
            );
        },
        |rig, child| {
            rig.fed(child);
            rig.pass(secs(4));
        },
    ];
    for way in ways {
        let mut rig = rig(ChildEra::Modern);
        rig.call_with(&[]);
        let child = rig.last_child();
        way(&mut rig, child);
        assert_eq!(rig.told(child)[0]["method"], "tools/call");
    }
}

#[test]
fn a_crash_while_listing_is_told_and_the_next_child_is_asked_again() {
    let mut rig = rig(ChildEra::Modern);
    rig.call_with(&[]);
    let child = rig.last_child();
    rig.child_says(child, &list_changed(1));
    rig.child_ends(child, ExitStatus::Code(1));
    let next = rig.last_child();
    assert_ne!(next, child);
    assert_eq!(rig.told(next)[0]["method"], "tools/list");
}

#[test]
fn a_tool_whose_annotation_is_not_valid_is_listed_without_it() {
    let bad = LISTED.replace("\"Region\"", "\"not a token\"");
    for era in ERAS {
        let mut rig = rig(era);
        let list = rig.ask(&Modern::new(), "1", "tools/list", "");
        let child = rig.ready(era);
        let number = rig.number(child);
        rig.child_answers(child, &number, &bad);
        let (_, body) = rig.json(list);
        let property = &body["result"]["tools"][0]["inputSchema"]["properties"]["region"];
        assert_eq!(*property, json!({"type": "string"}));
        rig.call_with(&[]);
        assert_eq!(rig.told(child)[0]["method"], "tools/call");
    }
}
