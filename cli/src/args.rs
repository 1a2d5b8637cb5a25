//! The command line, with its variables in the environment and in files.
//!
//! Owns: options, defaults and help texts. Flags override environment variables, those override
//! files of variables, and those override defaults.

mod calculator;
mod check;
mod config;
mod echo;
mod generated;
pub(crate) mod hints;
pub(crate) mod naming;
mod probe;
mod proxy;
mod serving;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use pontoon_core::protocol::Revision;

pub(crate) use calculator::CalculatorArgs;
pub(crate) use check::CheckArgs;
pub(crate) use config::ConfigArgs;
pub(crate) use echo::EchoArgs;
pub(crate) use generated::{completions, man};
pub(crate) use probe::ProbeArgs;
pub(crate) use proxy::ProxyArgs;
pub(crate) use serving::{LogArgs, LogFormat, ServingArgs, SessionArgs};

use crate::errors::{Failure, Setting};
use crate::log::Notice;
use crate::runtime;
use crate::variables::{Found, Origin, Variables};
use naming::Naming;

/// Serves MCP over Streamable HTTP: any stdio server, and servers of its own.
#[derive(Debug, Parser)]
#[command(name = "pontoon", after_help = EXAMPLES, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Serve a stdio MCP server over HTTP, one process for each session
    #[command(after_help = proxy::EXAMPLES)]
    Proxy(Box<ProxyArgs>),
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

/// The settings from the command line and the variables.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The subcommand with its settings.
    pub(crate) verb: Verb,
    /// The variables of this process and of its files.
    pub(crate) variables: Variables,
    /// Messages for the operator about the variables.
    pub(crate) notices: Vec<Notice>,
}

/// Parses the command line, the environment and the files of variables.
pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Settings, Failure> {
    let words = hints::under_its_old_name(words.into_iter().collect());
    let variables = Variables::read(&env_files(&words))?;
    let program = naming::Program::of(&words);
    let (verb, taken) = parse_with_names(words, &variables)?;
    let notices = variables.notices(&program, &taken);
    Ok(Settings { verb, variables, notices })
}

/// Parses the command line. Help and version are printed here, and end the program.
pub(crate) fn parse(
    words: impl IntoIterator<Item = OsString>,
    variables: &Variables,
) -> Result<Verb, Failure> {
    parse_with_names(words.into_iter().collect(), variables).map(|(verb, _)| verb)
}

/// Parses the command line; also returns the variables whose value is used.
fn parse_with_names(
    words: Vec<OsString>,
    variables: &Variables,
) -> Result<(Verb, Vec<&'static str>), Failure> {
    let program = naming::Program::of(&words);
    let mut command = definition(&program, variables);
    let outcome = command.try_get_matches_from_mut(&words).and_then(|matches| {
        let taken = taken(&matches, &program, variables);
        Cli::from_arg_matches(&matches).map(|cli| (cli.verb, taken))
    });
    outcome.map_err(|error| {
        let explained = bad_value(&error, &program, variables);
        explained.or_else(|| hints::slip(&error, &words)).unwrap_or_else(|| error.exit())
    })
}

/// Returns the files of variables that the command line names. Errors in them are found later, when
/// all of it is parsed.
fn env_files(words: &[OsString]) -> Vec<PathBuf> {
    let command = definition(&naming::Program::of(words), &Variables::default());
    let Ok(matches) = command.try_get_matches_from(words) else { return Vec::new() };
    let Some((_, verb)) = matches.subcommand() else { return Vec::new() };
    let files = verb.try_get_many::<PathBuf>("env_file").ok().flatten();
    files.into_iter().flatten().cloned().collect()
}

/// Returns the variables that set an option, for which no flag is given.
fn taken(
    matches: &ArgMatches,
    program: &naming::Program,
    variables: &Variables,
) -> Vec<&'static str> {
    let Some((_, verb)) = matches.subcommand() else { return Vec::new() };
    let without_flag =
        verb.ids().filter(|id| verb.value_source(id.as_str()) == Some(ValueSource::DefaultValue));
    let namings = without_flag.filter_map(|id| program.naming(&id.as_str().replace('_', "-")));
    namings.filter_map(|naming| Some(variables.first(naming.variables)?.name)).collect()
}

