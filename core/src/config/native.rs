//! The settings of a server that runs in this process.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::chunk::Chunk;
use crate::json::Message;
use crate::protocol::Revision;
use crate::server::Server;
use crate::time::Duration;

/// A server that runs in this process, and its settings.
#[derive(Clone, Debug)]
pub struct Native {
    /// The server.
    pub server: Arc<dyn Server>,
    /// Whether it has sessions. A server without them answers every request independently, and any
    /// process that runs it can answer any request.
    pub sessions: bool,
    /// The supported revisions, in any order.
    pub revisions: Arc<[Revision]>,
    /// The form of events on the streams of legacy requests that belong to no session, or `None`
    /// for that of MCP.
    pub event_format: Option<Arc<dyn EventFormat>>,
    /// Whether long answers are compressed for clients that accept it (`Accept-Encoding`).
    pub packs: bool,
    /// The interval of sweeps for expired sessions. Each session also has a timer of its own, so
    /// that an expired session is never served.
    pub sweep_period: Duration,
    /// The number of requests after which a connection is closed, or `None` for no limit.
    pub connection_requests_max: Option<u64>,
}

impl Native {
    /// Creates a server without sessions.
    pub fn stateless(server: Arc<dyn Server>) -> Native {
        Native { sessions: false, ..Native::stateful(server) }
    }

    /// Creates a server with sessions.
    pub fn stateful(server: Arc<dyn Server>) -> Native {
        Native {
            server,
            sessions: true,
            revisions: Arc::new(Revision::ALL),
            event_format: None,
            packs: false,
            sweep_period: Duration::from_secs(60),
            connection_requests_max: None,
        }
    }
}

/// Another form for the events with which legacy requests outside of sessions are answered.
pub trait EventFormat: fmt::Debug + Send + Sync {
    /// Returns the request to evaluate in place of this one, or `None` to evaluate it as it is.
    /// `random` is the number of the request.
    fn rewrite_request(&self, request: &Message, random: u64) -> Option<String>;

    /// Returns the event for a message of the server, which is one line of JSON.
    fn event(&self, message: Bytes) -> Chunk;
}
