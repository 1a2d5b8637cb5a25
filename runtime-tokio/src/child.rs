//! Child processes: one thread that spawns them, and for each child a task for its pipes and one
//! that waits for its end.
//!
//! Owns: the pipes; what waits to be written to a child, which the engine bounds.
//! Never: decides when a child is to end, or what its lines mean.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes};
use pontoon_core::bridge::ChildSpec;
use pontoon_core::frame::{Framed, Lines};
use pontoon_core::ids::ChildId;
use pontoon_core::json::{Message, ParseRules};
use pontoon_core::limits::Limits;
use pontoon_core::machine::{Chunk, Input, Signal};
use pontoon_core::reject::ExitStatus;
use tokio::io::{AsyncRead, Interest, ReadBuf};
use tokio::net::unix::pipe::Sender;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::hub::{Hub, lock};

/// Where the engine's actions about one child arrive. Some return whom to wake.
#[derive(Default)]
pub(crate) struct Mailbox {
    mail: Mutex<Mail>,
    /// Whether standard output is not to be read. A read that already waits is let through.
    gated: AtomicBool,
    opened: Notify,
}

#[derive(Default)]
struct Mail {
    stdin: VecDeque<Bytes>,
    /// Nothing more is taken for standard input.
    stdin_closed: bool,
    writer: Option<Waker>,
    pid: Option<u32>,
    pipes: Option<AbortHandle>,
    released: bool,
}

impl Mailbox {
    pub(crate) fn feed(&self, chunk: Chunk) -> Option<Waker> {
        let mut mail = self.lock();
        if !mail.stdin_closed {
            mail.stdin.extend(chunk);
        }
        mail.writer.take()
    }

    pub(crate) fn close_stdin(&self) -> Option<Waker> {
        let mut mail = self.lock();
        mail.stdin_closed = true;
        mail.writer.take()
    }

