//! The forms of answer that a client accepts (RFC 9110, section 12.5.1).
//!
//! Clients must list both forms on a POST and `text/event-stream` on a GET (2025-11-25,
//! basic/transports). Other clients are served as far as their headers allow.

use crate::http::media::{Media, members};

/// The forms of answer a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accept {
    /// `application/json`.
    pub json: bool,
    /// `text/event-stream`.
    pub sse: bool,
}

impl Accept {
    /// Returns the forms that `Accept` lines, in order, allow for a POST, or `None` if they exclude
    /// both.
    ///
    /// A client must ask for a stream by `text/event-stream` or `text/*`, since not every client
    /// can read one; `*/*`, or no header, gets JSON, and a stream only if JSON is excluded.
    pub(super) fn of_post<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<Accept> {
        let wanted = Wanted::read(lines);
        let json = wanted.json.is_acceptable();
        let sse = wanted.sse.is_acceptable() && (wanted.sse.is_named() || !json);
        (json || sse).then_some(Accept { json, sse })
    }

    /// Returns the same for a server that uses streams only for more than one message: `*/*`, or no
    /// header, allows a stream too.
    pub(super) fn of_anything<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<Accept> {
        let wanted = Wanted::read(lines);
        let (json, sse) = (wanted.json.is_acceptable(), wanted.sse.is_acceptable());
        (json || sse).then_some(Accept { json, sse })
    }

    /// Returns the forms that `Accept` lines, in order, allow for a GET, or `None` if they exclude
    /// a stream.
    pub(super) fn of_get<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<Accept> {
        let wanted = Wanted::read(lines);
        let json = wanted.json.is_acceptable();
        wanted.sse.is_acceptable().then_some(Accept { json, sse: true })
    }

    /// Returns whether `Accept` lines name `text/html`, and do not prefer JSON.
    pub(super) fn prefers_html<'a>(lines: impl Iterator<Item = &'a [u8]>) -> bool {
        let (mut html, mut json) = (Verdict::NotCovered, Verdict::NotCovered);
        for member in lines.flat_map(members) {
            let Some(range) = Media::parse(member) else { continue };
            let Some(weight) = range.parameters("q").next().map_or(Some(WEIGHT_MAX), weight) else {
                continue;
            };
            html.consider(&range, "text", "html", weight);
            json.consider(&range, "application", "json", weight);
        }
        match (html, json) {
            (Verdict::Covered { by: Range::Exact, weight: html @ 1.. }, json) => match json {
                Verdict::Covered { weight: json, .. } => html >= json,
                Verdict::NotCovered => true,
            },
            _ => false,
        }
    }
}

/// The verdict of a header on each form.
struct Wanted {
    json: Verdict,
    sse: Verdict,
}

impl Wanted {
    fn read<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Wanted {
        let mut wanted = Wanted { json: Verdict::NotCovered, sse: Verdict::NotCovered };
        let mut listed = false;
        for member in lines.flat_map(members) {
            listed = true;
            let Some(range) = Media::parse(member) else { continue };
            let Some(weight) = range.parameters("q").next().map_or(Some(WEIGHT_MAX), weight) else {
                continue;
            };
            wanted.json.consider(&range, "application", "json", weight);
            wanted.sse.consider(&range, "text", "event-stream", weight);
        }
        // An empty list, like a missing header, excludes nothing.
        if !listed {
            let anything = Verdict::Covered { by: Range::Any, weight: WEIGHT_MAX };
            wanted = Wanted { json: anything, sse: anything };
        }
        wanted
    }
}

/// The verdict of the most specific range so far that covers a form.
#[derive(Clone, Copy)]
enum Verdict {
    NotCovered,
    Covered { by: Range, weight: u16 },
}

/// The specificity of a range, the least specific first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Range {
    /// `*/*`.
    Any,
    /// `text/*`.
    Kind,
    /// `text/event-stream`.
    Exact,
}

impl Verdict {
    fn consider(&mut self, range: &Media<'_>, kind: &str, subtype: &str, weight: u16) {
        let by = if range.is(kind, subtype) {
            Range::Exact
        } else if range.is(kind, "*") {
            Range::Kind
        } else if range.is("*", "*") {
            Range::Any
        } else {
            return;
        };
        // Of two equally specific ranges, which differ in parameters that the answer does not have,
        // the one with the higher weight counts.
        let counts = match *self {
            Verdict::NotCovered => true,
            Verdict::Covered { by: before, weight: given } => (by, weight) > (before, given),
        };
        if counts {
            *self = Verdict::Covered { by, weight };
        }
    }

    fn is_acceptable(self) -> bool {
        matches!(self, Verdict::Covered { weight: 1.., .. })
    }

    fn is_named(self) -> bool {
        matches!(self, Verdict::Covered { by: Range::Kind | Range::Exact, .. })
    }
}

/// The default weight.
pub(super) const WEIGHT_MAX: u16 = 1000;

/// Parses a weight in thousandths, or returns `None` if it is malformed (section 12.4.2).
pub(super) fn weight(text: &[u8]) -> Option<u16> {
    let (whole, fraction) = match text {
        [whole] => (whole, &[][..]),
        [whole, b'.', fraction @ ..] => (whole, fraction),
        _ => return None,
    };
    if fraction.len() > 3 || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |place: usize| u16::from(fraction.get(place).map_or(0, |digit| digit - b'0'));
    let thousandths = digit(0) * 100 + digit(1) * 10 + digit(2);
    match (whole, thousandths) {
        (b'0', _) => Some(thousandths),
        (b'1', 0) => Some(WEIGHT_MAX),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
