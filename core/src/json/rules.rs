//! The kinds of messages, and how strictly they are parsed.

use crate::limits::Limits;

/// The strictness with which messages are parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseRules {
    /// The maximum nesting depth of arrays and objects.
    pub depth_max: usize,
    /// The maximum number of messages in a batch.
    pub batch_len_max: usize,
    /// The sender.
    pub sender: Peer,
}

impl ParseRules {
    /// Returns the rules for messages of a sender.
    pub fn of(limits: &Limits, sender: Peer) -> ParseRules {
        let depth_max = match sender {
            Peer::Client => limits.json_depth_max,
            Peer::Child => limits.child_json_depth_max,
        };
        ParseRules { depth_max, batch_len_max: limits.batch_len_max, sender }
    }
}

/// The sender of a message, which decides how strictly it is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A client, which gets an error for any mistake.
    Client,
    /// A child, whose messages are passed on if they can be understood. It may write null for
    /// absent members (`params`, `_meta`, `result` beside an error, `error` beside a result), and
    /// escape a lone surrogate.
    Child,
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A message with a method and an id.
    Request,
    /// A message with a method and no id.
    Notification,
    /// A message with an id and a result.
    Result,
    /// A message with an error, and an id unless the other side could not read one.
    Error,
}
