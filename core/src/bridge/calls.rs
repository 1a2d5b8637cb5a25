//! Requests of the client that wait for the child's answer.
//!
//! Owns: the number the child knows each request by. It counts up for the child's whole life and
//! stands in for both the request's id and its progress token, so that no answer ever depends on
//! an id a client chose.

use std::ops::Range;

use smallvec::SmallVec;

use crate::bridge::{parse_number, same_id};
use crate::numbered::Numbered;
use crate::observe::SeriesId;
use crate::time::Instant;

/// The JSON text of an id or a progress token. Those of most clients are short.
pub(crate) type IdText = SmallVec<[u8; 24]>;

/// A request that waits for its answer.
#[derive(Debug)]
pub(crate) struct Call {
    /// The stream its answer goes to.
    pub(crate) stream: u64,
    /// Its id, as the client wrote it.
    pub(crate) id: IdText,
    /// Its progress token, as the client wrote it.
    pub(crate) token: Option<IdText>,
    /// Its method, for metrics and logs.
    pub(crate) method: &'static str,
    /// The tool it calls, if requests are logged.
    pub(crate) tool: Option<Box<str>>,
    /// Where it is counted, if a server in this process answers it.
    pub(crate) series: Option<SeriesId>,
    /// When it was asked.
    pub(crate) since: Instant,
    /// When it is given up, unless it shows progress.
    pub(crate) due: Instant,
}

/// The requests that wait, by the number the child knows them by.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    waiting: Numbered<Call>,
    last: u64,
}

impl Calls {
    /// The number of the first request, which is `initialize` where a child answers.
    pub(crate) const FIRST: u64 = 1;

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Notes a request; gives the number to send it under.
    pub(crate) fn insert(&mut self, call: Call) -> u64 {
        self.last += 1;
        self.waiting.insert(self.last, call);
        self.last
    }

    /// Whether the first request is the only one there has been.
    pub(crate) fn is_first_only(&self) -> bool {
        self.last == Calls::FIRST
    }

    /// The request the child knows by this JSON text.
    pub(crate) fn by_child(&mut self, number: &[u8]) -> Option<&mut Call> {
        self.waiting.get_mut(parse_number(number)?)
    }

    /// The request the child knows by this number.
    pub(crate) fn get(&self, number: u64) -> Option<&Call> {
        self.waiting.get(number)
    }

    /// The request the child knows by this number, to be changed.
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Call> {
        self.waiting.get_mut(number)
    }

    /// Takes the request the child knows by this number.
    pub(crate) fn take(&mut self, number: u64) -> Option<Call> {
        self.waiting.remove(number)
    }

    /// The number of the request that waits, if it is the only one.
    pub(crate) fn only(&self) -> Option<u64> {
        let mut waiting = self.waiting.iter();
        let (number, _) = waiting.next()?;
        waiting.next().is_none().then_some(number)
    }

    /// Whether a request was ever sent under this number.
    pub(crate) fn has_been(&self, number: u64) -> bool {
        (1..=self.last).contains(&number)
    }

    /// Takes the newest request the client knows by this id, however it spells it now.
    pub(crate) fn take_by_client(&mut self, id: &[u8]) -> Option<(u64, Call)> {
        let newest = |is_it: &dyn Fn(&Call) -> bool| {
            self.waiting.iter().rev().find(|(_, call)| is_it(call)).map(|(number, _)| number)
        };
        let exact = newest(&|call| *call.id == *id);
        let number = exact.or_else(|| newest(&|call| same_id(&call.id, id)))?;
        self.waiting.remove(number).map(|call| (number, call))
    }

    /// Takes the oldest request that is due at `now`.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<(u64, Call)> {
        let (number, _) = self.waiting.iter().find(|(_, call)| call.due <= now)?;
        self.waiting.remove(number).map(|call| (number, call))
    }

    /// Takes the oldest request.
    pub(crate) fn take_first(&mut self) -> Option<Call> {
        let (number, _) = self.waiting.iter().next()?;
        self.waiting.remove(number)
    }

    /// When the first request is due.
    pub(crate) fn next_due(&self) -> Instant {
        self.waiting.iter().map(|(_, call)| call.due).min().unwrap_or(Instant::FAR)
    }

    /// The requests with these numbers.
    pub(crate) fn range_mut(
        &mut self,
        numbers: Range<u64>,
    ) -> impl Iterator<Item = (u64, &mut Call)> {
        self.waiting.range_mut(numbers)
    }

    /// The numbers that have been given out.
    pub(crate) fn numbers(&self) -> Range<u64> {
        0..self.last + 1
    }
}

#[cfg(test)]
mod tests;
