//! The tool `slow`: takes its time, step by step, and tells how far it is.

use serde_json::json;

use super::arguments::{Arguments, whole_or};
use super::fault::Fault;
use super::reply::{self, LogLevel};
use crate::time::{Duration, Instant};

/// A call that runs.
#[derive(Debug)]
pub(super) struct Slow {
    id: Box<str>,
    token: Option<Box<str>>,
    steps: u64,
    done: u64,
    interval: Duration,
    due: Instant,
}

impl Slow {
    /// Starts a call; its first step is due after one interval.
    pub(super) fn start(
        id: &str,
        token: Option<&str>,
        arguments: &Arguments<'_>,
        now: Instant,
    ) -> Result<Self, Fault> {
        let steps = whole_or(5, arguments.steps, "params.arguments.steps", 1..=100)?;
        let millis =
            whole_or(200, arguments.interval_ms, "params.arguments.interval_ms", 0..=10_000)?;
        let interval = Duration::from_millis(millis);
        let (id, token) = (id.into(), token.map(Into::into));
        Ok(Slow { id, token, steps, done: 0, interval, due: now + interval })
    }

    /// Takes the steps that are due; true when that was all of them and the call is answered.
    pub(super) fn advance(&mut self, now: Instant, level: LogLevel, out: &mut Vec<u8>) -> bool {
        while self.done < self.steps && self.due <= now {
            self.done += 1;
            self.due = self.due + self.interval;
            self.tell_progress(out);
        }
        if self.done < self.steps {
            return false;
        }
        if level <= LogLevel::Info {
            let data = format!("slow: {} steps done", self.steps);
            let params = json!({"level": "info", "logger": "pontoon-echo", "data": data});
            reply::notification(out, "notifications/message", &params.to_string());
        }
        reply::text(out, &self.id, &format!("done: {} steps", self.steps));
        true
    }

    /// When the next step is due.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    /// The id of the call, as JSON text.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn tell_progress(&self, out: &mut Vec<u8>) {
        let Some(token) = &self.token else { return };
        let Slow { done, steps, .. } = self;
        let params = format!(
            r#"{{"progressToken":{token},"progress":{done},"total":{steps},"message":"step {done} of {steps}"}}"#
        );
        reply::notification(out, "notifications/progress", &params);
    }
}
