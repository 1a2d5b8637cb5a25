//! Entries as text, one line each.
//!
//! Text of a child stays inside its field: control characters are escaped, so that it cannot start
//! a line of its own or control a terminal.

use std::fmt::Write;
use std::sync::Arc;
use std::time::SystemTime;

use pontoon_core::{FieldValue, Level};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use super::entry::Entry;

/// `2026-11-20T23:49:57.123Z INFO session opened session=ab12cd34… revision=2025-11-25`
pub(super) fn pretty(entry: &Entry, out: &mut String) {
    let level = entry.level().name().to_uppercase();
    push(out, format_args!("{} {level} {}", timestamp(entry.at), entry.message()));
    entry.fields(|name, value| {
        push(out, format_args!(" {}=", pretty_name(name, &value)));
        push_value(out, &value);
    });
    out.push('\n');
}

/// The format of lines at a terminal.
#[derive(Clone, Debug)]
pub(super) struct Terminal {
    pub(super) colour: bool,
    /// The difference between local time and UTC.
    pub(super) offset: UtcOffset,
    /// The name of the command, for the lines that it writes to standard error.
    pub(super) command: Arc<str>,
}

impl Terminal {
    /// `23:49:57 INFO  session opened   session=ab12cd34… revision=2025-11-25`; a line of the
    /// command follows its name unchanged: `23:49:57 time[1] | Traceback (most recent call last):`.
    pub(super) fn line(&self, entry: &Entry, out: &mut String) {
        let at = OffsetDateTime::from(entry.at).to_offset(self.offset);
        let clock = at.format(CLOCK).unwrap_or_default();
        self.push_coloured(out, DIM, &clock);
        if let Some((child, line)) = entry.said_by_child() {
            out.push(' ');
            let command = entry.server().unwrap_or(&self.command);
            self.push_coloured(out, DIM, &format!("{command}[{child}] |"));
            out.push(' ');
            push_printable(out, &String::from_utf8_lossy(line));
            out.push('\n');
            return;
        }
        let (level, colour) = match entry.level() {
            Level::Debug => ("DEBUG", DIM),
            Level::Info => ("INFO ", GREEN),
            Level::Warning => ("WARN ", YELLOW),
            Level::Error => ("ERROR", RED),
        };
        out.push(' ');
        self.push_coloured(out, colour, level);
        push(out, format_args!(" {:<16}", entry.message()));
        entry.fields(|name, value| {
            out.push(' ');
            self.push_coloured(out, DIM, &format!("{}=", pretty_name(name, &value)));
            push_value(out, &value);
        });
        out.push('\n');
    }

    fn push_coloured(&self, out: &mut String, colour: &str, text: &str) {
        match self.colour {
            true => push(out, format_args!("{colour}{text}{PLAIN}")),
            false => out.push_str(text),
        }
    }
}

const CLOCK: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]:[second]");

const DIM: &str = "\x1b[2m";
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

/// Returns the name of a field: that of the text, if it has one.
fn pretty_name(name: &'static str, value: &FieldValue<'_>) -> &'static str {
    match value {
        FieldValue::Named("requestId", _) => "request_id",
        _ => name,
    }
}

pub(super) fn push_value(out: &mut String, value: &FieldValue<'_>) {
    match value {
        FieldValue::Bytes(bytes) => push_word(out, &String::from_utf8_lossy(bytes)),
        FieldValue::Count(count) => push(out, format_args!("{count}")),
        FieldValue::Flag(flag) => push(out, format_args!("{flag}")),
        FieldValue::Text(text) | FieldValue::Named(_, text) => push_word(out, text),
        FieldValue::Time(time) => push(out, format_args!("{time:.1?}")),
    }
}

/// Writes a text without characters that control a terminal.
fn push_printable(out: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '\t' => out.push(char),
            _ if char.is_control() => out.extend(char.escape_default()),
            _ => out.push(char),
        }
    }
}

/// `{"timestamp":"…","level":"info","event":"session_opened","message":"session opened",…}`
///
/// Times are in seconds.
pub(super) fn json(entry: &Entry, out: &mut String) {
    push(out, format_args!(r#"{{"timestamp":"{}""#, timestamp(entry.at)));
    push(out, format_args!(r#","level":"{}""#, entry.level()));
    push(out, format_args!(r#","event":"{}""#, entry.name()));
    push(out, format_args!(r#","message":{}"#, json_string(entry.message())));
    entry.fields(|name, value| {
        push(out, format_args!(r#","{name}":"#));
        match value {
            FieldValue::Bytes(bytes) => out.push_str(&json_string(&String::from_utf8_lossy(bytes))),
            FieldValue::Count(count) => push(out, format_args!("{count}")),
            FieldValue::Flag(flag) => push(out, format_args!("{flag}")),
            FieldValue::Text(text) => out.push_str(&json_string(&text)),
            FieldValue::Named(inner, text) => {
                push(out, format_args!(r#"{{"{inner}":{}}}"#, json_string(&text)));
            }
            FieldValue::Time(time) => push(out, format_args!("{}", time.as_secs_f64())),
        }
    });
    out.push_str("}\n");
}

/// Returns a time in RFC 3339 form, in UTC.
fn timestamp(at: SystemTime) -> String {
    OffsetDateTime::from(at).format(MILLISECONDS).unwrap_or_default()
}

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Writes a value with a clear end: in quotes unless it is plain.
fn push_word(out: &mut String, word: &str) {
    let plain = |c: char| c.is_alphanumeric() || "%+,-./:…_[]".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        out.push_str(word);
    } else {
        push(out, format_args!("{word:?}"));
    }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes everything");
}
