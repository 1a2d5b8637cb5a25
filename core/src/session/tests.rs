//! What has to hold in a session between two facts.

use super::*;
use crate::engine::Exchanges;
use crate::limits::Limits;

/// A table of sessions is to cost less than the processes behind them.
#[test]
fn a_session_is_small() {
    assert!(size_of::<Session>() <= 432, "{} bytes", size_of::<Session>());
}

impl Session {
    /// Bytes on their way to the client.
    pub(crate) fn outbound(&self) -> usize {
        self.streams.outbound()
    }

    /// Checks the bounds, and that the tables agree with each other.
    pub(crate) fn check(&self, limits: &Limits, exchanges: &Exchanges) {
        assert!(self.calls.len() <= limits.in_flight_max, "{} in flight", self.calls.len());
        assert!(self.asks.len() <= limits.child_requests_max, "{} asked", self.asks.len());
        assert!(self.queue.bytes() <= limits.queue_bytes_max, "{} queued", self.queue.bytes());
        self.streams.check(limits, exchanges);
        let due: usize = self.streams.answers_due();
        assert_eq!(due, self.calls.len(), "answers due against requests in flight");
    }
}
