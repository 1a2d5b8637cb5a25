//! An admitted request: everything about it that a session needs to know.

use core::net::IpAddr;
use std::sync::Arc;

use crate::config::Serves;
use crate::engine::Holder;
use crate::http::Accept;
use crate::ids::SessionId;
use crate::json::{Body, Kind, Message};
use crate::memory::Account;
use crate::native::Run;
use crate::protocol::Revision;
use crate::reject::Reject;
use crate::server::HttpScene;
use crate::session::{EventId, Principal};
use crate::time::Instant;

/// A request that passed every rule that needs no session.
#[derive(Debug)]
pub enum Request {
    /// `POST` on the MCP endpoint.
    Post {
        /// Its MCP headers.
        head: McpHead,
        /// Its messages.
        body: Body,
    },
    /// `GET` on the MCP endpoint: the client listens.
    Listen {
        /// Its MCP headers.
        head: McpHead,
    },
    /// `DELETE` on the MCP endpoint: the client ends its session.
    Delete {
        /// Its MCP headers.
        head: McpHead,
    },
    /// `GET` on the stream of HTTP+SSE: the client opens a session.
    OpenSse {
        /// Its MCP headers.
        head: McpHead,
    },
    /// `POST` of HTTP+SSE: messages for the session that the query names.
    PostSse {
        /// Its MCP headers.
        head: McpHead,
        /// Its messages.
        body: Body,
    },
    /// A `POST` that belongs to no session, and that [`crate::native::Stateless`] could not answer
    /// at once.
    Run {
        /// What became of it so far.
        run: Box<Run>,
    },
    /// `GET /health`.
    Health,
    /// `GET /health/detailed`.
    HealthDetails,
    /// `GET /livez`.
    Live,
    /// `GET /readyz`.
    Ready,
    /// `GET /metrics`.
    Metrics,
}

impl Request {
    /// Returns its MCP headers; none of what is not asked of the endpoint.
    pub(crate) fn head_mut(&mut self) -> Option<&mut McpHead> {
        match self {
            Request::Post { head, .. }
            | Request::Listen { head }
            | Request::Delete { head }
            | Request::OpenSse { head }
            | Request::PostSse { head, .. } => Some(head),
            _ => None,
        }
    }

    /// Returns the account of its client, if a budget is kept.
    pub(crate) fn account(&self) -> Option<Account> {
        match self {
            Request::Post { head, .. }
            | Request::Listen { head }
            | Request::Delete { head }
            | Request::OpenSse { head }
            | Request::PostSse { head, .. } => head.account.clone(),
            Request::Run { run } => run.account().cloned(),
            _ => None,
        }
    }

    /// Whether its answer tells what is known about the process and its machine, which is then to
    /// be reported first.
    pub fn wants_facts(&self, serves: &Serves) -> bool {
        match self {
            Request::Metrics => true,
            Request::Health | Request::HealthDetails => serves.native().is_some(),
            _ => false,
        }
    }

    /// The client that will hold a connection by this request; `None` if it is answered at once.
    pub(crate) fn holder(&self) -> Option<Holder> {
        let (head, is_stream) = match self {
            Request::Post { head, body } | Request::PostSse { head, body } => {
                let listens = |message: &Message| message.method() == Some("subscriptions/listen");
                (head, matches!(body, Body::One(message) if listens(message)))
            }
            Request::Listen { head } | Request::OpenSse { head } => (head, true),
            Request::Run { run } => return Some(run.holder()),
            Request::Delete { .. }
            | Request::Health
            | Request::HealthDetails
            | Request::Live
            | Request::Ready
            | Request::Metrics => return None,
        };
        Some(Holder::new(head.peer, head.principal, is_stream))
    }
}

