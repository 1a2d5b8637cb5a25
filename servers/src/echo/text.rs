//! Text output of the tools: pages of sections, and dates, durations and sizes for people.

use std::fmt::{Display, Write};

use pontoon_core::{Duration, Instant, escape_untrusted};
use serde_json::Value;
use time::OffsetDateTime;

use super::Program;
use crate::calendar::date;

/// The text of a result, line by line. The two servers format entries differently.
#[derive(Debug)]
pub(super) struct Page {
    text: String,
    program: Program,
}

impl Page {
    pub(super) fn new(program: Program, title: impl Display) -> Page {
        Page { text: title.to_string(), program }
    }

    /// Adds an empty line, and a heading.
    pub(super) fn section(&mut self, heading: impl Display) {
        self.line("");
        self.line(format_args!("{heading}:"));
    }

    /// Adds a name and its value.
    pub(super) fn entry(&mut self, name: &str, value: impl Display) {
        self.item(format_args!("{name}: {value}"));
    }

    /// Adds an item without a name.
    pub(super) fn item(&mut self, item: impl Display) {
        match self.program {
            Program::Stateful => self.line(format_args!("- {item}")),
            Program::Stateless => self.line(format_args!("  {item}")),
        }
    }

    /// Adds a line unchanged.
    pub(super) fn line(&mut self, line: impl Display) {
        // Writing to a string cannot fail.
        let _ = write!(self.text, "\n{line}");
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// Formats a fact, or that it is unknown.
pub(super) fn known<T: Display>(fact: Option<T>) -> String {
    fact.map_or_else(|| "n/a".to_owned(), |fact| fact.to_string())
}

/// Formats ✅ or ❌, with a word for each.
pub(super) fn mark(is_so: bool, yes: &str, no: &str) -> String {
    if is_so { format!("✅ {yes}") } else { format!("❌ {no}") }
}

/// Formats a JSON value on one line; a string without its quotation marks.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => escape_untrusted(text.as_bytes()),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(Value::to_string).collect();
            escape_untrusted(format!("[{}]", items.join(", ")).as_bytes())
        }
        _ => escape_untrusted(value.to_string().as_bytes()),
    }
}

/// Returns the wall-clock time of an earlier instant.
pub(super) fn wall_of(then: Instant, now: Instant, wall: Duration) -> Duration {
    wall.saturating_sub(now.since(then))
}

/// Formats `2024-01-01 12:00:00 UTC`, with this many digits of the second's fraction.
pub(super) fn utc(wall: Duration, digits: usize) -> String {
    let Some(date) = i64::try_from(wall.as_secs()).ok().and_then(date) else {
        return known::<u8>(None);
    };
    match digits {
        0 => format!("{date} UTC"),
        _ => format!("{date}.{} UTC", &format!("{:09}", wall.subsec_nanos())[..digits.min(9)]),
    }
}

/// Formats `1h 23m 45s`.
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {seconds}s"),
        (0, ..) => format!("{hours}h {minutes}m {seconds}s"),
        _ => format!("{days}d {hours}h {minutes}m {seconds}s"),
    }
}

/// Formats the time between two points, given in seconds since 1970, in its two largest units: `6
/// years, 11 months`. Months and years are those of the calendar.
pub(super) fn age(from: i64, to: i64) -> Option<String> {
    let (from, to) = (from.min(to), from.max(to));
    let begin = OffsetDateTime::from_unix_timestamp(from).ok()?;
    let end = OffsetDateTime::from_unix_timestamp(to).ok()?;
    let months_at =
        |at: OffsetDateTime| i64::from(at.year()) * 12 + i64::from(u8::from(at.month()));
    let in_month = |at: OffsetDateTime| (at.day(), at.time());
    let is_short = in_month(end) < in_month(begin);
    let months = months_at(end) - months_at(begin) - i64::from(is_short);
    let seconds = to - from;
    let units = [
        (months / 12, "year"),
        (months % 12, "month"),
        (if months > 0 { 0 } else { seconds / 86_400 }, "day"),
        (if months > 0 { 0 } else { seconds / 3600 % 24 }, "hour"),
        (if months > 0 { 0 } else { seconds / 60 % 60 }, "minute"),
        (if months > 0 { 0 } else { seconds % 60 }, "second"),
    ];
    let first = units.iter().position(|(count, _)| *count > 0).unwrap_or(units.len() - 1);
    let shown = units[first..].iter().take(2).enumerate();
    let words: Vec<_> = shown.filter(|(at, (count, _))| *at == 0 || *count > 0).collect();
    let words = words.iter().map(|(_, (count, unit))| counted(*count, unit));
    Some(words.collect::<Vec<_>>().join(", "))
}

fn counted(count: i64, unit: &str) -> String {
    if count == 1 { format!("{count} {unit}") } else { format!("{count} {unit}s") }
}

/// Formats `512B`, `12KB`, `256MB`: units of 1024.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..KIB => format!("{bytes}B"),
        KIB..MIB => format!("{}KB", (bytes + KIB / 2) / KIB),
        _ => megabytes(bytes),
    }
}

/// Formats `256MB`, for any size.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{}MB", bytes.saturating_add(MIB / 2) / MIB)
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Returns milliseconds as a number; the clock has microseconds.
pub(super) fn millis(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// Returns a part of a whole as a percentage, or `None` if the whole is 0.
pub(super) fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64 * 100.0)
}

#[cfg(test)]
mod tests;
