//! The answer to a request that was refused.

use std::borrow::Cow;

use serde_json::json;

use crate::chunk::Chunk;
use crate::http::{McpHead, ReplyHead, RevisionHeader, refusal};
use crate::json::object::{member, text};
use crate::json::{self as wire, Body, Kind, Message};
use crate::protocol::Revision;
use crate::reject::Reject;
use crate::translate::error_data;

/// Returns the error response to a refused request, with its id.
pub(crate) fn refused(
    reject: Reject,
    (head, body): (&McpHead, Option<&Body>),
    served: &[Revision],
) -> (ReplyHead, Chunk) {
    let message = match body {
        Some(Body::One(message)) => Some(message),
        _ => None,
    };
    let id = message.filter(|m| m.kind() == Kind::Request).and_then(Message::id);
    let data = match reject {
        Reject::UnsupportedRevision => {
            let requested = requested_revision(head, message);
            Some(error_data::unsupported_revision(served.iter().copied(), &requested))
        }
        Reject::MissingCapability(capability) => {
            Some(error_data::missing_capabilities(&[capability]))
        }
        // All refusals that must be indistinguishable from this one get the hint.
        _ if reject.wire() == Reject::UnknownSession.wire() => {
            Some(json!({"hint": "send initialize again"}))
        }
        _ => None,
    };
    let body = match data {
        Some(data) => wire::error_with_data(id, &reject.wire(), data),
        None => wire::error(id, &reject.wire()),
    };
    (refusal(reject).0, body)
}

/// Returns the revision that a request names anywhere, or an empty text, since the schema requires
/// the member.
fn requested_revision<'r>(head: &'r McpHead, message: Option<&'r Message>) -> Cow<'r, str> {
    if let RevisionHeader::Other(text) = &head.revision {
        return Cow::Borrowed(text);
    }
    let said = message.and_then(Message::modern_revision).map(String::from_utf8_lossy);
    let params = message.and_then(Message::params);
    let initialized = || text(member(params?, "protocolVersion")?);
    said.or_else(initialized).or(head.revision.text().map(Cow::Borrowed)).unwrap_or_default()
}
