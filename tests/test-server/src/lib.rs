//! The behaviour of `test-server`: a stdio MCP server that is correct until a flag or a tool makes
//! it misbehave.
//!
//! Without flags it is a small, correct server of the legacy revisions whose tools do what their
//! name says; with `--modern` it is one of 2026-07-28, with the same tools. Other flags change how
//! it starts, runs and ends; tools change single answers.
//!
//! Owns: every fault that a wrapped server can have. Never: reads, writes, waits or exits by
//! itself; its [`System`] does that. For a process that is the operating system, for a simulated
//! one the simulated world. Never checks pontoon's reaction; the cases do that from outside.

mod call;
mod dispatch;
mod flags;
mod modern;
mod questions;
mod resources;
mod script;
mod server;
mod subscriptions;
pub mod system;
mod tools;

use std::sync::Arc;
use std::time::Duration;

pub use flags::Flags;
use server::Server;
pub use system::{Output, System};

/// The time after which a process without work exits, in case it is left behind.
pub const LIFETIME: Duration = Duration::from_secs(60);

/// Runs the process until it exits normally.
pub async fn run<S: System>(system: Arc<S>, flags: Flags) {
    if flags.grandchild {
        return system.sleep(LIFETIME).await;
    }
    if flags.script {
        return script::run(system).await;
    }
    let told = flags.exit_if_told && system.told("exit");
    let lacks = |name: &String| system.environment().iter().all(|(known, _)| *known != **name);
    let lacks_env = flags.needs_env.as_ref().is_some_and(lacks);
    let code = flags.exit_at_start.or(told.then_some(42)).or(lacks_env.then_some(7));
    if let Some(code) = code {
        let words = format!("test-server: exiting with {code}, as told\n");
        // Standard error may be closed.
        let _ = system.write(Output::Stderr, words.as_bytes()).await;
        match system.exit(code).await {}
    }
    if flags.fork_grandchild {
        system.note("grandchild", &system.fork(flags.setsid).to_string());
    }
    Server::start(system, flags).serve().await;
}
