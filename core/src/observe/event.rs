//! Log events as values: the core says what happened, the program says where that is written.

mod fields;

use core::net::IpAddr;
use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
pub use fields::Value;

use crate::ids::{ChildId, SessionId};
use crate::observe::Answered;
use crate::protocol::Era;
use crate::reject::{ExitStatus, Flaw, Reject, SpawnError};
use crate::secrets;
use crate::shown::shown;
use crate::time::Duration;

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every step.
    Debug,
    /// The life of sessions and children.
    Info,
    /// Something went wrong, and it was dealt with.
    Warning,
    /// Something went wrong, and somebody has to look.
    Error,
}

impl Level {
    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that happened. Holds no payload. What a peer says stays out of the log, except for a
/// child's standard error, which is written for the log, a [`Detail`], the name of a client and the
/// names of the tools that it calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A child runs.
    ChildStarted {
        /// The child.
        child: ChildId,
        /// Its process id.
        pid: u32,
    },
    /// A child could not be started.
    ChildFailed {
        /// The child.
        child: ChildId,
        /// Why.
        error: SpawnError,
    },
    /// A child ended.
    ChildEnded {
        /// The child.
        child: ChildId,
        /// How.
        status: ExitStatus,
        /// Whether the core had asked it to.
        asked: bool,
        /// Requests it left without an answer.
        unanswered: usize,
        /// The end of its standard error, where it ended unasked.
        stderr: Bytes,
    },
    /// The child that was started ahead of the first session ended before anybody used it.
    ChildUnusable {
        /// How it ended.
        status: ExitStatus,
        /// The end of its standard error.
        stderr: Bytes,
    },
    /// A child answered `initialize` with an error.
    InitializeRefused {
        /// The child.
        child: ChildId,
        /// The message of that error, cut short.
        words: Box<str>,
    },
    /// A client waits for the command, which has never answered `initialize`.
    StartAwaited {
        /// The program.
        command: Box<str>,
        /// How long a client waits for it.
        waited: Duration,
    },
    /// It has been found out which era the command is of.
    EraFound {
        /// The era.
        era: Era,
        /// Whether no process has said so: the one that was asked was silent, or ended.
        assumed: bool,
    },
    /// A line of a child's standard error.
    ChildStderr {
        /// The child.
        child: ChildId,
        /// The line, without its end.
        line: Bytes,
    },
    /// Lines of a child's standard error that were too many to log.
    ChildStderrSkipped {
        /// The child.
        child: ChildId,
        /// How many.
        lines: u64,
    },
    /// A child that runs was given up: nothing more can come from it.
    ChildGivenUp {
        /// The child.
        child: ChildId,
        /// Why.
        status: ExitStatus,
    },
    /// A line on a child's standard output, or a part of it, that is no message.
    ChildNoise {
        /// The child.
        child: ChildId,
        /// The reason why it is no message.
        flaw: Flaw,
        /// Its beginning.
        excerpt: Bytes,
        /// Its length.
        bytes: usize,
    },
    /// Lines on a child's standard output that are no messages, and were too many to log.
    ChildNoiseSkipped {
        /// The child.
        child: ChildId,
        /// How many.
        lines: u64,
    },
    /// A child has ended, and has written no message, only other text.
    ChildNotMcp {
        /// The child.
        child: ChildId,
        /// The beginning of its first line.
        excerpt: Bytes,
    },
    /// A message that nobody waits for was dropped.
    Dropped {
        /// Which kind of message.
        what: Dropped,
        /// The session.
        session: SessionId,
    },
    /// The time for an answer was over.
    TimedOut {
        /// The method of the request; `other` if it is none of the specification's.
        method: &'static str,
        /// The session, if the request belongs to one.
        session: Option<SessionId>,
        /// The time there was.
        limit: Duration,
        /// The option that changes it, if there is one.
        option: Option<&'static str>,
    },
    /// A request was refused.
    Refused {
        /// Why.
        reject: Reject,
        /// The part of the request that was wrong.
        detail: Option<Detail>,
    },
    /// A request of a client has been answered.
    RequestDone(Box<Answered>),
    /// A session was asked for.
    SessionOpening {
        /// The session.
        session: SessionId,
        /// Its child.
        child: ChildId,
    },
    /// A session is open: the child has answered `initialize`.
    SessionOpened {
        /// The session.
        session: SessionId,
        /// The revision both agreed on; one that is not known here is cut short.
        revision: Cow<'static, str>,
        /// The address it was opened from.
        peer: Option<IpAddr>,
        /// Who the client says it is (`clientInfo.name`), cut short.
        client: Option<Box<str>>,
    },
    /// A session ended.
    SessionClosed {
        /// The session.
        session: SessionId,
        /// Why.
        why: SessionEnd,
        /// How long it was open.
        lived: Duration,
    },
    /// Events like the one that follows were too many to log.
    Skipped {
        /// Their name.
        what: &'static str,
        /// Their reason.
        reason: &'static str,
        /// How many.
        times: u64,
    },
    /// The program was asked to stop, and goes on serving for a while.
    StopDelayed {
        /// For how long ([`crate::limits::Limits::stop_delay`]).
        delay: Duration,
    },
    /// The program was asked to stop.
    Draining {
        /// Sessions that are still open.
        sessions: usize,
    },
    /// The program was asked to stop a while ago and has not ended yet.
    StillStopping {
        /// Processes that run.
        processes: usize,
    },
    /// Everything ended.
    Stopped {
        /// Whether something had to be broken off.
        forced: bool,
    },
}

