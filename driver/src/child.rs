//! A child process from the driver's side: its start, its pipes and its end.
//!
//! Never: decides when a child ends, or interprets its lines.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::{mem, process};

use bytes::{Buf, Bytes};
use pontoon_core::{ChildId, ChildPipe, ChildSpec, ExitStatus, Input, Output, Signal};

use crate::child_slot::ChildSlot;
use crate::driver::Driver;
pub use crate::driver::SpawnRequest;
use crate::io::{Source, Stdin};
use crate::scratch;

impl SpawnRequest {
    /// Returns the command. Start it on a thread that lives as long as the children, because they
    /// are killed when that thread ends.
    pub fn command(&self) -> process::Command {
        pontoon_process::command(&self.spec)
    }

    /// Returns the specification of the command.
    pub fn spec(&self) -> &ChildSpec {
        &self.spec
    }

    /// Reports that it could not be started.
    pub fn failed(self, driver: &Driver, error: &io::Error) {
        driver.spawn_failed(self.child, pontoon_process::spawn_error(error));
    }

    /// Returns the driver that wants the child; `None` if it is gone, and nothing is to be started.
    pub fn driver(&self) -> Option<Arc<Driver>> {
        self.driver.upgrade()
    }

    /// Reports that it was started. Its pipes and its end need a task each.
    pub fn spawned(self, driver: &Arc<Driver>, pid: u32) -> (ChildIo, ExitWaiter) {
        self.spawned_as(driver, pid, move |signal| pontoon_process::signal_group(pid, signal))
    }

    /// Does the same for a child that is not a process of the operating system. `signal` is called
    /// under the engine's lock, so it must not block.
    pub fn spawned_as(
        self,
        driver: &Arc<Driver>,
        pid: u32,
        signal: impl Fn(Signal) + Send + 'static,
    ) -> (ChildIo, ExitWaiter) {
        let SpawnRequest { child, slot, .. } = self;
        slot.set_process(signal);
        if !driver.report(child, [Input::ChildSpawned { child, pid }]) {
            slot.signal(Signal::Kill);
        }
        (
            ChildIo { driver: driver.clone(), child, slot },
            ExitWaiter { driver: driver.clone(), child },
        )
    }
}

/// The end of a child. A task has to wait for it even if the engine does not need it any more, to
/// prevent a zombie process.
#[derive(Debug)]
pub struct ExitWaiter {
    driver: Arc<Driver>,
    child: ChildId,
}

impl ExitWaiter {
    /// Reports that the process has ended.
    pub fn exited(self, status: io::Result<process::ExitStatus>) {
        let status = status.map_or(ExitStatus::Unknown, pontoon_process::exit_status);
        self.driver.report(self.child, [Input::ChildExited { child: self.child, status }]);
    }
}

/// The pipes of a child.
#[derive(Debug)]
pub struct ChildIo {
    driver: Arc<Driver>,
    child: ChildId,
    slot: Arc<ChildSlot>,
}

