//! Log events as values: the core says what happened, the program says where that is written.

use bytes::Bytes;

use crate::ids::{ChildId, SessionId};
use crate::protocol::Revision;
use crate::reject::{ExitStatus, Reject, SpawnError};
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

/// Something that happened. Holds no payload and no header: what a peer says stays out of the log,
/// except for a child's standard error, which is written for the log.
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
    /// A line on a child's standard output that is no message.
    ChildNoise {
        /// The child.
        child: ChildId,
        /// Why it is none.
        reject: Reject,
    },
    /// A message that nobody waits for was dropped.
    Dropped {
        /// Which kind of message.
        what: Dropped,
        /// The session.
        session: SessionId,
    },
    /// A request was refused.
    Refused {
        /// Why.
        reject: Reject,
    },
    /// A request of a client has been answered.
    RequestDone {
        /// The session.
        session: SessionId,
        /// Its method; `other` if it is none of the specification's.
        method: &'static str,
        /// From request to answer.
        took: Duration,
        /// Whether the answer was a result.
        ok: bool,
    },
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
        /// The revision both agreed on.
        revision: Revision,
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
    /// The program was asked to stop.
    Draining {
        /// Sessions that are still open.
        sessions: usize,
    },
    /// Everything ended.
    Stopped {
        /// Whether something had to be broken off.
        forced: bool,
    },
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SessionEnd {
    /// Its child ended.
    ChildEnded,
    /// Its client asked.
    Deleted,
    /// It gave way to a newer one.
    Evicted,
    /// It was idle for too long.
    Expired,
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
    /// A child's progress for a request that is over, or that nobody can be told.
    UnknownProgress,
    /// A client's answer to a request the child did not make, or that was answered before.
    UnknownClientAnswer,
    /// The oldest message in a queue that was full.
    Overflow,
}

impl SessionEnd {
    /// A short stable name, in `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            SessionEnd::ChildEnded => "child_ended",
            SessionEnd::Deleted => "deleted",
            SessionEnd::Evicted => "evicted",
            SessionEnd::Expired => "expired",
            SessionEnd::Refused => "refused",
            SessionEnd::Shutdown => "shutdown",
        }
    }
}

impl Dropped {
    /// A short stable name, in `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            Dropped::UnknownAnswer => "unknown_answer",
            Dropped::UndeliverableAnswer => "undeliverable_answer",
            Dropped::UnknownCancel => "unknown_cancel",
            Dropped::UnknownProgress => "unknown_progress",
            Dropped::UnknownClientAnswer => "unknown_client_answer",
            Dropped::Overflow => "overflow",
        }
    }
}
