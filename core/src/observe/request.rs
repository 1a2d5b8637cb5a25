//! The log line of a request, and the limit on how many are written.
//!
//! Owns: what a line says, and the count of those that are left out.
//! Never: a lock; requests that belong to no session are answered outside the engine's.

use core::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

use crate::ids::SessionId;
use crate::json::Message;
use crate::json::object::{member, text};
use crate::observe::Event;
use crate::shown::shown;
use crate::time::{Duration, Instant};

/// A request that has been answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The id that a server in this process gives it in its answer.
    pub id: Option<Uuid>,
    /// The address it came from.
    pub peer: Option<IpAddr>,
    /// The name that the client gives itself (`clientInfo.name`), cut short.
    pub client: Option<Box<str>>,
    /// The session it belongs to.
    pub session: Option<SessionId>,
    /// Its method; `other` if it is none of the specification's.
    pub method: &'static str,
    /// The tool that was called, cut short.
    pub tool: Option<Box<str>>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// From request to answer.
    pub took: Duration,
    /// The name of the error; `None` if the answer is a result.
    pub error: Option<&'static str>,
}

/// Limits the lines about requests: so many in a second, and the others are counted in one.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    /// The second that is counted, from 1 on.
    second: AtomicU64,
    written: AtomicU64,
    skipped: AtomicU64,
}

impl RequestLog {
    /// Logs a request, or counts it if there have been `max` in this second.
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

    /// Whether requests have been left out and not been reported.
    pub(crate) fn has_skipped(&self) -> bool {
        self.skipped.load(Ordering::Relaxed) > 0
    }

    /// The report of what was left out, once its second is over.
    pub(crate) fn take_skipped(&self, now: Instant) -> Option<Event> {
        let second = now.since(Instant::ZERO).as_secs() + 1;
        if self.second.swap(second, Ordering::Relaxed) == second {
            return None;
        }
        self.written.store(0, Ordering::Relaxed);
        self.report()
    }

    /// The report of what was left out so far.
    pub(crate) fn report(&self) -> Option<Event> {
        let times = self.skipped.swap(0, Ordering::Relaxed);
        (times > 0).then_some(Event::Skipped { what: "request_done", reason: "rate", times })
    }
}

/// The tool that a request calls, cut short.
pub(crate) fn tool_of(request: &Message) -> Option<Box<str>> {
    let name = request.name().filter(|_| request.method() == Some("tools/call"))?;
    Some(shown(&String::from_utf8_lossy(name)).into())
}

/// The name in a `clientInfo`, cut short.
pub(crate) fn client_name(info: &[u8]) -> Option<Box<str>> {
    let name = text(member(info, "name")?)?;
    Some(shown(&name).into())
}

#[cfg(test)]
mod tests;
