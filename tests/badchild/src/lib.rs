//! What `badchild` does, wherever it runs: a stdio MCP server that behaves well until it is told
//! not to.
//!
//! Without flags it is a small, correct server of the legacy revisions whose tools do what their
//! name says; with `--modern` it is one of 2026-07-28, with the same tools. Other flags spoil how it starts, lives and ends; tools spoil single answers.
//!
//! Owns: everything a wrapped server can do wrong.
//! Never: reads, writes, waits or ends by itself; for that it has its [`System`]. Of a process that
//! is the operating system, of a simulated one the simulated world. Never judges, either: what
//! pontoon made of it, the cases see from outside.

mod asks;
mod flags;
mod listens;
mod modern;
mod resources;
mod server;
pub mod system;
mod tools;

use std::sync::Arc;
use std::time::Duration;

pub use flags::Flags;
use server::Server;
pub use system::{Output, System};

/// How long a process with nothing left to do lives, should nobody end it.
pub const LIFETIME: Duration = Duration::from_secs(60);

/// The life of the process; it is over, in order, when this is.
pub async fn run<S: System>(system: Arc<S>, flags: Flags) {
    if flags.grandchild {
        return system.sleep(LIFETIME).await;
    }
    let told = flags.exit_if_told && system.told("exit");
    if let Some(code) = flags.exit_at_start.or(told.then_some(42)) {
        let words = format!("badchild: exiting with {code}, as told\n");
        // Nobody may be there to read them.
        let _ = system.write(Output::Stderr, words.as_bytes()).await;
        match system.exit(code).await {}
    }
    if flags.fork_grandchild {
        system.note("grandchild", &system.fork(flags.setsid).to_string());
    }
    Server::start(system, flags).serve().await;
}
