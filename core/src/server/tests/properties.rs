use proptest::prelude::*;
use serde_json::{Value, json};

use super::rig::{Client, error, text};
use crate::server::{Field, Kind, Schema};

/// Any JSON, often with known field names.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-20i64..20).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(&["echo", "typed", "fast", "demo://one", "ref/prompt"][..])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any_key(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    let known = [
        "name",
        "arguments",
        "_meta",
        "progressToken",
        "message",
        "count",
        "flag",
        "mode",
        "ratio",
        "uri",
        "ref",
        "argument",
        "value",
        "type",
        "level",
        "cursor",
        "capabilities",
        "clientInfo",
        "protocolVersion",
        "who",
        "steps",
        "method",
    ];
    prop_oneof![
        4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn any_method() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            "initialize",
            "ping",
            "tools/list",
            "tools/call",
            "prompts/list",
            "prompts/get",
            "resources/list",
            "resources/read",
            "resources/templates/list",
            "resources/subscribe",
            "resources/unsubscribe",
            "completion/complete",
            "logging/setLevel",
            "server/discover",
        ][..],
    )
}

/// Arguments that satisfy the schema of `typed`.
fn allowed() -> impl Strategy<Value = Value> {
    let optional = (
        prop::option::of(any::<bool>()),
        prop::option::of(prop::sample::select(&["fast", "slow"][..])),
        prop::option::of(any::<f64>().prop_filter("JSON has it", |number| number.is_finite())),
        prop::option::of(any::<String>()),
    );
    (1i64..=10, any::<bool>(), optional).prop_map(|(count, whole, (flag, mode, ratio, name))| {
        let count = if whole { json!(count) } else { json!(count as f64) };
        let mut arguments = json!({ "count": count });
        let given = [
            ("flag", flag.map(Value::from)),
            ("mode", mode.map(Value::from)),
            ("ratio", ratio.map(Value::from)),
            ("name", name.map(Value::from)),
        ];
        for (key, value) in given {
            if let Some(value) = value {
                arguments[key] = value;
            }
        }
        arguments
    })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Boolean),
        Just(Kind::Choice(&["fast", "slow"])),
        (-20i64..0, 0i64..20).prop_map(|(min, max)| Kind::Integer(min, max)),
        Just(Kind::Number),
        Just(Kind::String),
    ]
}

/// Returns whether a value satisfies the published schema.
fn is_valid(schema: &Value, value: &Value) -> bool {
    let is_type = match schema["type"].as_str().unwrap() {
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        _ => value.is_string(),
    };
    let within = |bound: &str, is_kept: fn(f64, f64) -> bool| match schema[bound].as_f64() {
        Some(bound) => value.as_f64().is_some_and(|number| is_kept(number, bound)),
        None => true,
    };
    let is_listed = schema["enum"].as_array().is_none_or(|values| values.contains(value));
    is_type && is_listed && within("minimum", |n, b| n >= b) && within("maximum", |n, b| n <= b)
}

proptest! {
    /// For any input, the output is lines of JSON.
    #[test]
    fn any_bytes_are_survived(
        lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..8),
    ) {
        let mut client = Client::new();
        for line in lines {
            client.raw(line);
        }
    }

    /// Every request has one answer, and errors name the wrong parameter.
    #[test]
    fn any_request_is_answered_once(method in any_method(), params in any_json(), time in 0u64..500) {
        let mut client = Client::new();
        let mut said = client.request(json!("id"), method, params);
        for _ in 0..2 {
            said.extend(client.pass(time + 10_000_000));
            said.extend(client.sample(&Default::default()));
        }
        let answers: Vec<_> = said.iter().filter(|line| line["id"] == "id").collect();
        prop_assert_eq!(answers.len(), 1, "{:?}", said);
        if answers[0]["error"]["code"] == -32602 {
            let message = error(answers[0]).1;
            let names = ["params", "Invalid params", "Unknown tool: ", "Unknown prompt: "];
            prop_assert!(names.iter().any(|name| message.starts_with(name)), "{}", message);
        }
    }

    /// A call is refused with an error that names the argument, or it is carried out.
    #[test]
    fn any_arguments_are_taken_or_named(arguments in any_json()) {
        let answer = Client::new().call("typed", arguments.clone());
        if answer.get("error").is_some() {
            let (code, message) = error(&answer);
            prop_assert_eq!(code, -32602);
            prop_assert!(message.starts_with("params.arguments"), "{}", message);
        } else {
            prop_assert!(arguments.is_object());
        }
    }

    #[test]
    fn a_valid_call_is_never_refused(arguments in allowed()) {
        let count = arguments["count"].as_f64().unwrap() as i64;
        let answer = Client::new().call("typed", arguments);
        prop_assert_eq!(text(&answer), count.to_string());
    }

    /// The published schema and the validation agree.
    #[test]
    fn the_published_schema_decides(kind in kind(), value in any_json(), required in any::<bool>()) {
        let mut field = Field::new("x", kind, "Anything.");
        field.required = required;
        let schema = Schema::closed().field(field);
        let published = schema.to_json();
        let mut demo = super::rig::Demo::default();
        demo.catalog.tools[2].input = schema;
        let mut client = Client::of(demo);
        let answer = client.call("any", json!({ "x": value }));
        let is_taken = answer.get("result").is_some();
        prop_assert_eq!(is_taken, is_valid(&published["properties"]["x"], &value));
        let answer = client.call("any", json!({}));
        prop_assert_eq!(answer.get("error").is_some(), required);
        let answer = client.call("any", json!({"x": value, "y": 1}));
        prop_assert!(answer.get("error").is_some(), "there is no y");
    }

    #[test]
    fn any_text_comes_back(message in any::<String>()) {
        let answer = Client::new().call("echo", json!({"message": message}));
        prop_assert_eq!(text(&answer), &message);
        prop_assert_eq!(&answer["result"]["structuredContent"]["message"], &json!(message));
    }
}
