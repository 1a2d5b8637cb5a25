//! The log line of a request, and its rate limit.
//!
//! Owns: the content of a line, and the count of lines left out. Never: a lock; requests without a
//! session are answered outside the engine's.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::json::Message;
use crate::json::object::{member, text};
use crate::log_text::truncate_for_log;
use crate::observe::{Answered, Event};
use crate::time::Instant;

/// Limits the number of request lines per second; the others are counted in one line.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    /// The current second, counted from 1.
    second: AtomicU64,
    written: AtomicU64,
    skipped: AtomicU64,
}

impl RequestLog {
    /// Logs a request, or counts it if `max` lines were logged in this second.
    pub(crate) fn write(
        &self,
        now: Instant,
        max: usize,
        describe: impl FnOnce() -> Answered,
        mut log: impl FnMut(Event),
    ) {
        if let Some(skipped) = self.take_skipped(now) {
            log(skipped);
        }
        if self.written.fetch_add(1, Ordering::Relaxed) < max as u64 {
            log(Event::RequestDone(Box::new(describe())));
        } else {
            self.skipped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns whether requests were left out that are not reported yet.
    pub(crate) fn has_skipped(&self) -> bool {
        self.skipped.load(Ordering::Relaxed) > 0
    }

    /// Returns the report of the requests left out, once their second is over.
    pub(crate) fn take_skipped(&self, now: Instant) -> Option<Event> {
        let second = now.since(Instant::ZERO).as_secs() + 1;
        if self.second.swap(second, Ordering::Relaxed) == second {
            return None;
        }
        self.written.store(0, Ordering::Relaxed);
        self.report()
    }

    /// Returns the report of the requests left out so far.
    pub(crate) fn report(&self) -> Option<Event> {
        let times = self.skipped.swap(0, Ordering::Relaxed);
        (times > 0).then_some(Event::Skipped { what: "request_done", reason: "rate", times })
    }
}

/// Returns the tool that a request calls, truncated.
pub(crate) fn tool_of(request: &Message) -> Option<Box<str>> {
    let name = request.name().filter(|_| request.method() == Some("tools/call"))?;
    Some(truncate_for_log(&String::from_utf8_lossy(name)).into())
}

/// Returns the name in a `clientInfo`, truncated.
pub(crate) fn client_name(info: &[u8]) -> Option<Box<str>> {
    let name = text(member(info, "name")?)?;
    Some(truncate_for_log(&name).into())
}

#[cfg(test)]
mod tests;
