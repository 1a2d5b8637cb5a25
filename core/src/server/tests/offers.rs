//! Lists, prompts, resources, completions.

use serde_json::{Value, json};

use super::rig::{Client, error, text};

#[test]
fn tools_are_listed_with_what_the_revision_has() {
    let tools = |revision| {
        let answer = Client::speaking(revision).answer("tools/list", json!({}));
        answer["result"]["tools"].as_array().unwrap().clone()
    };
    let newest = tools("2025-11-25");
    let names: Vec<_> = newest.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names[..3], ["echo", "typed", "any"]);
    assert!(newest.iter().all(|tool| tool["inputSchema"]["type"] == "object"));
    let keys =
        |tool: &Value| -> Vec<String> { tool.as_object().unwrap().keys().cloned().collect() };
    let all = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"];
    assert_eq!(keys(&newest[0]), all);
    let annotated = ["name", "description", "inputSchema", "annotations"];
    assert_eq!(keys(&tools("2025-03-26")[0]), annotated);
    assert_eq!(keys(&tools("2024-11-05")[0]), annotated[..3]);
}

#[test]
fn schemas_are_published_as_they_are_checked() {
    let answer = Client::new().answer("tools/list", json!({}));
    let schema = json!({
        "type": "object",
        "properties": {
            "flag": {"type": "boolean", "description": "A switch.", "default": false},
            "mode": {"type": "string", "enum": ["fast", "slow"], "description": "How."},
            "count": {"type": "integer", "minimum": 1, "maximum": 10, "description": "How many."},
            "ratio": {"type": "number", "description": "Some number."},
            "name": {"type": "string", "description": "A name."},
        },
        "required": ["count"],
        "additionalProperties": false,
    });
    assert_eq!(answer["result"]["tools"][1]["inputSchema"], schema);
    let verbatim = json!({"type": "object", "minProperties": 1});
    assert_eq!(answer["result"]["tools"][2]["inputSchema"], verbatim);
}

#[test]
fn lists_have_one_page() {
    let mut client = Client::new();
    for method in ["tools/list", "prompts/list", "resources/list", "resources/templates/list"] {
        assert!(client.answer(method, json!({"cursor": null})).get("result").is_some());
        let answer = client.answer(method, json!({"cursor": "2"}));
        assert_eq!(error(&answer), (-32602, "params.cursor is unknown: there is only one page"));
    }
}

#[test]
fn prompts_and_resources_are_listed() {
    let mut client = Client::new();
    let mut list = |method| client.answer(method, json!({}))["result"].clone();
    let arguments = json!([
        {"name": "who", "description": "A person.", "required": true},
        {"name": "how", "description": "A person.", "required": false},
    ]);
    let prompt = json!({"name": "greet", "title": "Greeting", "description": "Greets.",
        "arguments": arguments});
    assert_eq!(list("prompts/list"), json!({"prompts": [prompt]}));
    let resource = json!({"uri": "demo://one", "name": "one", "description": "The one.",
        "mimeType": "text/plain"});
    assert_eq!(list("resources/list"), json!({"resources": [resource]}));
    let template = json!({"uriTemplate": "demo://{id}", "name": "any", "description": "Any.",
        "mimeType": "text/plain"});
    assert_eq!(list("resources/templates/list"), json!({"resourceTemplates": [template]}));
}

#[test]
fn prompts_take_strings() {
    let mut client = Client::new();
    let mut get = |name, arguments: Value| {
        client.answer("prompts/get", json!({"name": name, "arguments": arguments}))
    };
    let answer = get("greet", json!({"who": "Ada", "else": "is passed on"}));
    let message = json!({"role": "user", "content": {"type": "text", "text": "Hello Ada"}});
    assert_eq!(answer["result"], json!({"messages": [message]}));
    let must = |field: &str| format!("params.arguments.{field} must be a string");
    let cases = [
        (json!({}), must("who")),
        (json!({"who": 1}), must("who")),
        (json!({"who": null}), must("who")),
        (json!({"who": "x", "how": 5}), must("how")),
        (json!({"who": "x", "else": []}), must("else")),
        (json!(null), "params.arguments must be an object".to_owned()),
        (json!("x"), "params.arguments must be an object".to_owned()),
    ];
    for (arguments, message) in cases {
        let answer = get("greet", arguments);
        assert_eq!(error(&answer), (-32602, &*message));
    }
    assert_eq!(error(&get("grunt", json!({}))), (-32602, "Unknown prompt: grunt"));
    let answer = client.answer("prompts/get", json!({"name": "greet"}));
    assert_eq!(error(&answer), (-32602, &*must("who")));
    let answer = client.answer("prompts/get", json!({}));
    assert_eq!(error(&answer), (-32602, "params.name must be a string"));
}

