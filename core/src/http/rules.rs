//! What a request has to look like before any session is asked: stateless rules, as data.
//!
//! Owns: who may ask (`Host`, `Origin`), what is served where, and the reading of the MCP headers.
//! Never: a session, a body that is still arriving, or the types of an HTTP library.
//!
//! An adapter needs four steps for a request, and knows none of the rules:
//!
//! ```
//! use bytes::Bytes;
//! use pontoon_core::http::{Answer, Coding, Cors, Headers, Request, RequestHead, Rules};
//!
//! fn receive<H: Headers>(
//!     rules: &Rules,
//!     head: &RequestHead<'_, H>,
//!     read_body: impl FnOnce() -> Bytes,
//! ) -> Result<(Request, Option<Cors>, Coding), Box<Answer>> {
//!     let admission = rules.admit(head)?;
//!     // `Admission::open_account` refuses what the memory budget has no room for.
//!     let (cors, coding) = (admission.cors.clone(), admission.coding);
//!     let body = if admission.expects_body() { read_body() } else { Bytes::new() };
//!     // The engine takes the request; the head of its answer is sent with these `cors`, and its
//!     // body as `ReplyHead::encode` has it.
//!     admission.request(body, head).map(|request| (request, cors, coding))
//! }
//! ```
//!
//! The first rule that is broken decides:
//!
//! | rule | holds for | refusal |
//! |---|---|---|
//! | `Host` is one, and an IP address, loopback or listed; HTTP/1.0 probes need none | everything | 400, 403 |
//! | `Origin` is absent, or one of loopback or listed | everything | 403 |
//! | the path is served | everything | 404 |
//! | the method is served there | everything | 405 |
//! | `Content-Type`, `Content-Encoding` | `POST` | 415 |
//! | `Accept` | `POST` and `GET` of the endpoint | 406 |
//! | `Mcp-Session-Id`, `MCP-Protocol-Version`, `Last-Event-ID` | the endpoint | 400 |
//! | the body's length, JSON and JSON-RPC | `POST` | 413, 400 |

mod host;
mod origin;
mod sse;

use core::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;

use crate::config::{BindSession, Config, Serves};
use crate::http::is_token_byte;
use crate::http::media::{Media, members};
use crate::http::reply::ALLOWED_HEADERS;
use crate::http::{
    Accept, Answer, BodyBuffer, Coding, Cors, Guard, LastEvent, McpHead, Mirrored, Request,
    RevisionHeader, SessionHeader,
};
use crate::ids::SessionId;
use crate::json::{Body, Invalid, Message, ParseRules, Peer};
use crate::memory::Memory;
use crate::observe::Detail;
use crate::protocol::{Era, Revision};
use crate::reject::Reject;
use crate::server::{Catalog, HttpScene, Server, Tool};
use crate::session::{EventId, Principal};
use crate::time::Instant;

use host::Hosts;
use origin::Origins;
pub(crate) use sse::endpoint as sse_endpoint;
pub use sse::{MESSAGES as SSE_MESSAGES, STREAM as SSE_STREAM};

/// The headers of a request, wherever the adapter keeps them.
pub trait Headers {
    /// Every value of this header, in order, without the white space around it. `name` is in lower
    /// case; the names in a request are not, and match all the same.
    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]>;

    /// Every line, in order as far as the adapter knows it: the name, in any case, and the value
    /// without the white space around it.
    fn lines(&self) -> impl Iterator<Item = (&str, &[u8])>;
}

/// A request up to its body.
#[derive(Debug)]
pub struct RequestHead<'a, H: Headers> {
    /// The method, as it came.
    pub method: &'a str,
    /// The path and the query, as they came.
    pub target: &'a str,
    /// The headers.
    pub headers: &'a H,
    /// Who is connected.
    pub peer: Option<IpAddr>,
    /// When the last byte of it had arrived.
    pub arrived: Instant,
}

/// The rules of an endpoint.
#[derive(Clone, Debug)]
pub struct Rules {
    hosts: Hosts,
    origins: Origins,
    /// The path of the endpoint, without a slash at its end.
    path: Box<str>,
    /// Whether HTTP+SSE is served.
    sse: bool,
    body: BodyRules,
    program: Program,
}

/// What depends on the program that is served.
#[derive(Clone, Debug)]
struct Program {
    /// Whether there are sessions.
    sessions: bool,
    /// The server that may want to see whole heads.
    reader: Option<Arc<dyn Server>>,
    /// Whether there is `/health/detailed`.
    detailed_health: bool,
    /// Whether a client that takes anything is served a stream where that says more.
    streams_to_all: bool,
    /// Whether answers are packed for clients that take that.
    packs: bool,
    revisions: Arc<[Revision]>,
    bind: BindSession,
}

