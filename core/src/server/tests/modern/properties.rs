//! Properties that hold for any input of a client.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::rig::{Client, form, keys, state};
use crate::principal::Principal;
use crate::seal::StateKey;
use crate::server::tests::rig::{Client as Legacy, text};
use crate::time::Duration;

fn any_method() -> impl Strategy<Value = &'static str> {
    select(&[
        "completion/complete",
        "initialize",
        "logging/setLevel",
        "no/such",
        "ping",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/subscribe",
        "server/discover",
        "subscriptions/listen",
        "tools/call",
        "tools/list",
    ])
}

fn any_meta() -> impl Strategy<Value = Option<Value>> {
    let version = select(vec![json!("2026-07-28"), json!("2025-11-25"), json!("x"), json!(null)]);
    let capabilities =
        select(vec![json!({}), json!({"elicitation": {}, "roots": {}}), json!([]), json!(1)]);
    let level = select(vec![json!("debug"), json!("loud"), json!(1)]);
    let token = select(vec![json!(1), json!("t"), json!([])]);
    let options = (
        proptest::option::weighted(0.8, version),
        proptest::option::weighted(0.8, capabilities),
        proptest::option::weighted(0.3, level),
        proptest::option::weighted(0.3, token),
    );
    let meta = options.prop_map(|(version, capabilities, level, token)| {
        let members = [
            ("io.modelcontextprotocol/protocolVersion", version),
            ("io.modelcontextprotocol/clientCapabilities", capabilities),
            ("io.modelcontextprotocol/logLevel", level),
            ("progressToken", token),
        ];
        let given = members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        Value::Object(given.collect())
    });
    prop_oneof![1 => Just(None), 9 => meta.prop_map(Some)]
}

fn any_params() -> impl Strategy<Value = Value> {
    let name =
        select(vec![json!("echo"), json!("interview"), json!("greet"), json!("?"), json!(1)]);
    let arguments = select(vec![json!({}), json!({"message": "x", "who": "y"}), json!(1)]);
    let wanted = select(vec![json!({}), json!({"toolsListChanged": true}), json!(1)]);
    let responses = select(vec![json!({}), json!({"name": form("name", "x")}), json!(null)]);
    let state = select(vec![json!("x"), json!(1)]);
    (
        any_meta(),
        proptest::option::of(name),
        proptest::option::of(arguments),
        proptest::option::of(wanted),
        proptest::option::of(responses),
        proptest::option::weighted(0.2, state),
    )
        .prop_map(|(meta, name, arguments, wanted, responses, state)| {
            let members = [
                ("_meta", meta),
                ("arguments", arguments),
                ("inputResponses", responses),
                ("name", name),
                ("notifications", wanted),
                ("requestState", state),
            ];
            let given = members.into_iter().filter_map(|(key, it)| Some((key.to_owned(), it?)));
            Value::Object(given.collect())
        })
}

fn is_modern(params: &Value) -> bool {
    let has = |name: &str| {
        let key = format!("io.modelcontextprotocol/{name}");
        params.get("_meta").is_some_and(|meta| meta.get(&key).is_some())
    };
    has("protocolVersion") || has("clientCapabilities")
}

