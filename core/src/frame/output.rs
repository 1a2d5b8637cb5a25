//! The standard output of a child: from bytes to messages.
//!
//! Owns: the request that a skipped line concerns, and the accounting of the incomplete line's
//! bytes.

use crate::frame::multi_line::MultiLineMessage;
use crate::frame::{Framed, Lines};
use crate::json::{InvalidLine, LineSubject, Message, ParseRules, PartialMessage, Peer, read_line};
use crate::limits::Limits;
use crate::memory::{Account, Permit};
use crate::reject::Flaw;

/// Parses a child's output, received in any pieces.
#[derive(Debug)]
pub struct Output {
    lines: Lines,
    rules: ParseRules,
    max: usize,
    /// The account that the bytes of lines count against.
    account: Account,
    /// The permit for the bytes of the incomplete line.
    pending: Permit,
    /// The line that is being skipped, until the request it concerns is known.
    skipped: Option<(PartialMessage, InvalidLine)>,
    /// Finds messages that are not on one line.
    spread: MultiLineMessage,
}

impl Output {
    /// Creates a parser for the output of a new child.
    pub fn new(limits: &Limits, account: Account) -> Output {
        let max = limits.line_bytes_max;
        let rules = ParseRules::of(limits, Peer::Child);
        let pending = account.permit();
        let (lines, spread) = (Lines::new(max), MultiLineMessage::default());
        Output { lines, rules, max, account, pending, skipped: None, spread }
    }

    /// Processes the next bytes, and calls `each` with the messages that they complete, in order.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Result<Message, InvalidLine>)) {
        let Output { lines, rules, max, account, pending, skipped, spread } = self;
        lines.feed(bytes, |framed| match framed {
            Framed::Line(line) => {
                // Its permit goes with it. Bytes that are given back first can go to another child.
                let mut permit = std::mem::replace(pending, account.permit());
                permit.resize(line.len());
                let line = permit.attach(line);
                let text = spread.wants(&line).then(|| line.clone());
                let mut is_noise = true;
                read_line(line, *rules, account, &mut |read| {
                    is_noise &=
                        matches!(&read, Err(it) if matches!(it.concerns, LineSubject::Nothing));
                    each(read);
                });
                match text {
                    Some(text) => {
                        let found = spread.take(&text, is_noise);
                        found.into_iter().for_each(|found| each(Err(found)));
                    }
                    None => spread.reset(),
                }
            }
            Framed::TooLong(start) => {
                each(Err(begin(&start, Flaw::TooLong { max: *max }, *max, skipped)));
            }
            Framed::Skipped(end) => {
                if let Some(found) = skipped.take().and_then(|line| finish(line, &end)) {
                    each(Err(found));
                }
            }
        });
        if let Some(found) = self.spread.take_pending(self.lines.pending()) {
            each(Err(found));
        }
        self.count_pending(each);
    }

    /// Accounts for the bytes of the incomplete line, or skips it if the account has no room.
    fn count_pending(&mut self, mut each: impl FnMut(Result<Message, InvalidLine>)) {
        let bytes = self.lines.pending_bytes();
        match bytes.checked_sub(self.pending.bytes()) {
            None => self.pending.give_back(self.pending.bytes() - bytes),
            Some(more) if more == 0 || self.pending.grow(more) => {}
            Some(_) => {
                let skipped = &mut self.skipped;
                self.lines.skip_line(|framed| {
                    if let Framed::TooLong(start) = framed {
                        each(Err(begin(&start, Flaw::NoRoom, bytes, skipped)));
                    }
                });
                self.pending.give_back(self.pending.bytes());
            }
        }
    }

    /// Ends the output. A last message without a line end counts. An incomplete message concerns no
    /// request, because the end of the child fails them all.
    pub fn finish(&mut self, mut each: impl FnMut(Result<Message, InvalidLine>)) {
        let Output { lines, rules, account, .. } = self;
        lines.finish(|framed| {
            if let Framed::Line(line) = framed {
                read_line(account.hold(line), *rules, account, &mut |read| {
                    let concerns = LineSubject::Nothing;
                    each(read.map_err(|unreadable| InvalidLine { concerns, ..unreadable }));
                });
            }
        });
    }
}

/// Starts to skip a line, of which this many bytes have arrived. If the start does not name its
/// request, the end may.
fn begin(
    start: &[u8],
    flaw: Flaw,
    bytes: usize,
    skipped: &mut Option<(PartialMessage, InvalidLine)>,
) -> InvalidLine {
    let partial = PartialMessage::of_start(start);
    let concerns = partial.concerns_of_long_line();
    let unreadable = InvalidLine { bytes, ..InvalidLine::new(flaw, concerns, start) };
    if matches!(unreadable.concerns, LineSubject::AnyRequest) {
        *skipped = Some((partial, unreadable.clone()));
    }
    unreadable
}

/// Ends the skipped line.
fn finish((mut partial, line): (PartialMessage, InvalidLine), end: &[u8]) -> Option<InvalidLine> {
    partial.read_end(end);
    let concerns = partial.concerns();
    matches!(concerns, LineSubject::Request(_)).then_some(InvalidLine { concerns, ..line })
}

#[cfg(test)]
mod tests;
