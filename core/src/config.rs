//! What an endpoint serves, to whom, and within which limits.

use crate::bridge::ChildSpec;
use crate::limits::Limits;
use crate::native::Native;
use crate::observe::Level;

/// The settings of an endpoint. Fixed for its life; they come from the command line or a program,
/// never from a request.
#[derive(Clone, Debug)]
pub struct Config {
    /// Path of the MCP endpoint, for example `/mcp`.
    pub path: String,
    /// Hosts that are allowed besides the loopback names, without port; `*` allows every host.
    pub hosts: Vec<String>,
    /// Origins that are allowed besides those of loopback, as a browser writes them
    /// (`https://example.com`). Only these are given CORS headers.
    pub origins: Vec<String>,
    /// How much of everything a peer may take.
    pub limits: Limits,
    /// What answers behind the endpoint.
    pub serves: Serves,
    /// Whether sessions can be had by HTTP+SSE too, the transport of 2024-11-05: a stream at `/sse`,
    /// messages to `/messages`.
    pub sse: bool,
    /// Whether to start the first child ahead of the first session: it shows at once whether the
    /// command works, and the first `initialize` need not wait for it.
    pub eager: bool,
    /// The least that an event has to matter to be handed to the log.
    pub log_level: Level,
}

/// What answers behind an endpoint.
#[derive(Clone, Debug)]
pub enum Serves {
    /// A command: each session has a child process of its own, which speaks MCP over stdio.
    Command(ChildSpec),
    /// A server that runs in this process.
    Native(Native),
}

impl Serves {
    /// The server that runs in this process, if it is one.
    pub fn native(&self) -> Option<&Native> {
        match self {
            Serves::Command(_) => None,
            Serves::Native(native) => Some(native),
        }
    }
}
