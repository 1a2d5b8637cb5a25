//! The body of a POST: one message, or several in an array.
//!
//! Source: JSON-RPC 2.0, section 6; MCP 2025-03-26, basic/index, Batching. Later revisions have no
//! batches; whether one may be sent is for the session to say.

use bytes::Bytes;

use crate::json::scan::{Cursor, Span};
use crate::json::text;
use crate::json::{Invalid, Message, ParseRules};
use crate::reject::Reject;

/// What a client sent.
#[derive(Clone, Debug)]
pub enum Body {
    /// One message.
    One(Message),
    /// An array of messages, each with its own verdict. There is at least one.
    Batch(Vec<Result<Message, Invalid>>),
}

impl Body {
    /// Reads a body.
    ///
    /// What concerns the text refuses all of it: the grammar, the depth (the array of a batch
    /// counts as a level), half a surrogate pair. What concerns one message of a batch refuses
    /// that one.
    ///
    /// # Errors
    ///
    /// Those of [`Message::parse`], and [`Reject::BatchEmpty`] and [`Reject::BatchTooLong`].
    pub fn parse(body: Bytes, rules: ParseRules) -> Result<Body, Invalid> {
        let text = text::admit(body)?;
        if text.first() != Some(&b'[') {
            return Message::read(text, rules).map(Body::One).map_err(|(invalid, _)| invalid);
        }
        let elements = split(&text, rules)?;
        let read = |element: &Span| {
            Message::read(text.slice(element.range()), rules).map_err(|(invalid, _)| invalid)
        };
        Ok(Body::Batch(elements.iter().map(read).collect()))
    }
}

fn split(text: &[u8], rules: ParseRules) -> Result<Vec<Span>, Reject> {
    let mut elements = Vec::new();
    let mut cursor = Cursor::new(text);
    cursor.enter();
    while cursor.element() {
        if elements.len() == rules.batch_len_max {
            return Err(Reject::BatchTooLong);
        }
        elements.push(cursor.value());
    }
    cursor.check(rules)?;
    if elements.is_empty() { Err(Reject::BatchEmpty) } else { Ok(elements) }
}

#[cfg(test)]
mod tests;
