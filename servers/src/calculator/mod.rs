//! The calculator: a stateless server, and the reference for such servers.
//!
//! Owns: [`Calculator`], the tools, prompts and resources of the documented program, and the exact
//! arithmetic behind them ([`Number`], [`Expression`]).
//! Never: stores a request, rounds intermediate results, or answers a division by zero with a
//! number.
//!
//! | feature | kind |
//! |---|---|
//! | `calculate`, `demo_progress`, and a sample with a configured name | tools |
//! | `solve_math_problem`, `explain_formula`, `calculator_assistant` | tools that are not available |
//! | `explain-calculation`, `generate-problems`, `calculator-tutor` | prompts |
//! | `calculator://constants`, `calculator://stats`, `formulas://library`, `request://current` | resources |
//! | `calculator://history/{id}` | a template without any resource |
//!
//! Source: MCP 2025-11-25, server/{tools,prompts,resources} and server/utilities/completion.

mod calculate;
mod catalog;
mod choice;
mod demo_progress;
mod dice;
mod explain;
mod expression;
mod extended;
mod flat_events;
mod health;
mod markdown;
mod number;
mod operation;
mod problems;
mod request;
mod resources;
mod sample;
mod settings;
mod topic;
mod tutor;

use std::sync::Arc;

use pontoon_core::server::{
    Arguments, Catalog, Completion, Handler, Health, Notifications, Outcome, Reply, Request,
    RequestContext, RpcError, Server,
};
use pontoon_core::{MetricsText, RequestStats};
use serde_json::Value;

use self::choice::Choice;
pub use demo_progress::PROGRESS_LEVEL;
pub use expression::{Expression, Step, Unreadable, Why};
pub use flat_events::FlatEvents;
pub use number::{NotANumber, Number};
pub use operation::{NoResult, Operation};
pub use settings::{InvalidToolName, NAME_LEN_MAX, Settings};

/// The calculator, shared by all connections.
#[derive(Debug)]
pub struct Calculator {
    catalog: Catalog,
    sample_tool: Option<Arc<str>>,
}

impl Calculator {
    /// Creates a calculator.
    pub fn new(settings: Settings) -> Self {
        Calculator {
            catalog: catalog::catalog(settings.sample_tool_name()),
            sample_tool: settings.sample_tool_name().map(Arc::from),
        }
    }
}

impl Server for Calculator {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn new_handler(&self) -> Box<dyn Handler> {
        Box::new(Connection { sample_tool: self.sample_tool.clone() })
    }

    fn unknown_tool(&self, name: &str) -> RpcError {
        extended::unknown(name)
    }

    fn health(&self, health: &Health<'_>) -> Value {
        health::report(&self.catalog, health)
    }

    fn detailed_health(&self, health: &Health<'_>) -> Value {
        health::detailed_report(&self.catalog, health)
    }

    fn write_metrics(&self, requests: &RequestStats<'_>, text: &mut MetricsText) {
        text.family("mcp_pattern", "gauge", "How the server keeps state: always 1.");
        text.sample("mcp_pattern", &[("pattern", health::pattern(requests.sessions))], 1);
    }
}

/// The handler of one request. Its only state is a setting.
#[derive(Debug)]
struct Connection {
    sample_tool: Option<Arc<str>>,
}

impl Handler for Connection {
    fn evaluate(
        &mut self,
        request: &Request<'_>,
        context: &RequestContext<'_>,
        out: &mut Notifications,
    ) -> Outcome {
        match request {
            Request::CallTool { name, arguments } => self.call(name, arguments, context, out),
            Request::Complete { of, argument, value, .. } => {
                Outcome::Done(Ok(Reply::Completion(complete(of, argument, value))))
            }
            Request::Extended { .. } => Outcome::error(RpcError::method_not_found("no extensions")),
            Request::GetPrompt { name, arguments } => prompt(name, arguments, context),
            Request::ReadResource { uri } => resources::read(uri, context),
            Request::Subscribe { .. } | Request::Unsubscribe { .. } => {
                Outcome::error(RpcError::method_not_found("Resources cannot be subscribed to"))
            }
        }
    }
}

impl Connection {
    fn call(
        &self,
        name: &str,
        arguments: &Arguments<'_>,
        context: &RequestContext<'_>,
        out: &mut Notifications,
    ) -> Outcome {
        if self.sample_tool.as_deref() == Some(name) {
            return sample::call(name, arguments);
        }
        match name {
            calculate::NAME => calculate::call(arguments, context, out),
            demo_progress::NAME => demo_progress::call(context),
            // The catalog has no others except those of the extended build.
            _ => Outcome::error(extended::unavailable()),
        }
    }
}

fn prompt(name: &str, arguments: &Arguments<'_>, context: &RequestContext<'_>) -> Outcome {
    match name {
        explain::NAME => explain::answer(arguments),
        problems::NAME => problems::answer(arguments, context),
        tutor::NAME => tutor::answer(arguments, context),
        _ => Outcome::error(RpcError::invalid_params(format!("unknown prompt: {name}"))),
    }
}

/// Returns completions for arguments of prompts with a few possible values; others have none.
fn complete(of: &str, argument: &str, typed: &str) -> Completion {
    match (of, argument) {
        (explain::NAME, "level") => explain::Level::complete(typed),
        (problems::NAME, "count") => problems::complete_count(typed),
        (problems::NAME, "difficulty") => topic::Difficulty::complete(typed),
        (problems::NAME | tutor::NAME, "topic") => topic::Topic::complete(typed),
        (tutor::NAME, "studentLevel") => tutor::StudentLevel::complete(typed),
        _ => Completion::default(),
    }
}

#[cfg(test)]
mod tests;
