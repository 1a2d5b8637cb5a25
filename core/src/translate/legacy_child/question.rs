//! A request of a legacy child, as an input that a modern client is required to give.

use crate::translate::Capability;

/// An entry of `inputRequests`, and what the client must be able to do for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The capability the client must have declared; it tells the kind of answer too.
    pub needs: Capability,
    /// The entry: JSON text, `method` and `params`.
    pub request: Vec<u8>,
}

/// Why a request of a child cannot be asked. The child is told so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No method that a modern client knows: -32601. `ping` is for the bridge to answer.
    UnknownMethod,
    /// A member that its params need is missing or has a wrong type: -32602.
    BadParams,
}

/// The child's request as an entry of `inputRequests`. What the modern era has not goes: the
/// progress token, the task, the id of a URL elicitation; and the context that sampling wants
/// included, unless `client_capabilities` (JSON text) have that.
///
/// Whether the client can answer is for the caller to ask, of
/// [`is_declared`](crate::translate::capability::is_declared).
///
/// # Errors
///
/// See [`Refusal`].
pub fn question(
    method: &str,
    params: Option<&[u8]>,
    client_capabilities: &[u8],
) -> Result<Question, Refusal> {
    todo!()
}

/// The key for a request of this id (JSON text): what the id says; of a string that could be taken
/// for a number, or for such a key, its JSON text. Different ids have different keys.
pub fn key(id: &[u8]) -> String {
    todo!()
}

/// The result that requires these inputs (keys and entries) from the client, with the sealed state
/// it has to give back, and who the server is (JSON text).
pub fn input_required<'q>(
    questions: impl IntoIterator<Item = (&'q str, &'q Question)>,
    state: Option<&str>,
    server_info: Option<&[u8]>,
) -> Vec<u8> {
    todo!()
}
