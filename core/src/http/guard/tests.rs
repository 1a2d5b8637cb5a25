use super::*;
use crate::time::Duration;

mod bodies;
mod deadlines;
mod heads;
mod properties;

/// A minimal adapter: it keeps the bytes that the guard does not pass, and answers each request as
/// soon as it is complete.
struct Wire {
    guard: Guard,
    held: Vec<u8>,
    passed: Vec<u8>,
}

impl Wire {
    fn new(limits: Limits) -> Self {
        let guard = Guard::new(Arc::new(limits), Instant::ZERO);
        Wire { guard, held: Vec::new(), passed: Vec::new() }
    }

    fn receive(&mut self, bytes: &[u8]) -> Option<Reject> {
        self.held.extend_from_slice(bytes);
        loop {
            let inspection = self.guard.inspect(&self.held, Instant::ZERO);
            self.passed.extend(self.held.drain(..inspection.pass));
            if inspection.refuse.is_some() || self.is_waiting() {
                return inspection.refuse;
            }
            self.guard.responded(Instant::ZERO);
        }
    }

    fn is_waiting(&self) -> bool {
        self.guard.in_flight() == 0 || self.guard.is_inside_body()
    }
}

/// Returns the result for `input` on a connection with the default limits: the number of bytes that
/// pass, and the refusal.
fn judge(input: &[u8]) -> (usize, Option<Reject>) {
    let mut wire = Wire::new(Limits::default());
    let refuse = wire.receive(input);
    (wire.passed.len(), refuse)
}

/// Checks inputs of which nothing may pass. A refusal must not depend on later bytes.
fn assert_refused(table: &[(&str, Reject)]) {
    for (input, reject) in table {
        assert_eq!(judge(input.as_bytes()), (0, Some(*reject)), "{input:?}");
        let with_more = [input.as_bytes(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
        assert_eq!(judge(&with_more), (0, Some(*reject)), "{input:?} with more");
    }
}

/// Checks inputs that must pass whole.
fn assert_passed(inputs: &[&str]) {
    for input in inputs {
        assert_eq!(judge(input.as_bytes()), (input.len(), None), "{input:?}");
    }
}

fn at(millis: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(millis)
}
