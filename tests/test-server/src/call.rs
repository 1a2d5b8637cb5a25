//! The parameters of a tool call, and its usual result.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// The parameters of a call.
#[derive(Deserialize)]
pub(crate) struct Call<'a> {
    pub(crate) name: String,
    #[serde(borrow)]
    pub(crate) arguments: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "_meta")]
    pub(crate) meta: Meta<'a>,
    /// The modern client's answers, by the keys of the questions.
    #[serde(default, rename = "inputResponses")]
    pub(crate) answers: Value,
    #[serde(default, rename = "requestState")]
    pub(crate) state: Option<String>,
}

/// The metadata of a request.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Meta<'a> {
    #[serde(borrow, rename = "progressToken")]
    pub(crate) progress_token: Option<&'a RawValue>,
    #[serde(rename = "io.modelcontextprotocol/protocolVersion")]
    pub(crate) version: Option<String>,
    #[serde(rename = "io.modelcontextprotocol/clientCapabilities")]
    pub(crate) capabilities: Option<Value>,
    #[serde(rename = "io.modelcontextprotocol/logLevel")]
    pub(crate) log_level: Option<String>,
}

/// Returns a result with one text.
pub(crate) fn text(text: &str) -> String {
    json!({"content": [{"type": "text", "text": text}]}).to_string()
}
