//! The settings of `pontoon proxy`.

use std::ffi::OsString;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use pontoon_core::{ChildEra, ChildPer, Duration, HeaderVariable, OnChildExit};

use super::serving::{ServingArgs, SessionArgs};
use crate::values::{self, Assignment, GIB, KIB, MIB, Revisions};

/// The settings of `pontoon proxy`.
#[derive(Debug, Args)]
pub(crate) struct ProxyArgs {
    /// The command and its arguments; options after its first word belong to it. Without a command:
    /// `pontoon stdio echo`
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,

    #[command(flatten)]
    pub(crate) serving: ServingArgs,

    #[command(flatten)]
    pub(crate) sessions: SessionArgs,

    #[command(flatten)]
    pub(crate) bridge: BridgeArgs,

    /// Set this variable for the command; without a value, pass on the value it has here.
    /// Repeatable; in the environment, one per line
    #[arg(
        long,
        env = "MCP_ENV",
        help_heading = COMMAND,
        value_name = "NAME[=VALUE]",
        value_parser = OsStringValueParser::new().try_map(values::assignment)
    )]
    pub(crate) env: Vec<Assignment>,

    /// Give the command the value of this header of its client's requests as a variable; requests
    /// with other values get another process, and requests without the header get one without the
    /// variable. Not for Authorization and Cookie. Repeatable; in the environment, one per line
    #[arg(
        long,
        env = "MCP_HEADER_ENV",
        help_heading = COMMAND,
        value_name = "HEADER=NAME",
        value_parser = values::header_variable
    )]
    pub(crate) header_env: Vec<HeaderVariable>,
}

/// The settings of served commands.
#[derive(Clone, Debug, Args)]
pub(crate) struct BridgeArgs {
    /// Open no sessions: requests of all revisions are independent, and share processes as
    /// --child-per says
    #[arg(
        long,
        env = "MCP_STATELESS",
        help_heading = "Sessions",
        value_parser = values::bool_value
    )]
    pub(crate) stateless: bool,

    /// Time limit for the command to answer a request. It restarts with each progress notification,
    /// and is suspended while the command waits for the client in the same session
    #[arg(
        long,
        env = "MCP_SUBPROCESS_TIMEOUT",
        help_heading = COMMAND,
        value_name = "SECONDS",
        default_value = "30",
        value_parser = values::time
    )]
    pub(crate) request_timeout: Duration,

    /// Time limit for the command to start. If not given: 60 until one process has started, which
    /// may have to install packages first, and 10 from then on
    #[arg(
        long,
        env = "MCP_STARTUP_TIMEOUT",
        help_heading = COMMAND,
        value_name = "SECONDS",
        value_parser = values::time
    )]
    pub(crate) startup_timeout: Option<Duration>,

    /// Revisions to serve, separated by commas; all if not given
    #[arg(
        long,
        env = "MCP_REVISIONS",
        help_heading = "Protocol",
        value_name = "DATES",
        value_parser = values::revisions
    )]
    pub(crate) revisions: Option<Revisions>,

    /// Era of the command: legacy (it begins with initialize), modern (2026-07-28), or probe, which
    /// asks its first process
    #[arg(
        long,
        env = "MCP_CHILD_ERA",
        help_heading = COMMAND,
        value_name = "ERA",
        default_value = "probe",
        value_parser = values::one_of::<ChildEra>()
    )]
    pub(crate) child_era: ChildEra,

    /// Requests of 2026-07-28, and with --stateless all requests, that share a process of a legacy
    /// command: those of one principal (session, principal), none (call) or all (shared). A session
    /// always has a process of its own; all requests share the one process of a command of
    /// 2026-07-28
    #[arg(
        long,
        env = "MCP_CHILD_PER",
        help_heading = COMMAND,
        value_name = "WHOM",
        default_value = "session",
        value_parser = values::one_of::<ChildPer>()
    )]
    pub(crate) child_per: ChildPer,

    /// When the process of a session ends by itself: end the session, or resume it with a new process
    /// at its next request. A new process gets the client's initialize, log level and subscriptions;
    /// what else the old one knew is lost
    #[arg(
        long,
        env = "MCP_ON_CHILD_EXIT",
        help_heading = COMMAND,
        value_name = "WHAT",
        default_value = "end",
        value_parser = values::one_of::<OnChildExit>()
    )]
    pub(crate) on_child_exit: OnChildExit,

    /// Processes of a legacy command kept ready for requests without a session
    #[arg(
        long,
        env = "MCP_WARM_CHILDREN",
        help_heading = COMMAND,
        value_name = "COUNT",
        default_value = "0",
        value_parser = values::number::<usize, 0, 1000>
    )]
    pub(crate) warm_children: usize,

    /// Maximum size of a message from the command; a longer one is skipped, and its request fails
    #[arg(
        long,
        env = "MCP_MAX_LINE",
        help_heading = COMMAND,
        value_name = "BYTES",
        default_value = "64MiB",
        value_parser = values::size::<KIB, GIB>
    )]
    pub(crate) max_line: usize,

    /// Bytes per read from the command
    #[arg(
        long,
        env = "MCP_READ_BUFFER_SIZE",
        help_heading = COMMAND,
        value_name = "BYTES",
        default_value = "65536",
        value_parser = values::size::<{ 4 * KIB }, { 16 * MIB }>
    )]
    pub(crate) read_buffer: usize,

    /// Bytes per write to the command
    #[arg(
        long,
        env = "MCP_WRITE_BUFFER_SIZE",
        help_heading = COMMAND,
        value_name = "BYTES",
        default_value = "65536",
        value_parser = values::size::<{ 4 * KIB }, { 16 * MIB }>
    )]
    pub(crate) write_buffer: usize,

    /// Pass only PATH, HOME, USER, LOGNAME, LANG, LC_*, TZ, TMPDIR, SHELL and TERM to the command
    #[arg(long, env = "MCP_CLEAN_ENV", help_heading = COMMAND, value_parser = values::bool_value)]
    pub(crate) clean_env: bool,
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
cannot set options that open the endpoint to others, reach the command, or name a file.";