/// A part of a request that was refused, fit for a log line: escaped and cut short.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Detail(Box<str>);

impl Detail {
    /// The value of a header, with secrets masked.
    pub(crate) fn of_header(name: &str, value: &[u8]) -> Detail {
        Detail(shown(&secrets::header(name, value)).into())
    }

    /// The method and the path of a request.
    pub(crate) fn of_request(method: &str, path: &str) -> Detail {
        Detail::of_header("request", format!("{method} {path}").as_bytes())
    }

    /// A text that may hold words of a peer, none of them secret.
    pub(crate) fn of_text(text: &str) -> Detail {
        Detail(shown(&secrets::visible(text.as_bytes())).into())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionEnd {
    /// Its client had gone before it was open.
    Abandoned,
    /// Its child ended.
    ChildEnded,
    /// Its client asked, or closed the one stream it had.
    Deleted,
    /// It gave way to a newer one.
    Evicted,
    /// It was idle for too long.
    Expired,
    /// Its client took too little of what was sent to it.
    Overflow,
    /// Its child refused `initialize`, or did not answer it in time.
    Refused,
    /// The program stops.
    Shutdown,
}

/// Messages that are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dropped {
    /// A child's answer to a request that was answered, cancelled, or never asked.
    UnknownAnswer,
    /// A child's answer whose client had gone.
    UndeliverableAnswer,
    /// A client's cancellation of a request that is over or never was.
    UnknownCancel,
    /// A notification that is meant for nobody, or could be meant for several.
    UnknownNotification,
    /// A child's progress for a request that is over, or that nobody can be told.
    UnknownProgress,
    /// A client's answer to a request the child did not make, or that is over.
    UnknownClientAnswer,
    /// A child's request that the client did not answer in time.
    UnansweredAsk,
    /// The oldest message in a queue that was full.
    Overflow,
}

impl Event {
    /// A short stable name, in `snake_case`.
    pub const fn name(&self) -> &'static str {
        self.description().0
    }

