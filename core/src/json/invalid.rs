//! What is said of a text that is no message.

use bytes::Bytes;

use crate::reject::Reject;

/// Why a text is no message, and which request it concerns all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// What is wrong with it.
    pub reject: Reject,
    /// The request that waits for something to be said about this. Known only if every key of the
    /// envelope can be read in one way, and one of them is a valid id.
    pub about: Option<About>,
}

/// The request a text is about, by the JSON text of its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The sender's: the text was meant to be the request itself. The error that answers it carries
    /// the id (JSON-RPC 2.0, section 5).
    Request(Bytes),
    /// The receiver's: the text was meant to be its answer. No other will come.
    Answer(Bytes),
}

impl Invalid {
    /// The id of the request it was meant to be.
    pub fn request_id(&self) -> Option<&[u8]> {
        match &self.about {
            Some(About::Request(id)) => Some(id),
            _ => None,
        }
    }

    /// The id of the request it was meant to answer.
    pub fn answer_id(&self) -> Option<&[u8]> {
        match &self.about {
            Some(About::Answer(id)) => Some(id),
            _ => None,
        }
    }
}

/// What is wrong hides whom it concerns.
impl From<Reject> for Invalid {
    fn from(reject: Reject) -> Self {
        Invalid { reject, about: None }
    }
}
