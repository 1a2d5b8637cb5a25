//! JSON-RPC messages around translated texts.
//!
//! Every text that is put in must be JSON on one line; so is what comes out, without a line break at
//! its end (JSON-RPC 2.0, sections 4 and 5).

use std::borrow::Cow;

use crate::json::object::Object;
use crate::json::{Kind, Message};

/// What answers a request: the JSON text of its `result` or of its `error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'t> {
    /// The result.
    Result(Cow<'t, [u8]>),
    /// The error object.
    Error(Cow<'t, [u8]>),
}

impl<'t> Answer<'t> {
    /// The answer that a message is, if it is one.
    pub fn of(message: &'t Message) -> Option<Answer<'t>> {
        todo!()
    }

    /// Answers with a result.
    pub fn result(result: Vec<u8>) -> Answer<'static> {
        Answer::Result(Cow::Owned(result))
    }

    /// Answers with an error of ours.
    pub fn error(code: i32, message: &str) -> Answer<'static> {
        todo!()
    }

    /// The message that answers the request of this id.
    pub fn line(&self, id: &[u8]) -> Vec<u8> {
        todo!()
    }
}

/// A request.
pub fn request(id: &[u8], method: &str, params: Option<&[u8]>) -> Vec<u8> {
    todo!()
}

/// A notification.
pub fn notification(method: &str, params: Option<&[u8]>) -> Vec<u8> {
    todo!()
}
