//! A server with a tool for each kind of answer.

use serde_json::{Value, json};

use crate::host_stats::Counters;
use crate::observe::{MetricsText, RequestStats};
use crate::server::*;
use crate::time::Duration;

/// The server. Its tools:
///
/// | tool | behaviour |
/// |---|---|
/// | `say` | answers at once with `text` |
/// | `count` | returns how often it was called in this connection |
/// | `steps` | three steps of 100 ms, each with progress, then the answer |
/// | `facts` | waits for facts, and returns them |
/// | `scene` | returns its context |
/// | `ask` | asks the client |
/// | `tell-and-ask` | a log message, then asks the client |
/// | `news` | a log message that belongs to the call, one that does not, and an answer |
/// | `hang-up` | closes the connection, and answers 100 ms later |
/// | `endless` | continues at once, and never ends |
/// | `fail` | an error |
/// | `id` | the id of the request |
#[derive(Debug)]
pub(crate) struct Fixture {
    catalog: Catalog,
}

const TOOLS: [&str; 12] = [
    "tell-and-ask",
    "say",
    "count",
    "steps",
    "facts",
    "scene",
    "ask",
    "news",
    "hang-up",
    "endless",
    "fail",
    "id",
];

impl Fixture {
    pub(crate) fn new() -> Fixture {
        let tools = TOOLS.map(|name| {
            let tool = Tool::new(name, "", Schema::open());
            if name == "say" { tool.ignoring_http() } else { tool }
        });
        let catalog = Catalog {
            name: "fixture",
            version: "0.2.0",
            tools: tools.to_vec(),
            logging: true,
            reads_http: true,
            detailed_health: true,
            ..Catalog::default()
        };
        Fixture { catalog }
    }

    pub(crate) fn with_batches() -> Fixture {
        let mut fixture = Fixture::new();
        fixture.catalog.batches = true;
        fixture
    }

    /// Creates a server with a tool `change`, which changes the list of tools.
    pub(crate) fn that_changes() -> Fixture {
        let mut fixture = Fixture::new();
        fixture.catalog.tools.push(Tool::new("change", "", Schema::open()));
        fixture.catalog.list_changed = true;
        fixture
    }

    /// Creates a server with an extension's method, `things/get`, whose name is `thingId`.
    pub(crate) fn with_extension() -> Fixture {
        let mut fixture = Fixture::new();
        let methods = vec![ExtensionMethod { name: "things/get", named_by: Some("thingId") }];
        let extension = Extension { name: "a.example/things", settings: json!({}), methods };
        fixture.catalog.extensions.push(extension);
        fixture
    }
}

impl Server for Fixture {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn new_handler(&self) -> Box<dyn Handler> {
        Box::new(Counter(0))
    }

    fn health(&self, health: &Health<'_>) -> Value {
        let Counters { sessions, sessions_opened, sessions_expired, .. } = health.facts.counters;
        json!({
            "status": health.status(),
            "uptime_ms": health.uptime.as_millis() as u64,
            "unix_time_ms": health.unix_time.as_millis() as u64,
            "memory": health.facts.process.memory,
            "sessions": [sessions, sessions_opened, sessions_expired],
        })
    }

    fn detailed_health(&self, health: &Health<'_>) -> Value {
        json!({ "has_sessions": health.sessions, "requests": health.facts.counters.requests })
    }

    fn write_metrics(&self, requests: &RequestStats<'_>, text: &mut MetricsText) {
        text.family("fixture_requests_total", "counter", "Requests that were answered.");
        for series in requests.series() {
            let all = series.succeeded.clone().merged(&series.failed);
            text.sample("fixture_requests_total", &series.labels(["method", "tool"]), all.count());
        }
        text.family("fixture_active_requests", "gauge", "Requests that wait for their answer.");
        text.sample("fixture_active_requests", &[], requests.active as u64);
    }
}

#[derive(Debug)]
struct Counter(u64);

