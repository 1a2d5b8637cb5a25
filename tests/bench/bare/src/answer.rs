//! The answers of the bare server.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The answer to a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The same bytes for every request.
    Fixed(Bytes),
    /// The text of an echo, parsed from the request and written into a result: the minimum cost of
    /// the tool `echo` with serde_json.
    Echo,
}

impl Answer {
    /// Creates an answer with a JSON-RPC result of this length, or of the minimum length.
    pub(crate) fn of_bytes(bytes: usize) -> Answer {
        let (start, end) = (r#"{"jsonrpc":"2.0","id":1000000000,"result":{"text":""#, r#""}}"#);
        let text = "x".repeat(bytes.saturating_sub(start.len() + end.len()));
        Answer::Fixed(format!("{start}{text}{end}").into())
    }

    /// Returns the answer to this body; empty if it is not a call.
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
