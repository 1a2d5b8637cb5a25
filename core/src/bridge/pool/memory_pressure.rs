//! Flow control of shared children while memory is short.
//!
//! A child in the pool answers many clients. Pausing its output gives them time to read earlier
//! answers. The pause is short, because some of them may not read at all.

use super::*;
use crate::memory::SMALL_BYTES_MAX;
use crate::time::Duration;

/// The maximum pause of a child. After it the child is read again: lines without room fail their
/// own requests.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// The interval of checks whether memory is still short, since the engine is not told of all memory
/// that is freed.
const CHECK_PERIOD: Duration = Duration::from_millis(20);

impl Pool {
    /// Pauses the children with much unread output while memory is short, and resumes the others.
    pub(crate) fn apply_memory_pressure(&mut self, cx: &mut Cx<'_>) {
        let is_short = cx.memory.is_short();
        if !is_short && self.memory_short_since.is_none() {
            return;
        }
        let since = *self.memory_short_since.get_or_insert(cx.now);
        self.memory_short_since.take_if(|_| !is_short);
        let waits = is_short && cx.now < since + WAIT_MAX;
        for worker in self.workers.values_mut() {
            let holds = waits && cx.memory.written_by(worker.child.id) > SMALL_BYTES_MAX;
            worker.child.set_read_enabled(!holds, cx);
        }
        if is_short {
            cx.wake(cx.now + CHECK_PERIOD);
        }
    }
}
