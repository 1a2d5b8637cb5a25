//! The output of a backend in this process.

use bytes::Bytes;

use crate::json::{Answer, Invalid, Message, ParseRules, Peer};
use crate::reject::Reject;
use crate::server::Changed;
use crate::time::Duration;

/// The request of the client that a message belongs to, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RelatesTo {
    /// Only the backend knows.
    Unknown,
    /// This request.
    Request(u64),
    /// None.
    None,
}

/// An output of a backend in this process.
#[derive(Debug)]
pub(crate) enum BackendEvent {
    /// The answer to the request with this number.
    Answer(u64, Answer<'static>),
    /// The failure of the request with this number.
    Failure(u64, Reject),
    /// The end of the connection of the request with this number; the client reconnects after this
    /// time.
    Disconnect(u64, Duration),
    /// A change that other clients may want.
    Changed(Changed),
    /// A message, and the request it belongs to.
    Message(Message, RelatesTo),
    /// A sign of progress of the request with this number, whether the client is told or not.
    Progress(u64),
}

impl BackendEvent {
    /// Returns the output in a text of this process.
    pub(crate) fn read(text: Bytes, about: RelatesTo) -> Option<BackendEvent> {
        let saying = BackendEvent::of(text, about);
        debug_assert!(saying.is_ok(), "said {saying:?}");
        saying.ok()
    }

    /// Returns the output in a text that is not entirely of this process, if it is a message.
    pub(crate) fn of(text: Bytes, about: RelatesTo) -> Result<BackendEvent, Invalid> {
        Message::parse(text, RULES).map(|message| BackendEvent::Message(message, about))
    }
}

/// A server's output is not much deeper than its input.
pub(crate) const RULES: ParseRules =
    ParseRules { depth_max: 1024, batch_len_max: 0, sender: Peer::Child };
