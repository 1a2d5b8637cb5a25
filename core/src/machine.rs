//! The whole boundary between the core and a runtime: facts in, effects out.
//!
//! Owns: [`Input`], [`Action`], [`Chunk`]. Both enums are closed on purpose: a new action must
//! break every adapter at compile time.
//! Never: says how an effect is carried out.
//!
//! Order: actions are carried out in the order in which they were pushed. For one exchange that is
//! either one [`Action::Reply`], or [`Action::Begin`], any number of [`Action::Write`], and one
//! [`Action::Finish`].

use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::bridge::ChildSpec;
use crate::http::{ReplyHead, Request};
use crate::ids::{ChildId, ExchangeId};
use crate::json::{Message, Unreadable};
use crate::observe::{Detail, Event};
use crate::reject::{ExitStatus, Reject, SpawnError};
use crate::server::{Changed, Facts};
use crate::time::Duration;

/// A fact the adapter reports.
#[derive(Debug)]
pub enum Input {
    /// The endpoint listens. Reported once, first.
    Started,
    /// A request has been read whole and admitted by [`crate::http::Rules`].
    Requested {
        /// The adapter's number for it, never used before.
        exchange: ExchangeId,
        /// The request, after [`crate::modern::Preparation::prepare`] if there is one.
        request: Box<Request>,
    },
    /// A request was refused before it became one, by [`crate::http::Guard`] or
    /// [`crate::http::Rules`]; the adapter has answered it with the
    /// [`crate::http::Answer`] that names this reason.
    Refused {
        /// Why.
        reject: Reject,
        /// The part of the request that was wrong, for the log.
        detail: Option<Detail>,
    },
    /// The transport took this many bytes of what was written to a begun exchange, or of a reply
    /// that asked for a receipt.
    Sent {
        /// The exchange.
        exchange: ExchangeId,
        /// Bytes taken since the last such fact.
        bytes: usize,
    },
    /// The exchange is over at the transport: everything was sent, or the peer is gone. Reported
    /// once for each exchange that was not answered by a reply without receipt.
    Closed {
        /// The exchange.
        exchange: ExchangeId,
    },
    /// A child runs.
    ChildSpawned {
        /// The child.
        child: ChildId,
        /// Its process id, which is also its process group's.
        pid: u32,
    },
    /// A child could not be started. Nothing more is reported of it.
    ChildSpawnFailed {
        /// The child.
        child: ChildId,
        /// Why.
        error: SpawnError,
    },
    /// A child wrote a message to its standard output, or something else, as
    /// [`crate::frame::Output`] reads it.
    ChildLine {
        /// The child.
        child: ChildId,
        /// The message, or why it is none.
        line: Result<Message, Unreadable>,
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
        /// What it wrote, as it came.
        bytes: Bytes,
    },
    /// A child's standard error ended. Reported once, after all it held.
    ChildStderrClosed {
        /// The child.
        child: ChildId,
    },
    /// A child's standard input took this many bytes.
    ChildFed {
        /// The child.
        child: ChildId,
        /// Bytes taken since the last such fact.
        bytes: usize,
    },
    /// A child's standard input takes nothing any more.
    ChildStdinClosed {
        /// The child.
        child: ChildId,
        /// Bytes that it took and that the child has not read, as far as the system can tell.
        unread: usize,
    },
    /// A child's process ended. Reported once; its standard output may still hold lines.
    ChildExited {
        /// The child.
        child: ChildId,
        /// How it ended.
        status: ExitStatus,
    },
    /// The clock of the world was read. Reported ahead of each request to a server in this process:
    /// that clock can be set, and goes on while the machine is suspended.
    ClockRead {
        /// Its time since 1970-01-01 00:00 UTC.
        wall: Duration,
    },
    /// What is known about the process and its machine: because of [`Action::Sample`], or ahead of
    /// a request that wants to know ([`crate::http::Request::wants_facts`]).
    Sampled {
        /// The facts; what is counted here is filled in here.
        facts: Box<Facts>,
    },
    /// A server in this process has changed something, as [`crate::native::Stateless`] says.
    Changed {
        /// What.
        change: Changed,
    },
    /// The operator wants the program to stop. A second time: at once.
    ShutdownRequested,
}

