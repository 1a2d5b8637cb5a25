//! The rules that a request's head has to satisfy before its session is looked up.
//!
//! Owns: access (`Host`, `Origin`), routes, and parsing of the MCP headers.
//! Never: a session, a body that is still arriving, or the types of an HTTP library.
//!
//! An adapter handles a request in four steps, without knowing the rules:
//!
//! ```
//! use bytes::Bytes;
//! use pontoon_core::http::{Answer, ContentCoding, Cors, Headers, Request, RequestHead, Rules};
//! use pontoon_core::Duration;
//!
//! fn receive<H: Headers>(
//!     rules: &Rules,
//!     head: &RequestHead<'_, H>,
//!     unix_time: Duration,
//!     read_body: impl FnOnce() -> Bytes,
//! ) -> Result<(Request, Option<Cors>, ContentCoding), Box<Answer>> {
//!     let admission = rules.admit(head, unix_time)?;
//!     // `Admission::open_account` refuses what the memory budget has no room for.
//!     let (cors, coding) = (admission.cors.clone(), admission.coding);
//!     let body = if admission.expects_body() { read_body() } else { Bytes::new() };
//!     // The engine takes the request. The head of its answer is sent with these `cors`, and its
//!     // body as `ReplyHead::encode` says.
//!     admission.request(body, head).map(|request| (request, cors, coding))
//! }
//! ```
//!
//! The first rule that a request breaks decides its refusal:
//!
//! | rule | holds for | refusal |
//! |---|---|---|
//! | there is one `Host`: an IP address, loopback or a listed name; HTTP/1.0 probes need none | everything | 400, 403 |
//! | `Origin` is absent, or is loopback or listed | everything | 403 |
//! | the path is served | everything | 404 |
//! | the client is known, and may use the server | with authentication: everything but probes, `OPTIONS` and metadata | 400, 401, 403 |
//! | the method is served there | everything | 405 |
//! | `Content-Type`, `Content-Encoding` | `POST` | 415 |
//! | `Accept` | `POST` and `GET` of the endpoint | 406 |
//! | `Mcp-Session-Id`, `MCP-Protocol-Version`, `Last-Event-ID` | the endpoint | 400 |
//! | the body's length, JSON and JSON-RPC | `POST` | 413, 400 |
//! | the client may send these messages | `POST`, with authentication | 403 |

mod access;
mod admission;
mod headers;
mod host;
mod origin;
mod sse;

use core::net::IpAddr;
use std::sync::Arc;

use crate::auth::Auth;
use crate::child_env::HeaderVariable;
use crate::config::{BindSession, Config, Serves};
use crate::http::{
    Accept, Answer, ContentCoding, Cors, Guard, LastEvent, McpHead, Request, RevisionHeader,
    SessionHeader, encode_segment, without_segment,
};
use crate::json::{ParseRules, Peer};
use crate::observe::Detail;
use crate::principal::Principal;
use crate::protocol::{Era, Revision};
use crate::reject::Reject;
use crate::server::Server;
use crate::time::{Duration, Instant};

pub use admission::Admission;
use admission::{Admitted, BodyRules, with_child_env};
use headers::{
    check_content, foreign_session, has_body, last_event, mirrored, only, options, principal,
    session, visible,
};
use host::Hosts;
use origin::Origins;
pub(crate) use sse::endpoint as sse_endpoint;
pub use sse::{MESSAGES as SSE_MESSAGES, STREAM as SSE_STREAM};

/// The headers of a request, in the representation of the adapter.
pub trait Headers {
    /// Returns each value of this header, in order, without surrounding white space. `name` is in
    /// lower case and matches names in any case.
    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]>;

    /// Returns each header line, in order if the adapter knows it: the name, in any case, and the
    /// value without surrounding white space.
    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])>;
}

/// The head of a request.
#[derive(Debug)]
pub struct RequestHead<'a, H: Headers> {
    /// The method, as received.
    pub method: &'a str,
    /// The path and the query, as received.
    pub target: &'a str,
    /// The headers.
    pub headers: &'a H,
    /// The address of the client's end of the connection.
    pub peer: Option<IpAddr>,
    /// The time at which the last byte of the head arrived.
    pub arrived: Instant,
}

