//! The answers of the paths that speak for all servers of a program.

use serde_json::{Map, Value, json};

use crate::auth::AWAITS_KEYS;
use crate::chunk::Chunk;
use crate::http::{ContentType, NOT_READY, ReplyHead, Request};
use crate::observe::{MetricsText, Overview, ServerState};
use crate::site::page::{PAGE, POLICY};
use crate::time::Duration;

/// The state of a program with one server or several.
#[derive(Clone, Debug, Default)]
pub struct SiteStatus {
    /// Whether it was asked to stop.
    pub stopping: bool,
    /// The reason why its configuration is older than its files, after a reload that failed.
    pub fault: Option<Box<str>>,
    /// The time since its start.
    pub uptime: Duration,
    /// The address of the endpoints, if these paths are served on a listener of their own:
    /// `http://127.0.0.1:3000`.
    pub origin: Option<Box<str>>,
    /// Whether a client has to be given a token, because it cannot discover where to get one.
    pub needs_token: bool,
    /// Its servers, in the order of their files.
    pub servers: Vec<SiteServer>,
}

/// A server of a program.
#[derive(Clone, Debug)]
pub struct SiteServer {
    /// Its name, as in the file.
    pub name: Box<str>,
    /// The path of its endpoint, percent-encoded; `None` if its name leads to none.
    pub path: Option<Box<str>>,
    /// Its state.
    pub status: ServerStatus,
}

/// The state of one of several servers.
#[derive(Clone, Debug)]
pub enum ServerStatus {
    /// It is served.
    Serving(Overview),
    /// Its entry was removed, and its last requests are being answered.
    Draining,
    /// Its entry has this error.
    Broken(Box<str>),
}

impl ServerStatus {
    /// Returns the word for the state, and the reason why a new client would most likely not be
    /// served.
    fn words(&self) -> (&'static str, Option<&str>) {
        match self {
            ServerStatus::Serving(overview) => (overview.state.into(), overview.reason),
            ServerStatus::Draining => ("draining", None),
            ServerStatus::Broken(reason) => ("broken", Some(reason)),
        }
    }

    /// Returns whether a new client would most likely be served.
    fn is_ready(&self) -> bool {
        matches!(self, ServerStatus::Serving(Overview { reason: None, .. }))
    }
}

impl SiteServer {
    /// Returns its name, in quotes if it has neither a letter nor a digit.
    fn shown_name(&self) -> String {
        match self.name.contains(char::is_alphanumeric) {
            true => self.name.to_string(),
            false => format!("\"{}\"", self.name),
        }
    }

    fn to_json(&self) -> Value {
        let (state, reason) = self.status.words();
        let mut value = json!({"name": self.name, "path": self.path, "state": state});
        if let Some(reason) = reason {
            value["reason"] = reason.into();
        }
        if let (ServerStatus::Serving(overview), Some(value)) =
            (&self.status, value.as_object_mut())
        {
            add_figures(overview, value);
        }
        value
    }
}

fn add_figures(overview: &Overview, value: &mut Map<String, Value>) {
    let recent = overview.recent;
    let millis = |time: Option<Duration>| time.map(|time| time.as_micros() as f64 / 1000.0);
    let per_second = (recent.per_second * 100.0).round() / 100.0;
    for (name, figure) in [
        ("sessions", overview.sessions.into()),
        ("processes", overview.children.into()),
        ("in_flight", overview.in_flight.into()),
        ("requests", overview.requests.into()),
        ("errors", overview.errors.into()),
        ("refused", overview.refused.into()),
        ("requests_per_second", per_second.into()),
        ("p50_ms", millis(recent.p50).into()),
        ("p99_ms", millis(recent.p99).into()),
    ] {
        value.insert(name.to_owned(), figure);
    }
}

