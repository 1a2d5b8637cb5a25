//! Detection of a child's era from its answer to `server/discover`.

use crate::json::Answer;
use crate::json::object::{Object, elements, text};
use crate::protocol::{Era, Revision};
use crate::translate::code;

/// The era of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probed {
    /// It supports 2026-07-28.
    Modern,
    /// It is modern, but supports no revision that is known here.
    ModernOther,
    /// It is legacy; `initialize` is the next step.
    Legacy,
}

/// Returns the era from the answer to `server/discover` (2026-07-28, basic/transports/stdio,
/// Backward Compatibility). An answer that names no revisions, or only legacy ones, is that of a
/// legacy child.
pub(crate) fn probe(answer: &Answer<'_>) -> Probed {
    match answer {
        Answer::Result(result) => Object::read(result).map_or(Probed::Legacy, |result| {
            by_revisions(result.get("supportedVersions"), Probed::Legacy)
        }),
        Answer::Error(error) => by_error(&code::object(error)),
    }
}

/// Returns whether a modern child also supports `initialize`, from its result of `server/discover`
/// (JSON text).
pub(crate) fn speaks_both(discovery: &[u8]) -> bool {
    let result = Object::read_or_empty(Some(discovery));
    let revisions = result.get("supportedVersions").and_then(elements).unwrap_or_default();
    let mut revisions = revisions.into_iter().filter_map(text);
    revisions.any(|revision| {
        Revision::parse(revision.as_bytes()).is_some_and(|known| known.era() == Era::Legacy)
    })
}

fn by_error(error: &Object<'_>) -> Probed {
    match code::of(error) {
        Some(code::HEADER_MISMATCH | code::MISSING_CLIENT_CAPABILITY) => Probed::Modern,
        Some(code::UNSUPPORTED_PROTOCOL_VERSION) => {
            let data = error.object("data").unwrap_or_default();
            by_revisions(data.get("supported"), Probed::ModernOther)
        }
        _ => Probed::Legacy,
    }
}

fn by_revisions(revisions: Option<&[u8]>, without: Probed) -> Probed {
    let Some(revisions) = revisions.and_then(elements) else { return without };
    let revisions: Vec<_> = revisions.into_iter().filter_map(text).collect();
    if revisions.iter().any(|revision| *revision == Revision::V2026_07_28.as_str()) {
        return Probed::Modern;
    }
    let is_modern = |revision: &str| revision > Revision::NEWEST_LEGACY.as_str();
    if revisions.iter().any(|revision| is_modern(revision)) {
        return Probed::ModernOther;
    }
    Probed::Legacy
}

#[cfg(test)]
mod tests;
