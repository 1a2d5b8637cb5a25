//! Parses the JSON-RPC 2.0 envelope of a message, borrowed from its text.
//!
//! Payloads stay [`RawValue`]s: the parser finds their end but does not decode them.

use std::borrow::Cow;

use memchr::memchr;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::RpcError;
use crate::json::{Message, is_id};
use crate::reject::Reject;

/// A message from the client.
#[derive(Debug)]
pub(super) enum Incoming<'a> {
    /// The answer to a server request.
    Answer { id: &'a str, answer: Answer<'a> },
    /// A notification.
    Notification { method: Cow<'a, str>, params: Option<&'a str> },
    /// A request. The id and the parameters are JSON text; the id is a string or an integer.
    Request { id: &'a str, method: Cow<'a, str>, params: Option<&'a str> },
}

/// The answer to a server request: a result, or an error.
pub(super) type Answer<'a> = Result<&'a RawValue, &'a RawValue>;

/// A message that cannot be processed, with its id if that could be read.
#[derive(Debug)]
pub(super) struct Malformed<'a> {
    pub(super) id: Option<&'a str>,
    pub(super) fault: RpcError,
}

impl<'a> Incoming<'a> {
    /// Parses a single message; a batch is an error.
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, Malformed<'a>> {
        let nameless = |reject| Malformed { id: None, fault: RpcError::of(reject) };
        let text = str::from_utf8(message).map_err(|_| nameless(Reject::BadJson))?;
        let envelope = Envelope::parse(text).map_err(nameless)?;
        envelope.classify()
    }

    /// Converts an already parsed call, or returns `None` if the message is not a call.
    pub(super) fn read(message: &'a Message) -> Option<Self> {
        let text = |json| str::from_utf8(json).ok();
        let method = Cow::Borrowed(message.method()?);
        let params = message.params().and_then(text);
        Some(match message.id().and_then(text) {
            Some(id) => Incoming::Request { id, method, params },
            None => Incoming::Notification { method, params },
        })
    }
}

/// Parses the messages of a batch.
pub(super) fn batch(text: &[u8]) -> Result<Vec<&RawValue>, RpcError> {
    match serde_json::from_slice::<Vec<&RawValue>>(text) {
        Ok(messages) if messages.is_empty() => Err(RpcError::of(Reject::BatchEmpty)),
        Ok(messages) if messages.len() > BATCH_LEN_MAX => Err(RpcError::of(Reject::BatchTooLong)),
        Ok(messages) => Ok(messages),
        Err(_) => Err(RpcError::of(Reject::BadJson)),
    }
}

/// The maximum number of messages in a batch.
const BATCH_LEN_MAX: usize = 50;

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
    fn parse(text: &'a str) -> Result<Self, Reject> {
        let is_object = text.starts_with('{');
        match serde_json::from_str(text) {
            Ok(envelope) if is_object => Ok(envelope),
            // A derived reader would also accept an array, with the fields by position.
            Ok(_) => Err(Reject::BadMessage),
            Err(_) if serde_json::from_str::<IgnoredAny>(text).is_err() => Err(Reject::BadJson),
            Err(error) if is_object && error.is_data() => Err(Reject::DuplicateKey),
            Err(_) if is_object => Err(Reject::BadJson), // half a surrogate pair in a key
            Err(_) => Err(Reject::BadMessage),
        }
    }

    fn classify(self) -> Result<Incoming<'a>, Malformed<'a>> {
        let id = self.id.map(RawValue::get);
        let known = id.filter(|id| is_id(id.as_bytes()));
        let wrong = |reject| Malformed { id: known, fault: RpcError::of(reject) };
        if self.jsonrpc.map(RawValue::get) != Some(r#""2.0""#) {
            return Err(wrong(Reject::BadVersion));
        }
        if id.is_some() && known.is_none() {
            return Err(wrong(Reject::BadId));
        }
        let Some(method) = self.method else {
            return match (known, self.result, self.error) {
                (Some(id), Some(result), None) => Ok(Incoming::Answer { id, answer: Ok(result) }),
                (Some(id), None, Some(error)) => Ok(Incoming::Answer { id, answer: Err(error) }),
                _ => Err(wrong(Reject::BadMessage)),
            };
        };
        let method = text_of(method.get()).ok_or_else(|| wrong(Reject::BadMethod))?;
        let params = self.params.map(RawValue::get);
        Ok(match known {
            Some(id) => Incoming::Request { id, method, params },
            None => Incoming::Notification { method, params },
        })
    }
}

/// Keeps `null` apart from a missing field.
pub(super) fn present<'de: 'a, 'a, D>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error>
where
    D: Deserializer<'de>,
{
    <&RawValue>::deserialize(deserializer).map(Some)
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