impl Handler for Counter {
    fn evaluate(
        &mut self,
        request: &Request<'_>,
        context: &RequestContext<'_>,
        out: &mut Notifications,
    ) -> Outcome {
        let Request::CallTool { name, arguments } = request else {
            return Outcome::error(RpcError::method_not_found("no"));
        };
        self.0 += 1;
        let log = |text: &str| (LogLevel::Info, None, json!(text));
        match *name {
            "say" => Outcome::text(arguments.string("text").unwrap_or_default()),
            "change" => {
                out.push(Notification::ToolsChanged);
                Outcome::text("changed")
            }
            "count" => Outcome::text(self.0.to_string()),
            "id" => Outcome::text(context.request_id().to_string()),
            "steps" => Steps(0).wait(context),
            "hang-up" => {
                out.push(Notification::Disconnect { come_back: Duration::from_secs(5) });
                Steps(2).wait(context)
            }
            "facts" => Outcome::Wait(Wait::Stats, Box::new(Told)),
            "endless" => Outcome::Wait(Wait::Until(context.now), Box::new(Endless)),
            "scene" => Outcome::text(describe(context)),
            "ask" | "tell-and-ask" => {
                if *name == "tell-and-ask" {
                    let (level, logger, data) = log("about to ask");
                    out.push(Notification::Log { level, logger, data });
                }
                let params = json!({ "messages": [], "maxTokens": 1 });
                let wait = Wait::answer("model", "sampling/createMessage", params);
                Outcome::Wait(wait, Box::new(Told))
            }
            "news" => {
                let (level, logger, data) = log("yours");
                out.push(Notification::Log { level, logger, data });
                let (level, logger, data) = log("everybody's");
                out.push(Notification::Unrelated { level, logger, data });
                Outcome::text("told")
            }
            _ => Outcome::error(RpcError::invalid_params("it always fails")),
        }
    }
}

/// Describes the context of a request, one word after the other.
fn describe(context: &RequestContext<'_>) -> String {
    let http = context.http.map_or("-".to_owned(), |http| {
        let headers = http
            .headers
            .iter()
            .map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value)));
        let peer = http.peer.map_or("-".to_owned(), |peer| peer.to_string());
        let headers: Vec<_> = headers.collect();
        format!("{} {} {peer} cors={} {}", http.method, http.target, http.cors, headers.join(";"))
    });
    let session = context.session.map_or("-".to_owned(), |session| {
        format!(
            "initialized={} requests={} used={} took={} queued={}",
            session.initialized,
            session.requests,
            session.used_at.since(session.since).as_secs(),
            session.took.as_millis(),
            session.queued,
        )
    });
    let late = context.now.since(context.arrived).as_millis();
    let wall = context.unix_time.as_secs();
    format!("{} late={late} wall={wall} | {http} | {session}", context.revision)
}

#[derive(Debug)]
struct Steps(u32);

impl Steps {
    fn wait(self, context: &RequestContext<'_>) -> Outcome {
        Outcome::Wait(Wait::Until(context.now + Duration::from_millis(100)), Box::new(self))
    }
}

impl Task for Steps {
    fn resume(
        self: Box<Self>,
        _: Event<'_>,
        context: &RequestContext<'_>,
        out: &mut Notifications,
    ) -> Outcome {
        let step = self.0 + 1;
        out.progress(f64::from(step), 3.0, format!("Step {step} of 3"));
        if step == 3 { Outcome::text("done") } else { Steps(step).wait(context) }
    }
}

#[derive(Debug)]
struct Endless;

impl Task for Endless {
    fn resume(
        self: Box<Self>,
        _: Event<'_>,
        context: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        Outcome::Wait(Wait::Until(context.now), self)
    }
}

#[derive(Debug)]
struct Told;

impl Task for Told {
    fn resume(
        self: Box<Self>,
        event: Event<'_>,
        context: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        let text = match event {
            Event::Answered(answers) => {
                answers.first().map_or_else(|message| message, |answer| answer.to_string())
            }
            Event::Due => "due".to_owned(),
            Event::Sampled(facts) => {
                let Counters { requests, sessions, cleanups, .. } = facts.counters;
                let pid = facts.process.pid;
                format!("pid={pid} requests={requests} sessions={sessions} cleanups={cleanups}")
            }
        };
        let method = context.http.map_or("", |http| &http.method);
        Outcome::text(format!("{text} {method}"))
    }
}
