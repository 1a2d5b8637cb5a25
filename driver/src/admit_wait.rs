//! The wait of a request for an authorization server, before it is admitted.

use std::task::{Context, Poll, ready};

use pontoon_core::auth::Answered;

/// The wait of a request for a result, before it is admitted.
#[derive(Default)]
pub struct AdmitWait {
    answered: Option<Answered>,
    waits: usize,
}

impl AdmitWait {
    /// Waits for the result, if there is one to wait for.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(answered) = &mut self.answered {
            ready!(answered.as_mut().poll(cx));
            self.answered = None;
        }
        Poll::Ready(())
    }

    /// Returns whether to wait again, because the request was refused.
    pub(crate) fn again(&mut self, ask: impl FnOnce() -> Option<Answered>) -> bool {
        self.waits += 1;
        self.answered = (self.waits <= WAITS_MAX).then(ask).flatten();
        self.answered.is_some()
    }
}

/// The maximum number of results that a request waits for: the metadata, the keys, and the results
/// of others.
const WAITS_MAX: usize = 8;
