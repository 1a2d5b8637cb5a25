//! The health of native programs, each in the form that its document gives.

use serde_json::{Value, json};

use crate::native::{HealthForm, Native};
use crate::server::{Counters, Facts};
use crate::time::Duration;

/// How a program is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vitals<'a> {
    pub(crate) stopping: bool,
    pub(crate) uptime: Duration,
    /// What time it is in the world, since 1970-01-01 00:00 UTC.
    pub(crate) wall: Duration,
    pub(crate) facts: &'a Facts,
    pub(crate) counters: &'a Counters,
}

impl Vitals<'_> {
    fn status(&self) -> &'static str {
        if self.stopping { "stopping" } else { "healthy" }
    }
}

/// The body of `/health`.
pub(crate) fn health(native: &Native, vitals: &Vitals<'_>) -> Value {
    let version = native.server.catalog().version;
    let (status, counters) = (vitals.status(), vitals.counters);
    match native.health {
        HealthForm::EchoStateless => json!({
            "status": status,
            "uptime": vitals.uptime.as_secs(),
            "requests_handled": counters.requests,
            "version": version,
        }),
        HealthForm::EchoStateful => json!({
            "status": status,
            "sessions": {
                "active": counters.sessions,
                "total_created": counters.sessions_opened,
                "expired": counters.sessions_expired,
            },
            "uptime_seconds": vitals.uptime.as_secs(),
            "version": version,
        }),
        HealthForm::Calculator => json!({
            "status": status,
            "timestamp": timestamp(vitals.wall),
            "pattern": pattern(native),
            "uptime": seconds(vitals.uptime),
            "memory": { "rss": vitals.facts.process.memory },
            "version": version,
        }),
    }
}

/// The body of `/health/detailed`. Nothing in it helps an attacker to tell what to attack: no
/// release of anything but the program, no name, no id of a process.
pub(crate) fn details(native: &Native, vitals: &Vitals<'_>) -> Value {
    let catalog = native.server.catalog();
    let Facts { process, system, .. } = vitals.facts;
    let counters = vitals.counters;
    json!({
        "status": vitals.status(),
        "timestamp": timestamp(vitals.wall),
        "system": {
            "cores": system.cores,
            "loadAverage": system.load,
            "memory": { "total": system.memory_total, "available": system.memory_available },
        },
        "application": {
            "name": catalog.name,
            "version": catalog.version,
            "uptime": seconds(vitals.uptime),
            "memory": { "rss": process.memory },
            "requests": counters.requests,
            "errors": counters.errors,
        },
        "characteristics": {
            "pattern": pattern(native),
            "sessions": native.sessions,
            "resumable": native.sessions,
            "tools": catalog.tools.len(),
            "resources": catalog.resources.len(),
            "prompts": catalog.prompts.len(),
        },
    })
}

fn pattern(native: &Native) -> &'static str {
    if native.sessions { "stateful" } else { "stateless" }
}

/// Seconds, to the millisecond.
fn seconds(time: Duration) -> f64 {
    time.as_millis() as f64 / 1e3
}

/// A moment as RFC 3339 writes it, in UTC and to the millisecond.
fn timestamp(wall: Duration) -> String {
    let seconds = wall.as_secs();
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let millis = wall.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Year, month and day of a day that is counted from 1970-01-01, in the Gregorian calendar. Years
/// are taken to begin in March, so that the day that not every year has is the last one.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_BEFORE_1970;
    let (era, day_of_era) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (400 * era + year_of_era + u64::from(month <= 2), month, day)
}

const DAYS_IN_400_YEARS: u64 = 146_097;

/// From 0000-03-01.
const DAYS_BEFORE_1970: u64 = 719_468;

#[cfg(test)]
mod tests;
