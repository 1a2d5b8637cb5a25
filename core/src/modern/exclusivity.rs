//! The legacy child that a modern request needs.

use crate::json::Message;
use crate::reject::Capability;
use crate::translate::{capability, may_require_input};

/// The requests that a request can share a legacy child with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exclusivity {
    /// All: it causes no questions.
    None,
    /// Those whose clients support no questions either.
    SharedNonInteractive,
    /// None that may cause questions: its client supports them.
    Exclusive,
}

/// Returns the requests that a request can share a legacy child with.
pub(crate) fn exclusivity_of(request: &Message) -> Exclusivity {
    if !may_require_input(request.method().unwrap_or_default()) {
        return Exclusivity::None;
    }
    let declared = request.client_capabilities().unwrap_or(b"{}");
    match QUESTION_CAPABILITIES.iter().any(|it| capability::is_declared(declared, *it)) {
        true => Exclusivity::Exclusive,
        false => Exclusivity::SharedNonInteractive,
    }
}

/// The capabilities for questions of a server.
const QUESTION_CAPABILITIES: [Capability; 4] =
    [Capability::Elicitation, Capability::ElicitationUrl, Capability::Roots, Capability::Sampling];
