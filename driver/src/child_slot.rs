//! The slot of a child, which the engine fills and the pipes empty.
//!
//! Owns: the bytes that wait to be written to the child, which the engine bounds. Never: decides
//! when a child ends.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::{fmt, mem};

use bytes::Bytes;
use pontoon_core::{ChildPipe, Chunk, Signal};

use crate::lock::lock;

/// The destination of the engine's actions for a child. Most methods return the task to wake.
#[derive(Debug, Default)]
pub(crate) struct ChildSlot {
    state: Mutex<SlotState>,
    /// Whether reading standard output, or standard error, is paused. A read in progress still
    /// completes.
    gated: [AtomicBool; 2],
}

#[derive(Debug, Default)]
struct SlotState {
    stdin: VecDeque<Bytes>,
    /// Whether standard input accepts no more bytes.
    stdin_closed: bool,
    process: Option<Process>,
    released: bool,
    /// The task of the pipes.
    pipes: Option<Waker>,
}

impl ChildSlot {
    pub(crate) fn write_stdin(&self, chunk: Chunk) -> Option<Waker> {
        let mut state = self.lock();
        if !state.stdin_closed {
            state.stdin.extend(chunk);
        }
        state.pipes.take()
    }

    pub(crate) fn close_stdin(&self) -> Option<Waker> {
        let mut state = self.lock();
        state.stdin_closed = true;
        state.pipes.take()
    }

    pub(crate) fn set_read_enabled(&self, pipe: ChildPipe, open: bool) -> Option<Waker> {
        self.gated[pipe as usize].store(!open, Ordering::Release);
        if open { self.lock().pipes.take() } else { None }
    }

    /// Sets the receiver of its signals.
    pub(crate) fn set_process(&self, signal: impl Fn(Signal) + Send + 'static) {
        self.lock().process = Some(Process(Box::new(signal)));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        if let Some(process) = &self.lock().process {
            process.signal(signal);
        }
    }

    pub(crate) fn release(&self) -> Option<Waker> {
        let mut state = self.lock();
        state.released = true;
        state.pipes.take()
    }

    /// Takes the bytes that wait for standard input; `false` when no more will follow.
    pub(crate) fn poll_stdin(&self, cx: &Context<'_>, parts: &mut VecDeque<Bytes>) -> Poll<bool> {
        let mut state = self.lock();
        // Not a swap, so that the buffer of an idle child is freed.
        *parts = mem::take(&mut state.stdin);
        if !parts.is_empty() {
            return Poll::Ready(true);
        }
        if state.stdin_closed {
            return Poll::Ready(false);
        }
        state.wake(cx)
    }

    pub(crate) fn poll_open(&self, pipe: ChildPipe, cx: &Context<'_>) -> Poll<()> {
        let gated = &self.gated[pipe as usize];
        if !gated.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        let mut state = self.lock();
        // The engine opens the gate before it looks for the task to wake.
        if gated.load(Ordering::Acquire) { state.wake(cx) } else { Poll::Ready(()) }
    }

    pub(crate) fn poll_released(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.released { Poll::Ready(()) } else { state.wake(cx) }
    }

    fn lock(&self) -> MutexGuard<'_, SlotState> {
        lock(&self.state)
    }
}

impl SlotState {
    /// Registers the task of the pipes for the next change.
    fn wake<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        match &mut self.pipes {
            Some(pipes) => pipes.clone_from(cx.waker()),
            pipes => *pipes = Some(cx.waker().clone()),
        }
        Poll::Pending
    }
}

/// The process, or a stand-in for it, that receives a child's signals.
struct Process(Box<dyn Fn(Signal) + Send>);

impl Process {
    fn signal(&self, signal: Signal) {
        (self.0)(signal);
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Process")
    }
}
