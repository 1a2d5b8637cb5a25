//! The answers of the paths that belong to no server.

use serde_json::{Value, json};

use crate::chunk::Chunk;
use crate::http::{ContentType, ReplyHead, Request, encode_segment};

/// The state of a program with several servers.
#[derive(Clone, Debug, Default)]
pub struct SiteStatus {
    /// Whether it was asked to stop.
    pub stopping: bool,
    /// The reason why its configuration is older than its files, after a reload that failed.
    pub fault: Option<Box<str>>,
    /// Its servers, in the order of their files.
    pub servers: Vec<SiteServer>,
}

/// A server of a program with several.
#[derive(Clone, Debug)]
pub struct SiteServer {
    /// Its name, as in the file.
    pub name: Box<str>,
    /// The first segment of its paths, percent-decoded.
    pub segment: Box<str>,
    /// Its state.
    pub status: ServerStatus,
}

/// The state of one of several servers.
#[derive(Clone, Debug)]
pub enum ServerStatus {
    /// It is served.
    Serving(Summary),
    /// Its entry was removed, and its last requests are being answered.
    Draining,
    /// Its entry has this error.
    Broken(Box<str>),
}

/// The state of an engine, in short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Open sessions.
    pub sessions: usize,
    /// Running processes.
    pub processes: usize,
    /// The reason why a new client would most likely not be served.
    pub unready: Option<&'static str>,
}

impl SiteServer {
    fn to_json(&self) -> Value {
        let path = format!("/{}/mcp", encode_segment(&self.segment));
        let mut value = json!({"name": self.name, "path": path});
        let more = match &self.status {
            ServerStatus::Serving(Summary { sessions, processes, unready }) => match unready {
                None => json!({"state": "serving", "sessions": sessions, "processes": processes}),
                Some(reason) => json!({
                    "state": "failing",
                    "reason": reason.trim_end(),
                    "sessions": sessions,
                    "processes": processes
                }),
            },
            ServerStatus::Draining => json!({"state": "draining"}),
            ServerStatus::Broken(reason) => json!({"state": "broken", "reason": reason}),
        };
        if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
            value.extend(more);
        }
        value
    }
}

/// Answers a request that speaks for all servers; `None` for one that the engine of the site
/// answers.
pub fn answer(request: &Request, site: &SiteStatus) -> Option<(ReplyHead, Chunk)> {
    match request {
        Request::Servers => {
            let servers: Vec<_> = site.servers.iter().map(SiteServer::to_json).collect();
            Some(json_reply(200, &json!({"servers": servers})))
        }
        Request::Health | Request::HealthDetails => {
            let (status, word) = match site {
                SiteStatus { stopping: true, .. } => (503, "stopping"),
                site if site.has_problem() => (200, "degraded"),
                _ => (200, "healthy"),
            };
            let servers: Vec<_> = site.servers.iter().map(SiteServer::to_json).collect();
            Some(json_reply(status, &json!({"status": word, "servers": servers})))
        }
        Request::Live => Some(text(200, "ok\n".into())),
        Request::Ready => Some(match site {
            SiteStatus { stopping: true, .. } => text(503, "stopping\n".into()),
            SiteStatus { fault: Some(fault), .. } => {
                text(503, format!("the last reload failed: {fault}\n"))
            }
            _ => text(200, "ok\n".into()),
        }),
        _ => None,
    }
}

impl SiteStatus {
    /// Returns whether a server cannot be used, or the configuration is older than its files.
    fn has_problem(&self) -> bool {
        let works = |server: &SiteServer| {
            matches!(
                server.status,
                ServerStatus::Serving(Summary { unready: None, .. }) | ServerStatus::Draining
            )
        };
        self.fault.is_some() || !self.servers.iter().all(works)
    }
}

fn json_reply(status: u16, body: &Value) -> (ReplyHead, Chunk) {
    (ReplyHead::with_body(status, ContentType::Json), Chunk::from(format!("{body}\n")))
}

fn text(status: u16, body: String) -> (ReplyHead, Chunk) {
    (ReplyHead::with_body(status, ContentType::Text), Chunk::from(body))
}
