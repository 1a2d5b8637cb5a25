//! The description of an invalid message.

use bytes::Bytes;

use crate::reject::Reject;

/// The reason why a text is not a message, and the request it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The reason.
    pub reject: Reject,
    /// The request that waits for an answer. Known only if every key of the envelope can be read in
    /// only one way, and one of them is a valid id.
    pub concerned: Option<InvalidSubject>,
}

/// The request that a text concerns, with the JSON text of its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidSubject {
    /// The sender's: the text was meant to be this request. The error response carries its id
    /// (JSON-RPC 2.0, section 5).
    Request(Bytes),
    /// The receiver's: the text was meant to be its answer. No other answer will come.
    Answer(Bytes),
}

impl Invalid {
    /// Returns the id of the request that the text was meant to be.
    pub fn request_id(&self) -> Option<&[u8]> {
        match &self.concerned {
            Some(InvalidSubject::Request(id)) => Some(id),
            _ => None,
        }
    }
}

/// Converts a reason for which the request is unknown.
impl From<Reject> for Invalid {
    fn from(reject: Reject) -> Self {
        Invalid { reject, concerned: None }
    }
}
