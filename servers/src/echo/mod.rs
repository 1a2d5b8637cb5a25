//! The diagnostic servers: they show a client what reaches a server, and the state of the server.
//!
//! Owns: [`Echo`], as the stateful server with its 11 tools and as the stateless one with 9.
//! Never: verifies a token, shows a secret, or states what it cannot know: that is `n/a`.
//!
//! | tool | shows | stateful only |
//! |---|---|---|
//! | `echo` | the message | |
//! | `replayLastEcho` | the last message again | yes |
//! | `printHeader` | the HTTP headers by category, credentials masked | |
//! | `bearerDecode` | the contents of a JWT, unverified | |
//! | `authContext` | the identity in the request | |
//! | `requestTiming` | the time this request takes, and the host | |
//! | `corsAnalysis` | the effect of CORS on the request | |
//! | `environmentDump` | the server's settings | |
//! | `healthProbe` | the server's health | |
//! | `sessionInfo` | the caller's own session | yes |
//! | `whoIStheGOAT` | a legend of computing | |
//!
//! The modern era has no sessions, so the stateful server offers modern clients one more tool:
//! `openSession` returns a name, which `echo`, `replayLastEcho` and `sessionInfo` take as their
//! argument `session`.

mod auth;
mod bearer;
mod cors;
mod environment;
mod goat;
mod handles;
mod headers;
mod health;
mod jwt;
mod legends;
mod memory;
mod message;
mod monitoring;
mod opening;
mod session;
mod settings;
mod shape;
mod text;
mod timing;

use std::borrow::Cow;
use std::sync::Arc;

use pontoon_core::server::{
    Arguments, Catalog, Event, Handler, Health, Notifications, Outcome, Reply, Request,
    RequestContext, RpcError, Server, SessionInfo, Task, Tool, ToolResult, Wait,
};
use pontoon_core::{HostStats, MetricsText, RequestStats, Revision, SystemStats, escape_untrusted};
use serde_json::{Value, json};

use self::handles::Handles;
use self::memory::Memory;
pub use self::settings::{Container, Settings};

/// A diagnostic server.
#[derive(Debug)]
pub struct Echo {
    program: Program,
    catalog: Catalog,
    /// The features for modern clients, if they differ.
    modern: Option<Catalog>,
    settings: Arc<Settings>,
    handles: Arc<Handles>,
}

/// The two programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    Stateful,
    Stateless,
}

impl Echo {
    /// Creates the server that keeps state for each connection: 11 tools.
    pub fn stateful(settings: Settings) -> Self {
        let catalog = Catalog {
            name: "mcp-echo-streamablehttp-server-stateful",
            title: Some("Diagnostic echo server with sessions"),
            tools: vec![
                changes_state(message::echo_tool(Program::Stateful).ignoring_http()),
                changes_state(message::replay_tool().ignoring_http()),
                reads_only(headers::tool()),
                reads_only(bearer::tool()),
                reads_only(auth::tool()),
                reads_only(timing::tool().ignoring_http()),
                reads_only(cors::tool()),
                reads_only(environment::tool().ignoring_http()),
                reads_only(health::tool()),
                reads_only(session::tool().ignoring_http()),
                reads_only(goat::tool().ignoring_http()),
            ],
            logging: true,
            ..common()
        };
        let mut modern = catalog.clone();
        for tool in &mut modern.tools {
            if matches!(&*tool.name, "echo" | "replayLastEcho" | "sessionInfo") {
                *tool = opening::in_a_session(tool.clone());
            }
        }
        modern.tools.insert(0, changes_state(opening::tool().ignoring_http()));
        Echo::new(Program::Stateful, catalog, Some(modern), settings)
    }

    /// Creates the server that keeps nothing between two requests: 9 tools.
    pub fn stateless(settings: Settings) -> Self {
        let catalog = Catalog {
            name: "mcp-echo-streamablehttp-server-stateless",
            title: Some("Diagnostic echo server without sessions"),
            tools: vec![
                reads_only(message::echo_tool(Program::Stateless).ignoring_http()),
                reads_only(headers::tool()),
                reads_only(bearer::tool()),
                reads_only(auth::tool()),
                reads_only(timing::tool().ignoring_http()),
                reads_only(cors::tool()),
                reads_only(environment::tool().ignoring_http()),
                reads_only(health::tool()),
                reads_only(goat::tool().ignoring_http()),
            ],
            ..common()
        };
        Echo::new(Program::Stateless, catalog, None, settings)
    }

    fn new(
        program: Program,
        catalog: Catalog,
        modern: Option<Catalog>,
        settings: Settings,
    ) -> Self {
        let handles = Arc::new(Handles::new(settings.session_timeout, settings.sessions_max));
        Echo { program, catalog, modern, settings: Arc::new(settings), handles }
    }
}

fn common() -> Catalog {
    Catalog {
        version: env!("CARGO_PKG_VERSION"),
        instructions: Some(
            "Tools that show what a server receives. Tokens and user data are not \
             verified.",
        ),
        reads_http: true,
        ..Catalog::default()
    }
}

fn reads_only(mut tool: Tool) -> Tool {
    tool.annotations = Some(json!({ "readOnlyHint": true, "openWorldHint": false }));
    tool
}

fn changes_state(mut tool: Tool) -> Tool {
    tool.annotations = Some(json!({
        "readOnlyHint": false,
        "destructiveHint": false,
        "openWorldHint": false,
    }));
    tool
}

impl Server for Echo {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn modern_catalog(&self) -> &Catalog {
        self.modern.as_ref().unwrap_or(&self.catalog)
    }

