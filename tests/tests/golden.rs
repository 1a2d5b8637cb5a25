//! The bytes of each program on its operational routes and in its lists, compared with the files in
//! `tests/golden`.
//!
//! After an intended change, `UPDATE_GOLDEN=1 cargo test -p pontoon-suite --test golden` writes the
//! files again; review the difference before you commit it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use pontoon_suite::Target;
use pontoon_suite::client::{NEWEST, initialize, tool_call};
use pontoon_suite::modern;
use pontoon_suite::pontoon::{CommandLine, Pontoon};
use pontoon_suite::wait::sleep;
use pontoon_suite::wire::{Request, Response};
use serde_json::{Value, json};

const LISTS: [&str; 4] =
    ["tools/list", "prompts/list", "resources/list", "resources/templates/list"];

#[test]
fn proxy() {
    let target = Target::simulated();
    let pontoon = target.proxy().start();
    let mut transcript = Transcript::new(&pontoon);
    transcript.operational_routes();
    transcript.expect_unchanged("proxy");
}

#[test]
fn echo() {
    let target = Target::simulated();
    expect_server("echo", target.echo(), "echo", json!({"message": "hello"}));
}

#[test]
fn echo_stateless() {
    let target = Target::simulated();
    let command = target.echo_stateless();
    expect_server("echo-stateless", command, "echo", json!({"message": "hello"}));
}

#[test]
fn calculator() {
    let target = Target::simulated();
    let arguments = json!({"a": 1, "b": 2, "op": "add"});
    expect_server("calculator", target.calculator(), "calculate", arguments);
}

/// The flat events of `--documented-events`: with a token of pontoon's and with one of the
/// client's.
#[test]
fn documented_events() {
    let target = Target::simulated();
    let pontoon = target.calculator().options(&["--documented-events"]).start();
    let mut transcript = Transcript::new(&pontoon);
    let bare = tool_call(1, "demo_progress", json!({}));
    let mut with_token = bare.clone();
    with_token["params"]["_meta"] = json!({"progressToken": 12});
    for call in [bare, with_token, tool_call("x", "no_such_tool", json!({}))] {
        let request = Request::post(call.to_string())
            .with("Accept", "text/event-stream")
            .header("Connection", "close");
        let mut wire = request.open(pontoon.addr);
        let answer = String::from_utf8(wire.until_closed(Duration::from_secs(20))).expect("UTF-8");
        transcript.heading(&format!("POST {call}"));
        // The fields of the events, without the chunks of HTTP.
        let is_field = |line: &&str| line.starts_with("event: ") || line.starts_with("data: ");
        answer.lines().filter(is_field).for_each(|line| transcript.line(&without_token(line)));
    }
    transcript.expect_unchanged("documented-events");
}

/// Compares everything that a server in this process shows, before and after a call of this tool.
fn expect_server(name: &str, command: CommandLine, tool: &str, arguments: Value) {
    let pontoon = command.start();
    let mut transcript = Transcript::new(&pontoon);
    transcript.operational_routes();
    let opened = transcript.post(&initialize(NEWEST), &[]);
    let session = opened.header("mcp-session-id").map(str::to_owned);
    let mut headers = vec![("MCP-Protocol-Version", NEWEST)];
    headers.extend(session.as_deref().map(|session| ("Mcp-Session-Id", session)));
    for (id, method) in LISTS.iter().enumerate() {
        let list = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {}});
        transcript.post(&list, &headers);
    }
    for (id, method) in ["server/discover"].iter().chain(&LISTS).enumerate() {
        let body = modern::request(id, method, json!({}), &modern::every_capability());
        transcript.heading(&format!("POST {method} ({})", modern::REVISION));
        transcript.response(&modern::signed(&body).send(pontoon.addr));
    }
    // Only the counters show these calls: their answers contain random numbers and times.
    for arguments in [arguments, json!({"unknown": 1})] {
        let call = tool_call(7, tool, arguments);
        let request = Request::post(call.to_string());
        let request = headers.iter().fold(request, |it, (name, value)| it.header(name, value));
        request.send(pontoon.addr).expect(200, tool);
    }
    sleep(Duration::from_secs(61));
    transcript.operational_routes();
    transcript.expect_unchanged(name);
}

/// Requests and their responses, as text.
struct Transcript<'a> {
    pontoon: &'a Pontoon,
    text: String,
}

impl<'a> Transcript<'a> {
    fn new(pontoon: &'a Pontoon) -> Transcript<'a> {
        Transcript { pontoon, text: String::new() }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn heading(&mut self, request: &str) {
        self.line(&format!("> {request}"));
    }

    /// Requests each path that operators and browsers use.
    fn operational_routes(&mut self) {
        for path in ["/", "/health", "/health/detailed", "/livez", "/readyz", "/metrics"] {
            self.heading(&format!("GET {path}"));
            let response = self.pontoon.get(path);
            self.response(&response);
        }
    }

    fn post(&mut self, body: &Value, headers: &[(&str, &str)]) -> Response {
        self.heading(&format!("POST {body}"));
        let request = Request::post(body.to_string());
        let request = headers.iter().fold(request, |it, (name, value)| it.header(name, value));
        let response = request.send(self.pontoon.addr);
        self.response(&response);
        response
    }

    fn response(&mut self, response: &Response) {
        let content_type = response.header("content-type").unwrap_or("no body");
        let _ = writeln!(self.text, "< {} {content_type}", response.status());
        for line in response.text().lines() {
            self.line(&without_measurements(line));
        }
    }

    /// Panics unless this is the content of the file.
    #[track_caller]
    fn expect_unchanged(&self, name: &str) {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
        let path = directory.join(format!("{name}.txt"));
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &self.text).expect("the file can be written");
            return;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        for (number, (line, expected)) in self.text.lines().zip(expected.lines()).enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            assert_eq!(line, expected, "{place} differs. If you meant to change it: {UPDATE}");
        }
        assert_eq!(self.text, expected, "{} differs in length. {UPDATE}", path.display());
    }
}

/// Replaces a progress token of pontoon's, 16 random hexadecimal digits, by `*`.
fn without_token(line: &str) -> String {
    let Some((before, rest)) = line.split_once("\"progressToken\":\"") else {
        return line.to_owned();
    };
    let (token, after) = rest.split_once('"').expect("the end of the token");
    assert!(token.len() == 16 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
    format!("{before}\"progressToken\":\"*\"{after}")
}

const UPDATE: &str = "UPDATE_GOLDEN=1 cargo test -p pontoon-suite --test golden";

/// Replaces the figures that depend on the machine by `*`.
fn without_measurements(line: &str) -> String {
    let measured = [
        "process_",
        "pontoon_children_cpu_",
        "pontoon_children_resident_memory_bytes ",
        // An answer counts until the transport has sent it.
        "pontoon_memory_bytes ",
    ];
    if let Some((name, _)) = line.rsplit_once(' ')
        && measured.iter().any(|prefix| line.starts_with(prefix))
    {
        return format!("{name} *");
    }
    let Ok(mut body) = serde_json::from_str::<Value>(line) else { return line.to_owned() };
    let mut is_measured = false;
    for pointer in [
        "/memory/rss",
        "/application/memory/rss",
        "/system/cores",
        "/system/loadAverage",
        "/system/memory/total",
        "/system/memory/available",
        "/timestamp",
    ] {
        if let Some(value) = body.pointer_mut(pointer) {
            *value = json!("*");
            is_measured = true;
        }
    }
    // Without a measurement the line stays unchanged.
    if is_measured { body.to_string() } else { line.to_owned() }
}
