//! Which era a child speaks, by what it answers to `server/discover`.

use crate::translate::Answer;

/// What the answer to the first `server/discover` tells of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// It speaks 2026-07-28.
    Modern,
    /// It speaks the modern era, but no revision of it that is known here.
    ModernOther,
    /// It is legacy: `initialize` is next.
    Legacy,
}

/// Reads the answer to `server/discover` (2026-07-28, basic/transports/stdio, Backward
/// Compatibility).
pub fn probe(answer: &Answer<'_>) -> Probed {
    todo!()
}
