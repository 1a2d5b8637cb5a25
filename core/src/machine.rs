//! The boundary between the core and a runtime: inputs in, actions out.
//!
//! Owns: [`Input`] and [`Action`]. Both enums are exhaustive on purpose: a new action must
//! break every adapter at compile time. Never: decides how an action is carried out.

use core::net::IpAddr;
use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;

use crate::child_spec::ChildSpec;
use crate::chunk::Chunk;
use crate::host_stats::HostStats;
use crate::http::{Refusal, ReplyHead, Request};
use crate::ids::{ChildId, ExchangeId};
use crate::job::{Done, Job, Work};
use crate::json::{InvalidLine, Message};
use crate::native::StatelessRequest;
use crate::observe::{Detail, Event};
use crate::reject::{ExitStatus, Reject, SpawnError, TlsFailure};
use crate::server::Changed;
use crate::time::Duration;

/// An event that the adapter reports.
#[derive(Debug)]
pub enum Input {
    /// The endpoint listens. Reported once, first.
    Started,
    /// A complete request that [`crate::http::Rules`] admitted.
    Requested {
        /// The adapter's number for it; never reused.
        exchange: ExchangeId,
        /// The request, after [`crate::modern::Preparation::prepare`] if there is one.
        request: Box<Request>,
    },
    /// A `POST` that belongs to no session, and that [`crate::native::StatelessServer`] could not answer
    /// at once.
    StatelessPending {
        /// The adapter's number for it; never reused.
        exchange: ExchangeId,
        /// Its state so far.
        request: Box<StatelessRequest>,
    },
    /// [`crate::http::Guard`] or [`crate::http::Rules`] refused a request; the adapter has answered
    /// it with the [`crate::http::Answer`] for this reason.
    Refused {
        /// The reason.
        reject: Reject,
        /// The part of the request that was refused, for the log.
        detail: Option<Detail>,
    },
    /// A TLS handshake failed. No request came before it, so nothing was answered.
    TlsFailed {
        /// The reason.
        failure: TlsFailure,
        /// The reason in the words of the TLS library.
        words: String,
        /// The client's address.
        peer: Option<IpAddr>,
    },
    /// The transport accepted this many bytes of a begun exchange, or of a reply that asked for a
    /// receipt.
    Sent {
        /// The exchange.
        exchange: ExchangeId,
        /// The number of bytes since the last such input.
        bytes: usize,
    },
    /// The exchange is over for the transport: everything was sent, or the peer has disconnected.
    /// Reported once for each exchange, except for replies without a receipt.
    Closed {
        /// The exchange.
        exchange: ExchangeId,
    },
    /// A child was started.
    ChildSpawned {
        /// The child.
        child: ChildId,
        /// Its process id, which is also its process group's id.
        pid: u32,
    },
    /// A child could not be started. No further input concerns it.
    ChildSpawnFailed {
        /// The child.
        child: ChildId,
        /// The reason.
        error: SpawnError,
    },
    /// A child wrote a message, or another line, to its standard output, as parsed by
    /// [`crate::frame::Output`].
    ChildLine {
        /// The child.
        child: ChildId,
        /// The message, or the reason why the line is not one.
        line: Result<Message, InvalidLine>,
    },
    /// A child's standard output ended.
    ChildStdoutClosed {
        /// The child.
        child: ChildId,
    },
    /// A child wrote to its standard error.
    ChildStderr {
        /// The child.
        child: ChildId,
        /// The bytes, unchanged.
        bytes: Bytes,
    },
    /// A child's standard error ended. Reported once, after all of its content.
    ChildStderrClosed {
        /// The child.
        child: ChildId,
    },
    /// A child's standard input accepted this many bytes.
    ChildStdinAcked {
        /// The child.
        child: ChildId,
        /// The number of bytes since the last such input.
        bytes: usize,
    },
    /// A child's standard input is closed.
    ChildStdinClosed {
        /// The child.
        child: ChildId,
        /// The number of accepted bytes that the child has not read, as far as the system can tell.
        unread: usize,
    },
    /// A child's process ended. Reported once; its standard output may still hold lines.
    ChildExited {
        /// The child.
        child: ChildId,
        /// The way in which it ended.
        status: ExitStatus,
    },
    /// The wall clock was read. Reported before each request to a server in this process, because
    /// that clock can be set, and continues while the machine is suspended.
    ClockRead {
        /// The time since 1970-01-01 00:00 UTC.
        unix_time: Duration,
    },
    /// Facts about the process and its host, as requested by [`Action::Sample`], or before a
    /// request that needs them ([`crate::http::Request::wants_stats`]).
    Sampled {
        /// The facts; the core fills in its counters.
        stats: Box<HostStats>,
    },
    /// A server in this process made a change, as reported by [`crate::native::StatelessServer`].
    Changed {
        /// The change.
        change: Changed,
    },
    /// A job was carried out.
    JobDone {
        /// Its result.
        done: Box<Done>,
    },
    /// The operator asked the program to stop; the second time, at once.
    ShutdownRequested,
    /// The program no longer serves this engine's server, or serves it by another engine: the
    /// engine drains, and stops.
    Retired {
        /// Whether another engine opens the new sessions: then those of this engine go on until
        /// they end, or until [`crate::limits::Limits::drain_time_max`] has passed.
        replaced: bool,
    },
}

