//! The legacy child that a modern request needs.

use crate::json::Message;
use crate::reject::Capability;
use crate::translate::{capability, may_require_input};

/// The requests that a request can share a legacy child with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// All: it causes no questions.
    Nobody,
    /// Those whose clients support no questions either.
    Company,
    /// None that may cause questions: its client supports them.
    Alone,
}

/// Returns the requests that a request can share a legacy child with.
pub(crate) fn need_of(request: &Message) -> Need {
    if !may_require_input(request.method().unwrap_or_default()) {
        return Need::Nobody;
    }
    let declared = request.client_capabilities().unwrap_or(b"{}");
    match ASKED.iter().any(|it| capability::is_declared(declared, *it)) {
        true => Need::Alone,
        false => Need::Company,
    }
}

/// The capabilities for questions of a server.
const ASKED: [Capability; 4] =
    [Capability::Elicitation, Capability::ElicitationUrl, Capability::Roots, Capability::Sampling];
