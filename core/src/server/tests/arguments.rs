//! Validation of arguments against the published schema.

use serde_json::{Value, json};

use super::rig::{Client, error, text};

fn call(name: &str, arguments: &str) -> Value {
    let line = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{name}","arguments":{arguments}}}}}"#
    );
    let mut said = Client::new().raw(line);
    assert_eq!(said.len(), 1, "{arguments}");
    said.remove(0)
}

#[test]
fn each_fault_names_its_field() {
    let object = "params.arguments must be an object";
    let count = "params.arguments.count must be a whole number from 1 to 10";
    let cases = [
        ("null", object),
        ("[]", object),
        (r#""count""#, object),
        ("5", object),
        ("true", object),
        ("{}", count),
        (r#"{"count":null}"#, count),
        (r#"{"count":"3"}"#, count),
        (r#"{"count":0}"#, count),
        (r#"{"count":11}"#, count),
        (r#"{"count":1.5}"#, count),
        (r#"{"count":1e400}"#, count),
        (r#"{"count":99999999999999999999999}"#, count),
        (r#"{"count":1,"flag":"true"}"#, "params.arguments.flag must be true or false"),
        (r#"{"count":1,"flag":null}"#, "params.arguments.flag must be true or false"),
        (r#"{"count":1,"flag":1}"#, "params.arguments.flag must be true or false"),
        (r#"{"count":1,"mode":"FAST"}"#, "params.arguments.mode must be one of fast, slow"),
        (r#"{"count":1,"mode":[]}"#, "params.arguments.mode must be one of fast, slow"),
        (r#"{"count":1,"ratio":"1"}"#, "params.arguments.ratio must be a number"),
        (r#"{"count":1,"ratio":{}}"#, "params.arguments.ratio must be a number"),
        (r#"{"count":1,"name":5}"#, "params.arguments.name must be a string"),
        (r#"{"count":1,"nmae":"x"}"#, "params.arguments.nmae is unknown"),
        (r#"{"count":1,"count":2}"#, "params.arguments holds a key twice"),
        (r#"{"count":1,"coun\u0074":2}"#, "params.arguments holds a key twice"),
    ];
    for (arguments, message) in cases {
        assert_eq!(error(&call("typed", arguments)), (-32602, message), "{arguments}");
    }
    for arguments in [r#"{"count":1,"name":"\ud800"}"#, r#"{"count":1,"\ud800":2}"#] {
        let answer = call("typed", arguments);
        let (code, message) = error(&answer);
        assert_eq!((code, message.contains("surrogate")), (-32700, true), "{arguments}");
    }
}

#[test]
fn what_the_schema_allows_is_taken() {
    let cases = [
        (r#"{"count":1}"#, "1"),
        (r#"{"count":10}"#, "10"),
        (r#"{"count":10.0}"#, "10"),
        (r#"{"count":1e1}"#, "10"),
        (r#"{"count":50e-1}"#, "5"),
        (r#"{"coun\u0074":2}"#, "2"),
        (r#"{ "count" : 3 , "flag" : true , "mode" : "slow" }"#, "3"),
        (r#"{"count":1,"mode":"f\u0061st","ratio":-1.5e400,"name":""}"#, "1"),
        (r#"{"count":1,"ratio":0,"name":"\ud83d\ude00"}"#, "1"),
    ];
    for (arguments, told) in cases {
        assert_eq!(text(&call("typed", arguments)), told, "{arguments}");
    }
}

#[test]
fn an_open_schema_passes_over_what_it_does_not_know() {
    assert_eq!(text(&call("echo", r#"{"message":"x","more":[1,{}],"_":null}"#)), "x");
    let must = "params.arguments.message must be a string";
    for arguments in ["{}", r#"{"message":null}"#, r#"{"message":5}"#, r#"{"Message":"x"}"#] {
        assert_eq!(error(&call("echo", arguments)), (-32602, must));
    }
    let object = (-32602, "params.arguments must be an object");
    assert_eq!(error(&call("any", "[]")), object, "a schema as it is still takes an object");
}

#[test]
fn arguments_may_be_left_out_where_none_are_required() {
    let mut client = Client::new();
    let answer = client.answer("tools/call", json!({"name": "contents"}));
    assert!(answer.get("result").is_some());
    let answer = client.answer("tools/call", json!({"name": "echo"}));
    assert_eq!(error(&answer), (-32602, "params.arguments.message must be a string"));
}

#[test]
fn the_name_of_a_tool_is_a_string_of_the_catalog() {
    let mut client = Client::new();
    for name in [json!(null), json!(5), json!(["echo"]), json!({})] {
        let answer = client.answer("tools/call", json!({"name": name, "arguments": {}}));
        assert_eq!(error(&answer), (-32602, "params.name must be a string"));
    }
    let answer = client.answer("tools/call", json!({"arguments": {}}));
    assert_eq!(error(&answer), (-32602, "params.name must be a string"));
    let answer = client.call("Echo", json!({}));
    assert_eq!(error(&answer), (-32602, "Unknown tool: Echo"));
    let answer = client.call(&"é".repeat(10_000), json!({}));
    assert_eq!(error(&answer).1.chars().count(), "Unknown tool: ".len() + 101);
    let escaped = r#"{"jsonrpc":"2.0","id":1,"method":"tools\/call","params":{"name":"\u0065cho","arguments":{"message":"hi"}}}"#;
    assert_eq!(text(&client.raw(escaped)[0]), "hi");
}

#[test]
fn many_arguments_are_compared_in_reasonable_time() {
    let members: Vec<_> = (0..100_000).map(|n| format!(r#""k{n}":0"#)).collect();
    let many = format!(r#"{{"message":"x",{}}}"#, members.join(","));
    assert_eq!(text(&call("echo", &many)), "x");
    let twice = format!(r#"{{"message":"x",{},"k0":1}}"#, members.join(","));
    assert_eq!(error(&call("echo", &twice)), (-32602, "params.arguments holds a key twice"));
}

#[test]
fn a_long_unknown_name_is_cut_short() {
    let arguments = format!(r#"{{"count":1,"{}":1}}"#, "x".repeat(100_000));
    assert!(error(&call("typed", &arguments)).1.len() < 200);
}
