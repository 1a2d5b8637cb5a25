//! The backend of a session: a child process, a connection in this process, or a facade in
//! front of a modern child.
//!
//! Owns: the differences between them. All of them take messages on one line, and answer with
//! messages without HTTP.

use super::facade::FacadeBackend;
use super::native_session::NativeSession;
use crate::auth::ListFilter;
use crate::bridge::{Child, ClientRequests};
use crate::chunk::Chunk;
use crate::cx::{Cx, TURN_PAUSE};
use crate::ids::SessionId;
use crate::job::{CheckoutId, Evaluator, FacadeInput};
use crate::json::{Field, Message};
use crate::legacy_facade::{BackendEvent, FromWorker, LegacyFacade};
use crate::reject::ExitStatus;
use crate::time::Instant;

/// The backend of a session.
#[derive(Debug)]
pub(crate) enum Backend {
    /// A child process.
    Child(Box<Child>),
    /// The facade for the shared modern child.
    Facade(Box<FacadeBackend>),
    /// A server in this process.
    Native(Box<NativeSession>),
    /// None: a client of HTTP+SSE has its stream, and has not sent `initialize`.
    None,
}

impl Backend {
    pub(crate) fn child(&self) -> Option<&Child> {
        match self {
            Backend::Child(child) => Some(child),
            Backend::Facade(_) | Backend::Native(_) | Backend::None => None,
        }
    }

    pub(crate) fn child_mut(&mut self) -> Option<&mut Child> {
        match self {
            Backend::Child(child) => Some(child),
            Backend::Facade(_) | Backend::Native(_) | Backend::None => None,
        }
    }

    pub(crate) fn native(&self) -> Option<&NativeSession> {
        match self {
            Backend::Child(_) | Backend::Facade(_) | Backend::None => None,
            Backend::Native(seated) => Some(seated),
        }
    }

    pub(crate) fn native_mut(&mut self) -> Option<&mut NativeSession> {
        match self {
            Backend::Child(_) | Backend::Facade(_) | Backend::None => None,
            Backend::Native(seated) => Some(seated),
        }
    }

    /// Returns the facade, unless a job has it.
    pub(crate) fn facade_mut(&mut self) -> Option<&mut LegacyFacade> {
        match self {
            Backend::Child(_) | Backend::Native(_) | Backend::None => None,
            Backend::Facade(facade) => facade.facade_mut(),
        }
    }

    /// Lets a backend in this process handle its next input. Returns whether it did, and may have
    /// output.
    pub(super) fn advance(&mut self, session: SessionId, cx: &mut Cx<'_>) -> bool {
        match self {
            Backend::Child(_) | Backend::None => false,
            Backend::Facade(facade) => facade.advance(session, cx),
            Backend::Native(seated) => seated.advance(cx),
        }
    }

    /// Takes a facade back from its job.
    pub(crate) fn check_in_facade(&mut self, loan: CheckoutId, machine: Box<LegacyFacade>) {
        if let Backend::Facade(facade) = self {
            facade.check_in(loan, machine);
        }
    }

    /// Takes a connection back from its job.
    pub(crate) fn check_in_evaluator(&mut self, loan: CheckoutId, speaker: Box<Evaluator>) {
        if let Backend::Native(seated) = self {
            seated.check_in(loan, speaker);
        }
    }

    /// Returns the number of bytes that wait for it, or that it keeps for a retry.
    pub(super) fn pending_bytes(&self) -> usize {
        match self {
            Backend::Child(child) => child.stdin_pending(),
            Backend::Facade(facade) => facade.held_bytes(),
            Backend::Native(seated) => seated.waiting_bytes(),
            Backend::None => 0,
        }
    }

    /// Returns whether it accepts another message of this size. Messages that wait for a server in
    /// this process are limited by the memory budget and by the requests in flight.
    pub(super) fn has_room(&self, bytes: usize, cx: &Cx<'_>) -> bool {
        self.child().is_none_or(|child| child.has_room(bytes, cx))
    }

