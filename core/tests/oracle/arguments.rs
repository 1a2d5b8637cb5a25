//! Checks of a connection with any input, and of a call with any arguments, with a slow and
//! simple implementation of the published schema.
//!
//! Shared by path between the tests of this crate and the fuzz target `arguments`.

use std::fmt;
use std::sync::Arc;

use pontoon_core::server::{
    Catalog, Field, Handler, Kind, MessageContext, Notifications, Outcome, Request, RequestContext,
    Schema, Server, ServerConnection, Tool,
};
use pontoon_core::{Duration, Instant, StateKey};
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// Panics if these bytes are handled wrongly.
pub(crate) fn arguments(bytes: &[u8]) {
    say(bytes);
    let Ok(json) = serde_json::from_slice::<&RawValue>(bytes) else { return };
    for tool in &Typed::new().0.tools {
        let call = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{}","arguments":{json}}}}}"#,
            tool.name
        );
        let answers = say(call.as_bytes());
        assert_eq!(answers.len(), 1, "{call}");
        if answers[0]["id"].is_null() {
            // It is nested too deeply, or has half of a surrogate pair.
            assert_eq!(answers[0]["error"]["code"], -32700, "{call}");
            assert!(serde_json::from_str::<Value>(&call).is_err(), "{call}");
            continue;
        }
        assert_eq!(answers[0]["id"], 1, "{call}");
        let is_taken = answers[0].get("result").is_some();
        assert_eq!(is_taken, is_valid(&tool.input.to_json(), json.get()), "{call}");
        if !is_taken {
            let error = &answers[0]["error"];
            let message = error["message"].as_str().unwrap();
            assert_eq!(error["code"], -32602);
            assert!(message.starts_with("params.arguments") && message.len() < 500, "{message}");
        }
    }
}

/// Returns a server's output for bytes: lines of JSON.
fn say(bytes: &[u8]) -> Vec<Value> {
    let mut connection = ServerConnection::new(Arc::new(Typed::new()));
    let mut out = Vec::new();
    let seal = StateKey::new([0; 32]);
    let at = MessageContext::without_http(Instant::ZERO, Duration::ZERO, 0, &seal);
    connection.handle_message(bytes, &at, &mut out);
    assert!(out.is_empty() || out.ends_with(b"\n"));
    let lines = out.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("every line is JSON")).collect()
}

/// Returns whether the published schema allows arguments. An object with a duplicate or invalid key
/// is ambiguous, so it is not allowed.
fn is_valid(schema: &Value, arguments: &str) -> bool {
    let Some(members) = members(arguments) else { return false };
    let names: Option<Vec<String>> =
        members.iter().map(|(name, _)| serde_json::from_str(name).ok()).collect();
    let Some(names) = names else { return false };
    let mut sorted = names.clone();
    sorted.sort();
    sorted.dedup();
    let properties = schema["properties"].as_object().unwrap();
    let is_open = schema.get("additionalProperties").is_none();
    let required = schema["required"].as_array().into_iter().flatten();
    sorted.len() == names.len()
        && required.into_iter().all(|name| names.iter().any(|given| name == given))
        && names.iter().zip(&members).all(|(name, (_, value))| match properties.get(name) {
            Some(property) => fits(property, value),
            None => is_open,
        })
}

fn fits(property: &Value, json: &str) -> bool {
    let text = serde_json::from_str::<String>(json).ok();
    let number = json.parse::<f64>().ok();
    let is_type = match property["type"].as_str().unwrap() {
        "boolean" => json == "true" || json == "false",
        "integer" => number.is_some_and(|number| number.fract() == 0.0),
        "number" => number.is_some(),
        _ => text.is_some(),
    };
    let within = |bound: &str, is_kept: fn(f64, f64) -> bool| match property[bound].as_f64() {
        Some(bound) => number.is_some_and(|number| is_kept(number, bound)),
        None => true,
    };
    let is_listed = property["enum"]
        .as_array()
        .is_none_or(|values| text.is_some_and(|text| values.iter().any(|value| *value == text)));
    is_type && is_listed && within("minimum", |n, b| n >= b) && within("maximum", |n, b| n <= b)
}

/// Returns the members of an object, as JSON text, or `None` for any other value.
fn members(json: &str) -> Option<Vec<(&str, &str)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(&'de str, &'de str)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                members.push((key.get(), value.get()));
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_str(json).deserialize_map(Members).ok()
}

/// A server whose tools take every kind of argument.
#[derive(Debug)]
struct Typed(Catalog);

impl Typed {
    fn new() -> Self {
        let fields = [
            Field::new("flag", Kind::Boolean, "A switch."),
            Field::new("mode", Kind::Choice(&["fast", "slow", ""]), "How."),
            Field::new("count", Kind::Integer(-3, 10), "How many.").required(),
            Field::new("ratio", Kind::Number, "Some number."),
            Field::new("name", Kind::String, "A name."),
        ];
        let with = |schema| fields.iter().cloned().fold(schema, Schema::field);
        let tools = vec![
            Tool::new("closed", "Takes these.", with(Schema::closed())),
            Tool::new("open", "Takes more.", with(Schema::open())),
        ];
        Typed(Catalog { name: "typed", version: "1", tools, ..Catalog::default() })
    }
}

impl Server for Typed {
    fn catalog(&self) -> &Catalog {
        &self.0
    }

    fn new_handler(&self) -> Box<dyn Handler> {
        Box::new(TypedSeat)
    }
}

/// A handler that relies on the validation of arguments.
#[derive(Debug)]
struct TypedSeat;

impl Handler for TypedSeat {
    fn evaluate(
        &mut self,
        request: &Request<'_>,
        _: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        let Request::CallTool { arguments, .. } = request else { unreachable!("not announced") };
        assert!((-3..=10).contains(&arguments.integer("count").unwrap()));
        for name in ["mode", "name"] {
            assert_eq!(arguments.json(name).is_some(), arguments.string(name).is_some());
        }
        Outcome::text(arguments.string("name").unwrap_or_default())
    }
}
