//! Native servers over Streamable HTTP.
//!
//! Owns: requests that need no session ([`StatelessServer`], [`StatelessRequest`]).
//! Never: JSON-RPC or a tool; a [`ServerConnection`] handles those.
//!
//! ```text
//!                     ┌ sessions ──────► engine: a session whose other side is a connection
//!   POST ── rules ────┤
//!                     └ no sessions ───► StatelessServer ── answered ────────────────► reply
//!                        (no lock)            └────── has to wait ──► engine ──► stream or reply
//! ```

mod continuation;
mod header_params;
mod output;
mod sender;
mod stateless;
mod stateless_request;

pub(crate) use continuation::{Continuation, Serving};
pub(crate) use header_params::ServerHeaderParams;
pub(crate) use output::StatelessOutput;
pub(crate) use sender::StatelessCx;
pub use stateless::{StatelessOutcome, StatelessServer};
pub(crate) use stateless_request::StatelessInput;
pub use stateless_request::StatelessRequest;

use crate::config::Native;
use crate::http::RevisionHeader;
use crate::protocol::{Era, Revision};
use crate::server::ServerConnection;

impl Native {
    /// Creates a connection in this era. In the legacy era it uses this revision until
    /// `initialize` negotiates another.
    pub(crate) fn connect(&self, revision: Revision, era: Era) -> ServerConnection {
        let connection = ServerConnection::new(self.server.clone());
        connection.restricted_to(self.revisions.clone()).with_revision(revision).only(era)
    }

    /// Returns the revision of a request before `initialize` negotiates one.
    pub(crate) fn revision_of(&self, said: &RevisionHeader) -> Revision {
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
