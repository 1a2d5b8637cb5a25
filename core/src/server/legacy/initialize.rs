//! `initialize`: negotiates the revision, and describes the server.

use crate::protocol::{Era, Revision};
use crate::server::encode::{self, Object};
use crate::server::{Catalog, RpcError};
use crate::translate::error_data;

/// Negotiates the revision for a client that asks for `wanted`; `allowed` narrows the choice.
///
/// An unknown revision is answered with the newest (basic/lifecycle, Version Negotiation). A client
/// that asks for a known revision that is not allowed may support older ones, but no newer ones.
///
/// # Errors
///
/// Every allowed revision is newer than `wanted`.
pub(in crate::server) fn agree(
    wanted: Option<&str>,
    allowed: &[Revision],
) -> Result<Revision, RpcError> {
    let wanted = wanted.unwrap_or(Revision::NEWEST_LEGACY.as_str());
    let is_restricted = Revision::LEGACY.iter().any(|revision| !allowed.contains(revision));
    let is_newer = |revision: &Revision| revision.as_str() > wanted;
    let mut legacy = allowed.iter().filter(|revision| revision.era() == Era::Legacy);
    if is_restricted && legacy.all(is_newer) {
        return Err(unsupported(wanted, allowed));
    }
    Ok(Revision::agreed(wanted, allowed))
}

fn unsupported(wanted: &str, allowed: &[Revision]) -> RpcError {
    let data = Some(error_data::unsupported_revision(allowed.iter().copied(), wanted));
    RpcError { data, ..RpcError::invalid_params("Unsupported protocol version") }
}

/// Writes the result of `initialize`.
pub(in crate::server) fn introduction(
    result: &mut Object<'_>,
    catalog: &Catalog,
    revision: Revision,
) {
    result.put("protocolVersion", revision.as_str());
    result.put("capabilities", &encode::capabilities(catalog, revision));
    encode::server(result, "serverInfo", catalog, revision);
    if let Some(instructions) = catalog.instructions {
        result.put("instructions", instructions);
    }
}
