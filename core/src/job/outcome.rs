//! The answer of a child, for a client.

use bytes::Bytes;

use crate::modern::ownership::TaskId;
use crate::translate::legacy_child::Question;

/// The answer to a client's request, in the format of its era.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Unchanged. A result has status 200, and may create a task for the client.
    AsWritten { status: u16, task: Option<TaskId> },
    /// Another result.
    Result(Bytes),
    /// Another error.
    Error { error: Bytes, status: u16 },
    /// The user has to visit these URLs first.
    Asks(Vec<(String, Question)>),
}
