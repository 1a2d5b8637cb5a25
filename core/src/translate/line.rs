//! JSON-RPC messages around translated texts.
//!
//! Every given text must be JSON on one line; so is the message, without a line break at its end
//! (JSON-RPC 2.0, sections 4 and 5).

use std::borrow::Cow;

use crate::json::object::{Object, member, quoted};
use crate::json::{Kind, Message};

/// The answer to a request: the JSON text of its `result` or of its `error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'t> {
    /// The result.
    Result(Cow<'t, [u8]>),
    /// The error object.
    Error(Cow<'t, [u8]>),
}

impl<'t> Answer<'t> {
    /// Returns the answer in a message, if it is one.
    pub fn of(message: &'t Message) -> Option<Answer<'t>> {
        match message.kind() {
            Kind::Result => message.result().map(|result| Answer::Result(result.into())),
            Kind::Error => {
                member(message.bytes(), "error").map(|error| Answer::Error(error.into()))
            }
            Kind::Request | Kind::Notification => None,
        }
    }

    /// Creates an answer with a result.
    pub fn result(result: Vec<u8>) -> Answer<'static> {
        Answer::Result(Cow::Owned(result))
    }

    /// Creates an answer with an error of this side.
    pub fn error(code: i32, message: &str) -> Answer<'static> {
        let mut error = Object::default();
        error.put("code", code.to_string().into_bytes());
        error.put("message", quoted(message));
        Answer::Error(Cow::Owned(error.write()))
    }

    /// Returns the response to the request with this id.
    pub fn line(&self, id: &[u8]) -> Vec<u8> {
        match self {
            Answer::Result(result) => concat(&[BEGIN, ID, id, br#","result":"#, result, b"}"]),
            Answer::Error(error) => concat(&[BEGIN, ID, id, br#","error":"#, error, b"}"]),
        }
    }
}

/// Returns a request.
pub fn request(id: &[u8], method: &str, params: Option<&[u8]>) -> Vec<u8> {
    call(&[BEGIN, ID, id], method, params)
}

/// Returns a notification.
pub fn notification(method: &str, params: Option<&[u8]>) -> Vec<u8> {
    call(&[BEGIN], method, params)
}

fn call(begin: &[&[u8]], method: &str, params: Option<&[u8]>) -> Vec<u8> {
    let begin = concat(begin);
    let method = quoted(method);
    match params {
        Some(params) => concat(&[&begin, METHOD, &method, br#","params":"#, params, b"}"]),
        None => concat(&[&begin, METHOD, &method, b"}"]),
    }
}

fn concat(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

const BEGIN: &[u8] = br#"{"jsonrpc":"2.0""#;
const ID: &[u8] = br#","id":"#;
const METHOD: &[u8] = br#","method":"#;

#[cfg(test)]
mod tests;