impl Program {
    fn of(config: &Config) -> Program {
        match &config.serves {
            Serves::Command(_) => Program {
                sessions: has_sessions(&config.revisions),
                reader: None,
                detailed_health: false,
                streams_to_all: false,
                packs: false,
                revisions: config.revisions.clone(),
                bind: config.bind_session,
            },
            Serves::Native(native) => Program {
                sessions: native.sessions && has_sessions(&native.revisions),
                reader: Some(native.server.clone()).filter(|it| it.catalog().reads_http),
                detailed_health: native.server.catalog().detailed_health,
                streams_to_all: true,
                packs: native.packs,
                revisions: native.revisions.clone(),
                bind: config.bind_session,
            },
        }
    }

    /// The methods of the endpoint.
    fn methods(&self) -> &'static str {
        endpoint_methods(self.sessions)
    }
}

#[derive(Clone, Copy, Debug)]
struct BodyRules {
    bytes_max: usize,
    parse: ParseRules,
}

impl Rules {
    /// The rules of an endpoint with these settings.
    pub fn new(config: &Config) -> Rules {
        let limits = &config.limits;
        Rules {
            hosts: Hosts::new(&config.hosts),
            origins: Origins::new(&config.origins),
            path: config.path.strip_suffix('/').unwrap_or(&config.path).into(),
            sse: config.sse,
            body: BodyRules {
                bytes_max: limits.body_bytes_max,
                parse: ParseRules::of(limits, Peer::Client),
            },
            program: Program::of(config),
        }
    }

    /// The entries of [`Config::hosts`] and [`Config::origins`] that are none, and so allow
    /// nothing: a program does well to complain about them before it starts.
    pub fn useless_entries(config: &Config) -> impl Iterator<Item = &str> {
        let hosts = config.hosts.iter().filter(|entry| !Hosts::understands(entry));
        let origins = config.origins.iter().filter(|entry| !Origins::understands(entry));
        hosts.chain(origins).map(String::as_str)
    }

    /// Judges a request by its head, to be called before any byte of the body is read: a request
    /// that is refused costs nobody its body. The answer, if there is one, is complete.
    ///
    /// Where a body is left unread the connection ends with the answer, and the answer says so:
    /// libraries differ in what they do about such a body, and in whether they tell.
    pub fn admit<H: Headers>(&self, head: &RequestHead<'_, H>) -> Result<Admission, Box<Answer>> {
        let close = has_body(head.headers);
        self.judge(head, close).map_err(|mut answer| {
            answer.head.close |= close;
            answer
        })
    }

    /// The answer to a request that the guard of its connection has refused; `None` while it has
    /// refused nothing. A page of an allowed origin may read it like any other.
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
    ) -> Result<Admission, Box<Answer>> {
        let cors = match self.check_peer(head) {
            Ok(cors) => cors,
            Err(reject) => {
                let detail = peer_detail(reject, head.headers);
                return Err(Box::new(Answer { detail, ..Answer::refusal(reject, None) }));
            }
        };
        let coding = self.program.coding(head.headers);
        match self.asked(head) {
            Ok(Asked::Options(methods)) => Err(Box::new(options(head.headers, methods, cors))),
            Ok(Asked::Message(door, mcp)) => {
                let what = What::Message(door, mcp, self.body, self.program.reader.clone());
                Ok(Admission { cors, close: false, coding, what })
            }
            Ok(Asked::Whole(request)) => {
                Ok(Admission { cors, close, coding, what: What::Whole(request) })
            }
            Err(reject) => {
                let answer = match reject {
                    Reject::NotFound => Answer::explained(reject, &self.whereabouts(head), cors),
                    _ => Answer::refusal(reject, cors),
                };
                let detail = Some(Detail::of_request(head.method, path(head.target)));
                Err(Box::new(Answer { detail, ..answer }))
            }
        }
    }

    /// Where the endpoint is, for a client that asked at another path.
    fn whereabouts<H: Headers>(&self, head: &RequestHead<'_, H>) -> String {
        let endpoint = if self.path.is_empty() { "/" } else { &self.path };
        let is_sse = self.program.sessions && sse::asked(head, self.program.bind).is_some();
        let option = if is_sse { "; HTTP+SSE is served with --sse" } else { "" };
        format!(": the MCP endpoint is {endpoint}{option}")
    }

    fn check_peer<H: Headers>(&self, head: &RequestHead<'_, H>) -> Result<Option<Cors>, Reject> {
        let headers = head.headers;
        // The guard lets a head without `Host` through only in HTTP/1.0, which does not have it.
        if headers.values("host").next().is_some() || probe(path(head.target)).is_none() {
            self.hosts.check(headers.values("host"))?;
        }
        Ok(self.origins.check(headers.values("origin"))?.map(Cors::of))
    }

    fn asked<H: Headers>(&self, head: &RequestHead<'_, H>) -> Result<Asked, Reject> {
        let path = path(head.target);
        if path.strip_suffix('/').unwrap_or(path) == &*self.path {
            return self.program.endpoint(head);
        }
        if self.sse
            && self.program.sessions
            && let Some(asked) = sse::asked(head, self.program.bind)
        {
            return asked;
        }
        let request = match path {
            "/health/detailed" if self.program.detailed_health => Request::HealthDetails,
            "/metrics" => Request::Metrics,
            path => probe(path).ok_or(Reject::NotFound)?,
        };
        match head.method {
            "GET" | "HEAD" => Ok(Asked::Whole(request)),
            _ => Err(Reject::MethodNotAllowed { allow: "GET, HEAD" }),
        }
    }
}

