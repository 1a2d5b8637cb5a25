//! Rate limits of the log: events that a peer can cause at any rate are written a few times a
//! second, and then counted.
//!
//! Owns: which events these are, by their name and reason; both are from a fixed set. A refused
//! `Host` or `Origin` is logged once a minute for each value, because its value is what an operator
//! needs, and a client over its limit once a minute. Never: touches the metrics, which count every
//! event.

use std::collections::BTreeMap;

use crate::observe::{Detail, Event, Level};
use crate::reject::Reject;
use crate::time::{Duration, Instant};

/// The recently logged events.
#[derive(Debug, Default)]
pub(crate) struct LogRateLimiter {
    kinds: BTreeMap<Kind, Second>,
    /// Values of `Host` and `Origin`, and clients over a limit, that were logged within the last
    /// minute.
    values: BTreeMap<(&'static str, Detail), Instant>,
    /// Whether events have been skipped since the last report.
    has_skipped: bool,
}

/// The decision about an event.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Log it.
    Log,
    /// Log it after a report of skipped ones.
    LogAfter(Event),
    /// Do not log it.
    Skip,
}

/// The name of an event, and its reason.
type Kind = (&'static str, &'static str);

#[derive(Debug, Default)]
struct Second {
    since: Instant,
    logged: usize,
    skipped: u64,
}

const SECOND: Duration = Duration::from_secs(1);

/// The time in which a logged value is not logged again.
const VALUE_PERIOD: Duration = Duration::from_secs(60);

/// The maximum number of values that are logged within [`VALUE_PERIOD`]; further ones are counted.
const VALUES_MAX: usize = 32;

impl LogRateLimiter {
    /// Decides whether this event is logged now; at most `max` of its kind are logged per second.
    /// Debug events always are.
    pub(crate) fn admit(&mut self, event: &Event, now: Instant, max: usize) -> Verdict {
        let Some(kind) = kind(event).filter(|_| event.level() > Level::Debug) else {
            return Verdict::Log;
        };
        let is_new = self.is_new_value(event, now);
        let second = self.kinds.entry(kind).or_default();
        if now.since(second.since) >= SECOND {
            second.since = now;
            second.logged = 0;
        }
        if !is_new || second.logged >= max {
            second.skipped += 1;
            // A value that was logged before is counted until the next line.
            self.has_skipped |= is_new;
            return Verdict::Skip;
        }
        second.logged += 1;
        match std::mem::take(&mut second.skipped) {
            0 => Verdict::Log,
            times => Verdict::LogAfter(Event::Skipped { what: kind.0, reason: kind.1, times }),
        }
    }

    /// Returns whether events have been skipped since the last report.
    pub(crate) fn has_skipped(&self) -> bool {
        self.has_skipped
    }

    /// Returns reports of the skipped events.
    pub(crate) fn take_skipped(&mut self) -> impl Iterator<Item = Event> {
        self.has_skipped = false;
        self.kinds.iter_mut().filter(|(_, second)| second.skipped > 0).map(|(kind, second)| {
            let times = std::mem::take(&mut second.skipped);
            Event::Skipped { what: kind.0, reason: kind.1, times }
        })
    }
}

impl LogRateLimiter {
    /// Returns whether this value was not logged within [`VALUE_PERIOD`]; true for an event without
    /// such a value.
    fn is_new_value(&mut self, event: &Event, now: Instant) -> bool {
        let Event::Refused { reject, detail: Some(detail) } = event else { return true };
        let is_value = matches!(reject, Reject::ForbiddenHost | Reject::ForbiddenOrigin)
            || reject.client_limit().is_some();
        if !is_value {
            return true;
        }
        self.values.retain(|_, logged| now.since(*logged) < VALUE_PERIOD);
        let value = (reject.name(), detail.clone());
        if self.values.len() >= VALUES_MAX || self.values.contains_key(&value) {
            return false;
        }
        self.values.insert(value, now);
        true
    }
}

fn kind(event: &Event) -> Option<Kind> {
    let reason = match event {
        Event::Refused { reject, .. } => reject.name(),
        Event::Dropped { what, .. } => what.name(),
        Event::TimedOut { method, .. } => method,
        Event::TlsFailed { failure, .. } => failure.name(),
        _ => return None,
    };
    Some((event.name(), reason))
}
