//! An admitted request, with all data that a session needs.

use core::net::IpAddr;
use std::sync::Arc;

use crate::auth::{Grant, Permissions};
use crate::child_env::ChildEnv;
use crate::config::Serves;
use crate::frame::EventId;
use crate::http::{Accept, ClientSlot, LimitedClient, neighbourhood};
use crate::ids::SessionId;
use crate::json::{Body, Kind, Message};
use crate::memory::Account;
use crate::principal::Principal;
use crate::protocol::{Era, Revision};
use crate::reject::Reject;
use crate::server::HttpRequestHead;
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
    /// `GET` on the MCP endpoint, which opens a stream.
    Listen {
        /// Its MCP headers.
        head: McpHead,
    },
    /// `DELETE` on the MCP endpoint, which ends the session.
    Delete {
        /// Its MCP headers.
        head: McpHead,
    },
    /// `GET` on the stream of HTTP+SSE, which opens a session.
    OpenSse {
        /// Its MCP headers.
        head: McpHead,
    },
    /// `POST` of HTTP+SSE: messages for the session in the query.
    PostSse {
        /// Its MCP headers.
        head: McpHead,
        /// Its messages.
        body: Body,
    },
    /// `GET /`, for the list of servers.
    Servers {
        /// Whether the client prefers a page to JSON.
        html: bool,
    },
    /// `GET /health`.
    Health {
        /// Whether the sender may know names and reasons.
        detailed: bool,
    },
    /// `GET /health/detailed`.
    HealthDetails,
    /// `GET /livez`.
    Live,
    /// `GET /readyz`.
    Ready {
        /// Whether no JWT can be verified yet, because the keys of the issuer are not known.
        awaits_keys: bool,
        /// Whether the sender may know names and reasons.
        detailed: bool,
    },
    /// `GET /metrics`.
    Metrics,
}

impl Request {
    /// Returns its MCP headers, or `None` for a request outside of the endpoint.
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

    /// Records whether the sender may know names and reasons.
    pub(crate) fn set_detailed(&mut self, may_know: impl FnOnce() -> bool) {
        if let Request::Health { detailed } | Request::Ready { detailed, .. } = self {
            *detailed = may_know();
        }
    }

    /// Returns its MCP headers, or `None` for a request outside of the endpoint.
    pub(crate) fn head(&self) -> Option<&McpHead> {
        match self {
            Request::Post { head, .. }
            | Request::Listen { head }
            | Request::Delete { head }
            | Request::OpenSse { head }
            | Request::PostSse { head, .. } => Some(head),
            _ => None,
        }
    }

    /// Returns the account of its client, if there is a memory budget.
    pub(crate) fn account(&self) -> Option<Account> {
        self.head()?.account.clone()
    }

    /// Returns whether its answer contains facts about the process and its host, which must be
    /// reported before it.
    pub fn wants_stats(&self, serves: &Serves) -> bool {
        match self {
            Request::Metrics => true,
            Request::Health { .. } | Request::HealthDetails => serves.native().is_some(),
            _ => false,
        }
    }

    /// Returns the client that holds a connection with this request, or `None` if it is answered at
    /// once.
    pub(crate) fn holder(&self) -> Option<Holder> {
        let (head, is_stream) = match self {
            Request::Post { head, body } | Request::PostSse { head, body } => {
                (head, is_subscription(body))
            }
            Request::Listen { head } | Request::OpenSse { head } => (head, true),
            Request::Delete { .. }
            | Request::Servers { .. }
            | Request::Health { .. }
            | Request::HealthDetails
            | Request::Live
            | Request::Ready { .. }
            | Request::Metrics => return None,
        };
        Some(Holder::new(head.peer, head.principal, is_stream).with_grant(head.grant.as_ref()))
    }
}

/// The word for a program that is not ready, for a sender that may not know the reason.
pub(crate) const NOT_READY: &str = "not ready";

/// Returns whether the answer to these messages is a stream that stays open.
pub(super) fn is_subscription(body: &Body) -> bool {
    matches!(body, Body::One(message) if message.method() == Some("subscriptions/listen"))
}

/// The client that holds an exchange open.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) peer: Option<IpAddr>,
    pub(crate) principal: Principal,
    /// Whether the exchange is a stream, which stays open until one side ends it.
    pub(crate) is_stream: bool,
    /// The grant of the sender of a stream, if there is authentication.
    pub(crate) grant: Option<Arc<Grant>>,
}

impl Holder {
    pub(crate) fn new(peer: Option<IpAddr>, principal: Principal, is_stream: bool) -> Holder {
        Holder { peer: peer.map(neighbourhood), principal, is_stream, grant: None }
    }

