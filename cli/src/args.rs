//! The command line and its environment twins.
//!
//! Owns: names, defaults and help texts. A flag is worth more than its variable, the variable more
//! than the default; an empty variable is one that is not set.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use pontoon_core::observe::Level;
use pontoon_core::time::Duration;

use crate::errors::Failure;
use crate::runtime::{self, RUNTIMES, Runtime};
use crate::values::{self, Assignment};

/// Serves any stdio MCP server over Streamable HTTP.
#[derive(Debug, Parser)]
#[command(name = "pontoon", after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Serve a stdio MCP server over HTTP, one process for each session
    #[command(after_help = PROXY_EXAMPLES)]
    Proxy(Box<ProxyArgs>),
    /// Be an MCP server on standard input and output
    Stdio {
        /// Which server
        program: Program,
    },
}

/// The servers that `pontoon stdio` can be.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Program {
    /// Small tools to try clients and proxies with
    Echo,
}

/// The settings of `pontoon proxy`.
#[derive(Debug, Args)]
pub(crate) struct ProxyArgs {
    /// Address to listen on
    #[arg(long, env = "MCP_BIND_HOST", default_value = "127.0.0.1", value_parser = values::bind_host)]
    pub(crate) host: String,

    /// Port to listen on; 0 takes any that is free
    #[arg(long, env = "MCP_PORT", default_value = "3000", value_parser = values::port)]
    pub(crate) port: u16,

    /// Path of the endpoint
    #[arg(long, env = "MCP_PATH", default_value = "/mcp", value_parser = values::path)]
    pub(crate) path: String,

    /// Host names to answer to, besides those of loopback; `*` for all. Repeatable, or with commas
    #[arg(long, env = "MCP_ALLOW_HOST", value_name = "HOST", value_delimiter = ',', value_parser = values::host)]
    pub(crate) allow_host: Vec<String>,

    /// Web pages to answer to, besides those of loopback: `https://example.com`
    #[arg(long, env = "MCP_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',', value_parser = values::origin)]
    pub(crate) allow_origin: Vec<String>,

    /// Time after which an unused session ends
    #[arg(long, env = "MCP_SESSION_TIMEOUT", value_name = "SECONDS", default_value = "300", value_parser = values::time)]
    pub(crate) timeout: Duration,

    /// Time the command has to answer a request, counted anew at each sign of progress
    #[arg(long, env = "MCP_SUBPROCESS_TIMEOUT", value_name = "SECONDS", default_value = "30", value_parser = values::time)]
    pub(crate) request_timeout: Duration,

    /// Time the command has to start
    #[arg(long, env = "MCP_STARTUP_TIMEOUT", value_name = "SECONDS", default_value = "10", value_parser = values::time)]
    pub(crate) startup_timeout: Duration,

    /// Sessions at once
    #[arg(long, env = "MCP_MAX_SESSIONS", value_name = "COUNT", default_value = "100", value_parser = values::sessions)]
    pub(crate) max_sessions: usize,

    /// Size of a request
    #[arg(long, env = "MCP_MAX_BODY", value_name = "BYTES", default_value = "4MiB", value_parser = values::body_size)]
    pub(crate) max_body: usize,

    /// Connections at once; further ones wait until one closes
    #[arg(long, env = "MCP_MAX_CONNECTIONS", value_name = "COUNT", default_value = "1024", value_parser = values::connections)]
    pub(crate) max_connections: usize,

    /// Time a client has to send the head of a request
    #[arg(long, env = "MCP_HEAD_TIMEOUT", value_name = "SECONDS", default_value = "10", value_parser = values::time)]
    pub(crate) head_timeout: Duration,

    /// Time a client has to send the body of a request
    #[arg(long, env = "MCP_BODY_TIMEOUT", value_name = "SECONDS", default_value = "30", value_parser = values::time)]
    pub(crate) body_timeout: Duration,

    /// Time for which a client may take nothing of an answer that waits for it
    #[arg(long, env = "MCP_WRITE_TIMEOUT", value_name = "SECONDS", default_value = "30", value_parser = values::time)]
    pub(crate) write_timeout: Duration,

    /// Time after which a connection that asks nothing is closed
    #[arg(long, env = "MCP_IDLE_TIMEOUT", value_name = "SECONDS", default_value = "60", value_parser = values::time)]
    pub(crate) idle_timeout: Duration,

    /// Silence on an event stream after which it shows that it is alive
    #[arg(long, env = "MCP_KEEP_ALIVE", value_name = "SECONDS", default_value = "15", value_parser = values::time)]
    pub(crate) keep_alive: Duration,

    /// Time for requests in flight to be answered once the program is asked to stop
    #[arg(long, env = "MCP_DRAIN_TIMEOUT", value_name = "SECONDS", default_value = "30", value_parser = values::time)]
    pub(crate) drain_timeout: Duration,

    /// Bytes read from the command at a time
    #[arg(long, env = "MCP_READ_BUFFER_SIZE", value_name = "BYTES", default_value = "65536", value_parser = values::pipe_size)]
    pub(crate) read_buffer: usize,

    /// Bytes written to the command at a time
    #[arg(long, env = "MCP_WRITE_BUFFER_SIZE", value_name = "BYTES", default_value = "65536", value_parser = values::pipe_size)]
    pub(crate) write_buffer: usize,

