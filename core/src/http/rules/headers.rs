//! The values of single headers.

use smallvec::SmallVec;

use crate::child_env::{ChildEnv, HeaderVariable};
use crate::config::BindSession;
use crate::frame::EventId;
use crate::http::media::{Media, members};
use crate::http::reply::ALLOWED_HEADERS;
use crate::http::{
    Answer, Cors, Headers, LastEvent, McpRequestHeaders, SessionHeader, is_token_byte,
};
use crate::ids::SessionId;
use crate::principal::Principal;
use crate::reject::Reject;

/// Returns the length of the body that `Content-Length` announces, or 0 without the header.
pub(super) fn announced(headers: &impl Headers) -> usize {
    let length = headers.values("content-length").next();
    length.and_then(|text| str::from_utf8(text).ok()?.parse().ok()).unwrap_or_default()
}

/// Returns whether a head that the guard has accepted is followed by a body.
pub(super) fn has_body(headers: &impl Headers) -> bool {
    let is_some = |length: &[u8]| length.iter().any(|digit| *digit != b'0');
    headers.values("transfer-encoding").next().is_some()
        || headers.values("content-length").any(is_some)
}

/// Returns the answer to `OPTIONS`. A preflight is recognized by the header that only preflights
/// have (Fetch standard, CORS-preflight request). Without `cors`, the answer lists only the
/// methods.
pub(super) fn options(headers: &impl Headers, methods: &'static str, cors: Option<Cors>) -> Answer {
    let preflight = headers.values("access-control-request-method").next().is_some();
    let requested = if preflight { asked_headers(headers) } else { Box::default() };
    Answer::options(methods, cors.map(|cors| Cors { preflight, requested, ..cors }))
}

/// Returns the headers that a preflight asks for, each after a comma. An origin that may read
/// answers may send any header, because gateways in front read headers that pontoon does not know.
fn asked_headers(headers: &impl Headers) -> Box<str> {
    let names = headers.values("access-control-request-headers").flat_map(members);
    let names = names
        .filter_map(|name| str::from_utf8(name).ok())
        .map(str::to_ascii_lowercase)
        .filter(|name| !name.is_empty() && name.bytes().all(is_token_byte))
        .filter(|name| !ALLOWED_HEADERS.split(", ").any(|allowed| allowed == name))
        .take(ASKED_HEADERS_MAX);
    names.flat_map(|name| [", ".to_owned(), name]).collect::<String>().into()
}

/// The maximum number of headers taken from a preflight. The limit on a head bounds their bytes.
const ASKED_HEADERS_MAX: usize = 100;

/// Returns the variables that a child gets from these headers, but for those that `removes` names.
pub(super) fn child_env(
    wanted: &[HeaderVariable],
    headers: &impl Headers,
    removes: impl Fn(&str) -> bool,
) -> Result<Option<ChildEnv>, Reject> {
    let mut values = SmallVec::<[_; 4]>::new();
    for HeaderVariable { header, .. } in wanted {
        if removes(header) {
            values.push(None);
            continue;
        }
        let value = only(headers, header).map_err(|_| Reject::BadVariableHeader)?;
        // A NUL would end the value early, and the guard refuses it.
        if value.is_some_and(|value| value.len() > VARIABLE_BYTES_MAX || value.contains(&0)) {
            return Err(Reject::BadVariableHeader);
        }
        values.push(value);
    }
    Ok(ChildEnv::new(wanted, values.into_iter()))
}

/// The maximum length of the value of a variable, in bytes.
const VARIABLE_BYTES_MAX: usize = 8 * 1024;

/// Checks that the body is JSON in UTF-8 without a content coding, which could expand.
pub(super) fn check_content(headers: &impl Headers) -> Result<(), Reject> {
    let json = only(headers, "content-type").ok().flatten().is_some_and(is_json);
    let plain = headers
        .values("content-encoding")
        .flat_map(members)
        .all(|coding| coding.eq_ignore_ascii_case(b"identity"));
    if json && plain { Ok(()) } else { Err(Reject::UnsupportedMediaType) }
}

