//! The text format of metrics, and histograms in it.
//!
//! Format: Prometheus text exposition format 0.0.4.

use std::fmt::Write;

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

/// A text of metrics that is being written, in the Prometheus text format.
#[derive(Debug, Default)]
pub struct MetricsText(pub(super) String);

/// Writing to a `String` cannot fail, so results are ignored.
impl MetricsText {
    /// Announces the samples that follow: their name, the kind of metric (`counter`, `gauge` or
    /// `histogram`), and a sentence of help on one line.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    /// Writes a sample. Values of labels come from a closed set of plain words: they are not
    /// escaped.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.0.push_str(name);
        self.labels(labels, None);
        let _ = writeln!(self.0, " {value}");
    }

    pub(super) fn seconds(&mut self, name: &str, value: Duration) {
        let _ = writeln!(self.0, "{name} {}", value.as_secs_f64());
    }

    /// Writes a histogram. Values of labels are those of [`MetricsText::sample`].
    pub fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        let mut count = 0;
        for (index, bucket) in histogram.buckets.iter().enumerate() {
            count += bucket;
            let bound = BOUNDS.get(index).map_or("+Inf".to_owned(), f64::to_string);
            let _ = write!(self.0, "{name}_bucket");
            self.labels(labels, Some(&bound));
            let _ = writeln!(self.0, " {count}");
        }
        let _ = write!(self.0, "{name}_sum");
        self.labels(labels, None);
        let _ = writeln!(self.0, " {}", histogram.micros as f64 / 1e6);
        let _ = write!(self.0, "{name}_count");
        self.labels(labels, None);
        let _ = writeln!(self.0, " {count}");
    }

    fn labels(&mut self, labels: &[(&str, &str)], bound: Option<&str>) {
        let all = labels.iter().copied().chain(bound.map(|bound| ("le", bound)));
        let mut separator = '{';
        for (name, value) in all {
            let _ = write!(self.0, "{separator}{name}=\"{value}\"");
            separator = ',';
        }
        if separator == ',' {
            self.0.push('}');
        }
    }
}
