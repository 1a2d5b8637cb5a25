//! An input of a facade.

use crate::auth::ListFilter;
use crate::chunk::Chunk;
use crate::ids::SessionId;
use crate::json::Message;
use crate::legacy_facade::{FacadeCx, FromWorker, LegacyFacade, RULES};
use crate::time::Instant;

use super::CheckoutId;

/// An input of a facade.
#[derive(Debug)]
pub(crate) enum FacadeInput {
    /// A request of the client, its number, and the filter of its answer.
    Request(u64, Message, Option<ListFilter>),
    /// A notification or an answer of the client.
    Message(Chunk),
    /// An event of its request at the shared child.
    Upstream(FromWorker),
    /// A timeout.
    Timeout,
}

/// A facade with a job to do.
#[derive(Debug)]
pub(crate) struct FacadeJob {
    pub(crate) session: SessionId,
    pub(crate) loan: CheckoutId,
    pub(crate) facade: Box<LegacyFacade>,
    pub(crate) fact: FacadeInput,
    pub(crate) now: Instant,
    /// The number before those that it may use for requests to the child.
    pub(crate) last_upstream: u64,
}

impl FacadeJob {
    /// Passes the input to the facade.
    pub(crate) fn carry_out(&mut self) {
        let fact = std::mem::replace(&mut self.fact, FacadeInput::Timeout);
        let mut at = FacadeCx { now: self.now, last_upstream: &mut self.last_upstream };
        handle_input(&mut self.facade, fact, &mut at);
    }
}

pub(crate) fn handle_input(facade: &mut LegacyFacade, fact: FacadeInput, at: &mut FacadeCx<'_>) {
    match fact {
        FacadeInput::Request(number, request, filter) => {
            facade.filter_answer(number, filter);
            facade.handle_request(number, &request, at);
        }
        FacadeInput::Message(message) => match Message::parse(message.into_bytes(), RULES) {
            Ok(message) => facade.handle_message(&message, at),
            Err(invalid) => debug_assert!(false, "a session feeds messages, not {invalid:?}"),
        },
        FacadeInput::Upstream(heard) => facade.handle_upstream(&heard, at),
        FacadeInput::Timeout => facade.handle_timeout(at),
    }
}