impl ChildIo {
    /// Transfers bytes both ways until all three pipes have ended, or the engine has released the
    /// child. Without pipes, the engine is told that the child closed them.
    pub async fn run(self, pipes: io::Result<(impl Stdin, impl Source, impl Source)>) {
        let child = self.child;
        let Ok((stdin, stdout, stderr)) = pipes else {
            let stdin = Input::ChildStdinClosed { child, unread: 0 };
            let stdout = Input::ChildStdoutClosed { child };
            let stderr = Input::ChildStderrClosed { child };
            self.driver.report(child, [stdin, stdout, stderr]);
            return;
        };
        let mut feed = pin!(self.feed(stdin));
        let mut stdout = pin!(self.read_stdout(stdout));
        let mut stderr = pin!(self.read_stderr(stderr));
        let mut open = [true; 3];
        poll_fn(|cx| {
            if self.slot.poll_released(cx).is_ready() {
                return Poll::Ready(());
            }
            open[0] = open[0] && feed.as_mut().poll(cx).is_pending();
            // Standard error is read first, because its last lines are part of the report of the
            // child's end.
            open[2] = open[2] && stderr.as_mut().poll(cx).is_pending();
            open[1] = open[1] && stdout.as_mut().poll(cx).is_pending();
            if open.contains(&true) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await
    }

    /// Writes the engine's bytes, until the engine closes standard input or the child does.
    async fn feed(&self, mut stdin: impl Stdin) {
        let child = self.child;
        if self.write_all(&mut stdin).await.is_err() {
            self.slot.close_stdin();
            let unread = stdin.unread();
            self.driver.report(child, [Input::ChildStdinClosed { child, unread }]);
        }
    }

    async fn write_all(&self, stdin: &mut impl Stdin) -> io::Result<()> {
        let child = self.child;
        let bytes_max = self.driver.config.limits.pipe_write_bytes;
        let mut parts = VecDeque::new();
        loop {
            if parts.is_empty() {
                let more = poll_fn(|cx| {
                    if let Poll::Ready(more) = self.slot.poll_stdin(cx, &mut parts) {
                        return Poll::Ready(Ok(more));
                    }
                    stdin.poll_closed(cx).map(|()| Err(io::ErrorKind::BrokenPipe))
                });
                if !more.await? {
                    return Ok(());
                }
            }
            match poll_fn(|cx| poll_write(stdin, cx, &parts, bytes_max)).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                bytes => {
                    advance(&mut parts, bytes);
                    self.driver.report(child, [Input::ChildStdinAcked { child, bytes }]);
                }
            }
        }
    }

    async fn read_stdout(&self, mut stdout: impl Source) {
        let (child, limits) = (self.child, &self.driver.config.limits);
        let mut output = Output::new(limits, self.driver.memory().child(child));
        let mut inputs = Vec::new();
        loop {
            let read = poll_fn(|cx| {
                ready!(self.slot.poll_open(ChildPipe::Stdout, cx));
                scratch::poll_read(&mut stdout, cx, limits.pipe_read_bytes, |bytes| {
                    output.feed(bytes, |line| inputs.push(Input::ChildLine { child, line }));
                    bytes.len()
                })
            });
            let Ok(bytes @ 1..) = read.await else { break };
            let mut rest = mem::take(&mut inputs).into_iter();
            while rest.len() > LINES_PER_TURN_MAX {
                self.driver.report(child, rest.by_ref().take(LINES_PER_TURN_MAX));
                pass_turn().await;
            }
            if rest.len() > 0 {
                self.driver.report(child, rest);
            }
            // The pipe may never be empty.
            if bytes >= limits.pipe_read_bytes {
                pass_turn().await;
            }
        }
        output.finish(|line| inputs.push(Input::ChildLine { child, line }));
        inputs.push(Input::ChildStdoutClosed { child });
        self.driver.report(child, inputs);
    }

    async fn read_stderr(&self, mut stderr: impl Source) {
        let child = self.child;
        let bytes_max = self.driver.config.limits.pipe_read_bytes;
        loop {
            let read = poll_fn(|cx| {
                ready!(self.slot.poll_open(ChildPipe::Stderr, cx));
                scratch::poll_read(&mut stderr, cx, bytes_max, Bytes::copy_from_slice)
            });
            match read.await {
                Ok(bytes) if !bytes.is_empty() => {
                    let is_full = bytes.len() >= bytes_max;
                    self.driver.report(child, [Input::ChildStderr { child, bytes }]);
                    if is_full {
                        pass_turn().await;
                    }
                }
                _ => break,
            }
        }
        self.driver.report(child, [Input::ChildStderrClosed { child }]);
    }
}

/// Yields once, because a pipe that is never empty would starve the other tasks.
async fn pass_turn() {
    let mut passed = false;
    poll_fn(|cx| {
        if mem::replace(&mut passed, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

fn poll_write(
    stdin: &mut impl Stdin,
    cx: &mut Context<'_>,
    parts: &VecDeque<Bytes>,
    bytes_max: usize,
) -> Poll<io::Result<usize>> {
    let mut slices = [IoSlice::new(&[]); WRITE_PARTS_MAX];
    let mut len = 0;
    let mut room = bytes_max;
    for (slice, part) in slices.iter_mut().zip(parts) {
        let bytes = &part[..part.len().min(room)];
        if bytes.is_empty() {
            break;
        }
        room -= bytes.len();
        *slice = IoSlice::new(bytes);
        len += 1;
    }
    stdin.poll_write(cx, &slices[..len])
}

/// The maximum number of parts in one write to a child.
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

/// The maximum number of lines of a child that are reported under one lock, so that other sessions
/// get a turn in between.
const LINES_PER_TURN_MAX: usize = 64;

#[cfg(test)]
mod tests;
