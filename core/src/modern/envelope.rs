//! The era of a request, and the required metadata of modern requests.
//!
//! Owns: the order of the checks that need no server; the headers that repeat values of the body.
//! Never: a session, a tool or a method's parameters.
//!
//! | the first that fails | refusal |
//! |---|---|
//! | the modern era is served | [`Reject::UnsupportedRevision`] |
//! | `MCP-Protocol-Version` is given | [`Reject::HeaderMismatch`] |
//! | `_meta` has a version and capabilities | [`Reject::MissingMeta`] |
//! | the header has the same version | [`Reject::HeaderMismatch`] |
//! | that version is served | [`Reject::UnsupportedRevision`] |
//! | `Mcp-Method` has the same method | [`Reject::HeaderMismatch`] |
//! | the server has that method | the server's error |
//! | `Mcp-Name` has the same name | [`Reject::HeaderMismatch`] |
//! | the log level, if given, is valid | [`Reject::BadParams`] |
//! | a subscriber accepts an event stream | [`Reject::NotAcceptable`] |
//!
//! Later checks need the tool's schema: the headers of [`super::x_mcp_header`].
//!
//! Source: 2026-07-28, basic/index (Request Metadata), basic/versioning, server/utilities/logging,
//! basic/transports/streamable-http (Request Headers, Server Validation).

use crate::http::{McpHead, McpRequestHeaders, RevisionHeader};
use crate::json::{Body, Kind, Message};
use crate::modern::field;
use crate::protocol::{Era, Revision};
use crate::reject::{MirroredValue, Reject};
use crate::server::LogLevel;

/// Returns the era of a POST that belongs to no open session.
///
/// A modern message declares its era. A message that does not, and is not `initialize`, may have a
/// header with a version that no legacy client would send; it counts as modern, so that its errors
/// are those of the modern era. If only the modern era is served, all but `initialize` counts as
/// modern.
pub(crate) fn era(head: &McpHead, body: &Body, served: &[Revision]) -> Era {
    let is_modern = match body {
        Body::One(message) if message.is_modern() => true,
        Body::One(message) if message.method() == Some("initialize") => false,
        Body::Batch(all) if all.iter().flatten().any(Message::is_modern) => true,
        _ if admit_legacy(served).is_err() => true,
        _ => match &head.revision {
            RevisionHeader::Absent | RevisionHeader::Malformed => false,
            RevisionHeader::Served(revision) => revision.era() == Era::Modern,
            RevisionHeader::Other(text) => {
                Revision::parse(text.as_bytes()).is_none_or(|known| known.era() == Era::Modern)
            }
        },
    };
    if is_modern { Era::Modern } else { Era::Legacy }
}

/// Checks that legacy requests are served.
///
/// # Errors
///
/// [`Reject::UnsupportedRevision`], which lists the supported revisions (2026-07-28,
/// basic/versioning).
pub(crate) fn admit_legacy(served: &[Revision]) -> Result<(), Reject> {
    match served.iter().any(|revision| revision.era() == Era::Legacy) {
        true => Ok(()),
        false => Err(Reject::UnsupportedRevision),
    }
}

/// Returns the message of a modern POST if it has the required metadata. A notification needs none:
/// the protocol has none that is sent over HTTP. For a method that the server does not have,
/// nothing after the name is checked.
///
/// # Errors
///
/// Those of the table above; [`Reject::BatchNotAllowed`]; [`Reject::BadMessage`] for an answer,
/// since the modern era has no server requests.
pub(crate) fn admit<'a>(
    head: &McpHead,
    body: &'a Body,
    served: &[Revision],
    has_method: impl FnOnce(&str) -> bool,
) -> Result<&'a Message, Reject> {
    let Body::One(message) = body else { return Err(Reject::BatchNotAllowed) };
    match message.kind() {
        Kind::Request => {
            let method = check_versions(head, message, served)?;
            if has_method(method) {
                check_method(head, message, method)?;
            }
        }
        Kind::Notification => {}
        Kind::Result | Kind::Error => return Err(Reject::BadMessage),
    }
    Ok(message)
}

/// Checks everything that comes before the method, and returns the method.
fn check_versions<'a>(
    head: &McpHead,
    message: &'a Message,
    served: &[Revision],
) -> Result<&'a str, Reject> {
    if !served.contains(&Revision::V2026_07_28) {
        return Err(Reject::UnsupportedRevision);
    }
    let header = head.revision.text().ok_or(Reject::HeaderMismatch(MirroredValue::Version))?;
    let version = message.modern_version().and_then(string);
    let (Some(version), true) = (version, has_capabilities(message)) else {
        // A client of an unknown version may follow other rules here.
        return Err(match (message.modern_version(), &head.revision) {
            (None, RevisionHeader::Other(_)) => Reject::UnsupportedRevision,
            _ => Reject::MissingMeta,
        });
    };
    if version != header.as_bytes() {
        return Err(Reject::HeaderMismatch(MirroredValue::Version));
    }
    if version != Revision::V2026_07_28.as_str().as_bytes() {
        return Err(Reject::UnsupportedRevision);
    }
    let method = message.method().unwrap_or_default();
    match &head.request_headers {
        Some(mirrored) if *mirrored.method == *method.as_bytes() => Ok(method),
        _ => Err(Reject::HeaderMismatch(MirroredValue::Method)),
    }
}

fn check_method(head: &McpHead, message: &Message, method: &str) -> Result<(), Reject> {
    if let Some(mirrored) = &head.request_headers {
        check_name(mirrored, message)?;
    }
    match message.log_level().map(string) {
        Some(level) if !level.is_some_and(is_log_level) => Err(Reject::BadParams),
        _ if method == "subscriptions/listen" && !head.accept.sse => Err(Reject::NotAcceptable),
        _ => Ok(()),
    }
}

fn is_log_level(name: &[u8]) -> bool {
    str::from_utf8(name).is_ok_and(|name| LogLevel::parse(name).is_ok())
}

fn check_name(mirrored: &McpRequestHeaders, message: &Message) -> Result<(), Reject> {
    let name = match message.method() {
        Some("prompts/get" | "tools/call") => message.name_text(),
        Some("resources/read") => message.uri(),
        Some("tasks/cancel" | "tasks/get" | "tasks/update") => message.task_id(),
        _ => None,
    };
    // A missing or invalid name is an error of the parameters, not of the header.
    match (name.filter(|name| string(name).is_some()), &mirrored.name) {
        (None, _) => Ok(()),
        (Some(name), Some(header)) if field::matches(header, name) => Ok(()),
        _ => Err(Reject::HeaderMismatch(MirroredValue::Name)),
    }
}

fn has_capabilities(message: &Message) -> bool {
    message.client_capabilities().is_some_and(|json| json.starts_with(b"{"))
}

/// Returns the text between the quotes of a JSON string.
fn string(json: &[u8]) -> Option<&[u8]> {
    json.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

#[cfg(test)]
mod tests;
