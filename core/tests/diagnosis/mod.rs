//! What must hold of the diagnostic tools whatever a client sends them.
//!
//! Shared by path between the tests of this crate and the fuzz targets `jwt` and `headers`.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pontoon_core::echo::{Echo, Settings};
use pontoon_core::protocol::Revision;
use pontoon_core::server::{
    Arguments, Client, Content, HttpScene, Outbox, Outcome, Reply, Request, Scene, Server,
    ToolResult,
};
use pontoon_core::time::{Duration, Instant};
use serde_json::Value;
use serde_json::value::to_raw_value;

/// Panics if anything about this text, taken for a token, is not as it should be.
pub(crate) fn jwt(bytes: &[u8]) {
    let token = String::from_utf8_lossy(bytes);
    for server in servers() {
        let data = data(&call(&server, "bearerDecode", Some(("token", &token)), None));
        assert_eq!(data["verified"], false);
        match naively_decoded(token.trim()) {
            Some((header, payload)) => {
                assert_eq!((&data["header"], &data["payload"]), (&header, &payload));
            }
            None if data["decoded"] == true => {
                assert!(data["header"].is_object() && data["payload"].is_object());
            }
            None => assert!(data["problem"].is_string()),
        }
    }
    headers(&[b"authorization: Bearer ", bytes].concat());
}

/// A token that is beyond doubt: three parts of unpadded base64url, two of them JSON objects.
fn naively_decoded(token: &str) -> Option<(Value, Value)> {
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, _] = parts[..] else { return None };
    let object = |part: &str| -> Option<Value> {
        let json = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice(&json).ok().filter(Value::is_object)
    };
    Some((object(header)?, object(payload)?))
}

/// Panics if anything about these header lines, `name: value`, is not as it should be.
pub(crate) fn headers(bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let headers: Vec<_> = lines.map(header).collect();
    let http = Arc::new(HttpScene {
        method: "POST".into(),
        target: "/mcp".into(),
        headers,
        peer: None,
        cors: bytes.len() % 2 == 0,
    });
    for server in servers() {
        check_groups(&data(&call(&server, "printHeader", None, Some(&http))), &http);
        for name in ["authContext", "bearerDecode", "corsAnalysis"] {
            let result = call(&server, name, None, Some(&http));
            let [Content::Text(text)] = &result.content[..] else { panic!("{result:?}") };
            // A client may write this into its headers; a server that checks nothing may not.
            let sent = http.headers.iter().any(|(_, value)| has_claim(&String::from_utf8_lossy(value)));
            assert!(sent || name == "bearerDecode" || !has_claim(text), "{text}");
        }
    }
}

fn has_claim(text: &str) -> bool {
    // In a token it may be written as base64, so any token may say so.
    text.contains("AUTHENTICATED") || text.to_lowercase().contains("bearer")
}

fn header(line: &[u8]) -> (Box<str>, Box<[u8]>) {
    let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
    let name = String::from_utf8_lossy(&line[..colon]).to_lowercase();
    let value = line.get(colon + 1..).unwrap_or_default().trim_ascii();
    (name.into(), value.into())
}

/// Every line is in one group, and the lines of a name are all in the same.
fn check_groups(data: &Value, http: &HttpScene) {
    let groups: Vec<&Vec<Value>> = ["auth", "standard", "mcp", "traefik", "custom"]
        .into_iter()
        .map(|group| data[group].as_array().expect("a list for every group"))
        .collect();
    let sum: usize = groups.iter().map(|lines| lines.len()).sum();
    assert_eq!((sum, &data["total"]), (http.headers.len(), &Value::from(sum)));
    for line in groups.iter().flat_map(|lines| lines.iter()) {
        let holds = |lines: &&&Vec<Value>| lines.iter().any(|other| other["name"] == line["name"]);
        assert_eq!(groups.iter().filter(holds).count(), 1, "{line}");
        assert!(!line["value"].as_str().expect("a text").contains(char::is_control), "{line}");
    }
}

fn servers() -> [Echo; 2] {
    [Echo::stateful(Settings::default()), Echo::stateless(Settings::default())]
}

fn call(
    server: &Echo,
    name: &str,
    argument: Option<(&str, &str)>,
    http: Option<&Arc<HttpScene>>,
) -> ToolResult {
    let raw = argument.map(|(name, value)| (name, to_raw_value(value).expect("a string")));
    let arguments: Arguments<'_> =
        raw.iter().map(|(name, value)| (Cow::Borrowed(*name), &**value)).collect();
    let client = Client::default();
    let scene = Scene {
        now: Instant::ZERO,
        arrived: Instant::ZERO,
        wall: Duration::from_secs(1_704_110_400),
        revision: Revision::NEWEST,
        client: &client,
        http,
        session: None,
        random: 0,
    };
    let request = Request::CallTool { name, arguments: &arguments };
    match server.open().evaluate(&request, &scene, &mut Outbox::default()) {
        Outcome::Done(Ok(Reply::Tool(result))) => result,
        other => panic!("{other:?}"),
    }
}

fn data(result: &ToolResult) -> Value {
    assert!(!result.is_error, "{result:?}");
    result.structured.clone().expect("data beside the text")
}
