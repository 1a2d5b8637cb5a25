//! The body of a POST: one message, or a batch.
//!
//! Source: JSON-RPC 2.0, section 6; MCP 2025-03-26, basic/index, Batching. Later revisions have no
//! batches; the session decides whether a batch is allowed.

use bytes::Bytes;

use crate::json::scan::{Cursor, Span};
use crate::json::text;
use crate::json::{Invalid, Kind, Message, ParseRules};
use crate::reject::Reject;

/// The parsed body of a POST.
#[derive(Clone, Debug)]
pub enum Body {
    /// One message.
    One(Message),
    /// A batch: an array with at least one message, each parsed separately.
    Batch(Vec<Result<Message, Invalid>>),
}

impl Body {
    /// Parses a body.
    ///
    /// Some errors refuse the whole body: the grammar, the depth (the array of a batch counts as a
    /// level), and lone surrogates. Others refuse one message of a batch.
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

    /// Returns whether it has a request, so that it has to be answered.
    pub(crate) fn has_requests(&self) -> bool {
        match self {
            Body::One(message) => message.kind() == Kind::Request,
            Body::Batch(messages) => messages.iter().flatten().any(|m| m.kind() == Kind::Request),
        }
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
