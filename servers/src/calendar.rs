//! Dates and times in UTC.

use ::time::OffsetDateTime;
use pontoon_core::time::Duration;

/// Returns seconds since 1970 as a date, `2018-01-18 01:30:22`, or `None` outside the years -9999
/// to 9999.
pub(crate) fn date(unix_seconds: i64) -> Option<String> {
    written(unix_seconds, ' ')
}

/// Returns the time since 1970-01-01 00:00 UTC in RFC 3339 form, to the millisecond:
/// `2023-10-27T18:30:00.000Z`, or `None` after the year 9999.
pub(crate) fn rfc3339(since_1970: Duration) -> Option<String> {
    let date = written(i64::try_from(since_1970.as_secs()).ok()?, 'T')?;
    Some(format!("{date}.{:03}Z", since_1970.subsec_millis()))
}

fn written(unix_seconds: i64, separator: char) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(unix_seconds).ok()?;
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    let month = u8::from(month);
    Some(format!("{year:04}-{month:02}-{day:02}{separator}{hour:02}:{minute:02}:{second:02}"))
}

#[cfg(test)]
mod tests;