    fn new_handler(&self) -> Box<dyn Handler> {
        Box::new(EchoHandler {
            program: self.program,
            settings: Arc::clone(&self.settings),
            handles: Arc::clone(&self.handles),
            memory: Memory::default(),
        })
    }

    fn health(&self, health: &Health<'_>) -> Value {
        monitoring::health(self.program, self.catalog.version, health)
    }

    fn write_metrics(&self, requests: &RequestStats<'_>, text: &mut MetricsText) {
        monitoring::write_metrics(requests, text);
    }
}

/// The server's side of a connection.
#[derive(Debug)]
struct EchoHandler {
    program: Program,
    settings: Arc<Settings>,
    /// The sessions that modern clients name.
    handles: Arc<Handles>,
    /// The state of a legacy session.
    memory: Memory,
}

impl Handler for EchoHandler {
    fn evaluate(
        &mut self,
        request: &Request<'_>,
        context: &RequestContext<'_>,
        out: &mut Notifications,
    ) -> Outcome {
        let (name, arguments) = match request {
            Request::CallTool { name, arguments } => (*name, *arguments),
            Request::ReadResource { uri } => {
                return Outcome::error(RpcError::resource_not_found(uri, "there are no resources"));
            }
            _ => return Outcome::error(RpcError::method_not_found("there are only tools")),
        };
        if name == "healthProbe" || name == "requestTiming" {
            let report = if name == "healthProbe" { health::report } else { timing::report };
            return Sampling { program: self.program, report }.wait();
        }
        let (program, settings) = (self.program, &*self.settings);
        let call = Call { program, settings, arguments, context };
        let answer = match arguments.text(opening::ARGUMENT) {
            Some(session) => {
                let in_session = |facts: &SessionInfo, memory: &mut Memory| {
                    let context = &RequestContext { session: Some(facts), ..context.clone() };
                    answer_at_once(name, &Call { context, ..call }, memory, out)
                };
                let answer = self.handles.with(&session, context, in_session);
                answer.unwrap_or_else(|| Ok(opening::unknown()))
            }
            None if name == opening::NAME => Ok(opening::answer(&call, &self.handles)),
            None => answer_at_once(name, &call, &mut self.memory, out),
        };
        Outcome::Done(answer.map(Reply::Tool))
    }

    fn stored_bytes(&self) -> usize {
        self.memory.bytes()
    }
}

/// Returns the result of a tool that needs no facts.
fn answer_at_once(
    name: &str,
    call: &Call<'_>,
    memory: &mut Memory,
    out: &mut Notifications,
) -> Result<ToolResult, RpcError> {
    match name {
        "authContext" => Ok(auth::answer(call)),
        "bearerDecode" => bearer::answer(call),
        "corsAnalysis" => cors::answer(call),
        "echo" => message::echo(call, memory, out),
        "environmentDump" => Ok(environment::answer(call)),
        "printHeader" => headers::answer(call),
        "replayLastEcho" => Ok(message::replay(call, memory)),
        "sessionInfo" => Ok(session::answer(call, memory)),
        "whoIStheGOAT" => goat::answer(call),
        _ => Err(RpcError::invalid_params(format!("Unknown tool: {name}"))),
    }
}

/// A tool call with its context.
#[derive(Clone, Copy, Debug)]
struct Call<'a> {
    program: Program,
    settings: &'a Settings,
    arguments: &'a Arguments<'a>,
    context: &'a RequestContext<'a>,
}

impl<'a> Call<'a> {
    /// Returns a string argument, or `None` if it was left out.
    fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, RpcError> {
        if self.arguments.json(name).is_none() {
            return Ok(None);
        }
        // A lone surrogate is valid in a JSON string, but not a text.
        let text = self.arguments.text(name);
        text.map(Some).ok_or_else(|| RpcError::invalid_params(format!("{name} must be a string")))
    }

    /// Returns the revision that the client named: in `initialize`, in a header, or in the request.
    fn protocol(&self) -> Option<&'static str> {
        self.context.named_revision().map(Revision::as_str)
    }

    fn session_id(&self) -> Option<String> {
        self.context.session?.id.map(|id| id.to_string())
    }

    /// Returns the id of the session for a text. A connection over stdio has none.
    fn shown_session(&self) -> Option<String> {
        let session = self.context.session?;
        Some(session.id.map_or_else(|| "stdio".to_owned(), |id| id.to_string()))
    }

    /// Returns `test-client v1.0`, as the client described itself.
    fn client(&self) -> Option<String> {
        let client = self.context.client;
        let name = escape_untrusted(client.name.as_ref()?.as_bytes());
        Some(match &client.version {
            Some(version) => format!("{name} v{}", escape_untrusted(version.as_bytes())),
            None => name,
        })
    }
}

/// A tool that waits for facts.
#[derive(Debug)]
struct Sampling {
    program: Program,
    report: fn(Program, &HostStats, &RequestContext<'_>) -> ToolResult,
}

impl Sampling {
    fn wait(self) -> Outcome {
        Outcome::Wait(Wait::Stats, Box::new(self))
    }
}

impl Task for Sampling {
    fn resume(
        self: Box<Self>,
        event: Event<'_>,
        context: &RequestContext<'_>,
        _: &mut Notifications,
    ) -> Outcome {
        match event {
            Event::Sampled(facts) => (self.report)(self.program, facts, context).into(),
            Event::Answered(_) | Event::Due => self.wait(),
        }
    }
}

/// Returns the number of bytes of the host's memory that are in use.
fn used_memory(system: &SystemStats) -> Option<u64> {
    let (total, available) = system.memory_total.zip(system.memory_available)?;
    Some(total.saturating_sub(available))
}

#[cfg(test)]
mod tests;
