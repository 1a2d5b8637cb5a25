//! The data by which sessions and workers are chosen for eviction.

use crate::principal::Principal;
use crate::time::Instant;

/// The loss for the client whose session or worker is ended, smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loss {
    /// Nothing: the session has not been initialized.
    Unopened,
    /// The state of an idle session or worker, or a parked call: its client was sent questions and
    /// has not retried. The one that has waited longest goes first, so that parked calls do not
    /// displace a session in use.
    Idle,
    /// A session in which only GET streams are open.
    Streams,
}

/// The data for an eviction: the loss, since when, and the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Evictable {
    pub(crate) loss: Loss,
    pub(crate) since: Instant,
    pub(crate) principal: Principal,
}

impl Evictable {
    /// Returns the order in which sessions and workers are evicted for `wanted_by`.
    pub(crate) fn order(&self, wanted_by: Principal) -> (bool, Loss, Instant) {
        let is_strange = ![wanted_by, Principal::Anonymous].contains(&self.principal);
        (is_strange, self.loss, self.since)
    }
}
