//! The ids of sessions, exchanges, children and streams.
//!
//! Owns: the types. Never: generates an id; `random.rs` does.

use std::fmt;

use uuid::Uuid;

/// A session's id: a random (version 4) UUID, 122 unpredictable bits.
///
/// Sent as `Mcp-Session-Id` in its 36-character form (2025-11-25, basic/transports, Session
/// Management: "globally unique and cryptographically secure", visible ASCII only).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(Uuid);

impl SessionId {
    /// The smallest id.
    pub(crate) const MIN: SessionId = SessionId(Uuid::nil());

    /// Parses the 36-character hyphenated form, in lower case, as this program writes it. Any other
    /// notation of a UUID is refused.
    pub fn parse(text: &[u8]) -> Option<SessionId> {
        if text.len() != 36 || text.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        Uuid::try_parse_ascii(text).ok().map(SessionId)
    }

    /// Creates an id from random bytes.
    pub(crate) fn from_random(bytes: [u8; 16]) -> SessionId {
        SessionId(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// Returns the 16 bytes of the id.
    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.as_hyphenated(), f)
    }
}

/// Shows only the first eight characters, because the whole id gives access to the session.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_string();
        write!(f, "{}…", &text[..8])
    }
}

/// An HTTP request and its reply. Adapters number them and never reuse a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// A child process, from the request to start it until its end is known. The core numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(pub u64);

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The number of a set of values that requests pass on to their child
/// ([`crate::Config::header_env`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VariantId(pub(crate) u64);
