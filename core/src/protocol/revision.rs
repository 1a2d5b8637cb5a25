//! The supported revisions, and their differences.
//!
//! Source: `docs/specification/<revision>` of the MCP specification, changelogs.

use std::fmt;

/// The way in which a conversation begins (2026-07-28, basic/versioning, Terminology).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Era {
    /// `initialize` opens a session, and all later messages belong to it.
    #[default]
    Legacy,
    /// Without a handshake: every request is self-contained.
    Modern,
}

impl fmt::Display for Era {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Era::Legacy => "legacy",
            Era::Modern => "modern",
        })
    }
}

/// A revision of the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revision {
    /// 2024-11-05: the first.
    V2024_11_05,
    /// 2025-03-26: Streamable HTTP; the only one with batches.
    V2025_03_26,
    /// 2025-06-18: the `MCP-Protocol-Version` header; no batches any more.
    V2025_06_18,
    /// 2025-11-25: streams begin with a priming event and may be polled.
    V2025_11_25,
    /// 2026-07-28: the first of the modern era.
    V2026_07_28,
}

impl Revision {
    /// Every supported revision, the oldest first.
    pub const ALL: [Revision; 5] = [
        Revision::V2024_11_05,
        Revision::V2025_03_26,
        Revision::V2025_06_18,
        Revision::V2025_11_25,
        Revision::V2026_07_28,
    ];

    /// Those of the legacy era, the oldest first.
    pub const LEGACY: [Revision; 4] = [
        Revision::V2024_11_05,
        Revision::V2025_03_26,
        Revision::V2025_06_18,
        Revision::V2025_11_25,
    ];

    /// The newest one.
    pub const NEWEST: Revision = Revision::V2026_07_28;

    /// The newest one of the legacy era.
    pub const NEWEST_LEGACY: Revision = Revision::V2025_11_25;

    /// Returns its name on the wire, a date.
    pub const fn as_str(self) -> &'static str {
        match self {
            Revision::V2024_11_05 => "2024-11-05",
            Revision::V2025_03_26 => "2025-03-26",
            Revision::V2025_06_18 => "2025-06-18",
            Revision::V2025_11_25 => "2025-11-25",
            Revision::V2026_07_28 => "2026-07-28",
        }
    }

    /// Parses its name on the wire.
    pub fn parse(text: &[u8]) -> Option<Revision> {
        Revision::ALL.into_iter().find(|r| r.as_str().as_bytes() == text)
    }

    /// Returns its era.
    pub const fn era(self) -> Era {
        match self {
            Revision::V2026_07_28 => Era::Modern,
            _ => Era::Legacy,
        }
    }

    /// Returns the newest legacy revision that is not newer than `text`: its rules fit best if a
    /// child answered `initialize` with an unsupported revision.
    pub fn nearest(text: &str) -> Revision {
        let not_newer = Revision::LEGACY.into_iter().rev().find(|r| r.as_str() <= text);
        not_newer.unwrap_or(Revision::V2024_11_05)
    }

    /// Returns the revision for a client that asks for this one in `initialize`. If that is
    /// unknown, or older than all supported ones, it is the newest supported (2025-11-25,
    /// basic/lifecycle, Version Negotiation). A legacy revision must be supported.
    pub(crate) fn agreed(wanted: &str, served: &[Revision]) -> Revision {
        let choice = served.iter().copied().filter(|revision| revision.era() == Era::Legacy);
        let newest = choice.clone().max();
        let is_known = Revision::parse(wanted.as_bytes()).is_some();
        let not_newer = choice.filter(|revision| is_known && revision.as_str() <= wanted).max();
        not_newer.or(newest).unwrap_or(Revision::NEWEST_LEGACY)
    }

    /// Returns whether a POST may hold a batch (2025-03-26, basic/index, Batching).
    pub const fn has_batches(self) -> bool {
        matches!(self, Revision::V2025_03_26)
    }

    /// Returns whether a stream begins with an event that only has an id (2025-11-25,
    /// basic/transports).
    pub const fn primes_streams(self) -> bool {
        matches!(self, Revision::V2025_11_25)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
