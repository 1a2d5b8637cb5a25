//! Multi-round requests: the client answers with a second request.

use serde_json::{Value, json};

use super::rig::{Client, form, keys, state};
use crate::principal::Principal;
use crate::seal::StateKey;
use crate::server::tests::rig::{error, text};
use crate::time::Duration;

const REFUSED: (i64, &str) =
    (-32602, "Invalid params: requestState is not valid for this request, or has expired");

fn able() -> Client {
    Client::capable(json!({"elicitation": {}, "roots": {}, "sampling": {}}))
}

fn begin(client: &mut Client) -> Value {
    client.call("interview", json!({}))
}

#[test]
fn an_interview_takes_three_rounds() {
    let mut client = able();
    let first = begin(&mut client);
    assert_eq!(keys(&first), ["name"]);
    let asked = &first["result"]["inputRequests"]["name"];
    assert_eq!(
        (&asked["method"], &asked["params"]["message"]),
        (&json!("elicitation/create"), &json!("Please say."))
    );
    assert_eq!(first["result"].get("ttlMs"), None);
    let server = &first["result"]["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(server["name"], "demo");
    assert!(client.connection.is_idle(), "no task waits for the client");
    // Any instance with the same key can continue.
    let mut client = able();
    let second = client.retry("interview", &state(&first), json!({"name": form("name", "Ada")}));
    assert_eq!(keys(&second), ["color-1", "roots"]);
    assert_ne!(state(&first), state(&second));
    let answers = json!({"color-1": form("color", "red"), "roots": {"roots": []}});
    let last = able().retry("interview", &state(&second), answers);
    assert_eq!(text(&last), "Ada, red, 0 roots");
    assert_eq!(last["result"]["resultType"], "complete");
}

#[test]
fn what_is_missing_is_asked_again_and_what_is_unknown_passed_over() {
    let first = begin(&mut able());
    for answers in [json!({}), json!({"Name": 1, "color-1": form("color", "red")})] {
        let again = able().retry("interview", &state(&first), answers);
        assert_eq!(keys(&again), ["name"]);
    }
    let answers = json!({"name": form("name", "Ada"), "color-1": form("color", "red")});
    let second = able().retry("interview", &state(&first), answers);
    assert_eq!(keys(&second), ["color-1", "roots"], "there was no question for a color yet");
    let answers = json!({"roots": {"roots": [{"uri": "file:///"}]}});
    let third = able().retry("interview", &state(&second), answers);
    assert_eq!(keys(&third), ["color-1"]);
    let answers = json!({"color-1": form("color", "red")});
    assert_eq!(text(&able().retry("interview", &state(&third), answers)), "Ada, red, 1 roots");
}

#[test]
fn a_state_without_answers_is_asked_again() {
    let first = begin(&mut able());
    let params = json!({"name": "interview", "arguments": {}, "requestState": state(&first)});
    assert_eq!(keys(&able().answer("tools/call", params)), ["name"]);
}

#[test]
fn a_first_request_may_know_the_answers_to_the_first_questions() {
    let answers = json!({"name": form("name", "Ada"), "color-1": form("color", "red")});
    let params = json!({"name": "interview", "arguments": {}, "inputResponses": answers});
    let answer = able().answer("tools/call", params);
    assert_eq!(keys(&answer), ["color-1", "roots"]);
    let answers = json!({"color-1": form("color", "red"), "roots": {"roots": []}});
    assert_eq!(text(&able().retry("interview", &state(&answer), answers)), "Ada, red, 0 roots");
}

#[test]
fn an_answer_that_is_none_is_an_error() {
    let ask = |method: &str, answer: Value| {
        let arguments = json!({ "method": method });
        let answers = json!({ "q": answer });
        let params = json!({"name": "ask", "arguments": arguments, "inputResponses": answers});
        able().answer("tools/call", params)
    };
    let bad = [
        ("elicit", json!(12345)),
        ("elicit", json!(null)),
        ("elicit", json!({"action": "yes"})),
        ("elicit", json!({"action": "accept", "content": []})),
        ("roots", json!({})),
        ("roots", json!({"roots": [{}]})),
        ("", json!({"role": "system", "content": {}})),
        ("", json!({"role": "user"})),
    ];
    for (method, answer) in bad {
        let answer = ask(method, answer);
        assert!(error(&answer).1.starts_with("params.inputResponses.q must be a result of "));
        assert_eq!(error(&answer).0, -32602);
    }
    let good = [
        ("elicit", json!({"action": "decline"})),
        ("roots", json!({"roots": []})),
        (
            "",
            json!({"role": "assistant", "model": "m", "content": [{"type": "text", "text": "x"}]}),
        ),
    ];
    for (method, answer) in good {
        assert_eq!(ask(method, answer)["result"]["resultType"], "complete", "{method}");
    }
    for responses in [json!(null), json!([]), json!("x")] {
        let params = json!({"name": "ask", "arguments": {}, "inputResponses": responses});
        let answer = able().answer("tools/call", params);
        assert_eq!(error(&answer), (-32602, "params.inputResponses must be an object"));
    }
}

#[test]
fn a_state_is_good_for_nothing_else() {
    let first = begin(&mut able());
    let good = state(&first);
    let answers = || json!({"name": form("name", "Ada")});
    let tampered = json!(format!("{}-TAMPERED", good.as_str().unwrap()));
    for state in [tampered, json!(""), json!("AAAA"), json!("é")] {
        assert_eq!(error(&able().retry("interview", &state, answers())), REFUSED);
    }
    let answer = able().retry("interview", &json!(5), answers());
    assert_eq!(error(&answer), (-32602, "params.requestState must be a string"));
    // Another tool, other arguments, another method.
    assert_eq!(error(&able().retry("greedy", &good, answers())), REFUSED);
    let mut params = json!({"name": "interview", "arguments": {"x": 1},
        "inputResponses": answers(), "requestState": good});
    assert_eq!(error(&able().answer("tools/call", params.clone())), REFUSED);
    params["arguments"] = json!({});
    params["name"] = json!("greet");
    params["arguments"] = json!({"who": "x"});
    assert_eq!(error(&able().answer("prompts/get", params)), REFUSED);
    // Another key, another principal, an expired state.
    let mut other = Client { seal: StateKey::new([4; 32]), ..able() };
    assert_eq!(error(&other.retry("interview", &good, answers())), REFUSED);
    let mut thief = Client { principal: Principal::of(Some(b"Bearer x")), ..able() };
    assert_eq!(error(&thief.retry("interview", &good, answers())), REFUSED);
    let mut late = able();
    late.wall += Duration::from_secs(599);
    assert_eq!(keys(&late.retry("interview", &good, answers())), ["color-1", "roots"]);
    late.wall += Duration::from_secs(1);
    assert_eq!(error(&late.retry("interview", &good, answers())), REFUSED);
}

#[test]
fn the_way_parameters_are_written_does_not_matter() {
    let first = able().call("ask", json!({"method": "elicit", "a": 1}));
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"requestState":{},
        "arguments":{{"a":1.0,"m\u0065thod":"elicit"}},"name":"\u0061sk",
        "inputResponses":{{"q":{{"action":"cancel"}}}},"_meta":{}}}}}"#,
        state(&first),
        able().meta(),
    );
    assert_eq!(text(&able().raw(line.replace('\n', " "))[0]), r#"{"action":"cancel"}"#);
}

