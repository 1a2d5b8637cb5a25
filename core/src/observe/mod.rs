//! Log events and metrics, as values.
//!
//! Owns: what is logged and counted, and the text format of the metrics. Never: where it is
//! written.

mod answered;
mod event;
mod metrics;
mod metrics_text;
mod overview;
mod process;
mod recent;
mod request;
mod request_metrics;

pub use answered::Answered;
pub use event::{Detail, Dropped, Event, Level, SessionEnd, Value};
pub(crate) use metrics::{Gauges, Metrics};
pub use metrics_text::{Histogram, MetricsText};
pub use overview::{Overview, ServerState};
pub(crate) use process::Process;
pub use recent::RecentFigures;
pub(crate) use recent::RecentRequests;
pub(crate) use request::{RequestLog, client_name, tool_of};
pub(crate) use request_metrics::{RequestMetrics, SeriesId};
pub use request_metrics::{RequestSeries, RequestStats};
