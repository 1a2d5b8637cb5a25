//! The settings of `pontoon echo`.

use clap::{Arg, ArgAction, Args};
use pontoon_core::{Duration, Revision};

use super::serving::{ServingArgs, SessionArgs};
use crate::values::{self, GIB, Revisions};

/// The settings of `pontoon echo`.
#[derive(Debug, Args)]
#[command(mut_args(as_documented))]
pub(crate) struct EchoArgs {
    /// Keep no state: every request is independent, and any number of instances can share the load
    #[arg(long)]
    pub(crate) stateless: bool,

    #[command(flatten)]
    pub(crate) serving: ServingArgs,

    #[command(flatten)]
    pub(crate) sessions: SessionArgs,

    /// Interval between sweeps for expired sessions
    #[arg(
        long,
        env = "MCP_SESSION_CLEANUP_INTERVAL, ECHO_CLEANUP_INTERVAL",
        help_heading = "Sessions",
        value_name = "SECONDS",
        default_value = "60",
        value_parser = values::time
    )]
    pub(crate) cleanup_interval: Duration,

    /// Number of requests after which a connection is closed
    #[arg(
        long,
        env = "MCP_MAX_REQUESTS",
        help_heading = "Endpoint",
        value_name = "COUNT",
        value_parser = values::number::<u64, 1, { u64::MAX }>
    )]
    pub(crate) max_requests: Option<u64>,

    /// Revision that environmentDump reports as the server's; --protocol-versions limits those
    /// served
    #[arg(
        long,
        env = "MCP_PROTOCOL_VERSION",
        help_heading = "Protocol",
        value_name = "DATE",
        value_parser = values::revision
    )]
    pub(crate) protocol_version: Option<Revision>,

    /// Revisions to serve, separated by commas; all if not given
    #[arg(
        long,
        env = "MCP_PROTOCOL_VERSIONS_SUPPORTED",
        visible_alias = "revisions",
        help_heading = "Protocol",
        value_name = "DATES",
        value_parser = values::revisions
    )]
    pub(crate) protocol_versions: Option<Revisions>,

    /// Maximum size of an echoed message
    #[arg(
        long,
        env = "ECHO_MAX_MESSAGE_SIZE",
        help_heading = "Protocol",
        value_name = "BYTES",
        default_value = "1MiB",
        value_parser = values::size::<1, GIB>
    )]
    pub(crate) max_message: usize,

    /// Echo the bytes of a base64 `data:` URL, too
    #[arg(
        long,
        env = "ECHO_ENABLE_BINARY",
        help_heading = "Protocol",
        value_name = "YES|NO",
        default_value = "yes",
        action = ArgAction::Set,
        value_parser = values::bool_value
    )]
    pub(crate) binary: bool,

    /// Compress answers for clients that accept gzip
    #[arg(
        long,
        env = "ECHO_ENABLE_COMPRESSION",
        help_heading = "Protocol",
        value_parser = values::bool_value
    )]
    pub(crate) compression: bool,

    /// Log debugging details; secrets stay masked
    #[arg(long, env = "MCP_ECHO_DEBUG", help_heading = "Log", value_parser = values::bool_value)]
    pub(crate) debug: bool,
}

/// Changes the options of all servers to what is documented for this one.
fn as_documented(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "host" => arg.env("MCP_ECHO_HOST, MCP_BIND_HOST"),
        "port" => arg.env("MCP_ECHO_PORT, MCP_PORT"),
        "allow_origin" => arg.env("MCP_ALLOW_ORIGIN, MCP_CORS_ORIGINS"),
        "timeout" => arg.default_value("3600"),
        "max_sessions" => arg.default_value("1000"),
        "log_level" => arg.env("ECHO_LOG_LEVEL, LOG_LEVEL, MCP_LOG_LEVEL"),
        _ => arg,
    }
}

/// Changes the options of `pontoon echo` to what is documented for `pontoon echo --stateless`.
pub(super) fn as_documented_stateless(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "max_connections" => arg.env("WORKER_CONNECTIONS, MCP_MAX_CONNECTIONS"),
        "max_requests" => arg.env("ECHO_STATELESS_MAX_REQUESTS, MCP_MAX_REQUESTS"),
        "threads" => arg.env("ECHO_STATELESS_WORKERS, MCP_THREADS"),
        "log_level" => arg.env("ECHO_STATELESS_LOG_LEVEL, LOG_LEVEL, MCP_LOG_LEVEL"),
        _ => arg,
    }
}

pub(super) const EXAMPLES: &str = "\
Examples:
  pontoon echo                                 11 tools, sessions, http://127.0.0.1:3000/mcp
  pontoon echo --stateless --port 3001         9 tools, no sessions
  pontoon echo --host 0.0.0.0 --allow-host mcp-echo.example.com
  pontoon echo --protocol-versions 2025-06-18,2024-11-05

The tools show what reaches the server: headers, tokens (their contents, unverified; secrets are
masked), timing and the machine's state. Have a gateway ask who comes. Without state the options
under Sessions mean nothing. Times and sizes as for `pontoon proxy`.";
