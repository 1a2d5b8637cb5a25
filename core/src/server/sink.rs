//! Where a conversation writes, and what each of its lines is about.

use super::Change;
use crate::time::Duration;

/// Takes the lines of a conversation. A plain buffer is one: over stdio every line goes the same
/// way. Over HTTP the lines go to different streams, and [`Sink::ended`] says which.
pub trait Sink {
    /// What the next line is appended to.
    fn buffer(&mut self) -> &mut Vec<u8>;

    /// The line is whole: a message that ends in a newline.
    fn ended(&mut self, line: Line<'_>);

    /// Something changed that clients of other conversations may want to be told. Those of this one
    /// are told by it.
    fn changed(&mut self, _change: Change<'_>) {}

    /// The request with this id is to lose its connection; the client comes back for the answer
    /// after this long. Means nothing where a request has no connection of its own.
    fn hang_up(&mut self, _id: &str, _come_back: Duration) {}
}

/// What a line is about. Ids are JSON text, as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// The answer to the request with this id; none if the id could not be read. Nothing comes
    /// after it.
    Answer(Option<&'a str>),
    /// A notification or a question that belongs to the request with this id.
    Related(&'a str),
    /// A notification that belongs to no request.
    Unrelated,
}

impl Sink for Vec<u8> {
    fn buffer(&mut self) -> &mut Vec<u8> {
        self
    }

    fn ended(&mut self, _: Line<'_>) {}
}
