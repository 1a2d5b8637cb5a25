//! The sender of a request without a session.

use std::sync::Arc;

use crate::auth::Permissions;
use crate::principal::Principal;
use crate::random::Rng;
use crate::server::{HttpRequestHead, MessageContext};
use crate::time::{Duration, Instant};

/// The context of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatelessCx<'a> {
    pub(crate) now: Instant,
    pub(crate) unix_time: Duration,
    pub(crate) rng: &'a Rng,
}

/// The sender of a request, and its head if the server reads it.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) http: Option<Arc<HttpRequestHead>>,
    pub(super) principal: Principal,
    /// Its permissions; `None` allows everything.
    pub(super) permissions: Option<Arc<Permissions>>,
    pub(super) arrived: Instant,
}

impl Sender {
    /// Returns the context of a message.
    pub(super) fn context<'a>(&'a self, cx: StatelessCx<'a>, random: u64) -> MessageContext<'a> {
        let StatelessCx { now, unix_time, rng } = cx;
        MessageContext {
            now,
            arrived: self.arrived,
            unix_time,
            http: self.http.as_ref(),
            session: None,
            principal: self.principal,
            permissions: self.permissions.as_deref(),
            random,
            seal: &rng.seal,
        }
    }
}