/// The rules of an endpoint.
#[derive(Clone, Debug)]
pub struct Rules {
    hosts: Hosts,
    origins: Origins,
    /// The path of the endpoint, without a slash at its end; `None` for the paths that belong to
    /// no server.
    path: Option<Box<str>>,
    /// The name before all paths, in a program with several servers.
    name: Option<Box<str>>,
    surface: Surface,
    /// Whether HTTP+SSE is served.
    sse: bool,
    body: BodyRules,
    auth: Option<Auth>,
    program: Program,
}

/// The paths that are served besides the endpoint, `/livez` and `/readyz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Surface {
    /// The page, health and metrics.
    Whole,
    /// None: the others are served on a listener of their own.
    Endpoints,
    /// The page, health and metrics, and no endpoint.
    Admin,
}

/// The rules that depend on the server.
#[derive(Clone, Debug)]
struct Program {
    /// Whether there are sessions.
    sessions: bool,
    /// Whether legacy requests without a session have a principal.
    principals: bool,
    /// The native server, if it reads heads ([`Catalog::reads_http`](crate::server::Catalog)).
    reader: Option<Arc<dyn Server>>,
    /// Whether there is `/health/detailed`.
    detailed_health: bool,
    /// Whether a client with `Accept: */*` accepts an event stream.
    streams_to_all: bool,
    /// Whether answers are compressed for clients that accept it.
    packs: bool,
    revisions: Arc<[Revision]>,
    /// The credentials that requests are distinguished by, or `None` with authentication.
    bind: Option<BindSession>,
    /// The headers whose values a command gets as variables.
    header_env: Arc<[HeaderVariable]>,
}

impl Program {
    fn of(config: &Config) -> Program {
        let bind = config.auth.is_none().then_some(config.bind_session);
        match &config.serves {
            Serves::Command(_) => Program {
                sessions: !config.bridge.stateless && has_sessions(&config.revisions),
                principals: config.bridge.stateless,
                reader: None,
                detailed_health: false,
                streams_to_all: false,
                packs: false,
                revisions: config.revisions.clone(),
                bind,
                header_env: config.header_env.clone().into(),
            },
            Serves::Site => Program {
                sessions: false,
                principals: false,
                reader: None,
                detailed_health: false,
                streams_to_all: false,
                packs: false,
                revisions: config.revisions.clone(),
                bind,
                header_env: Arc::default(),
            },
            Serves::Native(native) => Program {
                sessions: native.sessions && has_sessions(&native.revisions),
                principals: false,
                reader: Some(native.server.clone()).filter(|it| it.catalog().reads_http),
                detailed_health: native.server.catalog().detailed_health,
                streams_to_all: true,
                packs: native.packs,
                revisions: native.revisions.clone(),
                bind,
                header_env: Arc::default(),
            },
        }
    }

    /// Returns the methods of the endpoint.
    fn methods(&self) -> &'static str {
        endpoint_methods(self.sessions)
    }
}

impl Rules {
    /// Creates the rules of an endpoint with these settings.
    pub fn new(config: &Config) -> Rules {
        let surface = match config.admin {
            Some(_) => Surface::Endpoints,
            None => Surface::Whole,
        };
        Rules::of(config, surface)
    }

    /// Creates the rules of the listener for the page, health and metrics ([`Config::admin`]).
    pub fn admin(config: &Config) -> Rules {
        Rules { path: None, sse: false, ..Rules::of(config, Surface::Admin) }
    }

    fn of(config: &Config, surface: Surface) -> Rules {
        let limits = &config.limits;
        Rules {
            surface,
            hosts: Hosts::new(&config.hosts),
            origins: Origins::new(&config.origins),
            path: match config.serves {
                Serves::Site => None,
                _ => Some(config.path.strip_suffix('/').unwrap_or(&config.path).into()),
            },
            name: config.name.clone(),
            sse: config.sse,
            body: BodyRules {
                bytes_max: limits.body_bytes_max,
                parse: ParseRules::of(limits, Peer::Client),
            },
            auth: config.auth.clone(),
            program: Program::of(config),
        }
    }

    /// Returns the entries of [`Config::hosts`] and [`Config::origins`] that are malformed and
    /// allow nothing. A program should refuse to start with them.
    pub fn useless_entries(config: &Config) -> impl Iterator<Item = &str> {
        let hosts = config.hosts.iter().filter(|entry| !Hosts::understands(entry));
        let origins = config.origins.iter().filter(|entry| !Origins::understands(entry));
        hosts.chain(origins).map(String::as_str)
    }