    /// Adds the grant, if this is a stream. Any other request is answered once it is admitted, so its
    /// grant is not kept.
    pub(crate) fn with_grant(self, grant: Option<&Arc<Grant>>) -> Holder {
        Holder { grant: grant.filter(|_| self.is_stream).cloned(), ..self }
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
    /// The values of the body that headers repeat, or `None` for a legacy request.
    pub request_headers: Option<Box<McpRequestHeaders>>,
    /// The principal: the verified one with authentication, or else that in `Authorization`.
    pub principal: Principal,
    /// The permissions of the sender; `None` allows everything.
    pub permissions: Option<Arc<Permissions>>,
    /// The grant of the sender, if there is authentication.
    pub grant: Option<Arc<Grant>>,
    /// `Mcp-Session-Id` of a client of a server without sessions. It has no meaning, and is sent
    /// back unchanged.
    pub foreign_session: Option<Box<str>>,
    /// The digest of its parameters, if [`crate::modern::Preparation`] has computed it: of every
    /// `initialize` for a command, and of long modern requests.
    pub params_digest: Option<Box<[u8; 32]>>,
    /// The client's name in its `initialize`, truncated, if [`crate::modern::Preparation`] has read
    /// it.
    pub client: Option<Box<str>>,
    /// The whole head, for a server that reads it.
    pub http: Option<Arc<HttpRequestHead>>,
    /// The client's address, if known.
    pub peer: Option<IpAddr>,
    /// The time at which the head arrived.
    pub arrived: Instant,
    /// The client's account, which held bytes count against, or `None` without a memory budget.
    pub account: Option<Account>,
    /// The client, if there are limits for each.
    pub client_limits: Option<LimitedClient>,
    /// The variables that its child gets, if it has headers for them.
    pub child_env: Option<ChildEnv>,
}

impl McpHead {
    /// Returns the request's place among those of its client in progress, if there is a limit.
    pub(crate) fn slot(&self) -> Option<Arc<ClientSlot>> {
        self.client_limits.as_ref()?.request_slot()
    }

    /// Returns whether a POST that belongs to no open session is an `initialize`. Its header may
    /// name any revision, because its result decides which is used.
    ///
    /// # Errors
    ///
    /// The first that holds: [`Reject::UnsupportedRevision`] for a modern message,
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

/// The headers of a modern request that repeat values of its body, so that intermediaries can route
/// it without reading the body (2026-07-28, basic/transports/streamable-http, Request Headers).
/// Values are unchanged except for surrounding white space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct McpRequestHeaders {
    /// `Mcp-Method`; empty if it is missing or repeated.
    pub method: Box<[u8]>,
    /// `Mcp-Name`; `None` if it is missing, empty if it is repeated.
    pub name: Option<Box<[u8]>>,
    /// The `Mcp-Param-…` headers in order: the rest of the name in lower case, and the value.
    pub params: Vec<(Box<str>, Box<[u8]>)>,
}

/// The value of `Mcp-Session-Id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionHeader {
    /// The header is missing.
    Absent,
    /// A value of another form than this program's ids.
    Foreign,
    /// A value of the form of this program's ids.
    Id(SessionId),
}

/// The value of `MCP-Protocol-Version`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevisionHeader {
    /// The header is missing.
    Absent,
    /// A revision that is served.
    Served(Revision),
    /// Any other word, unchanged.
    Other(Box<str>),
    /// The header is repeated, or is not a word of visible ASCII.
    Malformed,
}

impl RevisionHeader {
    /// Returns the value of the header, or `None` if it is missing or malformed.
    pub fn text(&self) -> Option<&str> {
        match self {
            RevisionHeader::Absent | RevisionHeader::Malformed => None,
            RevisionHeader::Served(revision) => Some(revision.as_str()),
            RevisionHeader::Other(text) => Some(text),
        }
    }

    /// Returns the revision of a legacy client that has negotiated none: the one in the header, or
    /// the newest served one that such a client may know, or else the oldest served.
    pub(crate) fn spoken(&self, served: &[Revision]) -> Revision {
        match self {
            RevisionHeader::Served(revision) => *revision,
            RevisionHeader::Absent | RevisionHeader::Other(_) | RevisionHeader::Malformed => {
                let legacy = |revision: &Revision| revision.era() == Era::Legacy;
                let served = served.iter().copied().filter(legacy);
                let known = served.clone().filter(|revision| *revision <= ASSUMED_REVISION).max();
                known.or(served.min()).unwrap_or(ASSUMED_REVISION)
            }
        }
    }
}

/// The revision of a client that names none (2025-11-25, basic/transports, Protocol Version
/// Header).
const ASSUMED_REVISION: Revision = Revision::V2025_03_26;

/// The value of `Last-Event-ID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastEvent {
    /// The header is missing.
    Absent,
    /// A value of another form than this program's event ids.
    Foreign,
    /// An event id.
    Id(EventId),
}
