//! HTTP+SSE, the transport of 2024-11-05: a `GET` opens a session and its one stream, which says
//! where messages are to be sent (basic/transports, HTTP with SSE).
//!
//! The headers of later transports mean nothing here. A session is named by the query of what the
//! stream said, and which revision is spoken is settled by `initialize` alone.

use crate::config::BindSession;
use crate::http::rules::{Asked, Door, RequestHead, authorization, check_content};
use crate::http::{Accept, Headers, LastEvent, McpHead, Request, RevisionHeader, SessionHeader};
use crate::ids::SessionId;
use crate::reject::Reject;

/// Where a session of HTTP+SSE and its stream are opened.
pub const STREAM: &str = "/sse";
/// Where its messages are sent.
pub const MESSAGES: &str = "/messages";
/// What names the session there.
const SESSION: &str = "sessionId=";

/// Where the messages for this session are to be sent, relative to [`STREAM`]: only the client knows
/// the host, and the prefix that a gateway in front may have taken off the path.
pub(crate) fn endpoint(session: SessionId) -> String {
    format!("{}?{SESSION}{session}", &MESSAGES[1..])
}

/// What a request asks for; nothing if it is none of this transport's.
pub(super) fn asked<H: Headers>(
    head: &RequestHead<'_, H>,
    bind: BindSession,
) -> Option<Result<Asked, Reject>> {
    let (path, query) = head.target.split_once('?').unwrap_or((head.target, ""));
    match path.strip_suffix('/').unwrap_or(path) {
        STREAM => Some(stream(head, bind)),
        // The second is what a client makes of the reference when it asked for `/sse/`.
        MESSAGES | "/sse/messages" => Some(message(head, query, bind)),
        _ => None,
    }
}

fn stream<H: Headers>(head: &RequestHead<'_, H>, bind: BindSession) -> Result<Asked, Reject> {
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
    bind: BindSession,
) -> Result<Asked, Reject> {
    let methods = "POST, OPTIONS";
    match head.method {
        "POST" => {
            check_content(head.headers)?;
            // The answer has no form to choose: it says nothing.
            let accept = Accept { json: true, sse: false };
            Ok(Asked::Message(Door::Sse, mcp_head(head, accept, session(query), bind)))
        }
        "OPTIONS" => Ok(Asked::Options(methods)),
        _ => Err(Reject::MethodNotAllowed { allow: methods }),
    }
}

fn mcp_head<H: Headers>(
    head: &RequestHead<'_, H>,
    accept: Accept,
    session: SessionHeader,
    bind: BindSession,
) -> McpHead {
    McpHead {
        session,
        revision: RevisionHeader::Absent,
        accept,
        last_event: LastEvent::Absent,
        mirrored: None,
        principal: bind.principal(authorization(head.headers).as_deref()),
        foreign_session: None,
        params_digest: None,
        http: None,
        peer: head.peer,
        arrived: head.arrived,
        account: None,
    }
}

/// The session that a query names; one that names several names none.
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