    /// Checks the head of a request. Call it before reading the body, so that the body of a refused
    /// request is not read. `unix_time` is the time since 1970-01-01 00:00 UTC.
    ///
    /// # Errors
    ///
    /// The request is answered: it is refused, or it is `OPTIONS`. The answer is complete. If a
    /// body is left unread, the answer closes the connection and says so, because HTTP libraries
    /// differ in how they treat such a body.
    pub fn admit<H: Headers>(
        &self,
        head: &RequestHead<'_, H>,
        unix_time: Duration,
    ) -> Result<Admission, Box<Answer>> {
        let close = has_body(head.headers);
        self.judge(head, close, unix_time).map_err(|mut answer| {
            answer.head.close |= close;
            answer
        })
    }

    /// Returns the answer to a request that the guard of its connection has refused, or `None` if
    /// it has refused none. Pages of allowed origins may read it.
    pub fn refusal(&self, guard: &Guard) -> Option<Answer> {
        let reject = guard.refused()?;
        let cors = self.origins.check(guard.origin().into_iter()).ok().flatten().map(Cors::of);
        let answer = match (reject, guard.fault()) {
            (Reject::BadHead, Some(fault)) => {
                Answer::explained(reject, &format!(": {}", Detail::of_text(fault).as_str()), cors)
            }
            _ => Answer::refusal(reject, cors),
        };
        Some(Answer { detail: guard.fault().map(Detail::of_text), ..answer })
    }

    fn judge<H: Headers>(
        &self,
        head: &RequestHead<'_, H>,
        close: bool,
        unix_time: Duration,
    ) -> Result<Admission, Box<Answer>> {
        if let Some(answer) = self.metadata(head) {
            return Err(Box::new(answer));
        }
        let cors = match self.check_peer(head) {
            Ok(cors) => cors,
            Err(reject) => {
                let detail = peer_detail(reject, head.headers);
                return Err(Box::new(Answer { detail, ..Answer::refusal(reject, None) }));
            }
        };
        let coding = self.program.coding(head.headers);
        let asked = self.asked(head);
        let access = match self.needs_access(&asked) {
            true => self.access(head, unix_time),
            false => Ok(None),
        };
        match access.and_then(|access| Ok((asked?, access))) {
            Ok((Asked::Options(methods), _)) => Err(Box::new(options(head.headers, methods, cors))),
            Ok((Asked::Message(endpoint, mut mcp), access)) => {
                mcp.set_access(access);
                let admitted =
                    Admitted::Message(endpoint, mcp, self.body, self.program.reader.clone());
                let auth = self.auth.clone();
                Ok(Admission { cors, close: false, coding, auth, admitted })
            }
            Ok((Asked::Whole(mut request), access)) => {
                request.set_detailed(|| self.may_know(head, unix_time));
                if let Some(mcp) = request.head_mut() {
                    mcp.set_access(access);
                }
                let admitted = Admitted::Whole(request);
                Ok(Admission { cors, close, coding, auth: None, admitted })
            }
            Err(reject) => Err(Box::new(self.refuse(reject, head, cors))),
        }
    }

    fn refuse<H: Headers>(
        &self,
        reject: Reject,
        head: &RequestHead<'_, H>,
        cors: Option<Cors>,
    ) -> Answer {
        let mut answer = match reject {
            Reject::NotFound => Answer::explained(reject, &self.whereabouts(head), cors),
            _ => Answer::refusal(reject, cors),
        };
        if let Some(challenge) = self.auth.as_ref().and_then(|auth| auth.challenge(reject)) {
            answer.head.challenge = Some(challenge.into());
        }
        answer.detail = Some(match reject {
            Reject::BadToken(flaw) => Detail::of_text(&flaw.to_string()),
            _ => Detail::of_request(head.method, path(head.target)),
        });
        answer
    }

