//! A request of a modern client that a legacy child may ask something for.
//!
//! Owns: what it has asked, and how far the round with the client has come.
//! Never: tells which request a question is for: a child has one such request at a time, because
//! its questions do not say.
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
use crate::session::Principal;
use crate::time::Instant;
use crate::translate::legacy_child::Question;

/// The one request of a worker that its child may ask something for.
#[derive(Debug)]
pub(crate) struct Asking {
    /// The number the child knows it by.
    pub(crate) number: u64,
    /// What the child has asked and was not told, in order.
    pub(crate) questions: Vec<Asked>,
    /// When the questions are put to the client, unless there are more by then.
    pub(crate) settles_at: Instant,
    /// How the client that comes back is known; none while it has not been sent away.
    pub(crate) parked: Option<Parked>,
    /// The child's answer, if it did not wait for the client to come back.
    pub(crate) answer: Option<Message>,
    /// The last progress that was told.
    pub(crate) progress: f64,
}

/// A question of the child.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Its id, as the child wrote it.
    pub(crate) id: Bytes,
    /// What the client knows it by.
    pub(crate) key: String,
    pub(crate) question: Question,
}

/// A client that was sent away with questions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parked {
    /// What only whoever was sent away knows. Each round has its own.
    pub(crate) secret: u64,
    /// When it was sent away.
    pub(crate) since: Instant,
    /// When it is waited for no longer.
    pub(crate) until: Instant,
    /// The principal of its request.
    pub(crate) principal: Principal,
}

impl Asking {
    /// A request that was just given to a child.
    pub(crate) fn new(number: u64) -> Asking {
        Asking {
            number,
            questions: Vec::new(),
            settles_at: Instant::FAR,
            parked: None,
            answer: None,
            progress: f64::NEG_INFINITY,
        }
    }

    /// Takes a question of the child back.
    pub(crate) fn withdraw(&mut self, id: &[u8]) -> bool {
        let before = self.questions.len();
        self.questions.retain(|asked| !same_id(&asked.id, id));
        self.questions.len() < before
    }

    /// Whether a value of progress is news: values only ever rise (2026-07-28,
    /// basic/patterns/progress), and a request that is asked about has one counter for all rounds.
    pub(crate) fn rises(&mut self, progress: f64) -> bool {
        let rises = progress > self.progress;
        if rises {
            self.progress = progress;
        }
        rises
    }

    /// When something is due.
    pub(crate) fn due(&self) -> Instant {
        self.settles_at.min(self.parked.map_or(Instant::FAR, |parked| parked.until))
    }
}

/// What a client that was sent away brings back, once the seal is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ticket {
    /// The request waits at a worker for the answers.
    Parked {
        /// Its number.
        number: u64,
        /// See [`Parked::secret`].
        secret: u64,
    },
    /// The request is over, and can be sent again.
    Again,
}

impl Ticket {
    /// As it is sealed.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        match self {
            Ticket::Again => Vec::new(),
            Ticket::Parked { number, secret } => {
                [number.to_be_bytes(), secret.to_be_bytes()].concat()
            }
        }
    }

    /// Reads what [`Ticket::to_bytes`] wrote.
    pub(crate) fn of(bytes: &[u8]) -> Option<Ticket> {
        if bytes.is_empty() {
            return Some(Ticket::Again);
        }
        let (number, secret) = bytes.split_at_checked(8)?;
        let number = u64::from_be_bytes(number.try_into().ok()?);
        let secret = u64::from_be_bytes(secret.try_into().ok()?);
        Some(Ticket::Parked { number, secret })
    }
}
