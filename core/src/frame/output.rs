//! The standard output of a child: from its bytes to its messages.
//!
//! Owns: which request a line concerns that exceeds the limit.

use crate::frame::{Framed, Lines};
use crate::json::{Concerns, Glimpse, Message, ParseRules, Peer, Unreadable, read_line};
use crate::limits::Limits;
use crate::reject::Flaw;

/// Reads what a child writes, however it is cut up on the way.
#[derive(Debug)]
pub struct Output {
    lines: Lines,
    rules: ParseRules,
    max: usize,
    /// The line that is being skipped, until it is known which request it concerns.
    skipped: Option<(Glimpse, Unreadable)>,
}

impl Output {
    /// Reads the output of a new child.
    pub fn new(limits: &Limits) -> Output {
        let max = limits.line_bytes_max;
        let rules = ParseRules::of(limits, Peer::Child);
        Output { lines: Lines::new(max), rules, max, skipped: None }
    }

    /// Takes the next bytes, and calls `each` with what they complete, in order.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Result<Message, Unreadable>)) {
        let Output { lines, rules, max, skipped } = self;
        lines.feed(bytes, |framed| match framed {
            Framed::Line(line) => read_line(line, *rules, &mut each),
            Framed::TooLong(start) => each(Err(begin(&start, *max, skipped))),
            Framed::Skipped(end) => {
                if let Some(found) = skipped.take().and_then(|line| finish(line, &end)) {
                    each(Err(found));
                }
            }
        });
    }

    /// Takes the end of the output. A message that lacks only the end of its line counts; half a
    /// message concerns no request, because the end of the child says more.
    pub fn finish(&mut self, mut each: impl FnMut(Result<Message, Unreadable>)) {
        let Output { lines, rules, .. } = self;
        lines.finish(|framed| {
            if let Framed::Line(line) = framed {
                read_line(line, *rules, &mut |read| {
                    let concerns = Concerns::Nothing;
                    each(read.map_err(|unreadable| Unreadable { concerns, ..unreadable }));
                });
            }
        });
    }
}

/// Takes the start of a line over the limit. If it does not name its request, the end may.
fn begin(start: &[u8], max: usize, skipped: &mut Option<(Glimpse, Unreadable)>) -> Unreadable {
    let glimpse = Glimpse::of_start(start);
    let concerns = glimpse.concerns_of_long_line();
    let mut unreadable = Unreadable::new(Flaw::TooLong { max }, concerns, start);
    unreadable.bytes = max.saturating_add(1);
    if matches!(unreadable.concerns, Concerns::AnyRequest) {
        *skipped = Some((glimpse, unreadable.clone()));
    }
    unreadable
}

/// Takes the end of that line.
fn finish((mut glimpse, line): (Glimpse, Unreadable), end: &[u8]) -> Option<Unreadable> {
    glimpse.look_at_end(end);
    let concerns = glimpse.concerns();
    matches!(concerns, Concerns::Request(_)).then_some(Unreadable { concerns, ..line })
}

#[cfg(test)]
mod tests;