/// The MCP headers of a request.
#[derive(Clone, Debug)]
pub struct McpHead {
    /// `Mcp-Session-Id`.
    pub session: SessionHeader,
    /// `MCP-Protocol-Version`.
    pub revision: RevisionHeader,
    /// `Accept`.
    pub accept: Accept,
    /// `Last-Event-ID`.
    pub last_event: LastEvent,
    /// What the headers repeat of the body; none of a request of the legacy era.
    pub mirrored: Option<Box<Mirrored>>,
    /// Who asks, as far as `Authorization` says.
    pub principal: Principal,
    /// `Mcp-Session-Id` of a client that talks to a server without sessions. It means nothing, and
    /// is sent back as it is.
    pub foreign_session: Option<Box<str>>,
    /// The digest of what is asked for, if [`crate::modern::Preparation`] has computed it.
    pub params_digest: Option<Box<[u8; 32]>>,
    /// The whole head, for a server that looks at it.
    pub http: Option<Arc<HttpScene>>,
    /// The address it came from, if known.
    pub peer: Option<IpAddr>,
    /// When the head had arrived.
    pub arrived: Instant,
    /// Where the bytes that are held for its client are counted; none where no budget is kept.
    pub account: Option<Account>,
}

impl McpHead {
    /// Whether a POST that belongs to no open session is an `initialize`. The header of one may
    /// name any revision: which is spoken from then on, its answer says.
    ///
    /// # Errors
    ///
    /// The first that holds: [`Reject::UnsupportedRevision`] for a message of the modern era,
    /// [`Reject::BadMcpHeader`], [`Reject::InitializeInBatch`], [`Reject::UnsupportedRevision`] for
    /// the header.
    pub(crate) fn initializes(&self, body: &Body) -> Result<bool, Reject> {
        let is_initialize = |message: &Message| message.method() == Some("initialize");
        match body {
            Body::One(message) if message.is_modern() => Err(Reject::UnsupportedRevision),
            Body::Batch(all) if all.iter().flatten().any(Message::is_modern) => {
                Err(Reject::UnsupportedRevision)
            }
            _ if self.revision == RevisionHeader::Malformed => Err(Reject::BadMcpHeader),
            Body::One(message) if is_initialize(message) && message.kind() == Kind::Request => {
                Ok(true)
            }
            Body::Batch(all) if all.iter().flatten().any(is_initialize) => {
                Err(Reject::InitializeInBatch)
            }
            _ if matches!(self.revision, RevisionHeader::Other(_)) => {
                Err(Reject::UnsupportedRevision)
            }
            _ => Ok(false),
        }
    }
}

/// What the headers of a request of the modern era repeat of its body, for whoever routes it
/// without reading that (2026-07-28, basic/transports/streamable-http, Request Headers). Values are
/// as they came, without the white space around them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mirrored {
    /// `Mcp-Method`; empty if it is missing, or is given several times.
    pub method: Box<[u8]>,
    /// `Mcp-Name`; none if it is missing, empty if it is given several times.
    pub name: Option<Box<[u8]>>,
    /// Every `Mcp-Param-…` in order: the rest of its name in lower case, and its value.
    pub params: Vec<(Box<str>, Box<[u8]>)>,
}

/// What `Mcp-Session-Id` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionHeader {
    /// The header is missing.
    Absent,
    /// A value this program never gives out.
    Foreign,
    /// A value of the form this program gives out.
    Id(SessionId),
}

/// What `MCP-Protocol-Version` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevisionHeader {
    /// The header is missing.
    Absent,
    /// A revision that is served.
    Served(Revision),
    /// Any other word, as it came.
    Other(Box<str>),
    /// It is given more than once, or is no word of visible ASCII.
    Malformed,
}

impl RevisionHeader {
    /// The value of the header; none if it is missing or malformed.
    pub fn text(&self) -> Option<&str> {
        match self {
            RevisionHeader::Absent | RevisionHeader::Malformed => None,
            RevisionHeader::Served(revision) => Some(revision.as_str()),
            RevisionHeader::Other(text) => Some(text),
        }
    }
}

/// What `Last-Event-ID` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastEvent {
    /// The header is missing.
    Absent,
    /// A value this program never gives out.
    Foreign,
    /// An event of a stream.
    Id(EventId),
}
