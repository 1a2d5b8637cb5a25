//! The handshake of the bridge with a legacy child, and the child's description for modern clients.

use bytes::Bytes;

use crate::json::object::{Object, elements, quoted, text};
use crate::protocol::Revision;
use crate::translate::meta;

/// Returns the params of the `initialize` that opens a child's session: a legacy revision, and
/// every capability that can be translated, regardless of the client. Each question is later
/// compared with the capabilities of the request it serves.
pub(crate) fn initialize(revision: Revision) -> Vec<u8> {
    let mut client = Object::default();
    client.put("name", quoted("pontoon"));
    client.put("version", quoted(env!("CARGO_PKG_VERSION")));
    let mut params = Object::default();
    params.put("protocolVersion", quoted(revision.as_str()));
    params.put("capabilities", CAPABILITIES);
    params.put("clientInfo", client.write());
    params.write()
}

/// Returns the newest revision that a child names in its error to `initialize`, if it is older than
/// the offered one (2025-11-25, basic/lifecycle, Error Handling). `error` is a JSON text.
pub(crate) fn counteroffer(error: &[u8], offered: Revision) -> Option<Revision> {
    let error = Object::read(error)?;
    let data = error.object("data")?;
    let supported = elements(data.get("supported")?)?;
    let is_named = |revision: &Revision| {
        supported.iter().any(|it| text(it).is_some_and(|it| it == revision.as_str()))
    };
    let older = Revision::LEGACY.into_iter().filter(|revision| *revision < offered);
    older.filter(is_named).max()
}

/// Returns the result of `server/discover`, from a child's result of `initialize`, or `None` if
/// that is not an object.
///
/// Capabilities are the child's except for `tasks`, which have another form in the modern era. The
/// result is stale at once (`ttlMs` 0) and private, because the child may change.
pub(crate) fn discover(initialize_result: &[u8], supported: &[Revision]) -> Option<Vec<u8>> {
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

/// A legacy child's description of itself in its result of `initialize`.
#[derive(Clone, Debug, Default)]
pub(crate) struct InitializeResult {
    /// The revision it has agreed on, or the nearest that is known.
    pub(crate) revision: Option<Revision>,
    /// Its result of `initialize` (JSON text).
    pub(crate) result: Bytes,
    /// The result of `server/discover` that says the same; none if its own result is no object.
    pub(crate) discovery: Option<Bytes>,
    /// Its `serverInfo` (JSON text).
    pub(crate) server_info: Option<Bytes>,
    /// Whether it has tools.
    pub(crate) has_tools: bool,
    /// Whether it takes `logging/setLevel`.
    pub(crate) has_logging: bool,
    /// Whether resources can be subscribed to.
    pub(crate) can_subscribe: bool,
    /// The capabilities whose lists it tells changes of.
    pub(crate) changing_lists: Vec<&'static str>,
}

/// Reads a child's result of `initialize`. `supported`: the revisions that clients are served.
pub(crate) fn welcome(
    initialize_result: &[u8],
    revision: Revision,
    supported: &[Revision],
) -> InitializeResult {
    let told = Object::read_or_empty(Some(initialize_result));
    let capabilities = told.object("capabilities").unwrap_or_default();
    let can = |family: &str, member: &str| {
        capabilities.object(family).is_some_and(|it| it.get(member) == Some(b"true"))
    };
    let lists = ["prompts", "resources", "tools"];
    InitializeResult {
        revision: Some(revision),
        result: Bytes::copy_from_slice(initialize_result),
        discovery: discover(initialize_result, supported).map(Bytes::from),
        server_info: server_info(initialize_result).map(Bytes::from),
        has_tools: capabilities.some("tools").is_some(),
        has_logging: capabilities.some("logging").is_some(),
        can_subscribe: can("resources", "subscribe"),
        changing_lists: lists.into_iter().filter(|family| can(family, "listChanged")).collect(),
    }
}

/// Returns the child's `serverInfo` (JSON text), from its result of `initialize`.
pub(crate) fn server_info(initialize_result: &[u8]) -> Option<Vec<u8>> {
    Some(Object::read(initialize_result)?.object("serverInfo")?.write())
}

/// The client capabilities of the modern era that a legacy child can use.
const CAPABILITIES: &[u8] =
    br#"{"roots":{},"sampling":{"context":{},"tools":{}},"elicitation":{"form":{},"url":{}}}"#;

#[cfg(test)]
mod tests;