#[test]
fn resources_are_read_whether_they_are_listed_or_not() {
    let mut client = Client::new();
    let answer = client.answer("resources/read", json!({"uri": "demo://one"}));
    let contents = json!({"uri": "demo://one", "mimeType": "text/plain", "text": "1"});
    assert_eq!(answer["result"], json!({"contents": [contents]}));
    let answer = client.answer("resources/read", json!({"uri": "demo://x"}));
    assert_eq!(error(&answer), (-32002, "Resource not found"));
    assert_eq!(answer["error"]["data"], json!({"uri": "demo://x"}));
    for params in [json!({}), json!({"uri": 5}), json!({"uri": null})] {
        let answer = client.answer("resources/read", params);
        assert_eq!(error(&answer), (-32602, "params.uri must be a string"));
    }
}

#[test]
fn changes_are_told_to_those_who_subscribed() {
    let mut client = Client::new();
    let updates = |client: &mut Client| {
        let said = client.request(json!(1), "tools/call", json!({"name": "notices"}));
        let is_update = |line: &&Value| line["method"] == "notifications/resources/updated";
        said.iter().filter(is_update).map(|line| line["params"].clone()).collect::<Vec<_>>()
    };
    assert!(updates(&mut client).is_empty());
    let one = json!({"uri": "demo://one"});
    assert_eq!(client.answer("resources/subscribe", one.clone())["result"], json!({}));
    assert_eq!(updates(&mut client), vec![one.clone()]);
    assert_eq!(client.answer("resources/unsubscribe", one)["result"], json!({}));
    assert!(updates(&mut client).is_empty());
    let refused = client.answer("resources/subscribe", json!({"uri": "demo://refused"}));
    assert_eq!(error(&refused).0, -32002);
    let long = client.answer("resources/subscribe", json!({"uri": "x".repeat(10_000)}));
    assert_eq!(error(&long), (-32602, "params.uri is too long"));
    for place in 0..1000 {
        let uri = format!("demo://{place}");
        assert!(client.answer("resources/subscribe", json!({"uri": uri})).get("error").is_none());
    }
    let answer = client.answer("resources/subscribe", json!({"uri": "demo://more"}));
    assert_eq!(error(&answer), (-32603, "Too many subscriptions"));
}

#[test]
fn completions_are_the_first_hundred() {
    let mut client = Client::new();
    let mut complete = |reference: Value, argument: Value| {
        client.answer("completion/complete", json!({"ref": reference, "argument": argument}))
    };
    let prompt = json!({"type": "ref/prompt", "name": "greet"});
    let answer = complete(prompt.clone(), json!({"name": "who", "value": "A"}));
    let completion = &answer["result"]["completion"];
    assert_eq!(completion["values"].as_array().unwrap().len(), 100);
    assert_eq!(completion["values"][0], "greet who A0");
    assert_eq!((&completion["total"], &completion["hasMore"]), (&json!(150), &json!(true)));
    let template = json!({"type": "ref/resource", "uri": "demo://{id}"});
    let typed = json!({"name": "id", "value": ""});
    assert_eq!(complete(template, typed.clone()).get("error"), None);
    let cases = [
        (json!(null), typed.clone(), "params.ref must be an object"),
        (json!({}), typed.clone(), "params.ref.type must be a string"),
        (
            json!({"type": "ref/x"}),
            typed.clone(),
            "params.ref.type must be \"ref/prompt\" or \"ref/resource\"",
        ),
        (json!({"type": "ref/prompt"}), typed.clone(), "params.ref.name must be a string"),
        (json!({"type": "ref/prompt", "name": "x"}), typed.clone(), "Unknown prompt: x"),
        (
            json!({"type": "ref/resource", "uri": "x"}),
            typed.clone(),
            "params.ref.uri is no resource template of this server",
        ),
        (prompt.clone(), typed, "params.argument.name is no argument of this prompt"),
        (prompt.clone(), json!({"name": "who"}), "params.argument.value must be a string"),
        (prompt, json!([]), "params.argument must be an object"),
    ];
    for (reference, argument, message) in cases {
        let answer = complete(reference, argument);
        assert_eq!(error(&answer), (-32602, message));
    }
}

#[test]
fn what_other_arguments_are_is_known_to_a_completion() {
    let mut client = Client::new();
    let mut complete = |context: Value| {
        let reference = json!({"type": "ref/prompt", "name": "greet"});
        let argument = json!({"name": "who", "value": "A"});
        let params = json!({"ref": reference, "argument": argument, "context": context});
        client.answer("completion/complete", params)
    };
    let first = |answer: Value| answer["result"]["completion"]["values"][0].clone();
    assert_eq!(first(complete(json!({"arguments": {"tone": "warm"}}))), "warm greet who A0");
    assert_eq!(first(complete(json!({"arguments": {}}))), "greet who A0");
    assert_eq!(first(complete(json!({}))), "greet who A0");
    for (context, message) in [
        (json!(1), "params.context must be an object"),
        (json!({"arguments": []}), "params.context.arguments must be an object"),
        (
            json!({"arguments": {"tone": 1}}),
            "params.context.arguments must be an object of strings",
        ),
    ] {
        assert_eq!(error(&complete(context)), (-32602, message));
    }
}

#[test]
fn faults_of_the_server_are_passed_on() {
    let answer = Client::new().call("fault", json!({}));
    assert_eq!(error(&answer), (-32004, "Available in extended build"));
    assert_eq!(text(&Client::new().call("any", json!({"x": [1], "y": {}}))), "2");
}
