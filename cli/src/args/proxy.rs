//! The settings of `pontoon proxy`.

use std::ffi::OsString;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use pontoon_core::config::{ChildEra, ChildPer};
use pontoon_core::time::Duration;

use super::{ServingArgs, SessionArgs};
use crate::values::{self, Assignment, Revisions};

/// The settings of `pontoon proxy`.
#[derive(Debug, Args)]
pub(crate) struct ProxyArgs {
    /// The command and its arguments; no option after its first word is pontoon's. Without a
    /// command: `pontoon stdio echo`
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,

    #[command(flatten)]
    pub(crate) serving: ServingArgs,

    #[command(flatten)]
    pub(crate) sessions: SessionArgs,

    /// Time the command has to answer a request, counted anew at each sign of progress, and not
    /// while it waits for an answer of the client in the same session
    #[arg(
        long,
        help_heading = COMMAND,
        value_name = "SECONDS",
        default_value = "30",
        value_parser = values::time
    )]
    pub(crate) request_timeout: Duration,

    /// Time the command has to start. If not given: 60 until one process has started, which may
    /// have to install packages first, and 10 from then on
    #[arg(long, help_heading = COMMAND, value_name = "SECONDS", value_parser = values::time)]
    pub(crate) startup_timeout: Option<Duration>,

    /// Revisions of the protocol to serve, with commas between them; all if not given
    #[arg(
        long,
        help_heading = "Protocol",
        value_name = "DATES",
        value_parser = values::revisions
    )]
    pub(crate) revisions: Option<Revisions>,

    /// The era the command speaks: legacy (it opens with initialize), modern (2026-07-28), or
    /// probe: its first process is asked
    #[arg(
        long,
        help_heading = COMMAND,
        value_name = "ERA",
        default_value = "probe",
        value_parser = values::child_era
    )]
    pub(crate) child_era: ChildEra,

    /// Which requests of 2026-07-28 share a process of a legacy command: those of one principal
    /// (session, principal), none (call) or all (shared). A session has one of its own in any case;
    /// a command of 2026-07-28 keeps nothing between requests, and one process answers everybody
    #[arg(
        long,
        help_heading = COMMAND,
        value_name = "WHOM",
        default_value = "session",
        value_parser = values::child_per
    )]
    pub(crate) child_per: ChildPer,

    /// Processes of a legacy command kept ready for requests of 2026-07-28
    #[arg(
        long,
        help_heading = COMMAND,
        value_name = "COUNT",
        default_value = "0",
        value_parser = values::warm_children
    )]
    pub(crate) warm_children: usize,

    /// Size of a message from the command; a longer one is skipped, and its request fails
    #[arg(
        long,
        help_heading = COMMAND,
        value_name = "BYTES",
        default_value = "64MiB",
        value_parser = values::body_size
    )]
    pub(crate) max_line: usize,

    /// Bytes read from the command at a time
    #[arg(
        long,
        help_heading = COMMAND,
        value_name = "BYTES",
        default_value = "65536",
        value_parser = values::pipe_size
    )]
    pub(crate) read_buffer: usize,

    /// Bytes written to the command at a time
    #[arg(
        long,
        help_heading = COMMAND,
        value_name = "BYTES",
        default_value = "65536",
        value_parser = values::pipe_size
    )]
    pub(crate) write_buffer: usize,

    /// Give the command only PATH, HOME, USER, LOGNAME, LANG, LC_*, TZ, TMPDIR, SHELL and TERM
    #[arg(long, help_heading = COMMAND, value_parser = values::switch)]
    pub(crate) clean_env: bool,

    /// Give the command this variable; without a value, the one it has here. Repeatable; in the
    /// environment one a line
    #[arg(
        long,
        help_heading = COMMAND,
        value_name = "NAME[=VALUE]",
        value_parser = OsStringValueParser::new().try_map(values::assignment)
    )]
    pub(crate) env: Vec<Assignment>,
}

const COMMAND: &str = "Command";

pub(super) const EXAMPLES: &str = "\
Examples:
  pontoon proxy python -m mcp_server_fetch
  pontoon proxy --port 8080 npx @modelcontextprotocol/server-memory
  pontoon proxy /usr/local/bin/mcp-server-filesystem --root /data
  pontoon proxy --host 0.0.0.0 --allow-host mcp.example.com uvx mcp-server-time
  pontoon proxy --clean-env --env API_KEY node server.js

Times are in seconds (`30`, `1.5`) or have a unit (`500ms`, `2m`); sizes are in bytes or have one
(`512KiB`, `4MiB`). Flags override environment variables, which override files of variables: those
of --env-file, whose variables the command gets too, or else `.env` in the working directory, which
cannot set --host, --allow-host, --allow-origin, --bind-session, --child-per, --env or --log-file.";
