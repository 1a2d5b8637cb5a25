//! Log events and metrics, as values.
//!
//! Owns: what is logged and counted, and the text format of the metrics. Never: where it is
//! written.

mod event;
mod metrics;
mod process;
mod request;
mod tally;

pub use crate::shown::visible;
pub use event::{Detail, Dropped, Event, Level, SessionEnd, Value};
pub(crate) use metrics::{Gauges, Metrics};
pub use metrics::{Histogram, MetricsText};
pub(crate) use process::Process;
pub use request::Answered;
pub(crate) use request::{RequestLog, client_name, tool_of};
pub use tally::{RequestSeries, RequestStats};
pub(crate) use tally::{SeriesId, Tally};