impl Action {
    /// Returns the order to drop a value that may hold much.
    pub(crate) fn discard(value: impl Any + Send) -> Action {
        Action::Work(Job(Work::Drop(Box::new(value))))
    }
}

impl Job {
    /// Carries out the work. The result must be reported in any case.
    pub fn run(self) -> Input {
        Input::JobDone { done: Box::new(Done(self.0.finish())) }
    }
}

impl From<Refusal> for Input {
    fn from(Refusal { reject, detail }: Refusal) -> Input {
        Input::Refused { reject, detail }
    }
}

/// An effect that the adapter carries out, without a reply.
///
/// Actions are carried out in the order in which they were pushed. For one exchange that is either
/// one [`Reply`](Self::Reply), or [`Begin`](Self::Begin), any number of [`Write`](Self::Write), and
/// one [`Finish`](Self::Finish). An action for an exchange or a child that no longer exists has no
/// effect.
#[derive(Debug)]
pub enum Action {
    /// Send a head; body bytes follow, each to be flushed at once.
    Begin {
        /// The exchange.
        exchange: ExchangeId,
        /// Status and headers.
        head: ReplyHead,
    },
    /// End a begun body.
    Finish {
        /// The exchange.
        exchange: ExchangeId,
    },
    /// Send a complete answer.
    Reply {
        /// The exchange.
        exchange: ExchangeId,
        /// Status and headers; the adapter adds `Content-Length`.
        head: ReplyHead,
        /// The body.
        body: Chunk,
        /// Whether [`Input::Sent`] and [`Input::Closed`] are reported for it.
        receipt: bool,
    },
    /// Send body bytes of a begun exchange.
    Write {
        /// The exchange.
        exchange: ExchangeId,
        /// The bytes.
        chunk: Chunk,
    },
    /// Close a child's standard input after all earlier bytes have been accepted.
    CloseStdin {
        /// The child.
        child: ChildId,
    },
    /// Write to a child's standard input, after earlier bytes.
    WriteStdin {
        /// The child.
        child: ChildId,
        /// The bytes, one line or several.
        chunk: Chunk,
    },
    /// Start or stop reading a child's standard output or standard error. A new child's are read.
    SetReadEnabled {
        /// The child.
        child: ChildId,
        /// The pipe.
        pipe: ChildPipe,
        /// Whether to read.
        enabled: bool,
    },
    /// Send a signal to a child's process group.
    Signal {
        /// The child.
        child: ChildId,
        /// The signal.
        signal: Signal,
    },
    /// Drop a child's pipes. No further input about it is needed.
    Release {
        /// The child.
        child: ChildId,
    },
    /// Start a child with piped standard streams, in its own session and process group.
    Spawn {
        /// The core's number for it.
        child: ChildId,
        /// The command.
        spec: Arc<ChildSpec>,
    },
    /// Carry out a job without the lock, and report what [`Job::run`] returns. The thread that
    /// reported the fact does it before it reports another, so that a child is read no faster than
    /// its messages are dealt with.
    Work(Job),
    /// Sample facts about the process and its host, and report them.
    Sample,
    /// Write an event to the log.
    Log(Event),
    /// Stop listening, after the connections in the backlog have been accepted. From now on every
    /// answer closes its connection; open connections are otherwise unaffected.
    Unlisten,
    /// Everything has ended. The adapter returns once the connections have closed: at once if
    /// forced, otherwise as [`crate::http::Guard::stopped`] decides. Requests until then are
    /// refused.
    Stop {
        /// Whether anything was aborted.
        forced: bool,
    },
}

/// The pipes that a child writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildPipe {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
}

/// The signals that stop a child (2025-11-25, basic/lifecycle, Shutdown).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
}

/// The actions of one or several inputs, in order; the caller owns and reuses the buffer.
pub type Actions = Vec<Action>;
