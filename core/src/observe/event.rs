//! Log events as values: the core creates them, the program writes them.

mod fields;

use core::net::IpAddr;
use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
pub use fields::Value;
use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::auth::RemoteEvent;
use crate::ids::{ChildId, SessionId};
use crate::log_text::{escape_untrusted, truncate_for_log};
use crate::observe::Answered;
use crate::protocol::Era;
use crate::reject::{ExitStatus, Flaw, Reject, SpawnError, TlsFailure};
use crate::secrets;
use crate::time::Duration;

/// The severity of an event.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr, VariantNames,
)]
#[strum(serialize_all = "snake_case")]
pub enum Level {
    /// Every step.
    Debug,
    /// The start and end of sessions and children.
    Info,
    /// An error that was handled.
    Warning,
    /// An error that needs an operator.
    Error,
}

impl Level {
    /// Returns the name, in lower case.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A log event. It holds no payload. Texts of a peer are not logged, except for a child's standard
/// error, a [`Detail`], the name of a client and the names of the tools that it calls.
#[derive(Clone, Debug, PartialEq, Eq, IntoStaticStr)]
#[cfg_attr(test, derive(VariantNames))]
#[strum(serialize_all = "snake_case")]
pub enum Event {
    /// A child was started.
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
        /// The reason.
        error: SpawnError,
    },
    /// A child ended.
    ChildEnded {
        /// The child.
        child: ChildId,
        /// The way in which it ended.
        status: ExitStatus,
        /// Whether the core had requested it.
        asked: bool,
        /// The number of requests left without an answer.
        unanswered: usize,
        /// The end of its standard error, if it ended without a request.
        stderr: Bytes,
        /// Whether the lines of its standard error are in the log.
        is_logged: bool,
    },
    /// The child that was started ahead of the first session ended without being used.
    ChildUnusable {
        /// The way in which it ended.
        status: ExitStatus,
        /// The end of its standard error.
        stderr: Bytes,
        /// Whether the lines of its standard error are in the log.
        is_logged: bool,
    },
    /// A child answered `initialize` with an error.
    InitializeRefused {
        /// The child.
        child: ChildId,
        /// The message of that error, truncated.
        words: Box<str>,
    },
    /// A client waits for the command, which has never answered `initialize`.
    StartAwaited {
        /// The program.
        command: Box<str>,
        /// The time after which a client's request is answered with an error.
        waited: Duration,
    },
    /// The era of the command is known.
    EraFound {
        /// The era.
        era: Era,
        /// Whether it is an assumption, because the probed process was silent or ended.
        assumed: bool,
    },
    /// A line of a child's standard error.
    ChildStderr {
        /// The child.
        child: ChildId,
        /// The line, without its end.
        line: Bytes,
    },
    /// Lines of a child's standard error that the rate limit kept out of the log.
    ChildStderrSkipped {
        /// The child.
        child: ChildId,
        /// The number of lines.
        lines: u64,
    },
    /// A running child was given up, because no valid output can come from it.
    ChildGivenUp {
        /// The child.
        child: ChildId,
        /// The reason.
        status: ExitStatus,
    },
    /// A line on a child's standard output, or a part of it, that is not a message.
    ChildNoise {
        /// The child.
        child: ChildId,
        /// The reason.
        flaw: Flaw,
        /// Its beginning.
        excerpt: Bytes,
        /// Its length.
        bytes: usize,
    },
    /// Invalid lines on a child's standard output that the rate limit kept out of the log.
    ChildNoiseSkipped {
        /// The child.
        child: ChildId,
        /// The number of lines.
        lines: u64,
    },
    /// A child ended that had written text, but no message.
    ChildNotMcp {
        /// The child.
        child: ChildId,
        /// The beginning of its first line.
        excerpt: Bytes,
    },
    /// A message without a recipient was dropped.
    Dropped {
        /// The kind of message.
        what: Dropped,
        /// The session.
        session: SessionId,
    },
    /// A request was not answered in time.
    TimedOut {
        /// The method of the request, or `other` for a method that the specification does not
        /// define.
        method: &'static str,
        /// The session, if the request belongs to one.
        session: Option<SessionId>,
        /// The time limit.
        limit: Duration,
        /// The option that changes the limit, if there is one.
        option: Option<&'static str>,
    },
    /// A request was refused.
    Refused {
        /// The reason.
        reject: Reject,
        /// The part of the request that was refused.
        detail: Option<Detail>,
    },
    /// A TLS handshake failed.
    TlsFailed {
        /// The reason.
        failure: TlsFailure,
        /// The reason in the words of the TLS library.
        detail: Detail,
        /// The client's address.
        peer: Option<IpAddr>,
    },
    /// A request of a client has been answered.
    RequestDone(Box<Answered>),
    /// A client began to open a session.
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
        /// The negotiated revision, truncated if it is unknown.
        revision: Cow<'static, str>,
        /// The client's address.
        peer: Option<IpAddr>,
        /// The client's name (`clientInfo.name`), truncated.
        client: Option<Box<str>>,
    },
    /// A session goes on with a new child, which has answered `initialize` like the one before it.
    SessionRestored {
        /// The session.
        session: SessionId,
        /// Its new child.
        child: ChildId,
    },
    /// A new child refused a session's `initialize`, or answered it in another way than the one
    /// before it.
    RestoreRefused {
        /// The session.
        session: SessionId,
        /// The child.
        child: ChildId,
    },
    /// A session ended.
    SessionClosed {
        /// The session.
        session: SessionId,
        /// The reason.
        why: SessionEnd,
        /// Its duration.
        lived: Duration,
    },
    /// Events of the same kind as the next one that the rate limit kept out of the log.
    Skipped {
        /// Their name.
        what: &'static str,
        /// Their reason.
        reason: &'static str,
        /// The number of events.
        times: u64,
    },
    /// The keys of an issuer were fetched: others than before, or the first ones after a failure.
    KeysFetched {
        /// The URL.
        url: Box<str>,
        /// The number of keys.
        keys: usize,
    },
    /// The keys of an issuer could not be fetched.
    KeysFailed {
        /// The URL that was tried last.
        url: Box<str>,
        /// The reason.
        why: Box<str>,
        /// The time until the next try.
        pause: Duration,
        /// Whether older keys stay in use.
        has_keys: bool,
    },
    /// The issuer could not be asked about a token.
    IntrospectionFailed {
        /// The URL.
        url: Box<str>,
        /// The reason.
        why: Box<str>,
    },
    /// A stop was requested, and the program serves requests for a while longer.
    StopDelayed {
        /// The delay ([`crate::limits::Limits::stop_delay`]).
        delay: Duration,
    },
    /// A stop was requested.
    Draining {
        /// The number of open sessions.
        sessions: usize,
    },
    /// A stop was requested a while ago, and the program still runs.
    StillStopping {
        /// The number of running processes.
        processes: usize,
    },
    /// The program has stopped.
    Stopped {
        /// Whether anything was aborted.
        forced: bool,
    },
}

