//! The era probe.
//!
//! Source: 2026-07-28, basic/transports/stdio, Backward Compatibility.

use crate::chunk::Chunk;
use crate::json::{Answer, Message, line};
use crate::protocol::Era;
use crate::translate::modern_child::{self, Probed};

/// The id of the probe: a string, so that it differs from the numbers of later requests.
const ID: &[u8] = br#""era""#;

/// Returns `server/discover`, which legacy children do not know.
pub(crate) fn discover_request() -> Chunk {
    let params = format!(r#"{{"_meta":{META}}}"#);
    Chunk::from(line::request(ID, "server/discover", Some(params.as_bytes())))
}

/// The bridge's description of itself for its own requests to a modern child: a JSON text.
pub(crate) const META: &str = concat!(
    r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","#,
    r#""io.modelcontextprotocol/clientInfo":{"name":"pontoon","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""},"io.modelcontextprotocol/clientCapabilities":{}}"#
);

/// Returns whether this is the answer to the probe.
pub(crate) fn is_answer(message: &Message) -> bool {
    message.id() == Some(ID)
}

/// Returns the era of the sender, if this is the answer to the probe.
pub(crate) fn era(message: &Message) -> Option<Era> {
    let answer = is_answer(message).then(|| Answer::of(message))??;
    Some(match modern_child::probe(&answer) {
        Probed::Modern | Probed::ModernOther => Era::Modern,
        Probed::Legacy => Era::Legacy,
    })
}
