//! The messages between the facade of a session and the shared modern child.

use crate::chunk::Chunk;
use crate::json::Message;
use crate::reject::Reject;

/// Properties of a request that affect other requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RequestFlags {
    /// Whether it wants log messages.
    pub(crate) wants_logs: bool,
    /// Whether it is a `subscriptions/listen`, which is not answered soon.
    pub(crate) is_subscription: bool,
    /// Whether it may cause questions, though its client supports none.
    pub(crate) non_interactive: bool,
}

/// Output of a session's facade for the shared modern child; see
/// `Cx::send`.
#[derive(Debug)]
pub(crate) enum ToWorker {
    /// A request: a line, without its end, that already has `number` (of
    /// `Cx::next_upstream`) as its id, and as its progress token if it has one.
    /// The child is started if there is none.
    Request { number: u64, line: Chunk, flags: RequestFlags },
    /// A notification, unchanged.
    Notification { line: Chunk },
    /// Cancels a request: the child is told, and its further messages are dropped. It also ends a
    /// `subscriptions/listen`.
    Cancel { number: u64 },
}

/// Events of the shared modern child for a session's facade. A request has none after its
/// answer, its loss or its cancellation.
#[derive(Debug)]
pub(crate) enum FromWorker {
    /// The answer to a request, a result or an error, with its number.
    Answer { number: u64, message: Message },
    /// A notification about a request: its progress, a message of its subscription, or a log
    /// message that can only belong to it.
    Notification { number: u64, message: Message },
    /// No answer will come: the child ended or could not be started. The next request starts
    /// another child; a subscription has to be opened again.
    Lost { number: u64, reject: Reject },
}
