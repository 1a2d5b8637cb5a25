//! Counters for the requests to a native server, without a lock.
//!
//! Owns: a histogram for each method and tool of the catalog, and their text format. Never: a name
//! that a client chose.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::native::HealthForm;
use crate::observe::metrics::{BOUNDS, Histogram, Text, bucket, micros};
use crate::protocol::{KNOWN, method_index};
use crate::server::Catalog;
use crate::time::Duration;

/// Histograms of answered requests.
#[derive(Debug)]
pub(crate) struct Tally {
    tools: Box<[Arc<str>]>,
    /// One histogram for each known method, then one for each tool.
    series: Box<[Series]>,
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

impl Tally {
    /// Creates empty histograms for a server with this catalog.
    pub(crate) fn new(catalog: &Catalog) -> Tally {
        let tools: Box<[Arc<str>]> = catalog.tools.iter().map(|tool| (*tool.name).into()).collect();
        let series = (0..KNOWN.len() + tools.len()).map(|_| Series::default()).collect();
        Tally { tools, series }
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

    /// Records an answered request, with a result if `ok`.
    pub(crate) fn answered(&self, series: SeriesId, ok: bool, took: Duration) {
        let Some(series) = self.series.get(usize::from(series.0)) else { return };
        let counts = if ok { &series.done } else { &series.failed };
        counts.buckets[bucket(took)].fetch_add(1, Ordering::Relaxed);
        counts.micros.fetch_add(micros(took), Ordering::Relaxed);
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

    /// Iterates over the histograms that are not empty: labels, successes and failures.
    fn used(&self) -> impl Iterator<Item = (Labels<'_>, Histogram, Histogram)> {
        let read = self.series.iter().map(|series| (series.done.read(), series.failed.read()));
        let counted = read.enumerate().filter(|(_, (done, failed))| {
            done.buckets.iter().chain(&failed.buckets).any(|count| *count > 0)
        });
        counted.map(|(index, (done, failed))| {
            let tool = index.checked_sub(KNOWN.len()).map(|tool| &*self.tools[tool]);
            (
                Labels { method: if tool.is_some() { TOOL_CALL } else { KNOWN[index] }, tool },
                done,
                failed,
            )
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

/// The labels of a histogram.
struct Labels<'a> {
    method: &'static str,
    tool: Option<&'a str>,
}

impl<'a> Labels<'a> {
    /// Returns the labels under these names, with an additional one if given.
    fn named(
        &self,
        [method, tool]: [&'static str; 2],
        more: Option<(&'static str, &'static str)>,
    ) -> Vec<(&'static str, &'a str)> {
        let tool = self.tool.map(|name| (tool, name));
        [Some((method, self.method)), tool, more].into_iter().flatten().collect()
    }
}

/// The metrics of a native server besides those of all programs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program<'a> {
    pub(crate) form: HealthForm,
    pub(crate) sessions: bool,
    pub(crate) tally: &'a Tally,
    /// The number of requests in progress.
    pub(crate) active: usize,
}

impl Program<'_> {
    /// Writes the histograms of all requests under the names of the OpenTelemetry conventions.
    pub(super) fn render_operations(&self, name: &str, text: &mut Text) {
        for (labels, done, failed) in self.tally.used() {
            let names = ["mcp_method_name", "gen_ai_tool_name"];
            let failure = Some(("error_type", "error"));
            for (histogram, more) in [(done, None), (failed, failure)] {
                if histogram.buckets.iter().any(|count| *count > 0) {
                    text.histogram(name, &labels.named(names, more), &histogram);
                }
            }
        }
    }

    /// Writes the metrics under the names in the program's document.
    pub(super) fn render(&self, text: &mut Text) {
        match self.form {
            HealthForm::Calculator => self.render_pattern(text),
            HealthForm::EchoStateful | HealthForm::EchoStateless => self.render_echo(text),
        }
    }

    fn render_echo(&self, text: &mut Text) {
        let names = ["method", "tool"];
        let name = "mcp_echo_requests_total";
        text.family(name, "counter", "Requests that were answered.");
        for (labels, done, failed) in self.tally.used() {
            let count = done.buckets.iter().chain(&failed.buckets).sum();
            text.sample(name, &labels.named(names, None), count);
        }
        let name = "mcp_echo_request_duration_seconds";
        text.family(name, "histogram", "Time from a request to its answer.");
        for (labels, mut all, failed) in self.tally.used() {
            all.buckets.iter_mut().zip(failed.buckets).for_each(|(all, failed)| *all += failed);
            all.micros += failed.micros;
            text.histogram(name, &labels.named(names, None), &all);
        }
        let name = "mcp_echo_errors_total";
        text.family(name, "counter", "Requests that were answered with an error.");
        for (labels, _, failed) in self.tally.used() {
            text.sample(name, &labels.named(names, None), failed.buckets.iter().sum());
        }
        let name = "mcp_echo_active_requests";
        text.family(name, "gauge", "Requests that wait for their answer.");
        text.sample(name, &[], self.active as u64);
    }

    fn render_pattern(&self, text: &mut Text) {
        let pattern = if self.sessions { "stateful" } else { "stateless" };
        text.family("mcp_pattern", "gauge", "How the server keeps state: always 1.");
        text.sample("mcp_pattern", &[("pattern", pattern)], 1);
    }
}

#[cfg(test)]
mod tests;
