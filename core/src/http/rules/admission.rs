//! A request whose head is accepted, until its body is there.

use std::sync::Arc;

use bytes::Bytes;

use super::headers::{announced, child_env};
use super::{Asked, Endpoint, Headers, RequestHead};
use crate::auth::{Auth, challenge};
use crate::child_env::HeaderVariable;
use crate::http::request::is_subscription;
use crate::http::{
    Answer, BodyBuffer, ClientLimiter, ContentCoding, Cors, LimitedClient, McpHead, Request,
    SessionHeader,
};
use crate::json::{Body, Invalid, InvalidSubject, Kind, Message, ParseRules};
use crate::memory::Memory;
use crate::observe::Detail;
use crate::reject::Reject;
use crate::server::{Catalog, HttpRequestHead, Server, Tool};

/// Adds the variables that a child gets from these headers, but for those that `removes` names.
pub(super) fn with_child_env(
    mut asked: Asked,
    wanted: &[HeaderVariable],
    headers: &impl Headers,
    removes: impl Fn(&str) -> bool,
) -> Result<Asked, Reject> {
    let mcp = match &mut asked {
        Asked::Message(_, mcp) => Some(mcp),
        Asked::Whole(request) => request.head_mut(),
        _ => None,
    };
    if let Some(mcp) = mcp {
        mcp.child_env = child_env(wanted, headers, removes)?;
    }
    Ok(asked)
}

/// The limits on a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyRules {
    pub(super) bytes_max: usize,
    pub(super) parse: ParseRules,
}

/// A request whose head satisfies the rules, and whose body has not been read.
#[derive(Debug)]
pub struct Admission {
    /// The CORS headers of the answer. The adapter puts them into
    /// [`ReplyHead::cors`](crate::http::ReplyHead::cors).
    pub cors: Option<Cors>,
    /// Whether the answer closes the connection, because the body is not read. The adapter sets
    /// [`ReplyHead::close`](crate::http::ReplyHead::close) then.
    pub close: bool,
    /// The content coding of the answer, if that is not a stream. The adapter passes it to
    /// [`ReplyHead::encode`](crate::http::ReplyHead::encode).
    pub coding: ContentCoding,
    /// The authentication, for a request with messages.
    pub(super) auth: Option<Auth>,
    pub(super) admitted: Admitted,
}

/// The part of the head that is needed when the body is there.
#[derive(Debug)]
pub(super) enum Admitted {
    Message(Endpoint, McpHead, BodyRules, Option<Arc<dyn Server>>),
    Whole(Request),
}

impl Admitted {
    /// Returns its MCP headers, or `None` for a request outside of the endpoint.
    fn head_mut(&mut self) -> Option<&mut McpHead> {
        match self {
            Admitted::Message(_, mcp, ..) => Some(mcp),
            Admitted::Whole(request) => request.head_mut(),
        }
    }
}

impl Admission {
    /// Returns whether there is a body to read, of at most
    /// [`Limits::body_bytes_max`](crate::limits::Limits::body_bytes_max). Any other body has no
    /// meaning and can be skipped.
    pub fn expects_body(&self) -> bool {
        matches!(self.admitted, Admitted::Message(..))
    }

    /// Counts the request for its client. A DELETE is always allowed, because it ends something.
    ///
    /// # Errors
    ///
    /// The client sends requests too fast. The answer is complete.
    pub fn identify_client<H: Headers>(
        &mut self,
        limiter: &mut ClientLimiter,
        head: &RequestHead<'_, H>,
    ) -> Result<(), Box<Answer>> {
        let is_counted = !matches!(self.admitted, Admitted::Whole(Request::Delete { .. }));
        let Some(mcp) = self.admitted.head_mut() else { return Ok(()) };
        match limiter.handle_request((head.peer, mcp.principal), is_counted, head.arrived) {
            Ok(client) => mcp.client_limits = Some(client),
            Err((reject, detail)) => {
                let refusal = Answer::refusal(reject, self.cors.clone());
                return Err(Box::new(Answer { detail: Some(detail), ..refusal }));
            }
        }
        Ok(())
    }

