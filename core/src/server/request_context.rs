//! The context that a server sees while it answers a request.

use core::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;
use uuid::{Builder, Uuid};

use super::{LogLevel, Question};
use crate::ids::SessionId;
use crate::principal::Principal;
use crate::protocol::{Era, Revision, since};
use crate::reject::Capability;
use crate::seal::StateKey;
use crate::time::{Duration, Instant};

/// The context of a request.
#[derive(Clone, Debug)]
pub struct RequestContext<'a> {
    /// The current time.
    pub now: Instant,
    /// The time at which the request arrived.
    pub arrived: Instant,
    /// The current wall-clock time, since 1970-01-01 00:00 UTC.
    pub unix_time: Duration,
    /// The revision in use.
    pub revision: Revision,
    /// The client, as it described itself.
    pub client: &'a Client,
    /// The HTTP request, or `None` over stdio.
    pub http: Option<&'a Arc<HttpRequestHead>>,
    /// The session, or `None` without sessions. Over stdio the connection is the session of the
    /// legacy era.
    pub session: Option<&'a SessionInfo>,
    /// The principal, as authenticated by its credentials.
    pub principal: &'a Principal,
    /// An unpredictable number, different for each request, but the same in all rounds of a
    /// multi-round request.
    pub random: u64,
    /// The key that makes unguessable names ([`RequestContext::handle`]).
    pub seal: &'a StateKey,
}

impl RequestContext<'_> {
    /// Returns the revision if the client named it: in `initialize`, in a header, or in the
    /// request. Without a name, HTTP requests are served in the oldest revision that defines the
    /// header.
    pub fn named_revision(&self) -> Option<Revision> {
        let in_header =
            |http: &HttpRequestHead| http.values("mcp-protocol-version").next().is_some();
        let is_named = self.revision.era() == Era::Modern
            || self.session.is_some_and(|session| session.initialized)
            || self.http.is_none_or(|http| in_header(http));
        is_named.then_some(self.revision)
    }

    /// Returns the id of this request for answers and logs.
    pub fn request_id(&self) -> Uuid {
        request_id(self.random)
    }

    /// Returns an unguessable name for a thing that this request makes; knowing
    /// [`RequestContext::random`] does not reveal it. All rounds of a request give the same name.
    pub fn handle(&self) -> Uuid {
        Builder::from_random_bytes(self.seal.name(&self.random.to_be_bytes())).into_uuid()
    }
}

/// Returns the id of a request for answers and logs: a version 4 UUID derived from
/// [`RequestContext::random`].
pub fn request_id(random: u64) -> Uuid {
    // Both halves are permutations of `random`, so different requests have different ids.
    let (first, second) = (random, random.wrapping_mul(REQUEST_ID_MULTIPLIER).rotate_left(32));
    let bytes = (u128::from(first) << 64 | u128::from(second)).to_be_bytes();
    Builder::from_random_bytes(bytes).into_uuid()
}

const REQUEST_ID_MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// A client, as it described itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Client {
    /// `clientInfo.name`.
    pub name: Option<String>,
    /// `clientInfo.version`.
    pub version: Option<String>,
    /// Its capabilities; an object, if anything.
    pub capabilities: Option<Value>,
    /// Whether it wants progress notifications for this request.
    pub wants_progress: bool,
    /// The least severe log messages that it wants.
    pub log_level: Option<LogLevel>,
}

impl Client {
    /// Returns whether it declared support for this method: `sampling/createMessage`,
    /// `elicitation/create` (as a form) or `roots/list`.
    pub fn can_be_asked(&self, method: &str) -> bool {
        match method {
            "elicitation/create" => self.capability("elicitation").is_some_and(has_form),
            "roots/list" => self.capability("roots").is_some(),
            "sampling/createMessage" => self.capability("sampling").is_some(),
            _ => false,
        }
    }

    /// Returns whether it declared support for this question, including its details: form or URL
    /// mode, tools for sampling.
    pub fn can_answer(&self, question: &Question) -> bool {
        let has = |capability, part| {
            self.capability(capability).is_some_and(|parts| parts.get(part).is_some())
        };
        match question.capability() {
            Capability::ElicitationUrl => has("elicitation", "url"),
            Capability::SamplingTools => has("sampling", "tools"),
            Capability::Elicitation | Capability::Roots | Capability::Sampling => {
                self.can_be_asked(question.method)
            }
        }
    }

    /// Removes capabilities that a revision does not have, since a client may declare them in any.
    pub(super) fn within(mut self, revision: Revision) -> Self {
        let mut forget = |part: &str, capability: &str| {
            let all = self.capabilities.as_mut().and_then(|all| all.pointer_mut(part));
            all.and_then(Value::as_object_mut).map(|all| all.remove(capability));
        };
        if revision < since::URL_ELICITATION {
            forget("/elicitation", "url");
        }
        if revision < since::SAMPLING_TOOLS {
            forget("/sampling", "tools");
        }
        if revision < since::ELICITATION {
            forget("", "elicitation");
        }
        self
    }

    /// Returns whether it supports an extension.
    pub fn has_extension(&self, name: &str) -> bool {
        let extensions = self.capability("extensions");
        extensions.is_some_and(|all| all.get(name).is_some_and(Value::is_object))
    }

    fn capability(&self, name: &str) -> Option<&Value> {
        self.capabilities.as_ref()?.get(name).filter(|capability| capability.is_object())
    }
}

/// Returns whether form mode is supported: no declared mode means forms (2025-11-25,
/// client/elicitation, Capabilities).
fn has_form(modes: &Value) -> bool {
    modes.get("form").is_some() || modes.get("url").is_none()
}

/// The head of an HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequestHead {
    /// The method.
    pub method: Box<str>,
    /// The path and the query, as they came.
    pub target: Box<str>,
    /// The header lines in order, with names in lower case. Values need not be UTF-8.
    pub headers: Vec<(Box<str>, Box<[u8]>)>,
    /// The address of the connected peer, never one that an intermediary forwarded.
    pub peer: Option<IpAddr>,
    /// Whether the request's origin is allowed CORS access.
    pub cors: bool,
}

impl HttpRequestHead {
    /// Iterates over the values of a header, in order; `name` is in lower case.
    pub fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(key, _)| &**key == name).map(|(_, value)| &**value)
    }

    /// Returns the first value of a header, as text.
    pub fn value(&self, name: &str) -> Option<String> {
        self.values(name).next().map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

/// The session of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionInfo {
    /// Its id, or `None` if it is a connection over stdio.
    pub id: Option<SessionId>,
    /// Whether the client has sent `initialize`.
    pub initialized: bool,
    /// The time at which it began.
    pub since: Instant,
    /// The time at which the previous request ended.
    pub used_at: Instant,
    /// The idle timeout; a connection over stdio has none.
    pub idle_max: Option<Duration>,
    /// The number of requests so far, including this one.
    pub requests: u64,
    /// The total time of all earlier requests.
    pub took: Duration,
    /// The number of messages that wait for a stream.
    pub queued: usize,
}

impl SessionInfo {
    /// Creates the facts of a session that begins now, before its first request.
    pub(crate) fn new(id: Option<SessionId>, now: Instant, idle_max: Option<Duration>) -> Self {
        SessionInfo {
            id,
            initialized: false,
            since: now,
            used_at: now,
            idle_max,
            requests: 0,
            took: Duration::ZERO,
            queued: 0,
        }
    }
}