/// The path of a target.
fn path(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

/// Returns the health check at this path. Health checkers address the machine, and some speak
/// HTTP/1.0 without `Host`.
fn probe(path: &str) -> Option<Request> {
    match path {
        "/health" => Some(Request::Health),
        "/livez" => Some(Request::Live),
        "/readyz" => Some(Request::Ready),
        _ => None,
    }
}

/// The value for which a request was refused, as an operator would list it.
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

/// What a request asks for, if its head keeps the rules.
enum Asked {
    /// What can be done here: these methods.
    Options(&'static str),
    /// To take the messages in the body.
    Message(Door, McpHead),
    /// Something that takes no body.
    Whole(Request),
}

/// Where messages come in.
#[derive(Clone, Copy, Debug)]
enum Door {
    /// At the endpoint.
    Endpoint,
    /// At the one that a stream of HTTP+SSE has named.
    Sse,
}

/// A request whose head keeps the rules, and whose body has not been read.
#[derive(Debug)]
pub struct Admission {
    /// The CORS headers of its answer, whichever that will be: the adapter puts them into
    /// [`crate::http::ReplyHead::cors`] of the head the engine gives it.
    pub cors: Option<Cors>,
    /// Whether the connection ends with the answer, because of a body that nobody reads: the adapter
    /// sets [`crate::http::ReplyHead::close`] then.
    pub close: bool,
    /// How its answer may be sent, if that is whole: the adapter hands it to
    /// [`crate::http::ReplyHead::encode`].
    pub coding: Coding,
    what: What,
}

#[derive(Debug)]
enum What {
    Message(Door, McpHead, BodyRules, Option<Arc<dyn Server>>),
    Whole(Request),
}

impl Admission {
    /// Whether there is a body to be read, up to [`crate::limits::Limits::body_bytes_max`]. Any
    /// other body means nothing, and can be skipped.
    pub fn expects_body(&self) -> bool {
        matches!(self.what, What::Message(..))
    }

    /// Opens the account of its client: where the bytes of its body and of its answer are counted.
    ///
    /// # Errors
    ///
    /// There is no room for the body that the head announces. The answer is complete.
    pub fn open_account<H: Headers>(
        &mut self,
        memory: &Memory,
        head: &RequestHead<'_, H>,
    ) -> Result<(), Box<Answer>> {
        let expected = match self.what {
            What::Message(..) => announced(head.headers),
            What::Whole(_) => 0,
        };
        let mcp = match &mut self.what {
            What::Message(_, mcp, ..) => Some(mcp),
            What::Whole(request) => request.head_mut(),
        };
        let Some(mcp) = mcp else { return Ok(()) };
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

    /// Returns where the body is to be read into.
    pub fn body<H: Headers>(&self, head: &RequestHead<'_, H>) -> BodyBuffer {
        let account = match &self.what {
            What::Message(_, mcp, ..) => mcp.account.as_ref(),
            What::Whole(_) => None,
        };
        BodyBuffer::new(account, announced(head.headers))
    }

    /// The request, now that its body is there; the body of a request that has none is not looked
    /// at. `whole` is the head that was admitted: a server that looks at it is given a copy. The answer, if there is one, is complete, and carries the id of what was asked if that
    /// can be read.
    pub fn request<H: Headers>(
        self,
        body: Bytes,
        whole: &RequestHead<'_, H>,
    ) -> Result<Request, Box<Answer>> {
        let (door, mut head, rules, reader) = match self.what {
            What::Message(door, head, rules, reader) => (door, head, rules, reader),
            What::Whole(request) => return Ok(request),
        };
        match rules.read(body) {
            Ok(body) => {
                if reader.is_some_and(|reader| reads_http(reader.modern_catalog(), &body)) {
                    head.http = Some(Arc::new(scene(whole, self.cors.is_some())));
                }
                Ok(match door {
                    Door::Endpoint => Request::Post { head, body },
                    Door::Sse => Request::PostSse { head, body },
                })
            }
            Err(invalid) => Err(Box::new(Answer::invalid(&invalid, self.cors))),
        }
    }
}

impl BodyRules {
    fn read(self, body: Bytes) -> Result<Body, Invalid> {
        match body.len() > self.bytes_max {
            true => Err(Reject::BodyTooLarge { limit: self.bytes_max }.into()),
            false => Body::parse(body, self.parse),
        }
    }
}

/// The bytes of the body that `Content-Length` announces; 0 where it says nothing.
fn announced(headers: &impl Headers) -> usize {
    let length = headers.values("content-length").next();
    length.and_then(|text| str::from_utf8(text).ok()?.parse().ok()).unwrap_or_default()
}

/// Whether a head that the guard has let through is followed by a body.
fn has_body(headers: &impl Headers) -> bool {
    let is_some = |length: &[u8]| length.iter().any(|digit| *digit != b'0');
    headers.values("transfer-encoding").next().is_some()
        || headers.values("content-length").any(is_some)
}

impl Program {
    fn coding(&self, headers: &impl Headers) -> Coding {
        match self.packs {
            true => Coding::accepted(headers.values("accept-encoding")),
            false => Coding::Fixed,
        }
    }

    fn endpoint<H: Headers>(&self, head: &RequestHead<'_, H>) -> Result<Asked, Reject> {
        let headers = head.headers;
        match head.method {
            "POST" => {
                check_content(headers)?;
                // Who listens is answered by nothing but a stream.
                let listens = only(headers, "mcp-method") == Ok(Some(b"subscriptions/listen"));
                let accept = match self.streams_to_all || listens {
                    true => Accept::of_anything(headers.values("accept")),
                    false => Accept::of_post(headers.values("accept")),
                };
                let accept = accept.ok_or(Reject::NotAcceptable)?;
                let head = self.mcp_head(head, accept, LastEvent::Absent)?;
                Ok(Asked::Message(Door::Endpoint, head))
            }
            "GET" if self.sessions => {
                let accept = Accept::of_get(headers.values("accept"));
                let accept = accept.ok_or(Reject::NotAcceptable)?;
                let head = self.mcp_head(head, accept, last_event(headers)?)?;
                Ok(Asked::Whole(Request::Listen { head }))
            }
            "DELETE" if self.sessions => {
                // The answer has no form to choose.
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
        let mirrored = mirrored(headers);
        let (session, foreign_session) = match self.sessions {
            true => (session(headers)?, None),
            false => (SessionHeader::Absent, foreign_session(headers)),
        };
        // In the legacy era nothing but a session belongs to anybody.
        let principal = match self.sessions || mirrored.is_some() {
            true => self.bind.principal(authorization(headers).as_deref()),
            false => Principal::Anonymous,
        };
        Ok(McpHead {
            session,
            revision: self.revision(headers),
            accept,
            last_event,
            mirrored,
            principal,
            foreign_session,
            params_digest: None,
            http: None,
            peer: head.peer,
            arrived: head.arrived,
            account: None,
        })
    }

    /// Whether a wrong one is refused, and how, is the body's to say: it has the era and the id.
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

/// Whether one of these messages is for something that looks at the head it came with: anything but
/// a tool that says it does not.
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

/// Whether any of these revisions has sessions. Those of the modern era have none, and so no GET and
/// no DELETE (2026-07-28, basic/transports/streamable-http, Earlier Streamable HTTP Revisions).
fn has_sessions(revisions: &[Revision]) -> bool {
    revisions.iter().any(|revision| revision.era() == Era::Legacy)
}

/// Returns the methods of an endpoint with or without sessions, as `Allow` lists them.
pub fn endpoint_methods(sessions: bool) -> &'static str {
    if sessions { "GET, POST, DELETE, OPTIONS" } else { "POST, OPTIONS" }
}

/// The whole head, for a server that looks at it.
fn scene<H: Headers>(head: &RequestHead<'_, H>, cors: bool) -> HttpScene {
    let own = |(name, value): (&str, &[u8])| (name.to_ascii_lowercase().into(), value.into());
    HttpScene {
        method: head.method.into(),
        target: head.target.into(),
        headers: head.headers.lines().map(own).collect(),
        peer: head.peer,
        cors,
    }
}

/// A preflight is told by the header that only preflights have (Fetch standard, CORS-preflight
/// request). Who may not read the answer learns the methods and no more.
fn options(headers: &impl Headers, methods: &'static str, cors: Option<Cors>) -> Answer {
    let preflight = headers.values("access-control-request-method").next().is_some();
    let asked = if preflight { asked_headers(headers) } else { Box::default() };
    Answer::options(methods, cors.map(|cors| Cors { preflight, asked, ..cors }))
}

/// The headers that a preflight asks for, each after a comma. An origin that may read answers may
/// send any header: gateways in front read headers that pontoon does not know.
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

/// Headers of a preflight that are repeated. The limit on a head bounds their bytes.
const ASKED_HEADERS_MAX: usize = 100;

/// JSON in UTF-8, as it is: nothing is unpacked, so nothing can grow.
fn check_content(headers: &impl Headers) -> Result<(), Reject> {
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

/// A value of visible ASCII is all a session id may be (2025-11-25, basic/transports). An empty one
/// is what a client has that has no session.
fn session(headers: &impl Headers) -> Result<SessionHeader, Reject> {
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

/// What the headers repeat of the body. Only a client of the modern era says its method there.
fn mirrored(headers: &impl Headers) -> Option<Box<Mirrored>> {
    headers.values("mcp-method").next()?;
    let own = |name| only(headers, name).map(|value| value.map(Box::from));
    let param = |(name, value): (&str, &[u8])| {
        let name = name.to_ascii_lowercase();
        Some((name.strip_prefix("mcp-param-")?.into(), value.into()))
    };
    Some(Box::new(Mirrored {
        method: own("mcp-method").ok().flatten().unwrap_or_default(),
        name: own("mcp-name").unwrap_or(Some(Box::default())),
        params: headers.lines().filter_map(param).collect(),
    }))
}

/// A value that goes back as it is. One that is malformed means as little as any other, and is left
/// out.
fn foreign_session(headers: &impl Headers) -> Option<Box<str>> {
    let text = visible(headers, "mcp-session-id").ok().flatten()?;
    (text.len() <= FOREIGN_BYTES_MAX).then(|| text.into())
}

const FOREIGN_BYTES_MAX: usize = 128;

const LAST_EVENT_BYTES_MAX: usize = 1024;

/// An empty value is what a client has that has not seen an event yet (HTML standard, server-sent
/// events).
fn last_event(headers: &impl Headers) -> Result<LastEvent, Reject> {
    match only(headers, "last-event-id")? {
        None | Some([]) => Ok(LastEvent::Absent),
        Some(id) if id.len() > LAST_EVENT_BYTES_MAX => Err(Reject::BadMcpHeader),
        Some(id) => Ok(EventId::parse(id).map_or(LastEvent::Foreign, LastEvent::Id)),
    }
}

/// Several lines together are one value (RFC 9110, section 5.3), so nobody can add a line to pass
/// for the principal of another.
fn authorization(headers: &impl Headers) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = headers.values("authorization").collect();
    (!lines.is_empty()).then(|| lines.join(&b", "[..]))
}

/// The value of a header that may be given once, in visible ASCII.
fn visible<'a>(headers: &'a impl Headers, name: &str) -> Result<Option<&'a str>, Reject> {
    let Some(value) = only(headers, name)? else { return Ok(None) };
    match std::str::from_utf8(value) {
        Ok(text) if !text.is_empty() && value.iter().all(u8::is_ascii_graphic) => Ok(Some(text)),
        _ => Err(Reject::BadMcpHeader),
    }
}

/// The value of a header that may be given once.
fn only<'a>(headers: &'a impl Headers, name: &str) -> Result<Option<&'a [u8]>, Reject> {
    let mut values = headers.values(name);
    let first = values.next();
    if values.next().is_some() { Err(Reject::BadMcpHeader) } else { Ok(first) }
}

#[cfg(test)]
mod tests;