/// Answers a request that speaks for all servers; `None` for one that engines answer.
pub fn answer(request: &Request, site: &SiteStatus) -> Option<(ReplyHead, Chunk)> {
    match request {
        Request::Servers { html } => Some(servers(*html, site)),
        Request::Health { .. } | Request::HealthDetails => {
            let (status, word) = match site {
                SiteStatus { stopping: true, .. } => (503, "stopping"),
                site if site.is_unhealthy() => (503, "unhealthy"),
                site if site.has_problem() => (200, "degraded"),
                _ => (200, "healthy"),
            };
            let body = match request {
                Request::Health { detailed: false } => site.to_brief_json(word),
                _ => site.to_json(Some(word)),
            };
            Some(json_reply(status, &body))
        }
        Request::Live => Some(text(200, "ok\n".into())),
        Request::Ready { awaits_keys, detailed } => Some(match site {
            SiteStatus { stopping: true, .. } => text(503, "stopping\n".into()),
            SiteStatus { fault: Some(fault), .. } if *detailed => {
                text(503, format!("the last reload failed: {fault}\n"))
            }
            SiteStatus { fault: Some(_), .. } => text(503, format!("{NOT_READY}\n")),
            // No client with a JWT can be known then, and it names no server.
            _ if *awaits_keys => text(503, format!("{AWAITS_KEYS}\n")),
            _ if *detailed => text(200, site.ready_text()),
            _ => text(200, "ok\n".into()),
        }),
        _ => None,
    }
}

/// Answers `GET /`: the page, or the servers as JSON.
pub(crate) fn servers(html: bool, site: &SiteStatus) -> (ReplyHead, Chunk) {
    if !html {
        return json_reply(200, &site.to_json(None));
    }
    let mut head = ReplyHead::with_body(200, ContentType::Html);
    head.policy = Some(POLICY);
    (head, Chunk::from(PAGE))
}

/// Writes the metrics of all servers: `site` has those of the program, and `servers` those of each
/// server.
pub fn metrics(
    status: &SiteStatus,
    site: MetricsText,
    servers: impl IntoIterator<Item = MetricsText>,
) -> (ReplyHead, Chunk) {
    let mut all = site;
    let name = "pontoon_reload_failed";
    all.family(name, "gauge", "Whether the last reload of the configuration failed.");
    all.sample(name, &[], status.fault.is_some().into());
    for SiteServer { name: server, status, .. } in &status.servers {
        let mut text = MetricsText::of_server(server);
        let name = "pontoon_server_ready";
        text.family(name, "gauge", "Whether a new client would most likely be served.");
        text.sample(name, &[], status.is_ready().into());
        all.merge(text);
    }
    servers.into_iter().for_each(|server| all.merge(server));
    (ReplyHead::with_body(200, ContentType::Metrics), Chunk::from(all.finish()))
}

impl SiteStatus {
    fn to_json(&self, status: Option<&str>) -> Value {
        let servers: Vec<_> = self.servers.iter().map(SiteServer::to_json).collect();
        let mut value = json!({"servers": servers, "uptime": self.uptime.as_secs()});
        if self.needs_token {
            value["needs_token"] = true.into();
        }
        for (name, text) in [
            ("status", status),
            ("problem", self.fault.as_deref()),
            ("origin", self.origin.as_deref()),
        ] {
            if let Some(text) = text {
                value[name] = text.into();
            }
        }
        value
    }

    /// Returns the status and counts, for a sender that may not know names and reasons.
    fn to_brief_json(&self, status: &str) -> Value {
        let ready = self.servers.iter().filter(|server| server.status.is_ready()).count();
        json!({
            "status": status,
            "uptime": self.uptime.as_secs(),
            "servers_ready": ready,
            "servers_total": self.servers.len(),
        })
    }

    /// Returns the body of `/readyz` if the program is ready: each server that is not, with the
    /// reason. One of them is no reason to send the clients of the others elsewhere.
    fn ready_text(&self) -> String {
        let mut text = "ok\n".to_owned();
        for server in self.servers.iter().filter(|server| !server.status.is_ready()) {
            let (state, reason) = server.status.words();
            text += &format!("{}: {}\n", server.shown_name(), reason.unwrap_or(state));
        }
        text
    }

    /// Returns whether there are servers, and none of them can be used.
    fn is_unhealthy(&self) -> bool {
        !self.servers.is_empty() && !self.servers.iter().any(|server| server.status.is_ready())
    }

    /// Returns whether a server cannot be used, or the configuration is older than its files.
    fn has_problem(&self) -> bool {
        let works = |server: &SiteServer| match &server.status {
            ServerStatus::Serving(overview) => {
                overview.reason.is_none() && overview.state != ServerState::Degraded
            }
            ServerStatus::Draining => true,
            ServerStatus::Broken(_) => false,
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

#[cfg(test)]
mod tests;
