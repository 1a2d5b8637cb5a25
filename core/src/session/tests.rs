//! Invariants of a session between two inputs.

use super::*;
use crate::cx::Exchanges;
use crate::limits::Limits;

/// A table of sessions must cost less than their processes.
#[test]
fn a_session_is_small() {
    assert!(size_of::<Session>() <= 440, "{} bytes", size_of::<Session>());
}

impl Session {
    /// Returns the number of bytes on their way to the client.
    pub(crate) fn outbound(&self) -> usize {
        self.streams.outbound()
    }

    /// Checks the limits, and that the tables agree with each other.
    pub(crate) fn check(&self, limits: &Limits, exchanges: &Exchanges) {
        assert!(
            self.client_requests.len() <= limits.in_flight_max,
            "{} in flight",
            self.client_requests.len()
        );
        assert!(
            self.server_requests.len() <= limits.child_requests_max,
            "{} asked",
            self.server_requests.len()
        );
        assert!(self.queue.bytes() <= limits.queue_bytes_max, "{} queued", self.queue.bytes());
        self.streams.check(limits, exchanges);
        let due: usize = self.streams.answers_due();
        assert_eq!(due, self.client_requests.len(), "answers due against requests in flight");
    }
}
