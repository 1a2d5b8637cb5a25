//! `pontoon`: serves any stdio MCP server over Streamable HTTP.
//!
//! Owns: the command line, the log, the banner, signals and exit codes.
//! Never: rules of the protocol; those are `pontoon_core`'s.

#[cfg(not(unix))]
compile_error!("pontoon runs on Unix: it ends its children by process group");

mod args;
mod banner;
mod command;
mod config;
mod errors;
mod listen;
mod log;
mod runtime;
mod serve;
mod signals;
mod stdio;
mod values;

use std::process::ExitCode;

use args::{Program, Verb};
use errors::Failure;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<ExitCode, Failure> {
    match args::parse(std::env::args_os())? {
        Verb::Proxy(args) => serve::proxy(&args),
        Verb::Stdio { program: Program::Echo } => {
            stdio::echo().map_err(Failure::stdio)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
