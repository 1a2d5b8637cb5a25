//! What a line says: the envelope of JSON-RPC 2.0, borrowed from the line.
//!
//! Payloads stay [`RawValue`]s: a large text is looked at for its end, and not decoded.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::fault::Fault;

/// A message of the client.
#[derive(Debug)]
pub(super) enum Incoming<'a> {
    /// It wants an answer. The id is JSON text: a string or a whole number.
    Request { id: &'a str, method: Cow<'a, str>, params: Option<&'a RawValue> },
    /// It wants none.
    Notification { method: Cow<'a, str>, params: Option<&'a RawValue> },
    /// It is the answer to a request of ours.
    Answer { id: &'a str, outcome: Outcome<'a> },
}

/// What a request came to: its result, or its error.
pub(super) type Outcome<'a> = Result<&'a RawValue, &'a RawValue>;

/// A message that cannot be served, and the id to say so to, where it can be read.
#[derive(Debug)]
pub(super) struct Malformed<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) fault: Fault,
}

impl<'a> Incoming<'a> {
    /// Reads a message. Batches are not messages.
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, Malformed<'a>> {
        let nameless = |fault| Malformed { id: None, fault };
        let text = str::from_utf8(message).map_err(|_| nameless(Fault::parse_error()))?;
        let envelope = Envelope::parse(text).map_err(nameless)?;
        envelope.classify()
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    fn parse(text: &'a str) -> Result<Self, Fault> {
        serde_json::from_str(text)
            .ok()
            // A derived reader would also take the fields by position, out of an array.
            .filter(|_| text.starts_with('{'))
            .ok_or_else(|| match serde_json::from_str::<&RawValue>(text) {
                Ok(_) => Fault::invalid_request("not a JSON-RPC message"),
                Err(_) => Fault::parse_error(),
            })
    }

    fn classify(self) -> Result<Incoming<'a>, Malformed<'a>> {
        let id = self.id.map(RawValue::get);
        let known = id.filter(|id| is_id(id));
        let wrong = |why| Malformed { id: known, fault: Fault::invalid_request(why) };
        if self.jsonrpc.map(RawValue::get) != Some(r#""2.0""#) {
            return Err(wrong("jsonrpc must be \"2.0\""));
        }
        if id.is_some() && known.is_none() {
            return Err(wrong("id must be a string or a whole number"));
        }
        let Some(method) = self.method else {
            return match (known, self.result, self.error) {
                (Some(id), Some(result), None) => Ok(Incoming::Answer { id, outcome: Ok(result) }),
                (Some(id), None, Some(error)) => Ok(Incoming::Answer { id, outcome: Err(error) }),
                _ => Err(wrong("neither a request, nor a notification, nor a response")),
            };
        };
        let method = text_of(method).ok_or_else(|| wrong("method must be a string"))?;
        let params = self.params;
        Ok(match known {
            Some(id) => Incoming::Request { id, method, params },
            None => Incoming::Notification { method, params },
        })
    }
}

/// Keeps a `null` apart from a field that is not there.
pub(super) fn present<'de: 'a, 'a, D>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error>
where
    D: Deserializer<'de>,
{
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Whether JSON text is what may name a request or its progress: a string or a whole number.
pub(super) fn is_id(json: &str) -> bool {
    let digits = json.strip_prefix('-').unwrap_or(json);
    json.starts_with('"') || digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The text of a JSON string; borrowed unless it holds escapes.
pub(super) fn text_of(value: &RawValue) -> Option<Cow<'_, str>> {
    let inner = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(value.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}