fn is_json(content_type: &[u8]) -> bool {
    Media::parse(content_type).is_some_and(|media| {
        media.is("application", "json")
            && media.parameters("charset").all(|charset| charset.eq_ignore_ascii_case(b"utf-8"))
    })
}

/// Parses the session id, which consists of visible ASCII (2025-11-25, basic/transports). Clients
/// without a session may send an empty value.
pub(super) fn session(headers: &impl Headers) -> Result<SessionHeader, Reject> {
    if only(headers, "mcp-session-id")?.is_some_and(<[u8]>::is_empty) {
        return Ok(SessionHeader::Absent);
    }
    Ok(match visible(headers, "mcp-session-id")? {
        None => SessionHeader::Absent,
        Some(text) => match SessionId::parse(text.as_bytes()) {
            Some(id) => SessionHeader::Id(id),
            None => SessionHeader::Foreign,
        },
    })
}

/// Returns the fields of the body that headers repeat, or `None` without `Mcp-Method`, which only
/// clients of the modern era send.
pub(super) fn mirrored(headers: &impl Headers) -> Option<Box<McpRequestHeaders>> {
    headers.values("mcp-method").next()?;
    let own = |name| only(headers, name).map(|value| value.map(Box::from));
    let param = |(name, value): (&str, &[u8])| {
        let name = name.to_ascii_lowercase();
        Some((name.strip_prefix("mcp-param-")?.into(), value.into()))
    };
    Some(Box::new(McpRequestHeaders {
        method: own("mcp-method").ok().flatten().unwrap_or_default(),
        name: own("mcp-name").unwrap_or(Some(Box::default())),
        params: headers.lines().filter_map(param).collect(),
    }))
}

/// Returns the session id that an endpoint without sessions sends back unchanged. A malformed one
/// is ignored.
pub(super) fn foreign_session(headers: &impl Headers) -> Option<Box<str>> {
    let text = visible(headers, "mcp-session-id").ok().flatten()?;
    (text.len() <= FOREIGN_BYTES_MAX).then(|| text.into())
}

const FOREIGN_BYTES_MAX: usize = 128;

const LAST_EVENT_BYTES_MAX: usize = 1024;

/// Parses `Last-Event-ID`. Clients that have received no event may send an empty value (HTML
/// standard, server-sent events).
pub(super) fn last_event(headers: &impl Headers) -> Result<LastEvent, Reject> {
    match only(headers, "last-event-id")? {
        None | Some([]) => Ok(LastEvent::Absent),
        Some(id) if id.len() > LAST_EVENT_BYTES_MAX => Err(Reject::BadMcpHeader),
        Some(id) => Ok(EventId::parse(id).map_or(LastEvent::Foreign, LastEvent::Id)),
    }
}

/// Returns the principal that `Authorization` names, or none if the head is authenticated.
pub(super) fn principal(bind: Option<BindSession>, headers: &impl Headers) -> Principal {
    bind.map_or(Principal::Anonymous, |bind| bind.principal(authorization(headers).as_deref()))
}

/// Returns the value of `Authorization`. Several lines are one value (RFC 9110, section 5.3), so
/// that an added line does not select the principal of another client.
fn authorization(headers: &impl Headers) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = headers.values("authorization").collect();
    (!lines.is_empty()).then(|| lines.join(&b", "[..]))
}

/// Returns the value of a header of visible ASCII that may occur once.
pub(super) fn visible<'a>(
    headers: &'a impl Headers,
    name: &str,
) -> Result<Option<&'a str>, Reject> {
    let Some(value) = only(headers, name)? else { return Ok(None) };
    match std::str::from_utf8(value) {
        Ok(text) if !text.is_empty() && value.iter().all(u8::is_ascii_graphic) => Ok(Some(text)),
        _ => Err(Reject::BadMcpHeader),
    }
}

/// Returns the value of a header that may occur once.
pub(super) fn only<'a>(headers: &'a impl Headers, name: &str) -> Result<Option<&'a [u8]>, Reject> {
    let mut values = headers.values(name);
    let first = values.next();
    if values.next().is_some() { Err(Reject::BadMcpHeader) } else { Ok(first) }
}
