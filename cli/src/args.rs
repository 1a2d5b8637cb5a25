//! The options: the one place where each is defined.
//!
//! Owns: names, variables, defaults, parsers and help texts of all options. `--help`, the manual
//! pages, completions, the lookup of variables and `docs/options.md` come from here. Never: reads a
//! variable.
//!
//! `env` of an option lists its variables in order of precedence, with commas.

mod auth;
mod calculator;
mod check;
mod client_limits;
mod config;
mod echo;
mod probe;
mod proxy;
mod serve;
mod serving;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use pontoon_core::Revision;

pub(crate) use auth::AuthArgs;
pub(crate) use calculator::CalculatorArgs;
pub(crate) use check::CheckArgs;
pub(crate) use client_limits::ClientLimitArgs;
pub(crate) use config::ConfigArgs;
pub(crate) use echo::EchoArgs;
pub(crate) use probe::ProbeArgs;
pub(crate) use proxy::{BridgeArgs, ProxyArgs};
pub(crate) use serve::ServeArgs;
pub(crate) use serving::{LogArgs, LogFormat, ServingArgs, SessionArgs};

use crate::runtime;

/// Serves MCP over Streamable HTTP: any stdio server, and servers of its own.
#[derive(Debug, Parser)]
#[command(name = "pontoon", after_help = EXAMPLES, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Serve a stdio MCP server over HTTP, one process for each session
    Proxy(Box<ProxyArgs>),
    /// Serve the stdio MCP servers of `mcpServers` files over HTTP, each at a path of its own
    #[command(after_help = serve::EXAMPLES)]
    Serve(Box<ServeArgs>),
    /// Serve tools that diagnose clients, gateways and tokens
    #[command(after_help = echo::EXAMPLES)]
    Echo(Box<EchoArgs>),
    /// Serve a stateless calculator
    #[command(after_help = calculator::EXAMPLES)]
    Calculator(Box<CalculatorArgs>),
    /// Run an MCP server on standard input and output
    Stdio {
        /// The server to run
        program: Program,
    },
    /// Start a stdio MCP server, try its features, and report problems
    #[command(after_help = check::EXAMPLES)]
    Check(CheckArgs),
    /// Check, convert and describe `mcpServers` files
    #[command(subcommand)]
    Config(ConfigArgs),
    /// Print a completion script for a shell
    Completions {
        /// Shell to print it for
        shell: clap_complete::Shell,
    },
    /// Print a manual page
    Man {
        /// Subcommand to print the page of; pontoon itself if not given
        subcommand: Option<String>,
    },
    /// Request the health of a server: exit 0 if it is healthy
    #[command(after_help = probe::EXAMPLES)]
    Probe(ProbeArgs),
}

/// The servers of `pontoon stdio`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Program {
    /// The tools of `pontoon echo`
    Echo,
    /// The tools of `pontoon echo --stateless`
    EchoStateless,
    /// The calculator
    Calculator,
}

/// Returns the definition of the command line, with the names of its variables but without their
/// values; `stateless` if it is that of `pontoon echo --stateless`.
pub(crate) fn command(stateless: bool) -> clap::Command {
    let version = format!("{} (runtimes: {})", env!("CARGO_PKG_VERSION"), runtime::names());
    let mut command = Cli::command().version(version.clone()).long_version(long_version(&version));
    if stateless {
        command =
            command.mut_subcommand("echo", |echo| echo.mut_args(echo::as_documented_stateless));
    }
    command = command.mut_subcommand("proxy", |proxy| proxy.after_help(proxy::EXAMPLES));
    // Each server has the path /NAME/mcp.
    command = command.mut_subcommand("serve", |serve| serve.mut_arg("path", |it| it.hide(true)));
    command.mut_subcommands(|verb| {
        // `pontoon probe` has two settings, and shows both.
        let serves = verb.get_arguments().any(|arg| arg.get_id() == "host");
        verb.mut_args(|arg| {
            let is_rare = serves && arg.get_long().is_some_and(|option| !COMMON.contains(&option));
            // A negative number is a bad value, not an option of that name.
            let takes_value = arg.get_action().takes_values();
            let has_few_values = takes_value && !arg.get_possible_values().is_empty();
            arg.hide_short_help(is_rare)
                .hide_env_values(true)
                // The texts list them, with their meaning.
                .hide_possible_values(serves && has_few_values)
                .allow_negative_numbers(takes_value)
                .ignore_case(has_few_values)
        })
    })
}

/// Returns the version with the details of the build.
fn long_version(version: &str) -> String {
    let revisions = Revision::ALL.map(Revision::as_str).join(", ");
    let commit = option_env!("PONTOON_COMMIT").unwrap_or("unknown");
    format!("{version}\nMCP revisions: {revisions}\ncommit: {commit}")
}

/// The options that `-h` shows; `--help` shows all.
const COMMON: &[&str] = &[
    "allow-host",
    "allow-origin",
    "config",
    "env",
    "env-file",
    "host",
    "log-format",
    "log-level",
    "max-sessions",
    "port",
    "request-timeout",
    "stateless",
    "strict",
    "timeout",
    "watch",
];

/// The options that the `.env` of the working directory cannot set, only a file that the command line
/// names: they open the endpoint to others, reach the command, or name a file.
pub(crate) const GUARDED: &[&str] = &[
    "admin",
    "host",
    "allow-host",
    "allow-origin",
    "auth-token-file",
    "auth-resource",
    "auth-issuer",
    "auth-jwks-file",
    "auth-jwks-url",
    "auth-algorithms",
    "auth-audiences",
    "auth-servers",
    "auth-scopes",
    "auth-scopes-for",
    "auth-trust-from",
    "auth-user-header",
    "auth-scopes-header",
    "auth-introspection",
    "auth-introspection-client",
    "auth-introspection-secret",
    "bind-session",
    "child-per",
    "config",
    "stateless",
    "env",
    "header-env",
    "log-file",
    "tls-cert",
    "tls-key",
];

const EXAMPLES: &str = "\
Examples:
  pontoon proxy python -m mcp_server_fetch     serve it on http://127.0.0.1:3000/mcp
  pontoon serve --config .mcp.json             serve those of a file, each at /NAME/mcp
  pontoon echo                                 serve tools that diagnose clients and gateways
  pontoon check npx -y some-server             start it, try its features, report problems

`pontoon proxy --help` lists all settings of the proxy, and likewise for the other servers.";