    /// Give the command only PATH, HOME, USER, LOGNAME, LANG, LC_*, TZ, TMPDIR, SHELL and TERM
    #[arg(long, env = "MCP_CLEAN_ENV", value_parser = values::switch)]
    pub(crate) clean_env: bool,

    /// Give the command this variable; without a value, the one it has here. Repeatable; in the
    /// environment one a line
    #[arg(long, env = "MCP_ENV", value_delimiter = '\n', value_name = "NAME[=VALUE]", value_parser = OsStringValueParser::new().try_map(values::assignment))]
    pub(crate) env: Vec<Assignment>,

    /// What to log, at least: debug, info, warning or error
    #[arg(long, env = "MCP_LOG_LEVEL", value_name = "LEVEL", default_value = "info", value_parser = values::level)]
    pub(crate) log_level: Level,

    /// How to log: pretty or json
    #[arg(long, env = "MCP_LOG_FORMAT", value_name = "FORMAT", default_value = "pretty", value_parser = values::log_format)]
    pub(crate) log_format: LogFormat,

    /// File to log to as well; its folder is made
    #[arg(long, env = "LOG_FILE", value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,

    /// Say nothing on standard error but warnings and errors
    #[arg(long, env = "MCP_QUIET", value_parser = values::switch)]
    pub(crate) quiet: bool,

    /// What carries the endpoint; `pontoon --version` names all that are built in
    #[arg(long, env = "MCP_RUNTIME", value_name = "NAME", default_value = RUNTIMES[0].name, value_parser = values::runtime)]
    pub(crate) runtime: Runtime,

    /// Threads that serve; half as many as there are processors if not given
    #[arg(long, env = "MCP_THREADS", value_name = "COUNT", value_parser = values::threads)]
    pub(crate) threads: Option<NonZeroUsize>,

    /// The command and its arguments, as they are: no option behind the first word is ours.
    /// Without a command: `pontoon stdio echo`
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// How log entries look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// A line of text.
    Pretty,
    /// A JSON object on a line.
    Json,
}

/// Reads the command line. Help and version are printed from here, and end the program.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Verb, Failure> {
    let mut command = definition();
    let outcome =
        command.try_get_matches_from_mut(words).and_then(|matches| Cli::from_arg_matches(&matches));
    match outcome {
        Ok(cli) => Ok(cli.verb),
        Err(error) => Err(bad_value(&error, &command).unwrap_or_else(|| error.exit())),
    }
}

fn definition() -> clap::Command {
    let version = format!("{} (runtimes: {})", env!("CARGO_PKG_VERSION"), runtime::names());
    Cli::command().version(version).mut_subcommand("proxy", |proxy| {
        proxy.mut_args(|arg| {
            let variable = arg.get_env().map(ToOwned::to_owned);
            // A negative number is a bad value, and no option of that name.
            let is_option = arg.get_long().is_some() && arg.get_action().takes_values();
            let arg = arg.allow_negative_numbers(is_option);
            match variable.and_then(std::env::var_os) {
                Some(value) if value.is_empty() => arg.env(None),
                _ => arg.hide_env_values(true),
            }
        })
    })
}

/// What to say of a value that is wrong: whether it is the flag's or the variable's, and why.
fn bad_value(error: &clap::Error, command: &clap::Command) -> Option<Failure> {
    if error.kind() != ErrorKind::ValueValidation {
        return None;
    }
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let flag = text(ContextKind::InvalidArg)?.split([' ', '=']).next()?;
    let value = text(ContextKind::InvalidValue)?;
    let why = std::error::Error::source(error)?.to_string();
    let arg = command
        .find_subcommand("proxy")?
        .get_arguments()
        .find(|arg| arg.get_long().is_some_and(|long| flag.strip_prefix("--") == Some(long)))?;
    let variable = arg.get_env().and_then(|name| name.to_str());
    Some(Failure::bad_value(flag, variable.filter(|name| holds(name, value)), value, &why))
}

/// Whether an environment variable is, or lists, this value.
fn holds(variable: &str, value: &str) -> bool {
    std::env::var(variable).is_ok_and(|held| held == value || held.split(',').any(|v| v == value))
}

const EXAMPLES: &str = "\
Examples:
  pontoon proxy python -m mcp_server_fetch     serve it on http://127.0.0.1:3000/mcp
  pontoon proxy --port 0                       serve a small echo server on any free port
  pontoon stdio echo                           be that echo server

`pontoon proxy --help` lists all settings.";

const PROXY_EXAMPLES: &str = "\
Examples:
  pontoon proxy python -m mcp_server_fetch
  pontoon proxy --port 8080 npx @modelcontextprotocol/server-memory
  pontoon proxy /usr/local/bin/mcp-server-filesystem --root /data
  pontoon proxy --host 0.0.0.0 --allow-host mcp.example.com uvx mcp-server-time
  pontoon proxy --clean-env --env API_KEY node server.js

Times are in seconds (`30`, `1.5`) or have a unit (`500ms`, `2m`); sizes are in bytes or have one
(`512KiB`, `4MiB`). A flag is worth more than its variable.";

#[cfg(test)]
mod tests;
