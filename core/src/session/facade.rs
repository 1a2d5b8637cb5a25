//! The interpreter of a session, with its inputs in order.
//!
//! Owns: which of its work is done by a job.

use super::lent::Lent;
use crate::cx::Cx;
use crate::ids::SessionId;
use crate::interpreter::{At, FromWorker, Interpreter};
use crate::job::{Interpretation, Job, Loan, ToInterpreter, Work, give};
use crate::machine::Action;
use crate::time::Instant;

/// An interpreter, and its waiting inputs.
#[derive(Debug)]
pub(crate) struct Facade {
    lent: Lent<Interpreter, ToInterpreter>,
    /// Whether the client reads too slowly.
    is_slow: bool,
    /// The number of bytes that the interpreter keeps, as last known.
    kept: usize,
}

impl Facade {
    pub(crate) fn new(interpreter: Interpreter) -> Facade {
        Facade { lent: Lent::new(interpreter), is_slow: false, kept: 0 }
    }

    /// Returns the interpreter, unless a job has it.
    pub(super) fn interpreter_mut(&mut self) -> Option<&mut Interpreter> {
        self.lent.get_mut()
    }

    /// Adds an input.
    pub(super) fn push(&mut self, fact: ToInterpreter) {
        let bytes = match &fact {
            ToInterpreter::Request(_, message)
            | ToInterpreter::Upstream(
                FromWorker::Answer { message, .. } | FromWorker::Notification { message, .. },
            ) => message.len(),
            ToInterpreter::Message(message) => message.len(),
            ToInterpreter::Upstream(FromWorker::Lost { .. }) | ToInterpreter::Timeout => 0,
        };
        self.lent.push(fact, bytes);
    }

    /// Lets the interpreter handle its next input, if there is one and no job has the interpreter.
    /// A long input, or one that may resend a long request, becomes a job.
    pub(super) fn go_on(&mut self, session: SessionId, cx: &mut Cx<'_>) -> bool {
        let Some((fact, bytes)) = self.lent.next() else { return false };
        let kept = self.lent.get().map_or(0, Interpreter::kept_bytes);
        if bytes + kept <= cx.limits.inline_bytes_max {
            if let Some(interpreter) = self.lent.get_mut() {
                let last_upstream = &mut cx.ledger.last_upstream;
                give(interpreter, fact, &mut At { now: cx.now, last_upstream });
            }
            return true;
        }
        let loan = cx.next_upstream();
        let (now, last_upstream) = (cx.now, cx.reserve_upstream(NUMBERS));
        self.kept = kept;
        let Some(interpreter) = self.lent.lend(loan) else { return false };
        let work = Interpretation { session, loan, interpreter, fact, now, last_upstream };
        cx.out.push(Action::Work(Job(Work::Interpret(Box::new(work)))));
        false
    }

    /// Takes the interpreter back from its job.
    pub(super) fn give_back(&mut self, loan: Loan, interpreter: Box<Interpreter>) {
        if self.lent.give_back(loan, interpreter) {
            self.set_slow(self.is_slow);
        }
    }

    /// Records whether the client reads too slowly. Returns whether the interpreter has output
    /// because of that.
    pub(super) fn set_slow(&mut self, is_slow: bool) -> bool {
        self.is_slow = is_slow;
        self.lent.get_mut().is_some_and(|interpreter| {
            interpreter.set_slow(is_slow);
            interpreter.has_said()
        })
    }

    /// Returns the number of bytes that wait for it, or that it keeps for a retry.
    pub(super) fn held_bytes(&self) -> usize {
        let kept = self.lent.get().map_or(self.kept, Interpreter::kept_bytes);
        kept + self.lent.waiting_bytes()
    }

    /// Returns when something is due.
    pub(super) fn next_due(&self) -> Instant {
        self.lent.get().map_or(Instant::FAR, Interpreter::poll_timeout)
    }
}

/// The numbers that an interpreter may use for requests in one job: more than it can need.
const NUMBERS: u64 = 1 << 20;
