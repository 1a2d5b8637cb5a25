//! A request of a client, borrowed from its message.

use std::borrow::Cow;

use memchr::memchr;

use crate::json::{Message, ParseRules, Peer};

/// A request. The id, the token and the parameters are JSON text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Incoming<'a> {
    pub(super) id: &'a str,
    /// The progress token.
    pub(super) token: Option<&'a str>,
    pub(super) method: &'a str,
    pub(super) params: Option<&'a str>,
}

impl<'a> Incoming<'a> {
    /// Reads a request that has this id and this progress token.
    pub(super) fn read(message: &'a Message, id: &'a str, token: Option<&'a str>) -> Incoming<'a> {
        let method = message.method().unwrap_or_default();
        Incoming { id, token, method, params: utf8(message.params()) }
    }
}

/// The rules for a message that has not been parsed by the transport.
pub(super) const RULES: ParseRules =
    ParseRules { depth_max: 128, batch_len_max: 50, sender: Peer::Client };

/// Returns a part of a message as a text.
pub(super) fn utf8(json: Option<&[u8]>) -> Option<&str> {
    json.and_then(|json| str::from_utf8(json).ok())
}

/// Returns the text of a JSON string, borrowed unless it holds escapes, or `None` if it holds a
/// lone surrogate.
pub(super) fn text_of(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if memchr(b'\\', inner.as_bytes()).is_some() {
        serde_json::from_str(json).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}
