//! Which era a request belongs to, and whether one of the modern era says of itself what it has to.
//!
//! Owns: the order in which mistakes are told that need no server; what the headers repeat of the
//! body.
//! Never: a session, a tool or a method's parameters.
//!
//! | the first that fails | refusal |
//! |---|---|
//! | the modern era is served | [`Reject::UnsupportedRevision`] |
//! | `MCP-Protocol-Version` is given | [`Reject::HeaderMismatch`] |
//! | `_meta` has a version and capabilities | [`Reject::MissingMeta`] |
//! | the header says the same version | [`Reject::HeaderMismatch`] |
//! | that version is served | [`Reject::UnsupportedRevision`] |
//! | `Mcp-Method` says the same method | [`Reject::HeaderMismatch`] |
//! | the server has that method | whoever answers says so |
//! | `Mcp-Name` says the same name | [`Reject::HeaderMismatch`] |
//! | the log level, if one is given, is one | [`Reject::BadParams`] |
//! | who listens accepts a stream | [`Reject::NotAcceptable`] |
//!
//! What comes next is told by who knows it: what the headers of [`super::mirror`] say.
//!
//! Source: 2026-07-28, basic/index (Request Metadata), basic/versioning, server/utilities/logging,
//! basic/transports/streamable-http (Request Headers, Server Validation).

use crate::http::{McpHead, Mirrored, RevisionHeader};
use crate::json::{Body, Kind, Message};
use crate::modern::field;
use crate::protocol::{Era, Revision};
use crate::reject::{Reject, Repeats};
use crate::server::LogLevel;

/// The era of a POST that belongs to no open session.
///
/// A message says so itself; one that does not, and does not initialize either, may have a header
/// that names a version which no client of the legacy era would name. What is wrong about it is
/// then told in the words of the modern era, and so it is where no other is served.
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

/// Whether a request of the legacy era can be served.
///
/// # Errors
///
/// [`Reject::UnsupportedRevision`], which tells the client those that are (2026-07-28,
/// basic/versioning).
pub(crate) fn admit_legacy(served: &[Revision]) -> Result<(), Reject> {
    match served.iter().any(|revision| revision.era() == Era::Legacy) {
        true => Ok(()),
        false => Err(Reject::UnsupportedRevision),
    }
}

/// The message of a POST of the modern era, if it says of itself what it has to. A notification
/// need not: the protocol has none that is sent over HTTP. Of a method that the server does not have
/// no more is checked than its name.
///
/// # Errors
///
/// Those of the table above; [`Reject::BatchNotAllowed`];
/// [`Reject::BadMessage`] for an answer, as nobody asks a client anything.
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

/// Checks what has to be right before the method means anything; gives that method.
fn check_versions<'a>(
    head: &McpHead,
    message: &'a Message,
    served: &[Revision],
) -> Result<&'a str, Reject> {
    if !served.contains(&Revision::V2026_07_28) {
        return Err(Reject::UnsupportedRevision);
    }
    let header = head.revision.text().ok_or(Reject::HeaderMismatch(Repeats::Version))?;
    let version = message.modern_version().and_then(string);
    let (Some(version), true) = (version, has_capabilities(message)) else {
        // Who speaks of a version that nobody knows may know other rules about this.
        return Err(match (message.modern_version(), &head.revision) {
            (None, RevisionHeader::Other(_)) => Reject::UnsupportedRevision,
            _ => Reject::MissingMeta,
        });
    };
    if version != header.as_bytes() {
        return Err(Reject::HeaderMismatch(Repeats::Version));
    }
    if version != Revision::V2026_07_28.as_str().as_bytes() {
        return Err(Reject::UnsupportedRevision);
    }
    let method = message.method().unwrap_or_default();
    match &head.mirrored {
        Some(mirrored) if *mirrored.method == *method.as_bytes() => Ok(method),
        _ => Err(Reject::HeaderMismatch(Repeats::Method)),
    }
}

fn check_method(head: &McpHead, message: &Message, method: &str) -> Result<(), Reject> {
    if let Some(mirrored) = &head.mirrored {
        check_name(mirrored, message)?;
    }
    match message.log_level().map(string) {
        Some(level) if !level.is_some_and(is_log_level) => Err(Reject::BadParams),
        _ if method == "subscriptions/listen" && !head.accept.sse => Err(Reject::NotAcceptable),
        _ => Ok(()),
    }
}

fn is_log_level(name: &[u8]) -> bool {
    LogLevel::ALL.iter().any(|level| level.as_str().as_bytes() == name)
}

fn check_name(mirrored: &Mirrored, message: &Message) -> Result<(), Reject> {
    let name = match message.method() {
        Some("prompts/get" | "tools/call") => message.name_text(),
        Some("resources/read") => message.uri(),
        Some("tasks/cancel" | "tasks/get" | "tasks/update") => message.task_id(),
        _ => None,
    };
    // One that is missing, or is no string, is a mistake in the parameters.
    match (name.filter(|name| string(name).is_some()), &mirrored.name) {
        (None, _) => Ok(()),
        (Some(name), Some(header)) if field::matches(header, name) => Ok(()),
        _ => Err(Reject::HeaderMismatch(Repeats::Name)),
    }
}

fn has_capabilities(message: &Message) -> bool {
    message.client_capabilities().is_some_and(|json| json.starts_with(b"{"))
}

/// What is between the quotes of a JSON string.
fn string(json: &[u8]) -> Option<&[u8]> {
    json.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

#[cfg(test)]
mod tests;