#[test]
fn a_client_is_asked_only_what_it_declared() {
    let mut client = Client::capable(json!({"elicitation": {}}));
    let first = begin(&mut client);
    let second = client.retry("interview", &state(&first), json!({"name": form("name", "Ada")}));
    assert_eq!(keys(&second), ["color-1"], "it has no roots");
    let answers = json!({"color-1": form("color", "red")});
    let last = client.retry("interview", &state(&second), answers);
    assert_eq!(text(&last), "Ada, red, The client did not declare roots/list");
}

#[test]
fn a_client_that_can_be_asked_nothing_is_told_what_it_lacks() {
    let cases = [
        ("", json!({}), json!({"sampling": {}})),
        ("elicit", json!({"sampling": {}}), json!({"elicitation": {}})),
        ("page", json!({"elicitation": {}}), json!({"elicitation": {"url": {}}})),
        ("tools", json!({"sampling": {}}), json!({"sampling": {"tools": {}}})),
        ("roots", json!({"roots": null}), json!({"roots": {}})),
    ];
    for (method, capabilities, required) in cases {
        let answer = Client::capable(capabilities).call("ask", json!({ "method": method }));
        assert_eq!(error(&answer).0, -32021, "{method}");
        assert_eq!(answer["error"]["data"], json!({"requiredCapabilities": required}));
    }
    assert_eq!(error(&begin(&mut Client::new())).0, -32021);
}

