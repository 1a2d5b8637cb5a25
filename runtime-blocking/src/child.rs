//! Child processes: one thread that spawns them, and for each child one for its pipes and one that
//! waits for its end.
//!
//! Owns: the pipes; what waits to be written to a child, which the engine bounds.
//! Never: decides when a child is to end, or what its lines mean.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use bytes::{Buf, Bytes};
use pontoon_core::bridge::ChildSpec;
use pontoon_core::frame::{Framed, Lines};
use pontoon_core::ids::ChildId;
use pontoon_core::json::{Message, ParseRules};
use pontoon_core::limits::Limits;
use pontoon_core::machine::{Chunk, Input, Signal};
use pontoon_core::reject::{ExitStatus, SpawnError};
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags};

use crate::bell::{Bell, poll};
use crate::clock::FAR;
use crate::hub::{Hub, Waker, lock};

/// Where the engine's actions about one child arrive. Some return whom to wake.
#[derive(Default)]
pub(crate) struct Mailbox {
    mail: Mutex<Mail>,
    /// Whether standard output is not to be read.
    gated: AtomicBool,
}

#[derive(Default)]
struct Mail {
    stdin: VecDeque<Bytes>,
    /// Nothing more is taken for standard input.
    stdin_closed: bool,
    /// Wakes the thread of the pipes, once there is one.
    bell: Option<Arc<Bell>>,
    pid: Option<u32>,
    released: bool,
}

impl Mailbox {
    pub(crate) fn feed(&self, chunk: Chunk) -> Option<Waker> {
        let mut mail = self.lock();
        if !mail.stdin_closed {
            mail.stdin.extend(chunk);
        }
        mail.waker()
    }

    pub(crate) fn close_stdin(&self) -> Option<Waker> {
        let mut mail = self.lock();
        mail.stdin_closed = true;
        mail.waker()
    }

    pub(crate) fn gate(&self, open: bool) -> Option<Waker> {
        self.gated.store(!open, Ordering::Release);
        self.lock().waker()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.lock().pid {
            pontoon_process::signal_group(pid, signal);
        }
    }

    pub(crate) fn release(&self) -> Option<Waker> {
        let mut mail = self.lock();
        mail.released = true;
        mail.waker()
    }

    fn lock(&self) -> MutexGuard<'_, Mail> {
        lock(&self.mail)
    }
}

