//! Notifications of the server.

use serde_json::Value;

use super::{notification, push};
use crate::protocol::{Revision, since};
use crate::server::{LogLevel, MessageSink, Relation};

/// The progress of a request.
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Progress<'a> {
    /// The progress token, as JSON text.
    pub(in crate::server) token: &'a str,
    pub(in crate::server) progress: f64,
    pub(in crate::server) total: Option<f64>,
    pub(in crate::server) message: Option<&'a str>,
}

/// Writes `notifications/progress` for a request.
pub(in crate::server) fn progress(
    out: &mut dyn MessageSink,
    id: &str,
    at: Progress<'_>,
    revision: Revision,
) {
    notification(out.buffer(), "notifications/progress", |params| {
        push(params.member("progressToken"), &[at.token]);
        params.put("progress", &number(at.progress));
        if let Some(total) = at.total.filter(|total| total.is_finite()) {
            params.put("total", &number(total));
        }
        if let Some(message) = at.message.filter(|_| revision >= since::PROGRESS_MESSAGES) {
            params.put("message", message);
        }
    });
    out.ended(Relation::Related(id));
}

/// Writes `notifications/message`, for a request if there is one.
pub(in crate::server) fn log(
    out: &mut dyn MessageSink,
    id: Option<&str>,
    level: LogLevel,
    logger: Option<&str>,
    data: &Value,
) {
    notification(out.buffer(), "notifications/message", |params| {
        params.put("level", level.as_str());
        if let Some(logger) = logger {
            params.put("logger", logger);
        }
        params.put("data", data);
    });
    out.ended(id.map_or(Relation::Unrelated, Relation::Related));
}

/// Converts whole numbers to JSON integers: 3, not 3.0.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < WHOLE_MAX {
        Value::from(value as i64)
    } else {
        Value::from(value)
    }
}

/// 2^53: whole `f64` values below it are exact and print with digits alone.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;
