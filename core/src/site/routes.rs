//! The lookup of a server by the path of a request.

use std::collections::BTreeMap;

use crate::http::{Headers, RequestHead, decode_segment, first_segment};
use crate::ids::SessionId;

/// The servers of a program by the first segment of their paths.
#[derive(Clone, Debug, Default)]
pub struct Routes(BTreeMap<Box<str>, usize>);

/// The prefix of the path of protected resource metadata (RFC 9728, section 3.1).
const METADATA: &str = "/.well-known/oauth-protected-resource";

impl Routes {
    /// Creates the routes of servers with these names, percent-decoded, in this order. Of two equal
    /// names the last one counts; an empty one has no path.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Routes {
        let named = (0..).zip(names).filter(|(_, name)| !name.is_empty());
        Routes(named.map(|(index, name)| (name.into(), index)).collect())
    }

    /// Returns the index of the server that a request target belongs to. Percent-encoded characters
    /// of a name are the same as plain ones (RFC 3986, section 6.2.2.2).
    pub fn find(&self, target: &str) -> Option<usize> {
        if self.0.is_empty() {
            return None;
        }
        let path = target.strip_prefix(METADATA).unwrap_or(target);
        let name = decode_segment(first_segment(path)?)?;
        self.0.get(&*name).copied()
    }
}

/// Returns the session that a request names, in its header or, over HTTP+SSE, in its query.
pub fn session_of<H: Headers>(head: &RequestHead<'_, H>) -> Option<SessionId> {
    if let Some(value) = head.headers.values("mcp-session-id").next() {
        return SessionId::parse(value);
    }
    let (_, query) = head.target.split_once('?')?;
    let id = query.split('&').find_map(|pair| pair.strip_prefix("sessionId="))?;
    SessionId::parse(id.as_bytes())
}