impl Mail {
    fn waker(&self) -> Option<Waker> {
        self.bell.clone().map(Waker::Polling)
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
pub(crate) fn spawn_all(orders: &Receiver<Order>, hub: &Weak<Hub>) {
    for order in orders {
        let Some(hub) = hub.upgrade() else { return };
        let child = order.child;
        if let Err(error) = spawn(&hub, order) {
            hub.spawn_failed(child, error);
        }
    }
}

fn spawn(hub: &Arc<Hub>, Order { child, spec, mailbox }: Order) -> Result<(), SpawnError> {
    // Its threads come first: without them there would be nobody to take care of it.
    let scarce = |_: io::Error| SpawnError::NoResources;
    let bell = Arc::new(Bell::new().map_err(scarce)?);
    let (give_pipes, take_pipes) = sync_channel::<Pipes>(1);
    let (give_process, take_process) = sync_channel(1);
    let carry = move || take_pipes.recv().into_iter().for_each(Pipes::carry);
    crate::spawn("pontoon-pipes", carry).map_err(scarce)?;
    let reporting = hub.clone();
    let wait = move || take_process.recv().into_iter().for_each(|it| wait(&reporting, child, it));
    crate::spawn("pontoon-child", wait).map_err(scarce)?;

    let spawned = pontoon_process::command(&spec).spawn();
    let mut process = spawned.map_err(|error| pontoon_process::spawn_error(&error))?;
    let pid = process.id();
    {
        let mut mail = mailbox.lock();
        mail.pid = Some(pid);
        mail.bell = Some(bell.clone());
    }
    if !hub.report(child, [Input::ChildSpawned { child, pid }]) {
        pontoon_process::signal_group(pid, Signal::Kill);
    }
    let pipes = Pipes {
        hub: hub.clone(),
        child,
        mailbox,
        bell,
        limits: hub.config.limits.clone(),
        stdin: process.stdin.take(),
        stdout: process.stdout.take(),
        stderr: process.stderr.take(),
        parts: VecDeque::new(),
        scratch: Vec::new(),
    };
    // Both wait for nothing else.
    let _ = (give_pipes.send(pipes), give_process.send(process));
    Ok(())
}

/// Waits for the end of a child, whether or not anybody still wants to know: so it leaves no zombie.
fn wait(hub: &Hub, child: ChildId, mut process: Child) {
    let status = process.wait().map_or(ExitStatus::Unknown, pontoon_process::exit_status);
    hub.report(child, [Input::ChildExited { child, status }]);
}

/// What the thread of a child's pipes works with.
struct Pipes {
    hub: Arc<Hub>,
    child: ChildId,
    mailbox: Arc<Mailbox>,
    bell: Arc<Bell>,
    limits: Limits,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// On the way to standard input.
    parts: VecDeque<Bytes>,
    scratch: Vec<u8>,
}

/// Which of the pipes something can be done with.
#[derive(Default)]
struct Ready {
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

impl Pipes {
    /// Carries everything to and fro, until the pipes have ended or nobody wants them any more.
    fn carry(mut self) {
        let mut lines = Lines::new(self.limits.line_bytes_max);
        if let Some(Err(_)) = self.stdin.as_ref().map(|it| rustix::io::ioctl_fionbio(it, true)) {
            self.lose_stdin();
        }
        while self.take_mail() {
            let Ok(ready) = self.poll() else { return };
            if ready.stdin {
                self.feed();
            }
            if ready.stdout {
                self.read_stdout(&mut lines);
            }
            if ready.stderr {
                self.read_stderr();
            }
        }
    }

    /// Takes what waits for standard input; `false` when there is nothing to be carried any more.
    fn take_mail(&mut self) -> bool {
        let closed = {
            let mut mail = self.mailbox.lock();
            if mail.released {
                return false;
            }
            if self.parts.is_empty() {
                std::mem::swap(&mut mail.stdin, &mut self.parts);
            }
            mail.stdin_closed
        };
        if closed && self.parts.is_empty() {
            self.stdin = None;
        }
        self.stdin.is_some() || self.stdout.is_some() || self.stderr.is_some()
    }

    fn poll(&self) -> io::Result<Ready> {
        let gated = self.mailbox.gated.load(Ordering::Acquire);
        // Without anything to write it is still told that the child has closed its end.
        let writes = if self.parts.is_empty() { PollFlags::empty() } else { PollFlags::OUT };
        let stdin = self.stdin.as_ref().map(|pipe| (pipe.as_fd(), writes));
        let stdout = self.stdout.as_ref().filter(|_| !gated);
        let stdout = stdout.map(|pipe| (pipe.as_fd(), PollFlags::IN));
        let stderr = self.stderr.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::IN));
        let bell = Some((self.bell.as_fd(), PollFlags::IN));

        let wanted = [bell, stdin, stdout, stderr];
        let mut fds = Vec::with_capacity(wanted.len());
        fds.extend(wanted.into_iter().flatten().map(|(fd, on)| PollFd::from_borrowed_fd(fd, on)));
        poll(&mut fds, FAR)?;
        let mut told = fds.iter().map(|fd| !fd.revents().is_empty());
        let mut is_ready = |wanted: bool| wanted && told.next().unwrap_or(false);
        let rung = is_ready(true);
        let ready = Ready {
            stdin: is_ready(stdin.is_some()),
            stdout: is_ready(stdout.is_some()),
            stderr: is_ready(stderr.is_some()),
        };
        if rung {
            self.bell.hush();
        }
        Ok(ready)
    }

    fn feed(&mut self) {
        let Some(stdin) = &mut self.stdin else { return };
        if self.parts.is_empty() {
            // What a child leaves unread when it closes its end is lost without a failed write.
            return self.lose_stdin();
        }
        let child = self.child;
        match write(stdin, &self.parts) {
            Ok(bytes) if bytes > 0 => {
                advance(&mut self.parts, bytes);
                self.hub.report(child, [Input::ChildFed { child, bytes }]);
            }
            Err(error) if is_passing(&error) => {}
            _ => self.lose_stdin(),
        }
    }

    fn lose_stdin(&mut self) {
        let child = self.child;
        self.stdin = None;
        self.parts.clear();
        self.mailbox.lock().stdin_closed = true;
        self.hub.report(child, [Input::ChildStdinClosed { child }]);
    }

    fn read_stdout(&mut self, lines: &mut Lines) {
        let Some(stdout) = &self.stdout else { return };
        let child = self.child;
        let rules = ParseRules {
            depth_max: self.limits.json_depth_max,
            batch_len_max: self.limits.batch_len_max,
            lone_surrogates: true,
        };
        let Some(more) = read(stdout, &mut self.scratch, self.limits.pipe_read_bytes) else {
            return;
        };
        let mut inputs = Vec::new();
        let mut overlong = false;
        lines.feed(&self.scratch, |framed| match framed {
            Framed::Line(line) => {
                inputs.push(Input::ChildLine { child, line: Message::parse(line, rules) });
            }
            Framed::Overlong => overlong = true,
        });
        if overlong || !more {
            self.stdout = None;
            inputs.push(Input::ChildStdoutClosed { child, overlong });
        }
        self.hub.report(child, inputs);
    }

    fn read_stderr(&mut self) {
        let Some(stderr) = &self.stderr else { return };
        let child = self.child;
        match read(stderr, &mut self.scratch, self.limits.pipe_read_bytes) {
            Some(true) => {
                let bytes = Bytes::copy_from_slice(&self.scratch);
                self.hub.report(child, [Input::ChildStderr { child, bytes }]);
            }
            Some(false) => self.stderr = None,
            None => {}
        }
    }
}

/// Reads once what is there; `false` at the end, `None` if there is nothing after all.
fn read(from: impl AsFd, to: &mut Vec<u8>, bytes_max: usize) -> Option<bool> {
    to.clear();
    to.reserve(bytes_max);
    match rustix::io::read(from, spare_capacity(to)) {
        Ok(bytes) => Some(bytes > 0),
        Err(error) if is_passing(&error.into()) => None,
        Err(_) => Some(false),
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn write(stdin: &mut ChildStdin, parts: &VecDeque<Bytes>) -> io::Result<usize> {
    let mut slices = [IoSlice::new(&[]); WRITE_PARTS_MAX];
    let mut len = 0;
    for (slice, part) in slices.iter_mut().zip(parts) {
        *slice = IoSlice::new(part);
        len += 1;
    }
    stdin.write_vectored(&slices[..len])
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
