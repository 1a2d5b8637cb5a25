//! Destination for the messages that a connection writes.

use super::Change;
use crate::time::Duration;

/// Takes the messages of a connection, one per line. A plain buffer is a sink for stdio, where all
/// lines go the same way. Over HTTP they go to different streams, and [`MessageSink::ended`] says
/// which.
pub trait MessageSink {
    /// Returns the buffer that the next line is appended to.
    fn buffer(&mut self) -> &mut Vec<u8>;

    /// Ends a line: a message with its newline.
    fn ended(&mut self, line: Relation<'_>);

    /// Announces a change to other connections. This connection has told its own clients.
    fn changed(&mut self, _change: Change<'_>) {}

    /// Ends the connection of the request with this id; the client reconnects after `come_back`.
    /// Has no effect where a request has no connection of its own.
    fn disconnect(&mut self, _id: &str, _come_back: Duration) {}
}

/// The subject of a line. Ids are JSON text, unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation<'a> {
    /// The response to the request with this id, or with `None` if the id could not be read. No
    /// further line belongs to the request.
    Answer(Option<&'a str>),
    /// A notification or server request that belongs to the request with this id.
    Related(&'a str),
    /// A notification that belongs to no request.
    Unrelated,
}

impl MessageSink for Vec<u8> {
    fn buffer(&mut self) -> &mut Vec<u8> {
        self
    }

    fn ended(&mut self, _: Relation<'_>) {}
}
