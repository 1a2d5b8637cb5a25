//! Native servers over Streamable HTTP: the settings that make a [`Server`] an endpoint.
//!
//! Owns: requests that need no session ([`Stateless`], [`Run`]).
//! Never: JSON-RPC or a tool; a [`Conversation`] handles those.
//!
//! ```text
//!                     ┌ sessions ──────► engine: a session whose other side is a conversation
//!   POST ── rules ────┤
//!                     └ no sessions ───► Stateless ── answered ────────────────► reply
//!                        (no lock)            └────── has to wait ──► engine ──► stream or reply
//! ```

mod event_format;
mod mirrors;
mod run;
mod stateless;

use std::sync::Arc;

pub use event_format::EventFormat;
pub(crate) use mirrors::Mirrors;
pub use run::Run;
pub(crate) use run::{Moment, Step};
pub use stateless::{Served, Stateless};

use crate::http::{Rate, RevisionHeader};
use crate::protocol::{Era, Revision};
use crate::server::{Conversation, Server};
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
    /// The rate limit for each address, or `None` for no limit.
    pub rate: Option<Rate>,
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
            rate: None,
            connection_requests_max: None,
        }
    }

    /// Creates a conversation in this era. In the legacy era it uses this revision until
    /// `initialize` negotiates another.
    pub(crate) fn converse(&self, revision: Revision, era: Era) -> Conversation {
        let conversation = Conversation::new(self.server.clone());
        conversation.restricted_to(self.revisions.clone()).speaking(revision).only(era)
    }

    /// Returns the revision of a request before `initialize` negotiates one.
    pub(crate) fn spoken(&self, said: &RevisionHeader) -> Revision {
        match said {
            RevisionHeader::Served(revision) => *revision,
            RevisionHeader::Absent | RevisionHeader::Other(_) | RevisionHeader::Malformed => {
                let legacy = |revision: &Revision| revision.era() == Era::Legacy;
                let served = self.revisions.iter().copied().filter(legacy);
                // The newest allowed revision that such a client may know, or else the oldest
                // allowed.
                let known = served.clone().filter(|revision| *revision <= UNSAID).max();
                known.or(served.min()).unwrap_or(UNSAID)
            }
        }
    }

    /// Returns whether a POST with this header may be a batch, outside of a session.
    pub(crate) fn takes_batches(&self, said: &RevisionHeader) -> bool {
        let has_batches = matches!(said, RevisionHeader::Served(spoken) if spoken.has_batches());
        self.server.catalog().batches || has_batches
    }
}

/// The revision of a client that names none (2025-11-25, basic/transports, Protocol Version
/// Header).
const UNSAID: Revision = Revision::V2025_03_26;

#[cfg(test)]
pub(crate) mod tests;
