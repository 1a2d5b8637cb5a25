//! Native servers over Streamable HTTP: what a [`Server`] needs to be an endpoint.
//!
//! Owns: requests that need no session ([`Stateless`], [`Run`]) and the health of such programs.
//! Never: JSON-RPC or a tool; a [`Conversation`] speaks for the server.
//!
//! ```text
//!                     ┌ sessions ──────► engine: a session whose other side is a conversation
//!   POST ── rules ────┤
//!                     └ no sessions ───► Stateless ── answered ────────────────► reply
//!                        (no lock)            └────── has to wait ──► engine ──► stream or reply
//! ```

mod health;
mod mirrors;
mod plain;
mod run;
mod stateless;

use std::sync::Arc;

pub(crate) use health::{Vitals, details, health};
pub(crate) use mirrors::Mirrors;
pub use run::Run;
pub(crate) use run::{Moment, Step};
pub use stateless::{Served, Stateless};

use crate::http::{Rate, RevisionHeader};
use crate::protocol::{Era, Revision};
use crate::server::{Conversation, Server};
use crate::time::Duration;

/// A server that runs in this process, and how it is served.
#[derive(Clone, Debug)]
pub struct Native {
    /// The server.
    pub server: Arc<dyn Server>,
    /// Whether it has sessions. A server without them answers every request by itself, and any
    /// process that runs it can answer any request.
    pub sessions: bool,
    /// The revisions that are spoken, in any order.
    pub revisions: Arc<[Revision]>,
    /// What its `/health` looks like.
    pub health: HealthForm,
    /// Whether streams of requests without a session have the events `progress`, flat, and `data`,
    /// which no specification knows, in place of messages.
    pub plain_events: bool,
    /// Whether answers of some length are packed for clients that take that (`Accept-Encoding`).
    pub packs: bool,
    /// How often the sessions are looked through for expired ones. Each also ends by a timer of
    /// its own, so that an expired session is never served.
    pub sweep_period: Duration,
    /// How many requests an address may send; none where the endpoint does not count.
    pub rate: Option<Rate>,
    /// After so many requests a connection is closed; none where it may bring as many as it likes.
    pub connection_requests_max: Option<u64>,
}

impl Native {
    /// A server without sessions.
    pub fn stateless(server: Arc<dyn Server>, health: HealthForm) -> Native {
        Native { sessions: false, ..Native::stateful(server, health) }
    }

    /// A server with sessions.
    pub fn stateful(server: Arc<dyn Server>, health: HealthForm) -> Native {
        Native {
            server,
            sessions: true,
            revisions: Arc::new(Revision::ALL),
            health,
            plain_events: false,
            packs: false,
            sweep_period: Duration::from_secs(60),
            rate: None,
            connection_requests_max: None,
        }
    }

    /// A new conversation in this era; in the legacy one of this revision until `initialize` agrees
    /// on another.
    pub(crate) fn converse(&self, revision: Revision, era: Era) -> Conversation {
        let conversation = Conversation::new(self.server.clone());
        conversation.restricted_to(self.revisions.clone()).speaking(revision).only(era)
    }

    /// The revision of a request before `initialize` agrees on one.
    pub(crate) fn spoken(&self, said: &RevisionHeader) -> Revision {
        match said {
            RevisionHeader::Served(revision) => *revision,
            RevisionHeader::Absent | RevisionHeader::Other(_) | RevisionHeader::Malformed => {
                let legacy = |revision: &Revision| revision.era() == Era::Legacy;
                let served = self.revisions.iter().copied().filter(legacy);
                // The newest of those that such a client may know, or else the oldest there is.
                let known = served.clone().filter(|revision| *revision <= UNSAID).max();
                known.or(served.min()).unwrap_or(UNSAID)
            }
        }
    }

    /// Whether a POST with this header may be a batch, where no session says so.
    pub(crate) fn takes_batches(&self, said: &RevisionHeader) -> bool {
        let has_batches = matches!(said, RevisionHeader::Served(spoken) if spoken.has_batches());
        self.server.catalog().batches || has_batches
    }
}

/// The documented body of a program's `/health`, and the names of its metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HealthForm {
    /// The calculator's; the only one with `/health/detailed`.
    Calculator,
    /// The echo server's with sessions.
    EchoStateful,
    /// The echo server's without.
    EchoStateless,
}

/// The revision of a client that says nothing about it (2025-11-25, basic/transports, Protocol
/// Version Header).
const UNSAID: Revision = Revision::V2025_03_26;

#[cfg(test)]
pub(crate) mod tests;