impl From<RemoteEvent> for Event {
    fn from(event: RemoteEvent) -> Event {
        match event {
            RemoteEvent::KeysFetched { url, keys } => Event::KeysFetched { url, keys },
            RemoteEvent::KeysFailed { url, why, pause, has_keys } => {
                Event::KeysFailed { url, why, pause, has_keys }
            }
            RemoteEvent::IntrospectionFailed { url, why } => {
                Event::IntrospectionFailed { url, why }
            }
        }
    }
}

/// A part of a refused request for the log: escaped and truncated.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Detail(Box<str>);

impl Detail {
    /// Returns the value of a header, with secrets masked.
    pub(crate) fn of_header(name: &str, value: &[u8]) -> Detail {
        Detail(truncate_for_log(&secrets::header(name, value)).into())
    }

    /// Returns the method and the path of a request.
    pub(crate) fn of_request(method: &str, path: &str) -> Detail {
        Detail::of_header("request", format!("{method} {path}").as_bytes())
    }

    /// Returns a text that may hold words of a peer, but no secrets.
    pub(crate) fn of_text(text: &str) -> Detail {
        Detail(truncate_for_log(&escape_untrusted(text.as_bytes())).into())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The reason why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[cfg_attr(test, derive(VariantNames))]
#[strum(serialize_all = "snake_case")]
pub enum SessionEnd {
    /// Its client disconnected before it was open.
    Abandoned,
    /// Its child ended.
    ChildEnded,
    /// Its client deleted it, or closed its only stream.
    Deleted,
    /// It was evicted in favour of a newer one.
    Evicted,
    /// It was idle for too long.
    Expired,
    /// Its client did not read the messages sent to it.
    Overflow,
    /// Its child refused `initialize`, or did not answer it in time.
    Refused,
    /// The program is stopping.
    Shutdown,
}

/// The kind of a dropped message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[cfg_attr(test, derive(VariantNames))]
#[strum(serialize_all = "snake_case")]
pub enum Dropped {
    /// A child's answer to a request that was answered, cancelled, or never sent.
    UnknownAnswer,
    /// A child's answer to a client that has disconnected.
    UndeliverableAnswer,
    /// A client's cancellation of an unknown or finished request.
    UnknownCancel,
    /// A notification that no client or more than one client could be meant by.
    UnknownNotification,
    /// A child's progress for a finished request, or for one without a recipient.
    UnknownProgress,
    /// A client's answer to a request that the child did not send, or that is finished.
    UnknownClientAnswer,
    /// A child's request that the client did not answer in time.
    UnansweredAsk,
    /// The oldest message of a full queue.
    Overflow,
}

impl Event {
    /// Returns a short stable name, in `snake_case`.
    pub fn name(&self) -> &'static str {
        self.into()
    }

    /// Returns a short description; the fields hold the details.
    pub const fn message(&self) -> &'static str {
        match self {
            Event::ChildStarted { .. } => "child started",
            Event::ChildFailed { .. } => "child could not be started",
            Event::ChildEnded { .. } => "child ended",
            Event::ChildUnusable { .. } => "child ended before it was used",
            Event::ChildStderr { .. } => "child wrote to standard error",
            Event::ChildStderrSkipped { .. } => {
                "child wrote too much to standard error to log it all"
            }
            Event::ChildGivenUp { .. } => "child given up",
            Event::ChildNoise { .. } => {
                "child wrote a line to standard output that is not valid MCP"
            }
            Event::ChildNoiseSkipped { .. } => {
                "child wrote further lines that are not valid MCP, which are not logged"
            }
            Event::ChildNotMcp { .. } => {
                "child does not speak MCP over stdio: it wrote only other text"
            }
            Event::EraFound { .. } => "era of the command found",
            Event::InitializeRefused { .. } => "child refused initialize",
            Event::StartAwaited { .. } => "waiting for the command to start",
            Event::Dropped { .. } => "message dropped",
            Event::TimedOut { .. } => "no answer in time",
            Event::Refused { .. } => "request refused",
            Event::TlsFailed { .. } => "TLS handshake failed",
            Event::RequestDone(_) => "request answered",
            Event::SessionOpening { .. } => "session opening",
            Event::SessionOpened { .. } => "session opened",
            Event::SessionRestored { .. } => "session goes on with a new child",
            Event::RestoreRefused { .. } => "new child does not accept the session",
            Event::SessionClosed { .. } => "session closed",
            Event::KeysFetched { .. } => "keys of the issuer fetched",
            Event::KeysFailed { has_keys: true, .. } => {
                "keys of the issuer cannot be fetched; the ones before stay in use"
            }
            Event::KeysFailed { has_keys: false, .. } => {
                "keys of the issuer cannot be fetched, and its tokens cannot be checked"
            }
            Event::IntrospectionFailed { .. } => "issuer cannot be asked about a token",
            Event::Skipped { .. } => "events too many to log them all",
            Event::StopDelayed { .. } => "still serving before stopping",
            Event::Draining { .. } => "stopping",
            Event::StillStopping { .. } => "waiting for processes to end",
            Event::Stopped { .. } => "stopped",
        }
    }

