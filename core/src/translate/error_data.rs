//! The `data` of the errors that the modern era defines.

use serde_json::{Value, json};

use crate::log_text::truncate_for_log;
use crate::protocol::Revision;
use crate::reject::Capability;
use crate::translate::capability;

/// Returns the data of -32022: the supported revisions, the newest first, and the requested one
/// (2026-07-28, basic/versioning).
pub(crate) fn unsupported_revision(
    supported: impl IntoIterator<Item = Revision>,
    requested: &str,
) -> Value {
    let mut supported: Vec<_> = supported.into_iter().collect();
    supported.sort_unstable_by(|one, other| other.cmp(one));
    let supported: Vec<_> = supported.iter().map(|revision| revision.as_str()).collect();
    json!({ "supported": supported, "requested": truncate_for_log(requested) })
}

/// Returns the data of -32021: all missing capabilities (2026-07-28, basic/index).
pub(crate) fn missing_capabilities(lacking: &[Capability]) -> Value {
    let required = capability::required(lacking);
    let required: Value = serde_json::from_slice(&required).expect("written as JSON");
    json!({ "requiredCapabilities": required })
}
