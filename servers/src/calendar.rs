//! Dates and times in UTC.

use ::time::OffsetDateTime;
use ::time::format_description::BorrowedFormatItem;
use ::time::macros::format_description;
use pontoon_core::Duration;

/// Returns seconds since 1970 as a date, `2018-01-18 01:30:22`, or `None` outside the years -9999
/// to 9999.
pub(crate) fn date(unix_seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(unix_seconds).ok()?.format(DATE).ok()
}

/// Returns the time since 1970-01-01 00:00 UTC in RFC 3339 form, to the millisecond:
/// `2023-10-27T18:30:00.000Z`, or `None` after the year 9999.
pub(crate) fn rfc3339(since_1970: Duration) -> Option<String> {
    let nanoseconds = since_1970.as_nanos().try_into().ok()?;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?.format(MILLISECONDS).ok()
}

const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

#[cfg(test)]
mod tests;
