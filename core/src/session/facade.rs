//! The facade of a session, with its inputs in order.
//!
//! Owns: which of its work is done by a job.

use crate::cx::Cx;
use crate::ids::SessionId;
use crate::job::{Checkout, CheckoutId, FacadeInput, FacadeJob, Job, Work, handle_input};
use crate::legacy_facade::{FacadeCx, FromWorker, LegacyFacade};
use crate::machine::Action;
use crate::time::Instant;

/// A facade, and its waiting inputs.
#[derive(Debug)]
pub(crate) struct FacadeBackend {
    checkout: Checkout<LegacyFacade, FacadeInput>,
    /// Whether the client reads too slowly.
    is_slow: bool,
    /// The number of bytes that the facade keeps, as last known.
    kept: usize,
}

impl FacadeBackend {
    pub(crate) fn new(facade: LegacyFacade) -> FacadeBackend {
        FacadeBackend { checkout: Checkout::new(Box::new(facade)), is_slow: false, kept: 0 }
    }

    /// Returns the facade, unless a job has it.
    pub(super) fn facade_mut(&mut self) -> Option<&mut LegacyFacade> {
        self.checkout.get_mut()
    }

    /// Adds an input.
    pub(super) fn push(&mut self, fact: FacadeInput) {
        let bytes = match &fact {
            FacadeInput::Request(_, message, _)
            | FacadeInput::Upstream(
                FromWorker::Answer { message, .. } | FromWorker::Notification { message, .. },
            ) => message.len(),
            FacadeInput::Message(message) => message.len(),
            FacadeInput::Upstream(FromWorker::Lost { .. }) | FacadeInput::Timeout => 0,
        };
        self.checkout.push(fact, bytes);
    }

    /// Lets the facade handle its next input, if there is one and no job has the facade.
    /// A long input, or one that may resend a long request, becomes a job.
    pub(super) fn advance(&mut self, session: SessionId, cx: &mut Cx<'_>) -> bool {
        let Some((fact, bytes)) = self.checkout.next() else { return false };
        let kept = self.checkout.get().map_or(0, LegacyFacade::kept_bytes);
        if bytes + kept <= cx.limits.inline_bytes_max {
            if let Some(facade) = self.checkout.get_mut() {
                let last_upstream = &mut cx.id_allocator.last_upstream;
                handle_input(facade, fact, &mut FacadeCx { now: cx.now, last_upstream });
            }
            return true;
        }
        let loan = cx.next_upstream();
        let (now, last_upstream) = (cx.now, cx.reserve_upstream(NUMBERS));
        self.kept = kept;
        let Some(facade) = self.checkout.check_out(loan) else { return false };
        let work = FacadeJob { session, loan, facade, fact, now, last_upstream };
        cx.out.push(Action::Work(Job(Work::Interpret(Box::new(work)))));
        false
    }

    /// Takes the facade back from its job.
    pub(super) fn check_in(&mut self, loan: CheckoutId, facade: Box<LegacyFacade>) {
        if self.checkout.check_in(loan, facade) {
            self.set_slow(self.is_slow);
        }
    }

    /// Records whether the client reads too slowly. Returns whether the facade has output
    /// because of that.
    pub(super) fn set_slow(&mut self, is_slow: bool) -> bool {
        self.is_slow = is_slow;
        self.checkout.get_mut().is_some_and(|facade| {
            facade.set_slow(is_slow);
            facade.has_output()
        })
    }

    /// Returns the number of bytes that wait for it, or that it keeps for a retry.
    pub(super) fn held_bytes(&self) -> usize {
        let kept = self.checkout.get().map_or(self.kept, LegacyFacade::kept_bytes);
        kept + self.checkout.waiting_bytes()
    }

    /// Returns when something is due.
    pub(super) fn next_due(&self) -> Instant {
        self.checkout.get().map_or(Instant::FAR, LegacyFacade::poll_timeout)
    }
}

/// The numbers that a facade may use for requests in one job: more than it can need.
const NUMBERS: u64 = 1 << 20;