    /// Opens the account to which the bytes of the body and of the answer are charged.
    ///
    /// # Errors
    ///
    /// The memory budget has no room for the body that the head announces. The answer is complete.
    pub fn open_account<H: Headers>(
        &mut self,
        memory: &Memory,
        head: &RequestHead<'_, H>,
    ) -> Result<(), Box<Answer>> {
        let expected = match self.admitted {
            Admitted::Message(..) => announced(head.headers),
            Admitted::Whole(_) => 0,
        };
        let Some(mcp) = self.admitted.head_mut() else { return Ok(()) };
        let session = match mcp.session {
            SessionHeader::Id(id) => Some(id),
            SessionHeader::Absent | SessionHeader::Foreign => None,
        };
        let account = memory.requests(head.peer, mcp.principal, session);
        if !account.has_room(expected) {
            return Err(Box::new(Answer::refusal(Reject::MemoryFull, self.cors.clone())));
        }
        mcp.account = Some(account);
        Ok(())
    }

    /// Returns the buffer for the body.
    pub fn body<H: Headers>(&self, head: &RequestHead<'_, H>) -> BodyBuffer {
        let account = match &self.admitted {
            Admitted::Message(_, mcp, ..) => mcp.account.as_ref(),
            Admitted::Whole(_) => None,
        };
        BodyBuffer::new(account, announced(head.headers))
    }

    /// Returns the request with this body, which is ignored if the request has none. `whole` is the
    /// admitted head, which is copied for a server that reads it.
    ///
    /// # Errors
    ///
    /// The body is refused. The answer is complete, and has the id of the request if that can be
    /// read.
    pub fn request<H: Headers>(
        self,
        body: Bytes,
        whole: &RequestHead<'_, H>,
    ) -> Result<Request, Box<Answer>> {
        self.with_body(|rules| rules.read(body), whole)
    }

    /// Returns a request that other rules admitted, with the same messages, as these rules admit it.
    ///
    /// # Errors
    ///
    /// The messages are refused. The answer is complete.
    pub fn again<H: Headers>(
        self,
        request: Request,
        whole: &RequestHead<'_, H>,
    ) -> Result<Request, Box<Answer>> {
        match request {
            Request::Post { body, .. } | Request::PostSse { body, .. } => {
                self.with_body(|_| Ok(body), whole)
            }
            _ => self.request(Bytes::new(), whole),
        }
    }

    fn with_body<H: Headers>(
        self,
        read: impl FnOnce(BodyRules) -> Result<Body, Invalid>,
        whole: &RequestHead<'_, H>,
    ) -> Result<Request, Box<Answer>> {
        let (endpoint, mut head, rules, reader) = match self.admitted {
            Admitted::Message(endpoint, head, rules, reader) => (endpoint, head, rules, reader),
            Admitted::Whole(request) => return Ok(request),
        };
        match read(rules).and_then(|body| count(&mut head, body)) {
            Ok(body) => {
                if let Some(permissions) = &head.permissions {
                    permissions
                        .check(&body)
                        .map_err(|scopes| forbidden(&body, &scopes, &self.auth, &self.cors))?;
                }
                if reader.is_some_and(|reader| reads_http(reader.modern_catalog(), &body)) {
                    head.http = Some(Arc::new(context(whole, &self.auth, self.cors.is_some())));
                }
                Ok(match endpoint {
                    Endpoint::Mcp => Request::Post { head, body },
                    Endpoint::Messages => Request::PostSse { head, body },
                })
            }
            Err(invalid) => {
                let client = head.client_limits.as_ref();
                let client = client.filter(|_| invalid.reject == Reject::ConcurrencyExceeded);
                let detail = client.map(LimitedClient::detail);
                Err(Box::new(Answer { detail, ..Answer::invalid(&invalid, self.cors) }))
            }
        }
    }
}

