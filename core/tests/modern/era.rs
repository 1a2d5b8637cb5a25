//! Checks of a POST with any head and body: it belongs to one era, and gets one answer in the
//! format of that era, or one refusal.
//!
//! Shared by path between the tests of this crate and the fuzz target `era`. The text has the lines
//! of a head, a blank line, and a body; the headers that a POST requires are added.

use std::sync::Arc;

use bytes::Bytes;
use pontoon_core::http::{Headers, Request, RequestHead, Rules};
use pontoon_core::{
    Config, Duration, Engine, HostStats, Instant, Native, Serves, StatelessOutcome,
};
use serde_json::Value;

#[path = "../native/mod.rs"]
mod native;

use self::native::TestServer;

const LEGACY: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
const MODERN: &str = "2026-07-28";
const META: &str = "io.modelcontextprotocol/";

struct Lines<'a>(Vec<(&'a str, &'a [u8])>);

impl Headers for Lines<'_> {
    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |line: &&(&str, &'a [u8])| line.0.eq_ignore_ascii_case(name);
        self.0.iter().filter(named).map(|line| line.1).collect::<Vec<_>>().into_iter()
    }

    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().copied()
    }
}

/// Panics if this text is handled wrongly.
pub(crate) fn era(text: &[u8]) {
    let (lines, body) = split(text);
    let head = RequestHead {
        method: "POST",
        target: "/mcp",
        headers: &lines,
        peer: None,
        arrived: Instant::ZERO,
    };
    let server = Arc::new(TestServer::new());
    let config = Config::new(Serves::Native(Native::stateless(server)));
    let rules = Rules::new(&config);
    let Ok(admission) = rules.admit(&head, Duration::ZERO) else { return };
    let admitted = admission.request(Bytes::copy_from_slice(body), &head);
    let Ok(Request::Post { head, body: messages }) = admitted else { return };
    let stateless = Engine::new(Arc::new(config), [1; 32], Instant::ZERO).stateless().unwrap();
    assert!(stateless.takes(&head, &messages), "there are no sessions");
    let clock = || (Instant::ZERO, Duration::ZERO);
    let served = stateless.answer(head, &messages, clock, HostStats::default, drop, drop);
    let Ok(message) = serde_json::from_slice::<Value>(body) else { return };
    // Batches belong to one era only, and notifications have no answer.
    if !message.is_object() || message.get("method").is_none() || message.get("id").is_none() {
        return;
    }
    match served {
        StatelessOutcome::Reply(head, answer) => {
            check(&lines, &message, head.status, &answer.to_vec())
        }
        StatelessOutcome::Refused(_, head, answer) => {
            assert!((400..500).contains(&head.status), "{head:?}");
            let answer: Value = serde_json::from_slice(&answer.to_vec()).expect("an error");
            assert!(answer.get("error").is_some() && answer["id"] == message["id"], "{answer}");
        }
        StatelessOutcome::Pending(_) => {}
    }
}

/// Checks that the only answer has the format of the request's era.
fn check(lines: &Lines<'_>, message: &Value, status: u16, answer: &[u8]) {
    let answers: Vec<Value> = messages(answer).filter(|it| it.get("method").is_none()).collect();
    let [answer] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(answer["id"], message["id"]);
    let Some(result) = answer.get("result") else {
        assert!(answer.get("error").is_some(), "{answer}");
        return;
    };
    assert_eq!(status, 200);
    let is_modern = is_modern(lines, message);
    assert_eq!(result.get("resultType").is_some(), is_modern, "{message} {answer}");
    if is_modern {
        let said = |name| lines.values(name).next().map(<[u8]>::trim_ascii);
        assert_eq!(said("mcp-protocol-version"), Some(MODERN.as_bytes()));
        assert_eq!(said("mcp-method"), message["method"].as_str().map(str::as_bytes));
        let meta = &message["params"]["_meta"];
        assert_eq!(meta[format!("{META}protocolVersion")], MODERN);
        assert!(meta[format!("{META}clientCapabilities")].is_object());
    }
}

/// Returns the era of a request, by the text of its rules.
fn is_modern(lines: &Lines<'_>, message: &Value) -> bool {
    let meta = &message["params"]["_meta"];
    let says = |name: &str| meta.get(format!("{META}{name}")).is_some();
    if says("protocolVersion") || says("clientCapabilities") {
        return true;
    }
    let version = lines.values("mcp-protocol-version").next();
    message["method"] != "initialize"
        && version.is_some_and(|version| !LEGACY.iter().any(|it| it.as_bytes() == version))
}

/// Iterates over the messages of a body or a stream.
fn messages(text: &[u8]) -> impl Iterator<Item = Value> {
    let text = str::from_utf8(text).expect("JSON");
    let lines = text.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line));
    lines.filter_map(|line| serde_json::from_str(line).ok())
}

/// Returns the lines of the head, with those that every POST has, and the body.
fn split(text: &[u8]) -> (Lines<'_>, &[u8]) {
    let mut lines: Vec<(&str, &[u8])> =
        vec![("host", b"localhost"), ("content-type", b"application/json")];
    let mut rest = text;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = &rest[..end];
        rest = &rest[end + 1..];
        if line.is_empty() {
            break;
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let Ok(name) = str::from_utf8(&line[..colon]) else { continue };
        if !["host", "content-type", "origin"].contains(&&*name.to_ascii_lowercase()) {
            lines.push((name, line[colon + 1..].trim_ascii()));
        }
    }
    (Lines(lines), rest)
}
