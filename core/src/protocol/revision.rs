//! The revisions that are served, and what each has that others have not.
//!
//! Source: `docs/specification/<revision>` of the MCP specification, changelogs.

use std::fmt;

/// How a conversation is opened (2026-07-28, basic/versioning, Terminology).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Era {
    /// `initialize` opens a session, and everything after it belongs to that.
    #[default]
    Legacy,
    /// Nothing opens anything: every request says by itself what it is.
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
    /// Every served revision, oldest first.
    pub const ALL: [Revision; 5] = [
        Revision::V2024_11_05,
        Revision::V2025_03_26,
        Revision::V2025_06_18,
        Revision::V2025_11_25,
        Revision::V2026_07_28,
    ];

    /// Those of the legacy era, oldest first.
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

    /// The date that names it on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Revision::V2024_11_05 => "2024-11-05",
            Revision::V2025_03_26 => "2025-03-26",
            Revision::V2025_06_18 => "2025-06-18",
            Revision::V2025_11_25 => "2025-11-25",
            Revision::V2026_07_28 => "2026-07-28",
        }
    }

    /// Reads the date that names it on the wire.
    pub fn parse(text: &[u8]) -> Option<Revision> {
        Revision::ALL.into_iter().find(|r| r.as_str().as_bytes() == text)
    }

    /// The era it belongs to.
    pub const fn era(self) -> Era {
        match self {
            Revision::V2026_07_28 => Era::Modern,
            _ => Era::Legacy,
        }
    }

    /// The newest revision of the legacy era that is not newer than `text`: the rules that fit best
    /// what a child answered to `initialize`, if it answered a revision that is not served.
    pub fn nearest(text: &str) -> Revision {
        let not_newer = Revision::LEGACY.into_iter().rev().find(|r| r.as_str() <= text);
        not_newer.unwrap_or(Revision::V2024_11_05)
    }

    /// The revision to speak with a client that asks for this one in `initialize`. If it is not
    /// known, or older than all that are served, that is the newest that is served (2025-11-25,
    /// basic/lifecycle, Version Negotiation). One of the legacy era is served.
    pub(crate) fn agreed(wanted: &str, served: &[Revision]) -> Revision {
        let choice = served.iter().copied().filter(|revision| revision.era() == Era::Legacy);
        let newest = choice.clone().max();
        let is_known = Revision::parse(wanted.as_bytes()).is_some();
        let not_newer = choice.filter(|revision| is_known && revision.as_str() <= wanted).max();
        not_newer.or(newest).unwrap_or(Revision::NEWEST_LEGACY)
    }

    /// Whether a POST may hold an array of messages (2025-03-26, basic/index, Batching).
    pub const fn has_batches(self) -> bool {
        matches!(self, Revision::V2025_03_26)
    }

    /// Whether a stream begins with an event that only has an id (2025-11-25, basic/transports).
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