/// Returns the version with the details of the build.
fn long_version(version: &str) -> String {
    let revisions = Revision::ALL.map(Revision::as_str).join(", ");
    let commit = option_env!("PONTOON_COMMIT").unwrap_or("unknown");
    format!("{version}\nMCP revisions: {revisions}\ncommit: {commit}")
}

/// Returns the command line of a program, with its variables.
fn definition(program: &naming::Program, variables: &Variables) -> clap::Command {
    let version = format!("{} (runtimes: {})", env!("CARGO_PKG_VERSION"), runtime::names());
    let command = Cli::command().version(version.clone()).long_version(long_version(&version));
    if command.find_subcommand(&program.verb).is_none() {
        return command;
    }
    command.mut_subcommand(&program.verb, |verb| {
        // `pontoon probe` has two settings, and shows both.
        let serves = verb.get_arguments().any(|arg| arg.get_long() == Some("host"));
        verb.mut_args(|arg| {
            let option = arg.get_long().unwrap_or_else(|| arg.get_id().as_str()).to_owned();
            let is_rare = serves && arg.get_long().is_some() && !naming::is_common(&option);
            let arg = arg.hide_short_help(is_rare);
            match program.naming(&option) {
                Some(naming) => complete(arg, naming, variables),
                None => arg,
            }
        })
    })
}

/// Adds the default and the variables of an option in this program.
///
/// The value of a variable becomes the default, so that clap parses it like a flag's value. The
/// help still shows the original default, and never the value of a variable.
fn complete(mut arg: clap::Arg, naming: &Naming, variables: &Variables) -> clap::Arg {
    if let Some(default) = naming.default {
        arg = arg.default_value(default);
    }
    let mut help = arg.get_help().cloned().unwrap_or_default().to_string();
    if !naming.variables.is_empty() {
        help += &format!(" [env: {}]", naming.variables.join(", "));
    }
    if let [default] = arg.get_default_values() {
        help += &format!(" [default: {}]", default.to_string_lossy());
    }
    // A negative number is a bad value, not an option of that name.
    let takes_value = arg.get_action().takes_values();
    arg = arg
        .help(StyledStr::from(help))
        .hide_default_value(takes_value)
        .allow_negative_numbers(takes_value);
    match variables.first(naming.variables) {
        Some(found) if naming.holds_lines => arg.default_values(lines(found.value)),
        Some(found) => arg.default_value(found.value.to_owned()),
        None => arg,
    }
}

/// Returns the lines of a variable that are not empty.
fn lines(value: &OsStr) -> impl Iterator<Item = OsString> {
    let lines = value.as_bytes().split(|byte| *byte == b'\n');
    lines.filter(|line| !line.is_empty()).map(|line| OsStr::from_bytes(line).to_owned())
}

/// Explains a bad value: whether it is the flag's or a variable's, and the reason.
fn bad_value(
    error: &clap::Error,
    program: &naming::Program,
    variables: &Variables,
) -> Option<Failure> {
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
    // `--port`, or `[URL]` of an argument without a flag.
    let option = flag.trim_matches(['-', '[', ']']).to_lowercase();
    let naming = program.naming(&option)?;
    let setting = match variables.first(naming.variables).filter(|found| holds(found, value)) {
        Some(Found { name, origin: Origin::Environment, .. }) => Setting::Variable(name),
        Some(Found { name, origin: Origin::File(path), .. }) => Setting::File(name, path),
        None => Setting::Flag(flag),
    };
    // A variable for the command is private, and text before an @ may hold a password.
    let shown = Some(value).filter(|value| option != "env" && !value.contains('@'));
    Some(Failure::bad_value(&program.verb, setting, shown, &why))
}

/// Returns whether a variable is, or lists, this value.
fn holds(found: &Found<'_>, value: &str) -> bool {
    found
        .value
        .to_str()
        .is_some_and(|held| held == value || held.split([',', '\n']).any(|v| v == value))
}

const EXAMPLES: &str = "\
Examples:
  pontoon proxy python -m mcp_server_fetch     serve it on http://127.0.0.1:3000/mcp
  pontoon echo                                 serve tools that diagnose clients and gateways
  pontoon calculator                           serve a calculator on http://127.0.0.1:1071/mcp
  pontoon check npx -y some-server             start it, try its features, report problems
  pontoon stdio echo                           run the echo server for a client that starts it

`pontoon proxy --help` lists all settings of the proxy, and likewise for the other servers.";

#[cfg(test)]
mod tests;
