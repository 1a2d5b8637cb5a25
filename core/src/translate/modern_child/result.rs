//! A result of a modern child, for a legacy client.

use crate::protocol::Revision;
use crate::translate::Capability;

/// What a result of a modern child is to a legacy client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The result, in the words of the client's revision (JSON text).
    Complete(Vec<u8>),
    /// The client must be asked; then the request is sent again.
    InputRequired {
        /// What to ask. None: try again, after a pause.
        requests: Vec<InputRequest>,
        /// The state to give back, byte for byte (JSON text).
        state: Option<Vec<u8>>,
    },
}

/// An entry of `inputRequests`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputRequest {
    /// The key its answer goes under.
    pub key: String,
    /// What the client must have declared; it tells the method too
    /// ([`method`](crate::translate::capability::method)).
    pub needs: Capability,
    /// The params (JSON text).
    pub params: Option<Vec<u8>>,
}

/// The result as the legacy era has it, without what only the modern era has, and what `revision`
/// does not know replaced by text. Absent if it is malformed or of a type that is not known: the
/// child's error.
pub fn result(method: &str, result: &[u8], revision: Revision) -> Option<Outcome> {
    todo!()
}
