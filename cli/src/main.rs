//! `pontoon`: serves MCP over Streamable HTTP, any stdio server and servers of its own.
//!
//! Owns: the command line, the log, the banner, signals and exit codes. Never: rules of the
//! protocol; those are in `pontoon_core`.

#[cfg(not(unix))]
compile_error!("pontoon runs on Unix: it ends its children by process group");

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod allocator;
mod args;
mod auth;
mod banner;
mod check;
mod checks;
mod command;
mod config;
mod config_file;
mod container;
mod env_names;
mod errors;
mod generated;
mod hints;
mod listen;
mod log;
mod parse;
mod probe;
mod programs;
mod runtime;
mod serve;
mod signals;
mod site;
mod stamps;
mod stdio;
mod tls;
mod values;
mod variables;

use std::process::ExitCode;

use args::Verb;
use errors::Failure;
use parse::Settings;

fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    allocator::use_one_arena();
    match run() {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<ExitCode, Failure> {
    let Settings { verb, variables, given, notices } = parse::read(std::env::args_os())?;
    match verb {
        Verb::Calculator(args) => serve::calculator(&args, notices),
        Verb::Check(args) => check::check(&args, &variables),
        Verb::Config(args) => config_file::run(&args),
        Verb::Completions { shell } => {
            generated::completions(shell);
            Ok(ExitCode::SUCCESS)
        }
        Verb::Echo(args) => serve::echo(*args, &variables, notices),
        Verb::Man { subcommand } => {
            generated::man(subcommand.as_deref())?;
            Ok(ExitCode::SUCCESS)
        }
        Verb::Probe(args) => probe::probe(&args, &variables),
        Verb::Proxy(args) => serve::proxy(&args, &variables, notices),
        Verb::Serve(args) => serve::files(*args, given, variables, notices),
        Verb::Stdio { program } => {
            stdio::serve(&programs::stdio(program, &variables)?).map_err(Failure::stdio)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
