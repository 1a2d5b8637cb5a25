//! The settings of `pontoon calculator`.

use clap::{Arg, Args};
use pontoon_core::{Duration, Rate};
use pontoon_servers::calculator::Settings;

use super::serving::ServingArgs;
use crate::values::{self, Revisions};

/// The settings of `pontoon calculator`.
#[derive(Debug, Args)]
#[command(mut_args(as_documented))]
pub(crate) struct CalculatorArgs {
    #[command(flatten)]
    pub(crate) serving: ServingArgs,

    /// Revisions to serve, separated by commas; all if not given
    #[arg(
        long,
        env = "MCP_REVISIONS",
        help_heading = "Protocol",
        value_name = "DATES",
        value_parser = values::revisions
    )]
    pub(crate) revisions: Option<Revisions>,

    /// Add a tool of this name that repeats its message
    #[arg(
        long,
        env = "SAMPLE_TOOL_NAME",
        help_heading = "Tools",
        value_name = "NAME",
        value_parser = values::sample_tool
    )]
    pub(crate) sample_tool: Option<Settings>,

    /// Send progress as flat `event: progress` and results as `event: data`, which are not MCP
    #[arg(
        long,
        env = "MCP_DOCUMENTED_EVENTS",
        help_heading = "Tools",
        value_parser = values::bool_value
    )]
    pub(crate) documented_events: bool,

    /// Maximum number of requests from an address in a time window; unlimited if not given
    #[arg(
        long,
        env = "RATE_LIMIT_MAX",
        help_heading = "Limits for each client",
        value_name = "COUNT",
        conflicts_with = "requests_per_second",
        value_parser = values::number::<u64, 1, { u64::MAX }>
    )]
    pub(crate) rate_limit: Option<u64>,

    /// Length of that window, in milliseconds unless it has a unit
    #[arg(
        long,
        env = "RATE_LIMIT_WINDOW",
        help_heading = "Limits for each client",
        value_name = "MILLISECONDS",
        default_value = "900000",
        value_parser = values::milliseconds
    )]
    pub(crate) rate_window: Duration,
}

impl CalculatorArgs {
    /// Returns the limit of requests from an address, if there is one.
    pub(crate) fn rate(&self) -> Option<Rate> {
        let window = self.rate_window;
        self.rate_limit.map(|requests_max| Rate::Window { requests_max, window })
    }
}

/// Changes the options of all servers to what is documented for this one.
fn as_documented(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "port" => arg.env("PORT, MCP_PORT").default_value("1071"),
        "allow_origin" => arg.env("CORS_ORIGIN, MCP_ALLOW_ORIGIN"),
        "max_body" => arg.default_value("1MiB"),
        "log_format" => arg.default_value("json"),
        "log_level" => arg.env("LOG_LEVEL, MCP_LOG_LEVEL"),
        _ => arg,
    }
}

pub(super) const EXAMPLES: &str = "\
Examples:
  pontoon calculator                           http://127.0.0.1:1071/mcp
  pontoon calculator --rate-limit 1000 --rate-window 15m
  SAMPLE_TOOL_NAME=educational_echo pontoon calculator

No request leaves anything behind, so any number of instances can share them out. Times and sizes
as for `pontoon proxy`.";
