//! A request of a modern client that a legacy child may send server requests for.
//!
//! Owns: the child's questions, and the state of the round with the client.
//! Never: decides which request a question is for. Questions do not name it, so a child has only
//! one such request at a time.
//!
//! ```text
//!   with the child ──it asks──► settling ──no more questions for a while──► parked
//!         ▲                                                                  │ the client comes back
//!         └──────────────────────────────────────────────────────────────────┘ with all answers
//! ```
//!
//! Source: 2026-07-28, basic/patterns/mrtr.

use bytes::Bytes;

use crate::bridge::same_id;
use crate::json::Message;
use crate::principal::Principal;
use crate::time::Instant;
use crate::translate::legacy_child::Question;

/// The one request of a worker that its child may ask questions for.
#[derive(Debug)]
pub(crate) struct PendingInput {
    /// Its number at the child.
    pub(crate) number: u64,
    /// The pending questions of the child, in order.
    pub(crate) questions: Vec<PendingQuestion>,
    /// The time at which the questions are sent to the client, unless there are more by then.
    pub(crate) settles_at: Instant,
    /// The client that was sent the questions, or `None` if none was.
    pub(crate) parked: Option<ParkedCall>,
    /// The child's answer, if it came before the client's retry.
    pub(crate) answer: Option<Message>,
    /// The last progress value sent.
    pub(crate) progress: f64,
}

/// A question of the child.
#[derive(Debug)]
pub(crate) struct PendingQuestion {
    /// Its id, as the child wrote it.
    pub(crate) id: Bytes,
    /// Its key for the client.
    pub(crate) key: String,
    pub(crate) question: Question,
}

/// A client that was sent questions, and has to retry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParkedCall {
    /// A number in the client's state. Each round has its own.
    pub(crate) secret: u64,
    /// The time at which the questions were sent.
    pub(crate) since: Instant,
    /// The time limit of the retry.
    pub(crate) until: Instant,
    /// The principal of its request.
    pub(crate) principal: Principal,
}

impl PendingInput {
    /// Creates the state of a request that was just sent to a child.
    pub(crate) fn new(number: u64) -> PendingInput {
        PendingInput {
            number,
            questions: Vec::new(),
            settles_at: Instant::FAR,
            parked: None,
            answer: None,
            progress: f64::NEG_INFINITY,
        }
    }

    /// Removes a question that the child has withdrawn.
    pub(crate) fn withdraw(&mut self, id: &[u8]) -> bool {
        let before = self.questions.len();
        self.questions.retain(|asked| !same_id(&asked.id, id));
        self.questions.len() < before
    }

    /// Returns whether a progress value is higher than before: values must rise (2026-07-28,
    /// basic/patterns/progress), across all rounds of a request.
    pub(crate) fn advance_progress(&mut self, progress: f64) -> bool {
        let rises = progress > self.progress;
        if rises {
            self.progress = progress;
        }
        rises
    }

    /// Returns when something is due.
    pub(crate) fn due(&self) -> Instant {
        self.settles_at.min(self.parked.map_or(Instant::FAR, |parked| parked.until))
    }
}

/// The data in the state that a client returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestState {
    /// The request waits at a worker for the answers.
    Parked {
        /// Its number.
        number: u64,
        /// See [`ParkedCall::secret`].
        secret: u64,
    },
    /// The request is over, and can be sent again.
    Retry,
}

impl RequestState {
    /// Encodes it for sealing.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        match self {
            RequestState::Retry => Vec::new(),
            RequestState::Parked { number, secret } => {
                [number.to_be_bytes(), secret.to_be_bytes()].concat()
            }
        }
    }

    /// Decodes the output of [`RequestState::to_bytes`].
    pub(crate) fn of(bytes: &[u8]) -> Option<RequestState> {
        if bytes.is_empty() {
            return Some(RequestState::Retry);
        }
        let (number, secret) = bytes.split_at_checked(8)?;
        let number = u64::from_be_bytes(number.try_into().ok()?);
        let secret = u64::from_be_bytes(secret.try_into().ok()?);
        Some(RequestState::Parked { number, secret })
    }
}