    pub(crate) fn gate(&self, open: bool) -> Option<Waker> {
        self.gated.store(!open, Ordering::Release);
        if open {
            self.opened.notify_one();
        }
        None
    }

    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.lock().pid {
            pontoon_process::signal_group(pid, signal);
        }
    }

    pub(crate) fn release(&self) {
        let mut mail = self.lock();
        mail.released = true;
        if let Some(pipes) = mail.pipes.take() {
            pipes.abort();
        }
    }

    /// The child's pipes are in the hands of this task; ends it if nobody wants them any more.
    fn hold(&self, pipes: AbortHandle) {
        let mut mail = self.lock();
        if mail.released { pipes.abort() } else { mail.pipes = Some(pipes) }
    }

    /// Takes what waits for standard input; `false` when nothing ever will again.
    async fn take_stdin(&self, parts: &mut VecDeque<Bytes>) -> bool {
        poll_fn(|cx| {
            let mut mail = self.lock();
            std::mem::swap(&mut mail.stdin, parts);
            if !parts.is_empty() {
                return Poll::Ready(true);
            }
            if mail.stdin_closed {
                return Poll::Ready(false);
            }
            mail.writer = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    async fn open(&self) {
        while self.gated.load(Ordering::Acquire) {
            self.opened.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Mail> {
        lock(&self.mail)
    }
}

/// A child to be spawned.
pub(crate) struct Order {
    pub(crate) child: ChildId,
    pub(crate) spec: Arc<ChildSpec>,
    pub(crate) mailbox: Arc<Mailbox>,
}

/// Spawns children until the hub is gone. Runs on a thread of its own: children die with the thread
/// that spawned them, and a fork takes longer than a connection ought to wait.
pub(crate) fn spawn_all(orders: &Receiver<Order>, hub: &Weak<Hub>, runtime: &Handle) {
    let _runtime = runtime.enter();
    for order in orders {
        let Some(hub) = hub.upgrade() else { return };
        spawn(&hub, order);
    }
}

fn spawn(hub: &Arc<Hub>, Order { child, spec, mailbox }: Order) {
    let mut process = match Command::from(pontoon_process::command(&spec)).spawn() {
        Ok(process) => process,
        Err(error) => return hub.spawn_failed(child, pontoon_process::spawn_error(&error)),
    };
    let pid = process.id().expect("nobody has waited for it");
    mailbox.lock().pid = Some(pid);
    if !hub.report(child, [Input::ChildSpawned { child, pid }]) {
        pontoon_process::signal_group(pid, Signal::Kill);
    }
    let pipes = Pipes {
        hub: hub.clone(),
        child,
        mailbox: mailbox.clone(),
        limits: hub.config.limits.clone(),
    };
    let stdin = process.stdin.take().expect("it is piped");
    let stdout = process.stdout.take().expect("it is piped");
    let stderr = process.stderr.take().expect("it is piped");
    let task = tokio::spawn(async move {
        tokio::join!(pipes.feed(stdin), pipes.read_stdout(stdout), pipes.read_stderr(stderr));
    });
    mailbox.hold(task.abort_handle());
    tokio::spawn(wait(hub.clone(), child, process));
}

/// Waits for the end of a child, whether or not anybody still wants to know: so it leaves no zombie.
async fn wait(hub: Arc<Hub>, child: ChildId, mut process: Child) {
    let status = process.wait().await.map_or(ExitStatus::Unknown, pontoon_process::exit_status);
    hub.report(child, [Input::ChildExited { child, status }]);
}

/// What the task of a child's pipes works with.
struct Pipes {
    hub: Arc<Hub>,
    child: ChildId,
    mailbox: Arc<Mailbox>,
    limits: Limits,
}

impl Pipes {
    /// Writes what the engine feeds, until it wants no more written or the child takes no more.
    async fn feed(&self, stdin: ChildStdin) {
        let child = self.child;
        let fed = match nonblocking(stdin) {
            Ok(stdin) => self.write_all(&stdin).await,
            Err(error) => Err(error),
        };
        if fed.is_err() {
            self.mailbox.close_stdin();
            self.hub.report(child, [Input::ChildStdinClosed { child }]);
        }
    }

    async fn write_all(&self, stdin: &Sender) -> io::Result<()> {
        let child = self.child;
        let mut parts = VecDeque::new();
        // Bytes that a child leaves unread when it closes its end are lost without a failed write.
        let mut closed = pin!(stdin.ready(Interest::ERROR));
        loop {
            if parts.is_empty() {
                tokio::select! {
                    biased;
                    more = self.mailbox.take_stdin(&mut parts) => if !more { return Ok(()) },
                    _ = &mut closed => return Err(io::ErrorKind::BrokenPipe.into()),
                }
            }
            match write(stdin, &parts) {
                Ok(bytes) => {
                    advance(&mut parts, bytes);
                    self.hub.report(child, [Input::ChildFed { child, bytes }]);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => stdin.writable().await?,
                Err(error) => return Err(error),
            }
        }
    }

    async fn read_stdout(&self, mut stdout: ChildStdout) {
        let child = self.child;
        let rules = ParseRules {
            depth_max: self.limits.json_depth_max,
            batch_len_max: self.limits.batch_len_max,
            lone_surrogates: true,
        };
        let mut lines = Lines::new(self.limits.line_bytes_max);
        let mut inputs = Vec::new();
        let mut overlong = false;
        while !overlong {
            self.mailbox.open().await;
            let more = poll_fn(|cx| {
                poll_scratch(&mut stdout, cx, |bytes| {
                    lines.feed(bytes, |framed| match framed {
                        Framed::Line(line) => {
                            let line = Message::parse(line, rules);
                            inputs.push(Input::ChildLine { child, line });
                        }
                        Framed::Overlong => overlong = true,
                    });
                })
            });
            if !more.await {
                break;
            }
            self.hub.report(child, inputs.drain(..));
        }
        inputs.push(Input::ChildStdoutClosed { child, overlong });
        self.hub.report(child, inputs);
    }

    async fn read_stderr(&self, mut stderr: ChildStderr) {
        let child = self.child;
        let mut bytes = Bytes::new();
        loop {
            let more = poll_fn(|cx| {
                poll_scratch(&mut stderr, cx, |read| bytes = Bytes::copy_from_slice(read))
            });
            if !more.await {
                return;
            }
            self.hub.report(child, [Input::ChildStderr { child, bytes: bytes.clone() }]);
        }
    }
}

thread_local! {
    /// What is read lands here first: a pipe that has nothing to say needs no buffer.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH_BYTES].into());
}

/// As much as a pipe holds.
const SCRATCH_BYTES: usize = 64 * 1024;

/// Reads once, and shows what was read; `false` at the end.
fn poll_scratch(
    reader: &mut (impl AsyncRead + Unpin),
    cx: &mut Context<'_>,
    show: impl FnOnce(&[u8]),
) -> Poll<bool> {
    SCRATCH.with_borrow_mut(|scratch| {
        let mut buf = ReadBuf::new(scratch);
        let result = ready!(Pin::new(reader).poll_read(cx, &mut buf));
        match buf.filled() {
            [] => Poll::Ready(false),
            bytes => {
                show(bytes);
                Poll::Ready(result.is_ok())
            }
        }
    })
}

/// A child's standard input that also tells when the child closes its end.
fn nonblocking(stdin: ChildStdin) -> io::Result<Sender> {
    Sender::from_owned_fd(stdin.into_owned_fd()?)
}

fn write(stdin: &Sender, parts: &VecDeque<Bytes>) -> io::Result<usize> {
    let mut slices = [IoSlice::new(&[]); WRITE_PARTS_MAX];
    let mut len = 0;
    for (slice, part) in slices.iter_mut().zip(parts) {
        *slice = IoSlice::new(part);
        len += 1;
    }
    stdin.try_write_vectored(&slices[..len])
}

/// Parts in one write to a child.
const WRITE_PARTS_MAX: usize = 64;

/// Drops the first `bytes` bytes.
fn advance(parts: &mut VecDeque<Bytes>, mut bytes: usize) {
    while let Some(first) = parts.front_mut() {
        if bytes < first.len() {
            first.advance(bytes);
            return;
        }
        bytes -= first.len();
        parts.pop_front();
    }
}

#[cfg(test)]
mod tests;
