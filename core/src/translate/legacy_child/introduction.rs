//! Who the bridge is to a legacy child, and who the child is to modern clients.

use crate::json::object::{Object, quoted};
use crate::protocol::Revision;
use crate::translate::meta;

/// The params of the `initialize` that opens a child's session: the newest legacy revision, and
/// every capability that can be translated, whatever the client in front can do. Each question is
/// held against the capabilities of the request it serves.
pub fn initialize() -> Vec<u8> {
    let mut client = Object::default();
    client.put("name", quoted("pontoon"));
    client.put("version", quoted(env!("CARGO_PKG_VERSION")));
    let mut params = Object::default();
    params.put("protocolVersion", quoted(Revision::NEWEST_LEGACY.as_str()));
    params.put("capabilities", CAPABILITIES);
    params.put("clientInfo", client.write());
    params.write()
}

/// The result of `server/discover`, from a child's result of `initialize`. Absent if that is no
/// object.
///
/// Capabilities are the child's but for `tasks`, which have another shape in the modern era.
/// It is stale at once (`ttlMs` 0) and private: nothing tells that the child stays the same.
pub fn discover(initialize_result: &[u8], supported: &[Revision]) -> Option<Vec<u8>> {
    let mut told = Object::read(initialize_result)?;
    let mut capabilities = told.object("capabilities").unwrap_or_default();
    capabilities.remove_nulls();
    capabilities.remove("tasks");
    let capabilities = capabilities.write();
    let server_info = server_info(initialize_result);
    for member in ["protocolVersion", "serverInfo"] {
        told.remove(member);
    }
    told.edit("instructions", |text| (text != b"null").then(|| text.to_vec()));

    let mut result = Object::default();
    result.put("resultType", quoted("complete"));
    result.put("supportedVersions", meta::quoted_all(supported.iter().map(|r| r.as_str())));
    told.put("capabilities", capabilities);
    meta::hint(&mut told);
    meta::sign(&mut told, server_info.as_deref());
    result.append(told);
    Some(result.write())
}

/// The child's `serverInfo` (JSON text), from its result of `initialize`.
pub fn server_info(initialize_result: &[u8]) -> Option<Vec<u8>> {
    Some(Object::read(initialize_result)?.object("serverInfo")?.write())
}

/// What of the modern era's client capabilities a legacy child can make use of.
const CAPABILITIES: &[u8] =
    br#"{"roots":{},"sampling":{"context":{},"tools":{}},"elicitation":{"form":{},"url":{}}}"#;

#[cfg(test)]
mod tests;
