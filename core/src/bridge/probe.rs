//! The question that tells which era a child is of.
//!
//! Source: 2026-07-28, basic/transports/stdio, Backward Compatibility.

use crate::json::Message;
use crate::machine::Chunk;
use crate::protocol::Era;
use crate::translate::modern_child::{self, Probed};
use crate::translate::{Answer, line};

/// The id of the question: a string, so that it is none of the numbers that are given out later.
const ID: &[u8] = br#""era""#;

/// `server/discover`, the one request that means nothing to a legacy child.
pub(crate) fn question() -> Chunk {
    let params = format!(r#"{{"_meta":{META}}}"#);
    Chunk::from(line::request(ID, "server/discover", Some(params.as_bytes())))
}

/// What the bridge says of itself where it asks a modern child on its own account: a JSON text.
pub(crate) const META: &str = concat!(
    r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","#,
    r#""io.modelcontextprotocol/clientInfo":{"name":"pontoon","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""},"io.modelcontextprotocol/clientCapabilities":{}}"#
);

/// Whether this is the answer to the question.
pub(crate) fn is_answer(message: &Message) -> bool {
    message.id() == Some(ID)
}

/// The era of whoever said this, if it is the answer to the question.
pub(crate) fn era(message: &Message) -> Option<Era> {
    let answer = is_answer(message).then(|| Answer::of(message))??;
    Some(match modern_child::probe(&answer) {
        Probed::Modern | Probed::ModernOther => Era::Modern,
        Probed::Legacy => Era::Legacy,
    })
}
