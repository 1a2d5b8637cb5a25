//! What a server may look at while it answers.

use core::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;
use uuid::{Builder, Uuid};

use super::{LogLevel, Question};
use crate::ids::SessionId;
use crate::modern::state::StateKey;
use crate::protocol::{Era, Revision, since};
use crate::reject::Capability;
use crate::session::Principal;
use crate::time::{Duration, Instant};

/// The circumstances of a request.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// What time it is.
    pub now: Instant,
    /// When the request had arrived.
    pub arrived: Instant,
    /// What time it is in the world: since 1970-01-01 00:00 UTC.
    pub wall: Duration,
    /// The revision that is spoken.
    pub revision: Revision,
    /// Who asks, as far as it said.
    pub client: &'a Client,
    /// The HTTP request; none over stdio.
    pub http: Option<&'a Arc<HttpScene>>,
    /// The session; none where there are no sessions.
    pub session: Option<&'a SessionFacts>,
    /// Who asks, as far as its credentials say.
    pub principal: &'a Principal,
    /// Unpredictable, and another for each request; the same in every round of one that asks the
    /// client something in the modern era.
    pub random: u64,
    /// What makes names that nobody can guess ([`Scene::handle`]).
    pub seal: &'a StateKey,
}

impl Scene<'_> {
    /// The revision that is spoken if the client named it: by `initialize`, by a header, or in the
    /// request. Without, the oldest that knows the header is assumed of a request over HTTP.
    pub fn named_revision(&self) -> Option<Revision> {
        let in_header = |http: &HttpScene| http.values("mcp-protocol-version").next().is_some();
        let is_named = self.revision.era() == Era::Modern
            || self.session.is_some_and(|session| session.initialized)
            || self.http.is_none_or(|http| in_header(http));
        is_named.then_some(self.revision)
    }

    /// The id under which this request is spoken of.
    pub fn request_id(&self) -> Uuid {
        request_id(self.random)
    }

    /// A name for something that this request makes: nobody can guess it, not even who knows
    /// [`Scene::random`]. Every round of a request gives the same name.
    pub fn handle(&self) -> Uuid {
        Builder::from_random_bytes(self.seal.name(&self.random.to_be_bytes())).into_uuid()
    }
}

/// The id under which a request is spoken of, in answers and in the log: a version 4 UUID, made of
/// what is unpredictable about its scene ([`Scene::random`]).
pub fn request_id(random: u64) -> Uuid {
    // Both halves are permutations of `random`: other requests have other ids.
    let (first, second) = (random, random.wrapping_mul(ODD).rotate_left(32));
    let bytes = (u128::from(first) << 64 | u128::from(second)).to_be_bytes();
    Builder::from_random_bytes(bytes).into_uuid()
}

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A client, by its own account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Client {
    /// `clientInfo.name`.
    pub name: Option<String>,
    /// `clientInfo.version`.
    pub version: Option<String>,
    /// Its capabilities; an object, if anything.
    pub capabilities: Option<Value>,
    /// Whether it wants progress of this request.
    pub wants_progress: bool,
    /// The least a log message must matter to be sent to it.
    pub log_level: Option<LogLevel>,
}

impl Client {
    /// Whether it declared that it can be asked this: `sampling/createMessage`, `elicitation/create`
    /// (by a form) or `roots/list`.
    pub fn can_be_asked(&self, method: &str) -> bool {
        match method {
            "elicitation/create" => self.capability("elicitation").is_some_and(has_form),
            "roots/list" => self.capability("roots").is_some(),
            "sampling/createMessage" => self.capability("sampling").is_some(),
            _ => false,
        }
    }

    /// Whether it declared that it can be asked this question, all it holds included: a form or a
    /// page, tools for the model.
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

    /// Without what a revision does not have: a client may declare all that it can do in any.
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

    /// Whether it has an extension of the protocol.
    pub fn has_extension(&self, name: &str) -> bool {
        let extensions = self.capability("extensions");
        extensions.is_some_and(|all| all.get(name).is_some_and(Value::is_object))
    }

    fn capability(&self, name: &str) -> Option<&Value> {
        self.capabilities.as_ref()?.get(name).filter(|capability| capability.is_object())
    }
}

/// No mode at all means forms (2025-11-25, client/elicitation, Capabilities).
fn has_form(modes: &Value) -> bool {
    modes.get("form").is_some() || modes.get("url").is_none()
}

/// The head of an HTTP request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpScene {
    /// The method.
    pub method: Box<str>,
    /// The path and the query, as they came.
    pub target: Box<str>,
    /// Every header line in order, the name in lower case. Values need not be UTF-8.
    pub headers: Vec<(Box<str>, Box<[u8]>)>,
    /// Who is connected; not who an intermediary says is behind it.
    pub peer: Option<IpAddr>,
    /// Whether a browser of the request's origin is given CORS headers.
    pub cors: bool,
}

impl HttpScene {
    /// The values of a header, in order; `name` in lower case.
    pub fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(key, _)| &**key == name).map(|(_, value)| &**value)
    }

    /// The first value of a header, as text.
    pub fn value(&self, name: &str) -> Option<String> {
        self.values(name).next().map(|value| String::from_utf8_lossy(value).into_owned())
    }
}

/// The session a request belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    /// Its id.
    pub id: SessionId,
    /// Whether the client has sent `initialize`.
    pub initialized: bool,
    /// When it began.
    pub since: Instant,
    /// The end of the request before this one.
    pub used_at: Instant,
    /// How long it lasts unused.
    pub idle_max: Duration,
    /// Requests so far, this one included.
    pub requests: u64,
    /// Time all of them took before this one.
    pub took: Duration,
    /// Messages that wait for a stream.
    pub queued: usize,
}