    /// Returns the severity.
    pub fn level(&self) -> Level {
        match self {
            Event::ChildFailed { .. } | Event::ChildUnusable { .. } => Level::Error,
            Event::KeysFailed { has_keys: false, .. } => Level::Error,
            Event::ChildEnded { asked: false, .. }
            | Event::ChildGivenUp { .. }
            | Event::ChildNoise { .. }
            | Event::InitializeRefused { .. }
            | Event::RestoreRefused { .. }
            | Event::IntrospectionFailed { .. }
            | Event::KeysFailed { has_keys: true, .. }
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
            | Event::KeysFetched { .. }
            | Event::RequestDone(_)
            | Event::StartAwaited { .. }
            | Event::SessionClosed { .. }
            | Event::SessionOpened { .. }
            | Event::SessionRestored { .. }
            | Event::StillStopping { .. }
            | Event::StopDelayed { .. }
            | Event::TlsFailed { .. }
            | Event::Stopped { forced: false } => Level::Info,
            Event::Dropped { .. } | Event::SessionOpening { .. } => Level::Debug,
        }
    }
}

/// Returns the severity of a refusal: conditions that an operator can fix are warnings.
const fn refusal_level(reject: Reject) -> Level {
    match reject {
        Reject::BadToken(_)
        | Reject::BodyTimeout { .. }
        | Reject::BodyTooLarge { .. }
        | Reject::ForbiddenHost
        | Reject::ForbiddenOrigin
        | Reject::HeadTimeout { .. }
        | Reject::InsufficientScope
        | Reject::OtherPrincipal
        | Reject::SessionsFull
        | Reject::HeaderValuesExceeded { .. }
        | Reject::SpawnBackoff { .. }
        | Reject::TokenInQuery
        | Reject::ChildBackpressure
        | Reject::RateExceeded { .. }
        | Reject::ConcurrencyExceeded
        | Reject::ClientSessionsFull => Level::Warning,
        _ => Level::Info,
    }
}

impl SessionEnd {
    /// Returns a short stable name, in `snake_case`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Dropped {
    /// Returns a short stable name, in `snake_case`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests;
