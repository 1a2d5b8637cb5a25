//! Native servers over Streamable HTTP.
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

mod continuation;
mod mirrors;
mod run;
mod stateless;

pub(crate) use continuation::{Continuation, Serving};
pub(crate) use mirrors::Mirrors;
pub use run::Run;
pub(crate) use run::{Moment, Step, ToRun};
pub use stateless::{Served, Stateless};

use crate::config::Native;
use crate::http::RevisionHeader;
use crate::protocol::{Era, Revision};
use crate::server::Conversation;

impl Native {
    /// Creates a conversation in this era. In the legacy era it uses this revision until
    /// `initialize` negotiates another.
    pub(crate) fn converse(&self, revision: Revision, era: Era) -> Conversation {
        let conversation = Conversation::new(self.server.clone());
        conversation.restricted_to(self.revisions.clone()).speaking(revision).only(era)
    }

    /// Returns the revision of a request before `initialize` negotiates one.
    pub(crate) fn spoken(&self, said: &RevisionHeader) -> Revision {
        said.spoken(&self.revisions)
    }

    /// Returns whether a POST with this header may be a batch, outside of a session.
    pub(crate) fn takes_batches(&self, said: &RevisionHeader) -> bool {
        let has_batches = matches!(said, RevisionHeader::Served(spoken) if spoken.has_batches());
        self.server.catalog().batches || has_batches
    }
}

#[cfg(test)]
pub(crate) mod tests;
