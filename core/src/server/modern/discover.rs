//! `server/discover`: describes the server (2026-07-28, server/discover).

use super::{Object, REVISION};
use crate::protocol::Revision;
use crate::server::{Catalog, encode};

/// Writes the members of the `server/discover` result that other results do not have. The newest
/// revision comes first.
pub(in crate::server) fn discovery(
    result: &mut Object<'_>,
    catalog: &Catalog,
    served: impl Iterator<Item = Revision>,
) {
    let served: Vec<_> = served.map(Revision::as_str).collect();
    result.put("supportedVersions", &served);
    result.put("capabilities", &encode::capabilities(catalog, REVISION));
    if let Some(instructions) = catalog.instructions {
        result.put("instructions", instructions);
    }
}
