//! One conversation with a server: JSON-RPC on the one side, the seat on the other.

use std::sync::Arc;

use super::{Facts, HttpScene, Seat, Server, SessionFacts};
use crate::time::{Duration, Instant};

/// What is known about a moment of a conversation.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// What time it is.
    pub now: Instant,
    /// When the message had arrived.
    pub arrived: Instant,
    /// What time it is in the world: since 1970-01-01 00:00 UTC.
    pub wall: Duration,
    /// The HTTP request the message came with; none over stdio.
    pub http: Option<&'a Arc<HttpScene>>,
    /// The session it belongs to; none where there are no sessions.
    pub session: Option<&'a SessionFacts>,
    /// Unpredictable, and another for each message.
    pub random: u64,
}

/// The server's side of one conversation in the legacy era.
///
/// Every verb appends whole lines to `out`, each a message that ends in a newline, in the order in
/// which they are to be sent.
#[derive(Debug)]
pub struct Conversation {
    server: Arc<dyn Server>,
    seat: Box<dyn Seat>,
}

impl Conversation {
    /// A conversation in which nothing has been said. It need not begin with `initialize`.
    pub fn new(server: Arc<dyn Server>) -> Self {
        let seat = server.open();
        Conversation { server, seat }
    }

    /// Takes a message, or a batch of them.
    pub fn handle_message(&mut self, message: &[u8], at: &Circumstances<'_>, out: &mut Vec<u8>) {
        let _ = (&self.server, &mut self.seat, message, at, out);
    }

    /// Takes the facts that were asked for.
    pub fn handle_facts(&mut self, facts: &Facts, at: &Circumstances<'_>, out: &mut Vec<u8>) {
        let _ = (facts, at, out);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, at: &Circumstances<'_>, out: &mut Vec<u8>) {
        let _ = (at, out);
    }

    /// When to call [`Conversation::handle_timeout`]; earlier is harmless.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// Whether [`Conversation::handle_facts`] is to be called, as soon as possible.
    pub fn wants_facts(&self) -> bool {
        false
    }

    /// Whether every request has been answered.
    pub fn is_idle(&self) -> bool {
        true
    }
}
