//! The wait of a request for an authorization server, before it is admitted.

use std::task::{Context, Poll, ready};

use pontoon_core::auth::Answered;

/// The wait of a request for a result, before it is admitted.
#[derive(Default)]
pub struct AdmitWait(Option<Answered>);

impl AdmitWait {
    /// Waits for the result, if there is one to wait for.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(answered) = &mut self.0 {
            ready!(answered.as_mut().poll(cx));
            self.0 = None;
        }
        Poll::Ready(())
    }

    /// Sets the result to wait for; returns whether there is one.
    pub(crate) fn set(&mut self, answered: Option<Answered>) -> bool {
        self.0 = answered;
        self.0.is_some()
    }
}