    /// Returns the text that names the endpoint, for a request to another path.
    fn whereabouts<H: Headers>(&self, head: &RequestHead<'_, H>) -> String {
        if self.surface == Surface::Admin {
            return ": this address serves /, /health, /livez, /metrics and /readyz".to_owned();
        }
        if self.surface == Surface::Endpoints && ADMIN_PATHS.contains(&path(head.target)) {
            return ": this path is served at the address of --admin".to_owned();
        }
        let Some(endpoint) = self.endpoint() else {
            return ": each server has the path /NAME/mcp; GET / lists them".to_owned();
        };
        let endpoint = if endpoint.is_empty() { "/" } else { &endpoint };
        let target = self.own_target(head.target);
        let is_sse = self.program.sessions && sse::asked(target, head, self.program.bind).is_some();
        let option = if is_sse { "; HTTP+SSE is served with --sse" } else { "" };
        format!(": the MCP endpoint is {endpoint}{option}")
    }

    /// Returns the path of the endpoint, without a slash at its end, or `None` for the paths that
    /// belong to no server.
    fn endpoint(&self) -> Option<String> {
        let path = self.path.as_deref()?;
        let name = self.name.as_ref().map(|name| format!("/{}", encode_segment(name)));
        Some(name.unwrap_or_default() + path)
    }

    /// Returns the target after the name of the server.
    fn own_target<'a>(&self, target: &'a str) -> &'a str {
        if self.name.is_some() { without_segment(target) } else { target }
    }

    fn check_peer<H: Headers>(&self, head: &RequestHead<'_, H>) -> Result<Option<Cors>, Reject> {
        let headers = head.headers;
        // The guard accepts a head without `Host` only in HTTP/1.0, which does not require it.
        if headers.values("host").next().is_some() || self.probe(path(head.target)).is_none() {
            self.hosts.check(headers.values("host"))?;
        }
        Ok(self.origins.check(headers.values("origin"))?.map(Cors::of))
    }

    fn asked<H: Headers>(&self, head: &RequestHead<'_, H>) -> Result<Asked, Reject> {
        // A gateway's header from another address counts as missing.
        let removes =
            |header: &str| self.auth.as_ref().is_some_and(|auth| auth.removes(header, head.peer));
        with_child_env(self.route(head)?, &self.program.header_env, head.headers, removes)
    }

    fn route<H: Headers>(&self, head: &RequestHead<'_, H>) -> Result<Asked, Reject> {
        let target = self.own_target(head.target);
        let path = path(target);
        if Some(path.strip_suffix('/').unwrap_or(path)) == self.path.as_deref() {
            return self.program.endpoint(head);
        }
        if self.sse
            && self.program.sessions
            && let Some(asked) = sse::asked(target, head, self.program.bind)
        {
            return asked;
        }
        let request = match path {
            // Those paths are the program's.
            _ if self.name.is_some() => return Err(Reject::NotFound),
            _ if self.surface == Surface::Endpoints && ADMIN_PATHS.contains(&path) => {
                return Err(Reject::NotFound);
            }
            // Another method has the wrong address, and learns the right one.
            "/" if matches!(head.method, "GET" | "HEAD") => {
                Request::Servers { html: Accept::prefers_html(head.headers.values("accept")) }
            }
            "/health/detailed" if self.program.detailed_health => Request::HealthDetails,
            "/metrics" => Request::Metrics,
            path => self.probe(path).ok_or(Reject::NotFound)?,
        };
        match head.method {
            "GET" | "HEAD" => Ok(Asked::Whole(request)),
            _ => Err(Reject::MethodNotAllowed { allow: "GET, HEAD" }),
        }
    }
}

/// The paths that only the listener for them serves, if there is one.
const ADMIN_PATHS: [&str; 4] = ["/", "/health", "/health/detailed", "/metrics"];

