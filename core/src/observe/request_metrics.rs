//! Counters for the requests to a native server, without a lock.
//!
//! Owns: a histogram for each method and tool of the catalog, and their text format. Never: a name
//! that a client chose.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::observe::metrics_text::{BOUNDS, Histogram, MetricsText, bucket, micros};
use crate::observe::{RecentFigures, RecentRequests};
use crate::protocol::{KNOWN, method_index};
use crate::time::{Duration, Instant};

/// Histograms of answered requests.
#[derive(Debug)]
pub(crate) struct RequestMetrics {
    tools: Box<[Arc<str>]>,
    /// One histogram for each known method, then one for each tool.
    series: Box<[Series]>,
    recent: RecentRequests,
}

/// The histogram of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeriesId(u16);

#[derive(Debug, Default)]
struct Series {
    done: Counts,
    failed: Counts,
}

/// A histogram that all threads can add to.
#[derive(Debug, Default)]
struct Counts {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

const TOOL_CALL: &str = "tools/call";

impl RequestMetrics {
    /// Creates empty histograms for a server with these tools.
    pub(crate) fn new<'a>(tools: impl Iterator<Item = &'a str>) -> RequestMetrics {
        let tools: Box<[Arc<str>]> = tools.map(Arc::from).collect();
        let series = (0..KNOWN.len() + tools.len()).map(|_| Series::default()).collect();
        RequestMetrics { tools, series, recent: RecentRequests::default() }
    }

    /// Returns the histogram for a request; `name` is the called tool, if any.
    pub(crate) fn series(&self, method: &str, name: Option<&[u8]>) -> SeriesId {
        let tool = || self.tools.iter().position(|tool| Some(tool.as_bytes()) == name);
        let index = match tool().filter(|_| method == TOOL_CALL) {
            Some(tool) => KNOWN.len() + tool,
            None => method_index(method),
        };
        SeriesId(u16::try_from(index).unwrap_or(u16::MAX))
    }

    /// Returns the method, and the tool if there is one.
    pub(crate) fn name(&self, series: SeriesId) -> (&'static str, Option<Arc<str>>) {
        let index = usize::from(series.0);
        match index.checked_sub(KNOWN.len()) {
            Some(tool) => (TOOL_CALL, self.tools.get(tool).cloned()),
            None => (KNOWN[index], None),
        }
    }

    /// Records a request that is answered now, with a result if `ok`.
    pub(crate) fn answered(&self, series: SeriesId, ok: bool, took: Duration, now: Instant) {
        let Some(series) = self.series.get(usize::from(series.0)) else { return };
        let counts = if ok { &series.done } else { &series.failed };
        counts.buckets[bucket(took)].fetch_add(1, Ordering::Relaxed);
        counts.micros.fetch_add(micros(took), Ordering::Relaxed);
        self.recent.record(took, now);
    }

    /// Returns the figures of about the last minute, for a server that started at `started`.
    pub(crate) fn recent(&self, started: Instant, now: Instant) -> RecentFigures {
        self.recent.figures(started, now)
    }

    /// Returns the number of answered requests, the number answered with an error, and their total
    /// time.
    pub(crate) fn totals(&self) -> (u64, u64, Duration) {
        let sum = |of: fn(&Series) -> &Counts| {
            let all = self.series.iter().map(|series| of(series).read());
            all.fold((0, 0), |(count, micros), next| {
                (count + next.buckets.iter().sum::<u64>(), micros + next.micros)
            })
        };
        let ((done, fast), (failed, slow)) = (sum(|it| &it.done), sum(|it| &it.failed));
        (done + failed, failed, Duration::from_micros(fast + slow))
    }

    /// Returns every series that has counted a request.
    fn used(&self) -> impl Iterator<Item = RequestSeries<'_>> {
        self.series.iter().enumerate().filter_map(|(index, series)| {
            let (succeeded, failed) = (series.done.read(), series.failed.read());
            let tool = index.checked_sub(KNOWN.len()).map(|tool| &*self.tools[tool]);
            let method = if tool.is_some() { TOOL_CALL } else { KNOWN[index] };
            let is_used = succeeded.count() + failed.count() > 0;
            is_used.then_some(RequestSeries { method, tool, succeeded, failed })
        })
    }
}

impl Counts {
    fn read(&self) -> Histogram {
        let mut read = Histogram::default();
        for (value, bucket) in read.buckets.iter_mut().zip(&self.buckets) {
            *value = bucket.load(Ordering::Relaxed);
        }
        read.micros = self.micros.load(Ordering::Relaxed);
        read
    }
}

/// The requests of one method, or the calls of one tool, that were answered.
#[derive(Clone, Debug)]
pub struct RequestSeries<'a> {
    /// The method, or `other` for one that MCP does not have.
    pub method: &'static str,
    /// The tool of the catalog that was called.
    pub tool: Option<&'a str>,
    /// Time to answers that were results.
    pub succeeded: Histogram,
    /// Time to answers that were errors.
    pub failed: Histogram,
}

impl RequestSeries<'_> {
    /// Returns the labels of the series, with these names for the method and the tool.
    pub fn labels(&self, [method, tool]: [&'static str; 2]) -> Vec<(&'static str, &str)> {
        let tool = self.tool.map(|name| (tool, name));
        [Some((method, self.method)), tool].into_iter().flatten().collect()
    }
}

/// The requests to a native server, for the metrics it writes.
#[derive(Clone, Copy, Debug)]
pub struct RequestStats<'a> {
    /// Whether the server is served with sessions.
    pub sessions: bool,
    /// The number of requests that wait for their answer.
    pub active: usize,
    pub(crate) tally: &'a RequestMetrics,
}

impl RequestStats<'_> {
    /// Returns a series for each method and each tool that was asked for.
    pub fn series(&self) -> impl Iterator<Item = RequestSeries<'_>> {
        self.tally.used()
    }

    /// Writes all series under the names of the OpenTelemetry conventions.
    pub(super) fn render_operations(&self, name: &str, text: &mut MetricsText) {
        for series in self.series() {
            let mut labels = series.labels(["mcp_method_name", "gen_ai_tool_name"]);
            if series.succeeded.count() > 0 {
                text.histogram(name, &labels, &series.succeeded);
            }
            if series.failed.count() > 0 {
                labels.push(("error_type", "error"));
                text.histogram(name, &labels, &series.failed);
            }
        }
    }
}

#[cfg(test)]
mod tests;
