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
    /// A response. No further line belongs to its request.
    Answer(Response<'a>),
    /// A notification or server request that belongs to the request with this id.
    Related(&'a str),
    /// A notification that belongs to no request.
    Unrelated,
}

/// A response in the buffer: `{"jsonrpc":"2.0","id":…,"result":…}` or one with an error, and a
/// newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// The id of its request, or `None` if that could not be read.
    pub id: Option<&'a str>,
    /// The code of its error, or `None` if it has a result.
    pub error: Option<i32>,
    /// The position of its result or error object in the buffer. Only `}` and the newline follow
    /// after the object.
    pub value_at: usize,
}

impl MessageSink for Vec<u8> {
    fn buffer(&mut self) -> &mut Vec<u8> {
        self
    }

    fn ended(&mut self, _: Relation<'_>) {}
}
