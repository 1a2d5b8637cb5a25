//! The settings of `pontoon echo`.

use clap::{ArgAction, Args};
use pontoon_core::protocol::Revision;
use pontoon_core::time::Duration;

use super::{ServingArgs, SessionArgs};
use crate::values::{self, Revisions};

/// The settings of `pontoon echo`.
#[derive(Debug, Args)]
pub(crate) struct EchoArgs {
    /// Remember nothing: every request stands for itself, and any number of instances can share
    /// them out
    #[arg(long)]
    pub(crate) stateless: bool,

    #[command(flatten)]
    pub(crate) serving: ServingArgs,

    #[command(flatten)]
    pub(crate) sessions: SessionArgs,

    /// Time between two looks for sessions that have ended
    #[arg(
        long,
        help_heading = "Sessions",
        value_name = "SECONDS",
        default_value = "60",
        value_parser = values::time
    )]
    pub(crate) cleanup_interval: Duration,

    /// Requests that a connection may bring before it is closed
    #[arg(long, help_heading = "Endpoint", value_name = "COUNT", value_parser = values::requests)]
    pub(crate) max_requests: Option<u64>,

    /// Revision that environmentDump shows as the server's; --protocol-versions limits what is served
    #[arg(long, help_heading = "Protocol", value_name = "DATE", value_parser = values::revision)]
    pub(crate) protocol_version: Option<Revision>,

    /// Revisions that are served, with commas; all of them if not given
    #[arg(
        long,
        visible_alias = "revisions",
        help_heading = "Protocol",
        value_name = "DATES",
        value_parser = values::revisions
    )]
    pub(crate) protocol_versions: Option<Revisions>,

    /// Size of a message that is echoed
    #[arg(
        long,
        help_heading = "Protocol",
        value_name = "BYTES",
        default_value = "1MiB",
        value_parser = values::message_size
    )]
    pub(crate) max_message: usize,

    /// Echo a base64 `data:` URL as bytes, too
    #[arg(
        long,
        help_heading = "Protocol",
        value_name = "YES|NO",
        default_value = "yes",
        action = ArgAction::Set,
        value_parser = values::switch
    )]
    pub(crate) binary: bool,

    /// Compress answers for clients that take gzip
    #[arg(long, help_heading = "Protocol", value_parser = values::switch)]
    pub(crate) compression: bool,

    /// Log what there is for debugging; secrets stay masked
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
