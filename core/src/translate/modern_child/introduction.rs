//! Who a modern child is to a legacy client, and who the client is to the child.

use crate::json::object::{Object, quoted};
use crate::protocol::{Revision, since};
use crate::translate::meta;

/// The result of `initialize` in the revision that was agreed on, from a child's result of
/// `server/discover`. Absent if that is no object.
///
/// Capabilities are the child's but for `extensions`, which have no legacy form. A child that does
/// not say who it is gets a name and a version that say so: both are required.
pub fn initialize(discover_result: &[u8], revision: Revision) -> Option<Vec<u8>> {
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

/// Takes out what has no form in the revision.
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

/// The client capabilities for every request, from those of `initialize` (JSON text) and the
/// revision that was agreed on: what that revision has and the modern era still has.
pub fn client_capabilities(capabilities: Option<&[u8]>, revision: Revision) -> Vec<u8> {
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

/// Takes members out of a capability, which stays even if nothing is left in it.
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
