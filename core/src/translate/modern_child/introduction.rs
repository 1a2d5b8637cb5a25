//! The description of a modern child for a legacy client, and of the client for the child.

use crate::json::object::{Object, quoted};
use crate::protocol::{Revision, since};
use crate::translate::meta;

/// Returns the result of `initialize` in the negotiated revision, from a child's result of
/// `server/discover`, or `None` if that is not an object.
///
/// Capabilities are the child's except for `extensions`, which the legacy era does not have. A
/// child without an identity gets a placeholder name and version, because both are required.
pub(crate) fn initialize(discover_result: &[u8], revision: Revision) -> Option<Vec<u8>> {
    let mut told = Object::read(discover_result)?;
    let mut capabilities = told.object("capabilities").unwrap_or_default();
    restrict(&mut capabilities, revision);
    let capabilities = capabilities.write();
    let told_info = told.object("_meta");
    let told_info = told_info.as_ref().and_then(|meta| meta.object(meta::SERVER_INFO));
    let server_info = server_info(told_info.unwrap_or_default(), revision);
    for member in ["resultType", "supportedVersions", "capabilities", "ttlMs", "cacheScope"] {
        told.remove(member);
    }
    meta::unsign(&mut told);
    told.edit("instructions", |text| (text != b"null").then(|| text.to_vec()));

    let mut result = Object::default();
    result.put("protocolVersion", quoted(revision.as_str()));
    result.put("capabilities", capabilities);
    result.put("serverInfo", server_info);
    result.append(told);
    Some(result.write())
}

/// Removes capabilities that the revision does not have.
fn restrict(capabilities: &mut Object<'_>, revision: Revision) {
    capabilities.remove_nulls();
    for extra in ["extensions", "tasks"] {
        capabilities.remove(extra);
    }
    if revision < since::COMPLETIONS {
        capabilities.remove("completions");
    }
}

fn server_info(mut info: Object<'_>, revision: Revision) -> Vec<u8> {
    info.remove_nulls();
    for required in ["name", "version"] {
        if info.text(required).is_none() {
            info.put(required, &br#""unknown""#[..]);
        }
    }
    if revision < since::TITLES {
        info.remove("title");
    }
    if revision < since::ICONS {
        for member in ["description", "icons", "websiteUrl"] {
            info.remove(member);
        }
    }
    info.write()
}

/// Returns the client capabilities for every request, from those of `initialize` (JSON text) and
/// the negotiated revision: those that both that revision and the modern era have.
pub(crate) fn client_capabilities(capabilities: Option<&[u8]>, revision: Revision) -> Vec<u8> {
    let mut all = Object::read_or_empty(capabilities);
    all.remove_nulls();
    for extra in ["extensions", "tasks"] {
        all.remove(extra);
    }
    without(&mut all, "roots", &["listChanged"]);
    if revision < since::ELICITATION {
        all.remove("elicitation");
    }
    if revision < since::URL_ELICITATION {
        without(&mut all, "elicitation", &["url"]);
    }
    if revision < since::SAMPLING_TOOLS {
        without(&mut all, "sampling", &["context", "tools"]);
    }
    all.write()
}

/// Removes members of a capability, which stays even if it becomes empty.
fn without(capabilities: &mut Object<'_>, capability: &str, members: &[&str]) {
    capabilities.edit(capability, |value| {
        let mut value = Object::read_or_empty(Some(value));
        for member in members {
            value.remove(member);
        }
        Some(value.write())
    });
}

#[cfg(test)]
mod tests;