proptest! {
    #[test]
    fn every_request_is_answered_once_and_in_one_era(
        method in any_method(),
        params in any_params(),
        id in prop_oneof![any::<i64>().prop_map(Value::from), "[a-z\"\\\\é]{0,6}".prop_map(Value::from)],
    ) {
        let mut client = Client::new();
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let said = client.raw(request.to_string());
        let answers: Vec<_> = said.iter().filter(|line| line.get("id") == Some(&id)).collect();
        let opened = said.iter().any(|line| {
            line["method"] == "notifications/subscriptions/acknowledged"
        });
        prop_assert_eq!(answers.len(), usize::from(!opened), "{:?}", said);
        for answer in answers {
            prop_assert_eq!(
                answer.get("result").is_some() ^ answer.get("error").is_some(), true
            );
            if let Some(result) = answer.get("result") {
                prop_assert_eq!(result.get("resultType").is_some(), is_modern(&params));
            }
            let code = answer["error"]["code"].as_i64();
            let is_of_the_era = code.is_some_and(|code| (-32099..=-32020).contains(&code));
            prop_assert!(!is_of_the_era || is_modern(&params), "{}", answer);
            prop_assert!(!is_modern(&params) || code != Some(-32002), "{}", answer);
        }
        prop_assert!(!opened || is_modern(&params));
        prop_assert!(client.connection.is_idle());
    }

    #[test]
    fn both_eras_come_to_the_same_answer(
        name in select(&["echo", "typed", "any", "contents", "fault", "count", "nothing"]),
        arguments in select(vec![
            json!({}), json!({"message": "é\n"}), json!({"count": 3}), json!({"count": 0}), json!([]),
        ]),
    ) {
        let params = json!({"name": name, "arguments": arguments});
        let legacy = Legacy::new().answer("tools/call", params.clone());
        let mut modern = Client::new().answer("tools/call", params);
        if let Some(result) = modern.get_mut("result") {
            result.as_object_mut().unwrap().remove("resultType");
            result.as_object_mut().unwrap().remove("_meta");
        }
        prop_assert_eq!(legacy, modern);
    }

    #[test]
    fn no_state_with_a_changed_character_is_taken(at in any::<proptest::sample::Index>(), to in "[A-Za-z0-9_-]") {
        let mut client = Client::capable(json!({"elicitation": {}, "roots": {}}));
        let first = client.call("interview", json!({}));
        let good = state(&first);
        let good = good.as_str().unwrap();
        let at = at.index(good.len());
        let changed = format!("{}{to}{}", &good[..at], &good[at + 1..]);
        let answer = client.retry("interview", &json!(changed), json!({"name": form("name", "x")}));
        if changed == good {
            prop_assert_eq!(keys(&answer), ["color-1", "roots"]);
        } else {
            prop_assert_eq!(answer["error"]["code"].as_i64(), Some(-32602));
        }
    }

    #[test]
    fn however_the_answers_are_spread_over_rounds_they_come_to_the_same(
        picks in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        let answers = [
            ("name", form("name", "Ada")),
            ("color-1", form("color", "red")),
            ("roots", json!({"roots": []})),
        ];
        let mut client = Client::capable(json!({"elicitation": {}, "roots": {}}));
        let mut answer = client.call("interview", json!({}));
        // Some rounds with any of the answers, then enough rounds with all of them.
        for pick in picks.into_iter().chain([7, 7, 7]) {
            if answer["result"]["resultType"] == "complete" {
                break;
            }
            let given = answers.iter().enumerate().filter(|(n, _)| pick >> n & 1 == 1);
            let given: Value = given.map(|(_, (key, it))| ((*key).to_owned(), it.clone())).collect();
            answer = client.retry("interview", &state(&answer), given);
        }
        prop_assert_eq!(text(&answer), "Ada, red, 0 roots");
    }
    #[test]
    fn a_state_is_taken_for_what_it_was_made_for_and_nothing_else(
        other_key: bool,
        other_principal: bool,
        other_tool: bool,
        other_arguments: bool,
        late in prop_oneof![0_u64..600, 600_u64..10_000],
        is_repeated: bool,
    ) {
        let able = json!({"elicitation": {}, "roots": {}});
        let first = Client::capable(able.clone()).call("interview", json!({}));
        let mut client = Client::capable(able);
        if other_key {
            client.seal = StateKey::new([9; 32]);
        }
        if other_principal {
            client.principal = Principal::of(Some(b"Bearer another"));
        }
        client.wall += Duration::from_secs(late);
        let params = json!({
            "name": if other_tool { "ask" } else { "interview" },
            "arguments": if other_arguments { json!({"x": 1}) } else { json!({}) },
            "inputResponses": {"name": form("name", "Ada")},
            "requestState": state(&first),
        });
        let mut answer = client.answer("tools/call", params.clone());
        if is_repeated {
            // The same request again gives the same answer.
            let again = client.answer("tools/call", params);
            prop_assert_eq!(&again, &answer);
            answer = again;
        }
        let is_other = other_key || other_principal || other_tool || other_arguments || late >= 600;
        match is_other {
            true => prop_assert_eq!(answer["error"]["code"].as_i64(), Some(-32602)),
            false => prop_assert_eq!(keys(&answer), ["color-1", "roots"]),
        }
    }
}
