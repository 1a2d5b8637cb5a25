//! How often the log repeats itself: what a peer can cause as often as it likes is written a few
//! times a second, and then counted.
//!
//! Owns: which events these are, by their name and reason; both are of a closed set. A refused `Host`
//! or `Origin` is logged once a minute for each value, because its value is what an operator needs.
//! Never: touches the metrics, which count every one of them.

use std::collections::BTreeMap;

use crate::observe::{Detail, Event, Level};
use crate::reject::Reject;
use crate::time::{Duration, Instant};

/// What was logged lately.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    kinds: BTreeMap<Kind, Second>,
    /// Values of `Host` and `Origin` that were logged within the last minute.
    values: BTreeMap<(Reject, Detail), Instant>,
    /// Whether events have been skipped since the last report.
    has_skipped: bool,
}

/// What becomes of an event.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is logged.
    Log,
    /// It is logged, and before it that others like it were not.
    LogAfter(Event),
    /// It is not logged.
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

/// How long a value that was logged is not logged again.
const VALUE_PERIOD: Duration = Duration::from_secs(60);

/// Values that are logged within [`VALUE_PERIOD`]; further ones are counted.
const VALUES_MAX: usize = 32;

impl Throttle {
    /// Whether this event is to be logged now, `max` of its kind being the most in a second. Those
    /// for debugging always are.
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

    /// Whether events have been skipped since the last report.
    pub(crate) fn has_skipped(&self) -> bool {
        self.has_skipped
    }

    /// Reports how many events were skipped, and how many requests were left out.
    pub(crate) fn take_skipped(&mut self) -> impl Iterator<Item = Event> {
        self.has_skipped = false;
        self.kinds.iter_mut().filter(|(_, second)| second.skipped > 0).map(|(kind, second)| {
            let times = std::mem::take(&mut second.skipped);
            Event::Skipped { what: kind.0, reason: kind.1, times }
        })
    }
}

impl Throttle {
    /// Returns whether this value was not logged within [`VALUE_PERIOD`]; true for an event without
    /// a value to remember.
    fn is_new_value(&mut self, event: &Event, now: Instant) -> bool {
        let Event::Refused { reject, detail: Some(detail) } = event else { return true };
        if !matches!(reject, Reject::ForbiddenHost | Reject::ForbiddenOrigin) {
            return true;
        }
        self.values.retain(|_, logged| now.since(*logged) < VALUE_PERIOD);
        let value = (*reject, detail.clone());
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
        _ => return None,
    };
    Some((event.name(), reason))
}