/// Returns the path of a target.
fn path(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

/// Returns the value for which a request was refused, as an operator would list it.
fn peer_detail(reject: Reject, headers: &impl Headers) -> Option<Detail> {
    let first = |name| headers.values(name).next();
    match reject {
        Reject::ForbiddenHost => {
            Some(Detail::of_header("host", host::without_port(first("host")?)))
        }
        Reject::ForbiddenOrigin => Some(Detail::of_header("origin", first("origin")?)),
        _ => None,
    }
}

/// Returns whether pages of this origin may read responses, given the origins that are listed.
pub fn allows_origin(listed: &[String], origin: &str) -> bool {
    matches!(Origins::new(listed).check([origin.as_bytes()].into_iter()), Ok(Some(_)))
}

/// The purpose of a request whose head satisfies the rules.
enum Asked {
    /// `OPTIONS`: the methods of the path.
    Options(&'static str),
    /// A POST of messages.
    Message(Endpoint, McpHead),
    /// A request without a body.
    Whole(Request),
}

/// The endpoint that messages are posted to.
#[derive(Clone, Copy, Debug)]
enum Endpoint {
    /// The MCP endpoint of Streamable HTTP.
    Mcp,
    /// The message endpoint of HTTP+SSE.
    Messages,
}

impl Program {
    fn coding(&self, headers: &impl Headers) -> ContentCoding {
        match self.packs {
            true => ContentCoding::accepted(headers.values("accept-encoding")),
            false => ContentCoding::Uncompressed,
        }
    }

    fn endpoint<H: Headers>(&self, head: &RequestHead<'_, H>) -> Result<Asked, Reject> {
        let headers = head.headers;
        match head.method {
            "POST" => {
                check_content(headers)?;
                // The answer to `subscriptions/listen` is always a stream.
                let listens = only(headers, "mcp-method") == Ok(Some(b"subscriptions/listen"));
                let accept = match self.streams_to_all || listens {
                    true => Accept::of_anything(headers.values("accept")),
                    false => Accept::of_post(headers.values("accept")),
                };
                let accept = accept.ok_or(Reject::NotAcceptable)?;
                let head = self.mcp_head(head, accept, LastEvent::Absent)?;
                Ok(Asked::Message(Endpoint::Mcp, head))
            }
            "GET" if self.sessions => {
                let accept = Accept::of_get(headers.values("accept"));
                let accept = accept.ok_or(Reject::NotAcceptable)?;
                let head = self.mcp_head(head, accept, last_event(headers)?)?;
                Ok(Asked::Whole(Request::Listen { head }))
            }
            "DELETE" if self.sessions => {
                // The answer has no body, so `Accept` does not matter.
                let accept = Accept { json: true, sse: false };
                let head = self.mcp_head(head, accept, LastEvent::Absent)?;
                Ok(Asked::Whole(Request::Delete { head }))
            }
            "OPTIONS" => Ok(Asked::Options(self.methods())),
            _ => Err(Reject::MethodNotAllowed { allow: self.methods() }),
        }
    }

    fn mcp_head<H: Headers>(
        &self,
        head: &RequestHead<'_, H>,
        accept: Accept,
        last_event: LastEvent,
    ) -> Result<McpHead, Reject> {
        let headers = head.headers;
        let request_headers = mirrored(headers);
        let (session, foreign_session) = match self.sessions {
            true => (session(headers)?, None),
            false => (SessionHeader::Absent, foreign_session(headers)),
        };
        let principal = match self.sessions || self.principals || request_headers.is_some() {
            true => principal(self.bind, headers),
            false => Principal::Anonymous,
        };
        Ok(McpHead {
            session,
            revision: self.revision(headers),
            accept,
            last_event,
            request_headers,
            principal,
            permissions: None,
            grant: None,
            foreign_session,
            params_digest: None,
            client: None,
            http: None,
            peer: head.peer,
            arrived: head.arrived,
            account: None,
            client_limits: None,
            child_env: None,
        })
    }

    /// Parses the revision. Whether an unsupported one is refused depends on the era, which is
    /// known when the body is there.
    fn revision(&self, headers: &impl Headers) -> RevisionHeader {
        let text = match visible(headers, "mcp-protocol-version") {
            Ok(Some(text)) => text,
            Ok(None) => return RevisionHeader::Absent,
            Err(_) => return RevisionHeader::Malformed,
        };
        let served = Revision::parse(text.as_bytes()).filter(|it| self.revisions.contains(it));
        served.map_or_else(|| RevisionHeader::Other(text.into()), RevisionHeader::Served)
    }
}

/// Returns whether any of these revisions has sessions. Those of the modern era have none, and so
/// neither GET nor DELETE (2026-07-28, basic/transports/streamable-http, Earlier Streamable HTTP
/// Revisions).
fn has_sessions(revisions: &[Revision]) -> bool {
    revisions.iter().any(|revision| revision.era() == Era::Legacy)
}

/// Returns the methods of an endpoint with or without sessions, as `Allow` lists them.
pub fn endpoint_methods(sessions: bool) -> &'static str {
    if sessions { "GET, POST, DELETE, OPTIONS" } else { "POST, OPTIONS" }
}

#[cfg(test)]
mod tests;
