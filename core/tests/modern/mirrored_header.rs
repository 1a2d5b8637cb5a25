//! Checks of a header that repeats a value of the body, of the schema that annotates it, and of the
//! call that has both, with a slow and simple parser.
//!
//! The bytes are a header's value, a line of JSON and the schema of a tool, each after a line
//! break.
//!
//! Shared by path between the tests of this crate and the fuzz target `mirrored_header`.

use std::str;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pontoon_core::testing::{HeaderParams, ToolsPage, field, read_tools_page};
use serde_json::{Value, json};

/// Panics if these bytes are handled wrongly.
pub(crate) fn mirrored_header(bytes: &[u8]) {
    let mut lines = bytes.splitn(3, |&byte| byte == b'\n');
    let [value, json, schema] = [(); 3].map(|()| lines.next().unwrap_or_default());
    check_value(value);
    if let Ok(json) = serde_json::from_slice(json) {
        check_same(value, &json);
    }
    let Ok(schema) = serde_json::from_slice::<Value>(schema) else { return };
    check_page(&schema);
    if let (Ok(params), Ok(arguments)) = (HeaderParams::of(&schema), serde_json::from_slice(json)) {
        check_call(&params, &schema, &arguments, value);
    }
}

/// Checks that a value is decoded correctly, and that encoding the result gives an equivalent
/// value.
fn check_value(value: &[u8]) {
    let read = field::decode(value);
    assert_eq!(read.as_deref(), reading(value).as_deref());
    let Some(text) = read else { return };
    let written = field::encode(&text);
    assert_eq!(field::decode(written.as_bytes()).as_deref(), Some(&*text));
    assert!(written.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{written:?}");
}

fn reading(value: &[u8]) -> Option<String> {
    let value = str::from_utf8(value).ok()?.trim_matches([' ', '\t']);
    if value.chars().any(|char| !matches!(char, ' '..='~' | '\t')) {
        return None;
    }
    let is_base64 = value.starts_with("=?base64?") && value.ends_with("?=") && value.len() >= 11;
    if !is_base64 {
        return Some(value.to_owned());
    }
    let base64 = &value[9..value.len() - 2];
    let bytes = STANDARD.decode(base64).ok()?;
    (STANDARD.encode(&bytes) == base64).then(|| String::from_utf8(bytes).ok()).flatten()
}

/// Checks that a header equals a value exactly if it has the value's text, or an equal number.
fn check_same(value: &[u8], json: &Value) {
    let is_same = field::matches(value, json.to_string().as_bytes());
    let text = reading(value);
    let same_text = |other: &str| text.as_deref() == Some(other);
    match json {
        Value::String(string) => assert_eq!(is_same, same_text(string)),
        Value::Bool(switch) => assert_eq!(is_same, same_text(&switch.to_string())),
        Value::Number(number) => {
            let given = text.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
            let is_integer = |value: &Value| value.is_i64() || value.is_u64();
            match given.as_ref().filter(|given| given.is_number()) {
                Some(given) if is_integer(given) && is_integer(json) => {
                    assert_eq!(is_same, given == json);
                }
                // The nearest doubles of equal numbers are equal.
                Some(given) if is_same => assert_eq!(given.as_f64(), number.as_f64()),
                _ => assert!(!is_same || same_text(&number.to_string()), "{text:?} {number}"),
            }
        }
        Value::Null | Value::Array(_) | Value::Object(_) => assert!(!is_same),
    }
}

/// Checks that a page of tools keeps all that is valid, and of the rest all but the annotations.
fn check_page(schema: &Value) {
    let page = |schema: &Value| {
        let tool = json!({ "name": "a tool", "inputSchema": schema });
        format!(r#"{{ "x-mcp-header" : 1, "tools":[ {{"name":7}} , {tool}, null ] , "b": [] }}"#)
    };
    let name = "a tool".to_owned();
    let expected = match HeaderParams::of(schema) {
        Ok(params) if params.is_empty() => ToolsPage::default(),
        Ok(params) => ToolsPage { mirrored: vec![(name, params)], ..ToolsPage::default() },
        Err(invalid) => {
            let rewritten =
                read_tools_page(page(schema).as_bytes()).rewritten.expect("it is not valid");
            let read: Value = serde_json::from_slice(&rewritten).expect("it stays JSON");
            let stripped = &read["tools"][1]["inputSchema"];
            assert_eq!(String::from_utf8_lossy(&rewritten), page(stripped));
            assert_eq!(HeaderParams::of(stripped), Ok(HeaderParams::default()));
            assert_eq!(read_tools_page(&rewritten), ToolsPage::default());
            let invalid = vec![(name, invalid)];
            ToolsPage { invalid, rewritten: Some(rewritten), ..ToolsPage::default() }
        }
    };
    assert_eq!(read_tools_page(page(schema).as_bytes()), expected);
}

/// Checks that a call with the required headers is accepted, and that one with any fewer, or
/// another value, is not.
fn check_call(params: &HeaderParams, schema: &Value, arguments: &Value, value: &[u8]) {
    let text = arguments.to_string();
    let is_taken =
        |headers: &[(String, Vec<u8>)]| params.check(Some(text.as_bytes()), headers).is_ok();
    let mut headers = Vec::new();
    required(schema, Some(arguments), &mut headers);
    let given: Vec<_> = headers
        .iter()
        .filter_map(|(name, json)| Some((name.clone(), rendered(json.as_ref()?)?)))
        .collect();
    assert!(is_taken(&given), "{given:?}");
    for at in 0..given.len() {
        let mut fewer = given.clone();
        let (name, _) = fewer.remove(at);
        assert!(!is_taken(&fewer), "{fewer:?}");
        let json = headers.iter().find(|(other, _)| *other == name).and_then(|it| it.1.clone());
        fewer.push((name, value.to_vec()));
        let json = json.expect("it has a value").to_string();
        assert_eq!(is_taken(&fewer), field::matches(value, json.as_bytes()));
    }
    for (name, _) in headers {
        let more = [&given[..], &[(name, value.to_vec())]].concat();
        assert!(!is_taken(&more), "{more:?}");
    }
}

/// Collects the headers that a valid schema names, with their values in the arguments.
fn required(schema: &Value, value: Option<&Value>, headers: &mut Vec<(String, Option<Value>)>) {
    if let Some(Value::String(name)) = schema.get("x-mcp-header") {
        headers.push((name.to_ascii_lowercase(), value.cloned()));
    }
    for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        let value = value.and_then(Value::as_object).and_then(|object| object.get(name));
        required(schema, value, headers);
    }
}

fn rendered(value: &Value) -> Option<Vec<u8>> {
    let text = match value {
        Value::String(string) => field::encode(string).into_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(text.into_bytes())
}
