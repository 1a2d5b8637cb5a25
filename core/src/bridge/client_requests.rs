//! Requests of the client that wait for the child's answer.
//!
//! Owns: the child's number for each request. It counts up for the child's whole life and replaces
//! both the request's id and its progress token, so that no answer ever depends on an id that a
//! client chose.

use std::ops::Range;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::auth::ListFilter;
use crate::bridge::same_id;
use crate::cx::Cx;
use crate::http::ClientSlot;
use crate::id_map::IdMap;
use crate::json::parse_number;
use crate::observe::SeriesId;
use crate::time::{Duration, Instant};

/// The JSON text of an id or a progress token. Those of most clients are short.
pub(crate) type IdText = SmallVec<[u8; 24]>;

/// A pending request.
#[derive(Debug)]
pub(crate) struct ClientRequest {
    /// The stream for its answer.
    pub(crate) stream: u64,
    /// Its id, as the client wrote it.
    pub(crate) id: IdText,
    /// Its progress token, as the client wrote it.
    pub(crate) token: Option<IdText>,
    /// Its method, for metrics and logs.
    pub(crate) method: &'static str,
    /// The tool it calls, if requests are logged.
    pub(crate) tool: Option<Box<str>>,
    /// The filter of its answer, if it asks for a list of which its sender may not see all.
    pub(crate) filter: Option<ListFilter>,
    /// Its histogram, if a server in this process answers it.
    pub(crate) series: Option<SeriesId>,
    /// Its place among the requests of its client in progress, if there is a limit.
    pub(crate) slot: Option<Arc<ClientSlot>>,
    /// The time at which it arrived.
    pub(crate) since: Instant,
    /// The time at which it fails, unless it shows progress.
    pub(crate) due: Instant,
}

impl ClientRequest {
    /// Counts the request as answered; `error` is empty for a result. Returns its duration.
    pub(crate) fn count(&self, error: &'static str, cx: &mut Cx<'_>) -> Duration {
        let took = cx.now.since(self.since);
        match (cx.upstream.native(), self.series) {
            (Some(native), Some(series)) => {
                native.request_metrics.answered(series, error.is_empty(), took, cx.now)
            }
            _ => cx.metrics.operation(self.method, error, took, cx.now),
        }
        took
    }

    /// Counts the request as cancelled.
    pub(crate) fn count_cancelled(&self, cx: &mut Cx<'_>) {
        cx.keep_slot(self.slot.as_ref());
        if self.series.is_none() {
            cx.metrics.cancelled(self.method, cx.now.since(self.since));
        }
    }
}

/// The pending requests, by the child's number.
#[derive(Debug, Default)]
pub(crate) struct ClientRequests {
    in_flight: IdMap<ClientRequest>,
    last: u64,
}

impl ClientRequests {
    /// The number of the first request, which is `initialize` for a child.
    pub(crate) const FIRST: u64 = 1;

    pub(crate) fn len(&self) -> usize {
        self.in_flight.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Adds a request; returns its number.
    pub(crate) fn insert(&mut self, call: ClientRequest) -> u64 {
        self.last += 1;
        self.in_flight.insert(self.last, call);
        self.last
    }

    /// Returns numbers for this many requests that are not the client's; their answers are unknown.
    pub(crate) fn reserve(&mut self, count: u64) -> Range<u64> {
        let first = self.last + 1;
        self.last += count;
        first..self.last + 1
    }

    /// Returns whether only the first request has been sent so far.
    pub(crate) fn is_first_only(&self) -> bool {
        self.last == ClientRequests::FIRST
    }

    /// Returns the request with this number, as JSON text of the child.
    pub(crate) fn by_child(&mut self, number: &[u8]) -> Option<&mut ClientRequest> {
        self.in_flight.get_mut(parse_number(number)?)
    }

    /// Returns the request with this number.
    pub(crate) fn get(&self, number: u64) -> Option<&ClientRequest> {
        self.in_flight.get(number)
    }

    /// Returns the request with this number, for changes.
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut ClientRequest> {
        self.in_flight.get_mut(number)
    }

    /// Removes and returns the request with this number.
    pub(crate) fn take(&mut self, number: u64) -> Option<ClientRequest> {
        self.in_flight.remove(number)
    }

    /// Returns the number of the only pending request, or `None`.
    pub(crate) fn only(&self) -> Option<u64> {
        let mut waiting = self.in_flight.iter();
        let (number, _) = waiting.next()?;
        waiting.next().is_none().then_some(number)
    }

    /// Returns whether this number was ever used.
    pub(crate) fn has_been(&self, number: u64) -> bool {
        (1..=self.last).contains(&number)
    }

    /// Removes and returns the newest request with this id of the client, in any notation.
    pub(crate) fn take_by_client(&mut self, id: &[u8]) -> Option<(u64, ClientRequest)> {
        let newest = |is_it: &dyn Fn(&ClientRequest) -> bool| {
            self.in_flight.iter().rev().find(|(_, call)| is_it(call)).map(|(number, _)| number)
        };
        let exact = newest(&|call| *call.id == *id);
        let number = exact.or_else(|| newest(&|call| same_id(&call.id, id)))?;
        self.in_flight.remove(number).map(|call| (number, call))
    }

    /// Removes and returns the oldest request that is due at `now`.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<(u64, ClientRequest)> {
        let (number, _) = self.in_flight.iter().find(|(_, call)| call.due <= now)?;
        self.in_flight.remove(number).map(|call| (number, call))
    }

    /// Removes and returns the oldest request.
    pub(crate) fn take_first(&mut self) -> Option<ClientRequest> {
        let (number, _) = self.in_flight.iter().next()?;
        self.in_flight.remove(number)
    }

    /// Returns when the first request is due.
    pub(crate) fn next_due(&self) -> Instant {
        self.in_flight.iter().map(|(_, call)| call.due).min().unwrap_or(Instant::FAR)
    }

    /// Iterates over the requests with these numbers.
    pub(crate) fn range_mut(
        &mut self,
        numbers: Range<u64>,
    ) -> impl Iterator<Item = (u64, &mut ClientRequest)> {
        self.in_flight.range_mut(numbers)
    }

    /// Returns the used numbers.
    pub(crate) fn numbers(&self) -> Range<u64> {
        0..self.last + 1
    }
}

#[cfg(test)]
mod tests;
