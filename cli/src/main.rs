//! `pontoon`: serves MCP over Streamable HTTP, any stdio server and servers of its own.
//!
//! Owns: the command line, the log, the banner, signals and exit codes. Never: rules of the
//! protocol; those are in `pontoon_core`.

#[cfg(not(unix))]
compile_error!("pontoon runs on Unix: it ends its children by process group");

mod args;
mod banner;
mod check;
mod command;
mod config;
mod container;
mod errors;
mod listen;
mod log;
mod probe;
mod programs;
mod runtime;
mod serve;
mod signals;
mod stdio;
mod values;
mod variables;

use std::process::ExitCode;

use args::{Settings, Verb};
use errors::Failure;

fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unmap_large_allocations_when_freed();
    match run() {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// Makes glibc return each freed allocation of 128 KiB or more to the system.
///
/// 128 KiB is glibc's initial threshold. Unless it is set, glibc raises it to the size of what is
/// freed, up to 32 MiB, and keeps later allocations below it in its arenas. Ten seconds after 150
/// echoes of 1 MiB, 25 to 45 MiB were resident on tokio and 87 to 104 MiB on blocking; with the
/// threshold fixed, 12 to 19 and 16 to 17 MiB (8 MiB at the start). Calls up to 100 kB took the same
/// processor time, and echoes of 0.2 to 1 MB came at 0.63 to 0.83 of the rate.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn unmap_large_allocations_when_freed() {
    // SAFETY: mallopt sets a parameter of the allocator, and no other thread runs yet. If it fails,
    // the threshold stays as it was.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, 128 * 1024) };
}

fn run() -> Result<ExitCode, Failure> {
    let Settings { verb, variables, notices } = args::read(std::env::args_os())?;
    match verb {
        Verb::Calculator(args) => serve::calculator(&args, notices),
        Verb::Check(args) => check::check(&args, &variables),
        Verb::Completions { shell } => {
            args::completions(shell);
            Ok(ExitCode::SUCCESS)
        }
        Verb::Echo(args) => serve::echo(*args, &variables, notices),
        Verb::Man { subcommand } => {
            args::man(subcommand.as_deref())?;
            Ok(ExitCode::SUCCESS)
        }
        Verb::Probe(args) => probe::probe(&args, &variables),
        Verb::Proxy(args) => serve::proxy(&args, &variables, notices),
        Verb::Stdio { program } => {
            stdio::serve(&programs::stdio(program, &variables)?).map_err(Failure::stdio)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
