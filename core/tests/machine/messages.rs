//! Messages of clients and children, valid and invalid, for [`super::facts`].

use pontoon_core::http::McpRequestHeaders;
use serde_json::{Value, json};

const META: &str = "io.modelcontextprotocol/";
const METHODS: [&str; 12] = [
    "tools/call",
    "tools/call",
    "tools/list",
    "initialize",
    "server/discover",
    "subscriptions/listen",
    "resources/subscribe",
    "prompts/get",
    "ping",
    "logging/setLevel",
    "tasks/get",
    "x/y",
];
const TOOLS: [&str; 4] = ["add", "steps", "ask", "x"];
const REVISIONS: [&str; 5] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

fn nth(all: &[String], which: u8) -> Option<&String> {
    all.iter().rev().nth(usize::from((which % 8).saturating_sub(4)))
}

/// Returns the text of an id: a known one, or another.
fn id(seen: &[String], which: u8) -> Value {
    let seen = nth(seen, which).and_then(|id| serde_json::from_str(id).ok());
    seen.unwrap_or_else(|| json!(which % 4))
}

/// Returns a body of a client. `questions` are ids of questions to it, `states` request states sent
/// to it.
pub(crate) fn of_client(what: u8, who: u8, questions: &[String], states: &[String]) -> String {
    let method = METHODS[usize::from(what / 8) % METHODS.len()];
    let state = nth(states, who).filter(|_| what >= 192);
    let message = match what % 8 {
        0 => request("initialize", who, false, None),
        1 | 2 => request(method, who, true, state),
        3 | 4 => request(method, who, false, None),
        5 => json!([request(method, who, false, None), request("ping", who / 2, false, None)]),
        6 if what < 128 => json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
            "params": {"requestId": who % 4}}),
        6 => json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        _ if what < 24 => return "{".repeat(usize::from(what)),
        _ => json!({"jsonrpc": "2.0", "id": id(questions, what / 8), "result": {"roots": []}}),
    };
    message.to_string()
}

fn request(method: &str, who: u8, is_modern: bool, state: Option<&String>) -> Value {
    let mut params = json!({
        "name": TOOLS[usize::from(who / 4 % 4)],
        "arguments": {"expression": "1/3", "steps": 3, "duration": 2},
        "uri": "x:y",
        "level": "debug",
        "protocolVersion": REVISIONS[usize::from(who % 5)],
        "capabilities": {"elicitation": {}, "sampling": {}, "roots": {}},
        "notifications": {"toolsListChanged": true, "resourceSubscriptions": ["x:y"]},
        "_meta": {"progressToken": who % 3},
    });
    if is_modern {
        params["_meta"][format!("{META}protocolVersion")] = json!("2026-07-28");
        params["_meta"][format!("{META}clientCapabilities")] = json!({"elicitation": {}});
        if let Some(state) = state {
            params["requestState"] = json!(state);
            params["inputResponses"] = json!({"a": {"action": "accept"}});
        }
    }
    json!({"jsonrpc": "2.0", "id": who % 4, "method": method, "params": params})
}

/// Returns the fields that the headers of a modern request repeat.
pub(crate) fn mirrored(text: &str) -> Option<McpRequestHeaders> {
    let said: Value = serde_json::from_str(text).ok()?;
    said["params"]["_meta"].get(format!("{META}protocolVersion"))?;
    let method = said["method"].as_str()?;
    let member = if method.starts_with("resources/") { "uri" } else { "name" };
    let name = said["params"][member].as_str()?;
    Some(McpRequestHeaders {
        method: method.as_bytes().into(),
        name: Some(name.as_bytes().into()),
        params: Vec::new(),
    })
}

/// Returns a line of a child. `numbers` are ids of requests to children.
pub(crate) fn of_child(what: u8, who: u8, numbers: &[String]) -> String {
    let id = id(numbers, what / 32);
    let code = [-32601, -32022, -32602][usize::from(who % 3)];
    let answer = |result: Value| json!({"jsonrpc": "2.0", "id": id, "result": result});
    let message = match what % 32 {
        0..=5 => answer(json!({"protocolVersion": REVISIONS[usize::from(who % 5)],
            "capabilities": {"tools": {"listChanged": true}}, "serverInfo": {"name": "s"}})),
        6..=9 => answer(json!({"resultType": "complete", "supportedVersions": ["2026-07-28"],
            "capabilities": {"tools": {"listChanged": true}}, "ttlMs": 0, "cacheScope": "private"})),
        10..=12 => answer(json!({"content": [], "resultType": "complete"})),
        13 => answer(json!({"resultType": "input_required", "requestState": "s",
            "inputRequests": {"a": {"method": "elicitation/create", "params": {"message": "m"}}}})),
        14 => answer(json!({"tools": [{"name": "x", "inputSchema": {"type": "object",
            "properties": {"r": {"type": "string", "x-mcp-header": "R"}}}}]})),
        15 | 16 => json!({"jsonrpc": "2.0", "id": id,
            "error": {"code": code, "message": "no"}}),
        17..=19 => json!({"jsonrpc": "2.0", "method": "notifications/progress",
            "params": {"progressToken": id, "progress": who}}),
        20..=22 => json!({"jsonrpc": "2.0", "id": who % 3, "method": "elicitation/create",
            "params": {"message": "m", "requestedSchema": {"type": "object", "properties": {}}}}),
        23 => json!({"jsonrpc": "2.0", "id": who % 3, "method": "sampling/createMessage",
            "params": {}}),
        24 => json!({"jsonrpc": "2.0", "id": who % 3, "method": "roots/list"}),
        25 => json!({"jsonrpc": "2.0", "id": who % 3, "method": "ping"}),
        26 => json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}),
        27 => json!({"jsonrpc": "2.0", "method": "notifications/resources/updated",
            "params": {"uri": "x:y", "_meta": {format!("{META}subscriptionId"): id}}}),
        28 => json!({"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged",
            "params": {"notifications": {"toolsListChanged": true},
                "_meta": {format!("{META}subscriptionId"): id}}}),
        29 => json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
            "params": {"requestId": who % 3}}),
        30 => json!({"jsonrpc": "2.0", "id": id, "result": {}, "error": 5}),
        _ => return "not JSON\n".to_owned(),
    };
    format!("{message}\n")
}

/// Iterates over the messages in lines, in a body or in a stream.
fn messages(text: &[u8]) -> impl Iterator<Item = Value> {
    let lines = text.split(|byte| *byte == b'\n');
    let lines = lines.map(|line| line.strip_prefix(b"data: ").unwrap_or(line));
    lines.filter_map(|line| serde_json::from_slice(line).ok())
}

/// Returns the ids of the requests in it.
pub(crate) fn ids(text: &[u8]) -> Vec<String> {
    let requests = messages(text).filter(|message| message.get("method").is_some());
    requests.filter_map(|message| Some(message.get("id")?.to_string())).collect()
}

/// Returns the request state in it.
pub(crate) fn state(text: &[u8]) -> Option<String> {
    messages(text).find_map(|it| Some(it["result"]["requestState"].as_str()?.to_owned()))
}
