//! The settings of `pontoon echo`.

use clap::{ArgAction, Args};
use pontoon_core::protocol::Revision;
use pontoon_core::time::Duration;

use super::{ServingArgs, SessionArgs};
use crate::values::{self, Revisions};

/// The settings of `pontoon echo`.
#[derive(Debug, Args)]
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
        help_heading = "Sessions",
        value_name = "SECONDS",
        default_value = "60",
        value_parser = values::time
    )]
    pub(crate) cleanup_interval: Duration,

    /// Number of requests after which a connection is closed
    #[arg(long, help_heading = "Endpoint", value_name = "COUNT", value_parser = values::requests)]
    pub(crate) max_requests: Option<u64>,

    /// Revision that environmentDump reports as the server's; --protocol-versions limits those
    /// served
    #[arg(long, help_heading = "Protocol", value_name = "DATE", value_parser = values::revision)]
    pub(crate) protocol_version: Option<Revision>,

    /// Revisions to serve, separated by commas; all if not given
    #[arg(
        long,
        visible_alias = "revisions",
        help_heading = "Protocol",
        value_name = "DATES",
        value_parser = values::revisions
    )]
    pub(crate) protocol_versions: Option<Revisions>,

    /// Maximum size of an echoed message
    #[arg(
        long,
        help_heading = "Protocol",
        value_name = "BYTES",
        default_value = "1MiB",
        value_parser = values::message_size
    )]
    pub(crate) max_message: usize,

    /// Echo the bytes of a base64 `data:` URL, too
    #[arg(
        long,
        help_heading = "Protocol",
        value_name = "YES|NO",
        default_value = "yes",
        action = ArgAction::Set,
        value_parser = values::switch
    )]
    pub(crate) binary: bool,

    /// Compress answers for clients that accept gzip
    #[arg(long, help_heading = "Protocol", value_parser = values::switch)]
    pub(crate) compression: bool,

    /// Log debugging details; secrets stay masked
    #[arg(long, help_heading = "Log", value_parser = values::switch)]
    pub(crate) debug: bool,
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