#[test]
fn a_prompt_and_a_resource_may_ask_too() {
    let mut client = able();
    let asks = [
        ("prompts/get", json!({"name": "greet", "arguments": {"who": "?"}})),
        ("resources/read", json!({"uri": "demo://asks"})),
    ];
    for (method, mut params) in asks {
        let first = client.answer(method, params.clone());
        assert_eq!(keys(&first), ["name"], "{method}");
        params["requestState"] = state(&first);
        params["inputResponses"] = json!({"name": form("name", "Ada")});
        let last = client.result(method, params);
        assert_eq!(last["resultType"], "complete");
        assert!(last.to_string().contains("Ada"), "{last}");
    }
    let params = json!({
        "ref": {"type": "ref/prompt", "name": "greet"},
        "argument": {"name": "who", "value": "?"},
    });
    let answer = client.answer("completion/complete", params);
    assert_eq!(error(&answer), (-32603, "The server asks where nothing can be asked"));
}

#[test]
fn every_round_has_the_chance_of_the_first() {
    let mut client = Client { random: 11, ..able() };
    let first = client.call("dice", json!({}));
    client.random = 12;
    let last = client.retry("dice", &state(&first), json!({"ok": form("ok", "yes")}));
    assert_eq!(text(&last).split(' ').next(), Some("11"));
    let other = client.call("dice", json!({}));
    let other = client.retry("dice", &state(&other), json!({"ok": form("ok", "yes")}));
    assert_ne!(text(&last), text(&other));
}

#[test]
fn a_task_that_waits_before_it_asks_is_bound_as_any_other() {
    let mut client = able();
    assert!(client.request(json!(1), "tools/call", json!({"name": "later"})).is_empty());
    let first = client.pass(100).remove(0);
    assert_eq!(keys(&first), ["name"]);
    let params = |responses| json!({"name": "later", "requestState": state(&first), "inputResponses": responses});
    let answers = json!({"name": form("name", "Ada")});
    assert!(client.request(json!(2), "tools/call", params(answers)).is_empty());
    assert!(text(&client.pass(100)[0]).contains("Ada"));
    let mut other = params(json!({}));
    other["arguments"] = json!({"x": 1});
    assert_eq!(error(&client.answer("tools/call", other)), REFUSED);
}

#[test]
fn rounds_and_answers_are_limited() {
    let mut client = able();
    let mut answer = client.call("greedy", json!({}));
    let mut rounds = 0;
    while answer.get("error").is_none() {
        rounds += 1;
        answer = client.retry("greedy", &state(&answer), json!({"again": {"roots": []}}));
    }
    assert_eq!((rounds, error(&answer)), (32, (-32603, "The server asks too often")));
    let first = client.call("greedy", json!({}));
    let uri = format!("file:///{}", "x".repeat(1 << 20));
    let answers = json!({"again": {"roots": [{"uri": uri}]}});
    let answer = client.retry("greedy", &state(&first), answers);
    assert_eq!(error(&answer), (-32602, "params.inputResponses are too long together"));
}

#[test]
fn no_request_and_no_withdrawal_ever_goes_to_the_client() {
    let mut client = able();
    let said = client.request(json!(1), "tools/call", json!({"name": "interview"}));
    assert!(said.iter().all(|line| line.get("method").is_none()));
    assert!(client.notify("notifications/cancelled", json!({"requestId": 1})).is_empty());
}
