//! The tool `demo_progress`: five steps, a fifth of a second apart.

use pontoon_core::server::{
    Event, LogLevel, Notifications, Outcome, RequestContext, Schema, Task, Tool, ToolResult, Wait,
};
use pontoon_core::{Duration, Instant};
use serde_json::json;

pub(super) const NAME: &str = "demo_progress";

/// The log level of its progress in the flat events.
pub const PROGRESS_LEVEL: LogLevel = LogLevel::Info;

pub(super) fn tool() -> Tool {
    Tool {
        title: Some("Progress demonstration"),
        annotations: Some(json!({ "readOnlyHint": true, "openWorldHint": false })),
        ..Tool::new(
            NAME,
            "Takes one second and reports its progress five times. Progress is sent to requests \
             with a progressToken.",
            Schema::open(),
        )
    }
}

pub(super) fn call(context: &RequestContext<'_>) -> Outcome {
    Steps { started: context.now, done: 0 }.wait()
}

/// The number of reported steps. Each is due from the start and not from the one before, so that
/// delays do not add up.
#[derive(Debug)]
struct Steps {
    started: Instant,
    done: u32,
}

impl Steps {
    fn wait(self) -> Outcome {
        let due = self.started + INTERVAL * (self.done + 1);
        Outcome::Wait(Wait::Until(due), Box::new(self))
    }
}

impl Task for Steps {
    fn resume(
        mut self: Box<Self>,
        _: Event<'_>,
        _: &RequestContext<'_>,
        out: &mut Notifications,
    ) -> Outcome {
        self.done += 1;
        let progress = f64::from(self.done) / f64::from(STEPS);
        out.progress(progress, 1.0, format!("Progress step {} of {STEPS}", self.done));
        if self.done < STEPS {
            return self.wait();
        }
        ToolResult::text(format!("Progress demonstration completed with {STEPS} steps")).into()
    }
}

const STEPS: u32 = 5;
const INTERVAL: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests;