    /// What happened, in a few words; the fields say the rest.
    pub const fn message(&self) -> &'static str {
        self.description().1
    }

    const fn description(&self) -> (&'static str, &'static str) {
        match self {
            Event::ChildStarted { .. } => ("child_started", "child started"),
            Event::ChildFailed { .. } => ("child_failed", "child could not be started"),
            Event::ChildEnded { .. } => ("child_ended", "child ended"),
            Event::ChildUnusable { .. } => ("child_unusable", "child ended before it was used"),
            Event::ChildStderr { .. } => ("child_stderr", "child wrote to standard error"),
            Event::ChildStderrSkipped { .. } => {
                ("child_stderr_skipped", "child wrote too much to standard error to log it all")
            }
            Event::ChildGivenUp { .. } => ("child_given_up", "child given up"),
            Event::ChildNoise { .. } => {
                ("child_noise", "child wrote a line to standard output that is not valid MCP")
            }
            Event::ChildNoiseSkipped { .. } => (
                "child_noise_skipped",
                "child wrote further lines that are not valid MCP, which are not logged",
            ),
            Event::ChildNotMcp { .. } => {
                ("child_not_mcp", "child does not speak MCP over stdio: it wrote only other text")
            }
            Event::EraFound { .. } => ("era_found", "era of the command found"),
            Event::InitializeRefused { .. } => ("initialize_refused", "child refused initialize"),
            Event::StartAwaited { .. } => ("start_awaited", "waiting for the command to start"),
            Event::Dropped { .. } => ("dropped", "message dropped"),
            Event::TimedOut { .. } => ("timed_out", "no answer in time"),
            Event::Refused { .. } => ("refused", "request refused"),
            Event::RequestDone(_) => ("request_done", "request answered"),
            Event::SessionOpening { .. } => ("session_opening", "session opening"),
            Event::SessionOpened { .. } => ("session_opened", "session opened"),
            Event::SessionClosed { .. } => ("session_closed", "session closed"),
            Event::Skipped { .. } => ("skipped", "events too many to log them all"),
            Event::StopDelayed { .. } => ("stop_delayed", "still serving before stopping"),
            Event::Draining { .. } => ("draining", "stopping"),
            Event::StillStopping { .. } => ("still_stopping", "waiting for processes to end"),
            Event::Stopped { .. } => ("stopped", "stopped"),
        }
    }

    /// How much it matters.
    pub fn level(&self) -> Level {
        match self {
            Event::ChildFailed { .. } | Event::ChildUnusable { .. } => Level::Error,
            Event::ChildEnded { asked: false, .. }
            | Event::ChildGivenUp { .. }
            | Event::ChildNoise { .. }
            | Event::InitializeRefused { .. }
            | Event::ChildNoiseSkipped { .. }
            | Event::ChildNotMcp { .. }
            | Event::ChildStderrSkipped { .. }
            | Event::Dropped { what: Dropped::Overflow, .. }
            | Event::Stopped { forced: true }
            | Event::TimedOut { .. } => Level::Warning,
            Event::Refused { reject, .. } => refusal_level(*reject),
            Event::Skipped { what, .. } if *what == "request_done" => Level::Info,
            Event::Skipped { .. } => Level::Warning,
            Event::ChildEnded { asked: true, .. }
            | Event::ChildStarted { .. }
            | Event::ChildStderr { .. }
            | Event::Draining { .. }
            | Event::EraFound { .. }
            | Event::RequestDone(_)
            | Event::StartAwaited { .. }
            | Event::SessionClosed { .. }
            | Event::SessionOpened { .. }
            | Event::StillStopping { .. }
            | Event::StopDelayed { .. }
            | Event::Stopped { forced: false } => Level::Info,
            Event::Dropped { .. } | Event::SessionOpening { .. } => Level::Debug,
        }
    }
}

/// Conditions that an operator can fix are warnings.
const fn refusal_level(reject: Reject) -> Level {
    match reject {
        Reject::BodyTimeout { .. }
        | Reject::BodyTooLarge { .. }
        | Reject::ForbiddenHost
        | Reject::ForbiddenOrigin
        | Reject::HeadTimeout { .. }
        | Reject::OtherPrincipal
        | Reject::SessionsFull
        | Reject::StartPaused { .. }
        | Reject::StdinFull => Level::Warning,
        _ => Level::Info,
    }
}

impl SessionEnd {
    /// A short stable name, in `snake_case`.
    pub const fn name(self) -> &'static str {
        match self {
            SessionEnd::Abandoned => "abandoned",
            SessionEnd::ChildEnded => "child_ended",
            SessionEnd::Deleted => "deleted",
            SessionEnd::Evicted => "evicted",
            SessionEnd::Expired => "expired",
            SessionEnd::Overflow => "overflow",
            SessionEnd::Refused => "refused",
            SessionEnd::Shutdown => "shutdown",
        }
    }
}

impl Dropped {
    /// A short stable name, in `snake_case`.
    pub const fn name(self) -> &'static str {
        match self {
            Dropped::UnknownAnswer => "unknown_answer",
            Dropped::UndeliverableAnswer => "undeliverable_answer",
            Dropped::UnknownCancel => "unknown_cancel",
            Dropped::UnknownNotification => "unknown_notification",
            Dropped::UnknownProgress => "unknown_progress",
            Dropped::UnknownClientAnswer => "unknown_client_answer",
            Dropped::UnansweredAsk => "unanswered_ask",
            Dropped::Overflow => "overflow",
        }
    }
}

#[cfg(test)]
mod tests;
