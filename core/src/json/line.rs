//! JSON-RPC messages around given texts.
//!
//! Every given text must be JSON on one line; so is the message, without a line break at its end
//! (JSON-RPC 2.0, sections 4 and 5).

use std::borrow::Cow;

use bytes::Bytes;

use crate::chunk::Chunk;
use crate::json::object::{Object, quoted};
use crate::json::{Field, Kind, Message};

/// The answer to a request: the JSON text of its `result` or of its `error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer<'t> {
    /// The result.
    Result(Cow<'t, [u8]>),
    /// The error object.
    Error(Cow<'t, [u8]>),
}

impl<'t> Answer<'t> {
    /// Returns the answer in a message, if it is one.
    pub(crate) fn of(message: &'t Message) -> Option<Answer<'t>> {
        match message.kind() {
            Kind::Result => message.result().map(|result| Answer::Result(result.into())),
            Kind::Error => message.error().map(|error| Answer::Error(error.into())),
            Kind::Request | Kind::Notification => None,
        }
    }

    /// Creates an answer with a result.
    pub(crate) fn result(result: Vec<u8>) -> Answer<'static> {
        Answer::Result(Cow::Owned(result))
    }

    /// Creates an answer with an error of this side.
    pub(crate) fn error(code: i32, message: &str) -> Answer<'static> {
        let mut error = Object::default();
        error.put("code", code.to_string().into_bytes());
        error.put("message", quoted(message));
        Answer::Error(Cow::Owned(error.write()))
    }

    /// Returns the response to the request with this id.
    pub(crate) fn line(&self, id: &[u8]) -> Vec<u8> {
        match self {
            Answer::Result(result) => concat(&[BEGIN, ID, id, br#","result":"#, result, b"}"]),
            Answer::Error(error) => concat(&[BEGIN, ID, id, br#","error":"#, error, b"}"]),
        }
    }
}

/// Returns an answer of a child as the answer to the request of this id, without a copy of a long
/// text. It may have no id of its own.
pub(crate) fn answer_of(message: &Message, id: &[u8]) -> Chunk {
    match message.error_bytes().filter(|_| message.id().is_none()) {
        Some(error) => error_line(error, id),
        None => message.with(&[(Field::Id, id)]),
    }
}

/// Returns the message that answers the request of this id with a result, without a copy of a long
/// text.
pub(crate) fn result_line(result: impl Into<Chunk>, id: &[u8]) -> Chunk {
    enclosed(br#","result":"#, result.into(), id)
}

/// Returns the message that answers the request of this id with an error, without a copy of a long
/// text.
pub(crate) fn error_line(error: impl Into<Chunk>, id: &[u8]) -> Chunk {
    enclosed(br#","error":"#, error.into(), id)
}

fn enclosed(member: &[u8], value: Chunk, id: &[u8]) -> Chunk {
    if value.len() <= COPY_BYTES_MAX {
        return Chunk::from(concat(&[BEGIN, ID, id, member, &value.into_bytes(), b"}"]));
    }
    let mut line = Chunk::from(concat(&[BEGIN, ID, id, member]));
    line.append(value);
    line.push(Bytes::from_static(b"}"));
    line
}

/// Returns a notification, without a copy of its params.
pub(crate) fn notification_with(method: &str, params: Chunk) -> Chunk {
    let mut line = Chunk::from(concat(&[BEGIN, METHOD, &quoted(method), br#","params":"#]));
    line.append(params);
    line.push(Bytes::from_static(b"}"));
    line
}

/// Texts of up to this many bytes are copied into one piece with what surrounds them.
const COPY_BYTES_MAX: usize = 1024;

/// Returns a request.
pub(crate) fn request(id: &[u8], method: &str, params: Option<&[u8]>) -> Vec<u8> {
    call(&[BEGIN, ID, id], method, params)
}

/// Returns a notification.
pub(crate) fn notification(method: &str, params: Option<&[u8]>) -> Vec<u8> {
    call(&[BEGIN], method, params)
}

/// Returns `notifications/cancelled` for the request with this id.
pub(crate) fn cancelled(id: &[u8], reason: &str) -> Chunk {
    let head = br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"#;
    let tail = format!(r#","reason":"{reason}"}}}}"#);
    Chunk::from([head, id, tail.as_bytes()].concat())
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
