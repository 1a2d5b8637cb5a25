//! What a request is answered with.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What a request is answered with.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The same bytes, whatever was asked.
    Fixed(Bytes),
    /// The text of an echo, read out of the request and written into a result: the least that the
    /// tool `echo` costs with serde_json.
    Echo,
}

impl Answer {
    /// A JSON-RPC result of so many bytes, or of the least that is one.
    pub(crate) fn of_bytes(bytes: usize) -> Answer {
        let (start, end) = (r#"{"jsonrpc":"2.0","id":1000000000,"result":{"text":""#, r#""}}"#);
        let text = "x".repeat(bytes.saturating_sub(start.len() + end.len()));
        Answer::Fixed(format!("{start}{text}{end}").into())
    }

    /// The answer to this body; nothing to one that is no call.
    pub(crate) fn to(&self, body: &[u8]) -> Bytes {
        match self {
            Answer::Fixed(answer) => answer.clone(),
            Answer::Echo => echo(body).unwrap_or_default().into(),
        }
    }
}

fn echo(body: &[u8]) -> serde_json::Result<Vec<u8>> {
    let Request { id, params, .. } = serde_json::from_slice(body)?;
    let content = [Content { kind: "text", text: &params.arguments.message }];
    serde_json::to_vec(&Response { jsonrpc: "2.0", id, result: Outcome { content } })
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    params: Params<'a>,
    #[serde(rename = "jsonrpc", borrow)]
    _jsonrpc: Cow<'a, str>,
    #[serde(rename = "method", borrow)]
    _method: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    arguments: Arguments<'a>,
    #[serde(rename = "name", borrow)]
    _name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Arguments<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
}

#[derive(Serialize)]
struct Response<'a> {
    jsonrpc: &'a str,
    id: &'a RawValue,
    result: Outcome<'a>,
}

#[derive(Serialize)]
struct Outcome<'a> {
    content: [Content<'a>; 1],
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    text: &'a str,
}
