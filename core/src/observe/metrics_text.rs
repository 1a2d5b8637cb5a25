//! The text format of metrics, and histograms in it.
//!
//! Format: Prometheus text exposition format 0.0.4.

use std::fmt::{Display, Write};

use crate::time::Duration;

/// Upper bounds of the buckets in seconds, as recommended by OpenTelemetry's MCP conventions.
pub(super) const BOUNDS: [f64; 14] =
    [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 300.0];

/// A histogram of durations. Its buckets are those that OpenTelemetry's MCP conventions advise.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    pub(super) buckets: [u64; BOUNDS.len() + 1],
    pub(super) micros: u64,
}

impl Histogram {
    /// Returns the number of durations in it.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// Returns a histogram of the durations in both.
    pub fn merged(mut self, other: &Histogram) -> Histogram {
        self.buckets.iter_mut().zip(other.buckets).for_each(|(count, more)| *count += more);
        self.micros = self.micros.saturating_add(other.micros);
        self
    }

    pub(super) fn observe(&mut self, value: Duration) {
        self.buckets[bucket(value)] += 1;
        self.micros = self.micros.saturating_add(micros(value));
    }
}

/// Returns the bucket of a value.
pub(super) fn bucket(value: Duration) -> usize {
    let seconds = value.as_secs_f64();
    BOUNDS.partition_point(|bound| *bound < seconds)
}

pub(super) fn micros(value: Duration) -> u64 {
    u64::try_from(value.as_micros()).unwrap_or(u64::MAX)
}

/// Metrics that are being written, in the Prometheus text format.
#[derive(Debug, Default)]
pub struct MetricsText {
    families: Vec<Family>,
    /// The escaped value of the label `server` of each sample, if there are several servers.
    server: Option<String>,
}

/// The samples of one name.
#[derive(Debug, Default)]
struct Family {
    /// The lines that announce the samples, which are equal for equal names.
    announced: String,
    samples: String,
}

/// Writing to a `String` cannot fail, so results are ignored.
impl MetricsText {
    /// Creates the metrics of one server among several: each sample gets the label `server`.
    pub fn of_server(name: &str) -> MetricsText {
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        MetricsText { families: Vec::new(), server: Some(escaped) }
    }

    /// Announces the samples that follow: their name, the kind of metric (`counter`, `gauge` or
    /// `histogram`), and a sentence of help on one line.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        let announced = format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
        self.families.push(Family { announced, samples: String::new() });
    }

    /// Writes a sample. Values of labels come from a closed set of plain words: they are not
    /// escaped.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.line(name, "", labels, None, value);
    }

    pub(super) fn seconds(&mut self, name: &str, value: Duration) {
        self.line(name, "", &[], None, value.as_secs_f64());
    }

    /// Writes a histogram. Values of labels are those of [`MetricsText::sample`].
    pub fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        let mut count = 0;
        for (index, bucket) in histogram.buckets.iter().enumerate() {
            count += bucket;
            let bound = BOUNDS.get(index).map_or("+Inf".to_owned(), f64::to_string);
            self.line(name, "_bucket", labels, Some(&bound), count);
        }
        self.line(name, "_sum", labels, None, histogram.micros as f64 / 1e6);
        self.line(name, "_count", labels, None, count);
    }

    /// Adds the families of `other` at the end.
    pub(super) fn append(&mut self, other: MetricsText) {
        self.families.extend(other.families);
    }

    /// Adds the samples of `other` to the families of the same name, and the families that are new
    /// at the end.
    pub(crate) fn merge(&mut self, other: MetricsText) {
        for family in other.families {
            let known = |own: &&mut Family| own.announced == family.announced;
            match self.families.iter_mut().find(known) {
                Some(own) => own.samples += &family.samples,
                None => self.families.push(family),
            }
        }
    }

    /// Returns the text of all families, in order.
    pub(crate) fn finish(self) -> String {
        let mut text = String::with_capacity(4096);
        for Family { announced, samples } in self.families {
            text += &announced;
            text += &samples;
        }
        text
    }

    fn line(
        &mut self,
        name: &str,
        suffix: &str,
        labels: &[(&str, &str)],
        bound: Option<&str>,
        value: impl Display,
    ) {
        if self.families.is_empty() {
            self.families.push(Family::default());
        }
        let MetricsText { families, server } = self;
        let Some(Family { samples, .. }) = families.last_mut() else { return };
        let server = server.as_deref().map(|server| ("server", server));
        let labels = server.into_iter().chain(labels.iter().copied());
        let _ = write!(samples, "{name}{suffix}");
        let mut separator = '{';
        for (name, value) in labels.chain(bound.map(|bound| ("le", bound))) {
            let _ = write!(samples, "{separator}{name}=\"{value}\"");
            separator = ',';
        }
        let end = if separator == ',' { "}" } else { "" };
        let _ = writeln!(samples, "{end} {value}");
    }
}

#[cfg(test)]
mod tests;
