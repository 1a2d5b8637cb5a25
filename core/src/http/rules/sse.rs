//! HTTP+SSE, the transport of 2024-11-05: a `GET` opens a session and its only stream, whose first
//! event has the URI for messages (basic/transports, HTTP with SSE).
//!
//! The headers of later transports are ignored. The query of that URI names the session, and
//! `initialize` alone decides the revision.

use crate::config::BindSession;
use crate::http::rules::headers::{check_content, principal};
use crate::http::rules::{Asked, Endpoint, RequestHead};
use crate::http::{Accept, Headers, LastEvent, McpHead, Request, RevisionHeader, SessionHeader};
use crate::ids::SessionId;
use crate::reject::Reject;

/// The path that opens a session and its stream.
pub const STREAM: &str = "/sse";
/// The path for messages.
pub const MESSAGES: &str = "/messages";
/// The query parameter with the session id.
const SESSION: &str = "sessionId=";

/// Returns the URI for this session's messages, relative to [`STREAM`]: only the client knows the
/// host, and the prefix that a gateway may have removed from the path.
pub(crate) fn endpoint(session: SessionId) -> String {
    format!("{}?{SESSION}{session}", &MESSAGES[1..])
}

/// Returns the request to this transport, or `None` for another path. `target` is that of the head,
/// after the name of the server.
pub(super) fn asked<H: Headers>(
    target: &str,
    head: &RequestHead<'_, H>,
    bind: Option<BindSession>,
) -> Option<Result<Asked, Reject>> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match path.strip_suffix('/').unwrap_or(path) {
        STREAM => Some(stream(head, bind)),
        // The second is the result of resolving the reference against `/sse/`.
        MESSAGES | "/sse/messages" => Some(message(head, query, bind)),
        _ => None,
    }
}

fn stream<H: Headers>(
    head: &RequestHead<'_, H>,
    bind: Option<BindSession>,
) -> Result<Asked, Reject> {
    let methods = "GET, OPTIONS";
    match head.method {
        "GET" => {
            let accept = Accept::of_get(head.headers.values("accept"));
            let accept = accept.ok_or(Reject::NotAcceptable)?;
            let head = mcp_head(head, accept, SessionHeader::Absent, bind);
            Ok(Asked::Whole(Request::OpenSse { head }))
        }
        "OPTIONS" => Ok(Asked::Options(methods)),
        _ => Err(Reject::MethodNotAllowed { allow: methods }),
    }
}

fn message<H: Headers>(
    head: &RequestHead<'_, H>,
    query: &str,
    bind: Option<BindSession>,
) -> Result<Asked, Reject> {
    let methods = "POST, OPTIONS";
    match head.method {
        "POST" => {
            check_content(head.headers)?;
            // The answer has no body.
            let accept = Accept { json: true, sse: false };
            Ok(Asked::Message(Endpoint::Messages, mcp_head(head, accept, session(query), bind)))
        }
        "OPTIONS" => Ok(Asked::Options(methods)),
        _ => Err(Reject::MethodNotAllowed { allow: methods }),
    }
}

fn mcp_head<H: Headers>(
    head: &RequestHead<'_, H>,
    accept: Accept,
    session: SessionHeader,
    bind: Option<BindSession>,
) -> McpHead {
    McpHead {
        session,
        revision: RevisionHeader::Absent,
        accept,
        last_event: LastEvent::Absent,
        request_headers: None,
        principal: principal(bind, head.headers),
        permissions: None,
        grant: None,
        foreign_session: None,
        params_digest: None,
        client: None,
        http: None,
        peer: head.peer,
        arrived: head.arrived,
        account: None,
        client_limits: None,
        child_env: None,
    }
}

/// Returns the session in a query; several ids count as none.
fn session(query: &str) -> SessionHeader {
    let mut named = query.split('&').filter_map(|pair| pair.strip_prefix(SESSION));
    match (named.next(), named.next()) {
        (Some(text), None) => {
            SessionId::parse(text.as_bytes()).map_or(SessionHeader::Foreign, SessionHeader::Id)
        }
        _ => SessionHeader::Foreign,
    }
}

#[cfg(test)]
mod tests;