impl BodyRules {
    fn read(self, body: Bytes) -> Result<Body, Invalid> {
        match body.len() > self.bytes_max {
            true => Err(Reject::BodyTooLarge { limit: self.bytes_max }.into()),
            false => Body::parse(body, self.parse).and_then(with_objects),
        }
    }
}

/// Counts requests among those of their client in progress. Notifications and responses are not
/// counted, because a request in progress may wait for them. Neither are streams, which stay open
/// (GET, `subscriptions/listen`): they have limits of their own ([`Limits::connections_max`]).
///
/// [`Limits::connections_max`]: crate::limits::Limits::connections_max
fn count(head: &mut McpHead, body: Body) -> Result<Body, Invalid> {
    let Some(client) = &mut head.client_limits else { return Ok(body) };
    if body.has_requests() && !is_subscription(&body) {
        client.open_request().map_err(|reject| {
            let id = match &body {
                Body::One(message) => message.id(),
                Body::Batch(_) => None,
            };
            Invalid { reject, concerned: id.map(concerned) }
        })?;
    }
    Ok(body)
}

/// Refuses messages with an array as `params`, which JSON-RPC has and MCP has not.
fn with_objects(body: Body) -> Result<Body, Invalid> {
    let checked = |message: Message| {
        let is_call = matches!(message.kind(), Kind::Request | Kind::Notification);
        if !is_call || message.params().is_none_or(|params| params.starts_with(b"{")) {
            return Ok(message);
        }
        Err(Invalid { reject: Reject::ParamsNotObject, concerned: message.id().map(concerned) })
    };
    Ok(match body {
        Body::One(message) => Body::One(checked(message)?),
        Body::Batch(all) => {
            Body::Batch(all.into_iter().map(|message| message.and_then(checked)).collect())
        }
    })
}

fn concerned(id: &[u8]) -> InvalidSubject {
    InvalidSubject::Request(Bytes::copy_from_slice(id))
}

/// Returns whether the handler of any of these messages reads the head. Only tools can declare that
/// they do not ([`Tool::ignores_http`]).
fn reads_http(catalog: &Catalog, body: &Body) -> bool {
    let reads = |message: &Message| {
        let name = message.name().filter(|_| message.method() == Some("tools/call"));
        let is_called = |tool: &&Tool| Some(tool.name.as_bytes()) == name;
        catalog.tools.iter().find(is_called).is_none_or(|tool| !tool.ignores_http)
    };
    match body {
        Body::One(message) => reads(message),
        Body::Batch(messages) => messages.iter().flatten().any(reads),
    }
}

/// Returns the refusal of messages that need these scopes, with the id of a single request.
fn forbidden(
    body: &Body,
    scopes: &[String],
    auth: &Option<Auth>,
    cors: &Option<Cors>,
) -> Box<Answer> {
    let id = match body {
        Body::One(message) => message.id().map(Bytes::copy_from_slice),
        Body::Batch(_) => None,
    };
    let reject = Reject::InsufficientScope;
    let invalid = Invalid { reject, concerned: id.map(InvalidSubject::Request) };
    let mut answer = Answer::invalid(&invalid, cors.clone());
    let resource = auth.as_ref().and_then(|auth| auth.resource.as_ref());
    answer.head.challenge = challenge(reject, resource, scopes).map(Box::from);
    answer.detail = Some(Detail::of_text(&scopes.join(" ")));
    Box::new(answer)
}

/// Copies the whole head, for a server that reads it, without headers that only a gateway may send.
fn context<H: Headers>(
    head: &RequestHead<'_, H>,
    auth: &Option<Auth>,
    cors: bool,
) -> HttpRequestHead {
    let is_kept =
        |(name, _): &(&str, &[u8])| auth.as_ref().is_none_or(|auth| !auth.removes(name, head.peer));
    let own = |(name, value): (&str, &[u8])| (name.to_ascii_lowercase().into(), value.into());
    HttpRequestHead {
        method: head.method.into(),
        target: head.target.into(),
        headers: head.headers.lines().filter(is_kept).map(own).collect(),
        peer: head.peer,
        cors,
    }
}
