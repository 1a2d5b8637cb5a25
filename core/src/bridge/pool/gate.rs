//! Children that are read no further while memory is short.
//!
//! A child here answers many clients. Not to read it gives them time to take what it has written; it
//! is not made to wait for long, as some of them may take nothing at all.

use super::*;
use crate::memory::SMALL_BYTES_MAX;
use crate::time::Duration;

/// For how long a child waits for its clients to take what it has written. After that it is read
/// again: lines for which there is no room fail their own requests.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// How often it is looked whether memory is still short. What makes room need not be a fact that the
/// engine is told of.
const CHECK_PERIOD: Duration = Duration::from_millis(20);

impl Pool {
    /// Reads the children that wrote what is still held only when there is room for more of it.
    pub(crate) fn spare_memory(&mut self, turn: &mut Turn<'_>) {
        let is_short = turn.memory.is_short();
        if !is_short && self.short_since.is_none() {
            return;
        }
        let since = *self.short_since.get_or_insert(turn.now);
        self.short_since.take_if(|_| !is_short);
        let waits = is_short && turn.now < since + WAIT_MAX;
        for worker in self.workers.values_mut() {
            let holds = waits && turn.memory.written_by(worker.child.id) > SMALL_BYTES_MAX;
            worker.child.gate(!holds, turn);
        }
        if is_short {
            turn.wake(turn.now + CHECK_PERIOD);
        }
    }
}