/// An effect the adapter carries out, without a question and without an answer.
///
/// An action about an exchange or a child that has gone in the meantime does nothing.
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
    /// Answer an exchange whole.
    Reply {
        /// The exchange.
        exchange: ExchangeId,
        /// Status and headers; the adapter adds `Content-Length`.
        head: ReplyHead,
        /// The body.
        body: Chunk,
        /// Whether [`Input::Sent`] and [`Input::Closed`] are wanted for it.
        receipt: bool,
    },
    /// Send body bytes of a begun exchange.
    Write {
        /// The exchange.
        exchange: ExchangeId,
        /// The bytes.
        chunk: Chunk,
    },
    /// Close a child's standard input once everything fed has been taken.
    CloseStdin {
        /// The child.
        child: ChildId,
    },
    /// Write to a child's standard input, after what was fed before.
    Feed {
        /// The child.
        child: ChildId,
        /// The bytes, one line or several.
        chunk: Chunk,
    },
    /// Read a child's standard output, or stop reading it. A new child is read.
    Gate {
        /// The child.
        child: ChildId,
        /// Whether to read.
        open: bool,
    },
    /// Send a signal to a child's process group.
    Signal {
        /// The child.
        child: ChildId,
        /// Which.
        signal: Signal,
    },
    /// Forget a child: drop its pipes. Nothing more is wanted to be known of it.
    Release {
        /// The child.
        child: ChildId,
    },
    /// Start a child with piped standard streams, in its own session and process group.
    Spawn {
        /// The number it is to be known by.
        child: ChildId,
        /// What to run.
        spec: Arc<ChildSpec>,
    },
    /// Find out what is known about the process and its machine, and report it.
    Sample,
    /// Hand an event to whoever keeps the log.
    Log(Event),
    /// Stop accepting connections, once those that wait to be accepted have been. Every answer from
    /// now on says that its connection closes; nothing else happens to those that are open.
    Unlisten,
    /// Everything has ended. The adapter returns once the connections have: at once if forced, else
    /// as [`crate::http::Guard::stopped`] has it. What is asked until then is refused.
    Stop {
        /// Whether something had to be broken off.
        forced: bool,
    },
}

/// The two signals of the stop order (2025-11-25, basic/lifecycle, Shutdown).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
}

/// The actions of one or several inputs, in order; the caller owns and reuses the buffer.
pub type Actions = Vec<Action>;

/// Bytes in up to a few parts, written one after the other: a payload goes out as the slice of the
/// buffer it came in, between the parts that were put around it.
#[derive(Clone, Debug, Default)]
pub struct Chunk(SmallVec<[Bytes; 4]>);

impl Chunk {
    /// No bytes.
    pub fn new() -> Self {
        Chunk::default()
    }

    /// Appends a part.
    pub fn push(&mut self, part: impl Into<Bytes>) {
        let part = part.into();
        if !part.is_empty() {
            self.0.push(part);
        }
    }

    /// Appends every part of another chunk.
    pub fn append(&mut self, other: Chunk) {
        self.0.extend(other.0);
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    /// The parts, none of them empty.
    pub fn parts(&self) -> &[Bytes] {
        &self.0
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes in one piece; copies unless there is only one part.
    pub fn into_bytes(mut self) -> Bytes {
        match self.0.len() {
            0 => Bytes::new(),
            1 => self.0.remove(0),
            _ => self.to_vec().into(),
        }
    }

    /// A copy of the bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len());
        for part in &self.0 {
            out.extend_from_slice(part);
        }
        out
    }
}

impl<B: Into<Bytes>> From<B> for Chunk {
    fn from(bytes: B) -> Self {
        let mut chunk = Chunk::new();
        chunk.push(bytes);
        chunk
    }
}

impl IntoIterator for Chunk {
    type Item = Bytes;
    type IntoIter = smallvec::IntoIter<[Bytes; 4]>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
