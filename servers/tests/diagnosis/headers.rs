//! Checks of the diagnostic tools for any header lines of a client.
//!
//! Shared by path between the tests of this crate and the fuzz targets `headers` and `jwt`.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use pontoon_core::server::{
    Arguments, Client, Content, HttpRequestHead, Notifications, Outcome, Reply, Request,
    RequestContext, Server, ToolResult,
};
use pontoon_core::{Duration, Instant, Principal, Revision, StateKey};
use pontoon_servers::echo::{Echo, Settings};
use serde_json::Value;
use serde_json::value::to_raw_value;

/// Panics if a tool handles these lines, `name: value`, wrongly.
pub(crate) fn headers(bytes: &[u8]) {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let http = Arc::new(HttpRequestHead {
        method: "POST".into(),
        target: "/mcp".into(),
        headers: lines.map(header).collect(),
        peer: None,
        cors: bytes.len().is_multiple_of(2),
    });
    for server in servers() {
        check_groups(&data(&call(server, "printHeader", None, Some(&http))), &http);
        check_status(&text(&call(server, "authContext", None, Some(&http))));
        let decoded = data(&call(server, "bearerDecode", None, Some(&http)));
        assert_eq!(decoded["verified"], false);
        let cors = data(&call(server, "corsAnalysis", None, Some(&http)));
        assert!(http.cors || cors["method_allowed"] == false, "{cors}");
    }
}

fn header(line: &[u8]) -> (Box<str>, Box<[u8]>) {
    let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
    let name = String::from_utf8_lossy(&line[..colon]).to_lowercase();
    let value = line.get(colon + 1..).unwrap_or_default().trim_ascii();
    (name.into(), value.into())
}

/// Checks that every line is in one group, and that the lines of a name are all in the same.
fn check_groups(data: &Value, http: &HttpRequestHead) {
    let groups: Vec<&Vec<Value>> = ["auth", "standard", "mcp", "traefik", "custom"]
        .into_iter()
        .map(|group| data[group].as_array().expect("a list for every group"))
        .collect();
    let sum: usize = groups.iter().map(|lines| lines.len()).sum();
    assert_eq!((sum, &data["total"]), (http.headers.len(), &Value::from(sum)));
    for line in groups.iter().flat_map(|lines| lines.iter()) {
        let holds = |lines: &&&Vec<Value>| lines.iter().any(|other| other["name"] == line["name"]);
        // Truncated names may look alike.
        let is_whole = line["name"].as_str().is_some_and(|name| !name.ends_with('…'));
        assert!(!is_whole || groups.iter().filter(holds).count() == 1, "{line}");
        assert!(!line["value"].as_str().expect("a text").contains(char::is_control), "{line}");
    }
}

/// Credentials may claim anything, after a fixed name; the verdict is one of these.
fn check_status(text: &str) {
    let is_verdict =
        |line: &&str| line.starts_with("- Authentication: ") || line.starts_with(['⚠', '❌', '✅']);
    let verdicts: Vec<_> = text.lines().filter(is_verdict).collect();
    let [verdict] = verdicts[..] else { panic!("not one verdict: {text}") };
    let honest = [
        "- Authentication: ⚠️ Unverified (",
        "- Authentication: ❌ No credentials",
        "⚠️ Authentication Status: UNVERIFIED (",
        "❌ Authentication Status: NO CREDENTIALS",
    ];
    assert!(honest.iter().any(|honest| verdict.starts_with(honest)), "{text}");
}

pub(crate) fn servers() -> &'static [Echo; 2] {
    static SERVERS: LazyLock<[Echo; 2]> = LazyLock::new(|| {
        [Echo::stateful(Settings::default()), Echo::stateless(Settings::default())]
    });
    &SERVERS
}

/// Returns the result of a tool, in a connection of its own.
pub(crate) fn call(
    server: &Echo,
    name: &str,
    argument: Option<(&str, &str)>,
    http: Option<&Arc<HttpRequestHead>>,
) -> ToolResult {
    let raw = argument.map(|(name, value)| (name, to_raw_value(value).expect("a string")));
    let arguments: Arguments<'_> =
        raw.iter().map(|(name, value)| (Cow::Borrowed(*name), value.get())).collect();
    let client = Client::default();
    let seal = StateKey::new([0; 32]);
    let context = RequestContext {
        now: Instant::ZERO,
        arrived: Instant::ZERO,
        unix_time: Duration::from_secs(1_704_110_400),
        revision: Revision::NEWEST_LEGACY,
        client: &client,
        http,
        session: None,
        principal: &Principal::Anonymous,
        random: 0,
        seal: &seal,
    };
    let request = Request::CallTool { name, arguments: &arguments };
    match server.new_handler().evaluate(&request, &context, &mut Notifications::default()) {
        Outcome::Done(Ok(Reply::Tool(result))) if !result.is_error => result,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn data(result: &ToolResult) -> Value {
    result.structured.clone().expect("data beside the text")
}

fn text(result: &ToolResult) -> String {
    match &result.content[..] {
        [Content::Text(text)] => text.clone(),
        other => panic!("{other:?}"),
    }
}
