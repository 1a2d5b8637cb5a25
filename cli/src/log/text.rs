//! Entries as text, one line each.
//!
//! Whatever a child wrote stays inside its field: control characters are escaped, so that it can
//! neither begin a line of its own nor talk to a terminal.

use std::fmt::Write;
use std::time::SystemTime;

use pontoon_core::observe::Value;

use super::Entry;

/// `2026-11-20T23:49:57.123Z INFO session opened session=ab12cd34… revision=2025-11-25`
pub(super) fn pretty(entry: &Entry, out: &mut String) {
    let level = entry.level().name().to_uppercase();
    push(out, format_args!("{} {level} {}", timestamp(entry.at), entry.message()));
    entry.fields(|name, value| {
        push(out, format_args!(" {name}="));
        match value {
            Value::Bytes(bytes) => push_word(out, &String::from_utf8_lossy(bytes)),
            Value::Count(count) => push(out, format_args!("{count}")),
            Value::Flag(flag) => push(out, format_args!("{flag}")),
            Value::Text(text) => push_word(out, &text),
            Value::Named(inner, text) => {
                push(out, format_args!("{inner}:"));
                push_word(out, &text);
            }
            Value::Time(time) => push(out, format_args!("{time:?}")),
        }
    });
    out.push('\n');
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
            Value::Bytes(bytes) => out.push_str(&json_string(&String::from_utf8_lossy(bytes))),
            Value::Count(count) => push(out, format_args!("{count}")),
            Value::Flag(flag) => push(out, format_args!("{flag}")),
            Value::Text(text) => out.push_str(&json_string(&text)),
            Value::Named(inner, text) => {
                push(out, format_args!(r#"{{"{inner}":{}}}"#, json_string(&text)));
            }
            Value::Time(time) => push(out, format_args!("{}", time.as_secs_f64())),
        }
    });
    out.push_str("}\n");
}

fn timestamp(at: SystemTime) -> impl std::fmt::Display {
    humantime::format_rfc3339_millis(at)
}

/// A value that can be told from what follows: in quotes unless it is plain.
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