    /// Passes it a request, with a number that replaces its id and its progress token, and the filter
    /// of its answer, which a facade applies.
    pub(super) fn request(
        &mut self,
        number: u64,
        request: &Message,
        filter: Option<ListFilter>,
        cx: &mut Cx<'_>,
    ) {
        let child = match self {
            Backend::Child(child) => child,
            Backend::Facade(facade) => {
                return facade.push(FacadeInput::Request(number, request.clone(), filter));
            }
            Backend::Native(seated) => return seated.request(number, request.clone(), cx),
            Backend::None => return debug_assert!(false, "there is no backend for a request"),
        };
        // A child of a disconnected client was sent the same `initialize` before.
        if number == ClientRequests::FIRST {
            if child.initialize_at.is_some() {
                return;
            }
            child.initialize_at = Some(cx.now);
        }
        let text = number.to_string();
        let edits = [(Field::Id, text.as_bytes()), (Field::ProgressToken, text.as_bytes())];
        child.request(number, request.with(&edits), cx);
    }

    /// Passes it a message.
    pub(super) fn write_message(&mut self, message: Chunk, cx: &mut Cx<'_>) {
        match self {
            Backend::Child(child) => child.write_stdin(message, cx),
            Backend::Facade(facade) => facade.push(FacadeInput::Message(message)),
            Backend::Native(seated) => seated.message(message, cx),
            Backend::None => debug_assert!(false, "there is no backend for a message"),
        }
    }

    /// Handles an event of its request at the shared child.
    pub(super) fn on_upstream_event(&mut self, heard: FromWorker) {
        if let Backend::Facade(facade) = self {
            facade.push(FacadeInput::Upstream(heard));
        }
    }

    /// Starts or stops its output. The shared child is always read: messages that a slow client can
    /// do without are left out. A server in this process is not interrupted.
    pub(super) fn set_read_enabled(&mut self, open: bool, cx: &mut Cx<'_>) {
        match self {
            Backend::Child(child) => child.set_read_enabled(open, cx),
            Backend::Facade(facade) => {
                if facade.set_slow(!open) {
                    cx.wake(cx.now + TURN_PAUSE);
                }
            }
            Backend::Native(_) | Backend::None => {}
        }
    }

    /// Returns its next output, if it is in this process.
    pub(super) fn next_event(&mut self) -> Option<BackendEvent> {
        match self {
            Backend::Child(_) | Backend::None => None,
            Backend::Facade(facade) => facade.facade_mut()?.next_output(),
            Backend::Native(seated) => seated.next_event(),
        }
    }

    /// Records that it wrote a message.
    pub(super) fn on_line(&mut self, cx: &mut Cx<'_>) {
        if let Backend::Child(child) = self {
            child.on_line(cx);
        }
    }

    /// Handles timeouts.
    pub(super) fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        match self {
            Backend::Child(child) => child.handle_timeout(cx),
            Backend::Facade(facade) => {
                if facade.next_due() <= cx.now {
                    facade.push(FacadeInput::Timeout);
                }
            }
            Backend::Native(seated) => seated.timeout(cx),
            Backend::None => {}
        }
    }

    /// Returns when something is due, after `now`.
    pub(super) fn next_due(&self, now: Instant) -> Instant {
        match self {
            Backend::Child(child) => child.next_due(now),
            Backend::Facade(facade) => facade.next_due().max(now + TURN_PAUSE),
            Backend::Native(seated) => seated.next_due().max(now + TURN_PAUSE),
            Backend::None => Instant::FAR,
        }
    }

    /// Returns its exit status, once nothing more can come from it.
    pub(super) fn end(&self, now: Instant) -> Option<ExitStatus> {
        self.child().and_then(|child| child.end(now))
    }

    /// Returns whether batches are accepted in any revision.
    pub(super) fn takes_batches(&self) -> bool {
        matches!(self, Backend::Native(seated) if seated.takes_batches)
    }
}
