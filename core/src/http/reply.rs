//! The head of an answer, and the answer of a refusal.

use std::borrow::Cow;

use bytes::Bytes;

use crate::http::ContentCoding;
use crate::ids::SessionId;
use crate::json::{self, Invalid};
use crate::observe::Detail;
use crate::reject::{ErrorForm, Reject};

/// The status and headers of an answer. Adapters send the headers of [`ReplyHead::headers`], and
/// add only those of their transport (`Content-Length`, `Transfer-Encoding`, `Date`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyHead {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`, or `None` without a body.
    pub content_type: Option<ContentType>,
    /// `Mcp-Session-Id`.
    pub session: Option<SessionId>,
    /// `Mcp-Session-Id` that the client chose itself: visible ASCII.
    pub foreign_session: Option<Box<str>>,
    /// `Allow`.
    pub allow: Option<&'static str>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// `WWW-Authenticate`.
    pub challenge: Option<Box<str>>,
    /// Whether the connection closes after this answer.
    pub close: bool,
    /// CORS headers, for a browser whose origin is allowed.
    pub cors: Option<Cors>,
    /// The coding of the body: see [`ReplyHead::encode`].
    pub coding: ContentCoding,
    /// `Content-Security-Policy`, for a page. Its answer also forbids browsers to guess another
    /// media type, and to send its address elsewhere.
    pub policy: Option<&'static str>,
}

/// The minimum length of a body that is compressed.
const COMPRESSED_BYTES_MIN: usize = 1024;

/// The media types of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// `application/json`.
    Json,
    /// `text/html`.
    Html,
    /// `text/event-stream`.
    EventStream,
    /// The Prometheus text format, version 0.0.4.
    Metrics,
    /// `text/plain`.
    Text,
}

/// CORS headers for a browser page of an allowed origin (Fetch standard, CORS protocol).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// The origin, as in the request.
    pub origin: Box<str>,
    /// Whether this answers a preflight. A page may then use the methods in [`ReplyHead::allow`].
    pub preflight: bool,
    /// The headers that a preflight asks for besides those that are always allowed, each after a
    /// comma.
    pub requested: Box<str>,
}

impl Cors {
    /// Returns the headers for a page of this origin, given as in the request.
    pub fn of(origin: &str) -> Cors {
        Cors { origin: origin.into(), preflight: false, requested: Box::default() }
    }
}

impl ContentType {
    const fn as_str(self) -> &'static str {
        match self {
            ContentType::Json => "application/json",
            ContentType::Html => "text/html; charset=utf-8",
            ContentType::EventStream => "text/event-stream",
            ContentType::Metrics => "text/plain; version=0.0.4; charset=utf-8",
            ContentType::Text => "text/plain; charset=utf-8",
        }
    }
}

impl ReplyHead {
    /// Creates a head with only a status.
    pub const fn new(status: u16) -> Self {
        ReplyHead {
            status,
            content_type: None,
            session: None,
            foreign_session: None,
            allow: None,
            retry_after: None,
            challenge: None,
            close: false,
            cors: None,
            coding: ContentCoding::Uncompressed,
            policy: None,
        }
    }

    /// Creates a head for a body of this type.
    pub const fn with_body(status: u16, content_type: ContentType) -> Self {
        let mut head = ReplyHead::new(status);
        head.content_type = Some(content_type);
        head
    }

    /// Chooses the coding for a whole body of this length, from those that its client accepts: the
    /// adapter compresses it if [`ReplyHead::coding`] is then gzip. A stream is never compressed,
    /// because compression would delay its events.
    pub fn encode(&mut self, taken: ContentCoding, bytes: usize) {
        let is_stream = self.content_type == Some(ContentType::EventStream);
        if bytes >= COMPRESSED_BYTES_MIN && !is_stream {
            self.coding = taken;
        }
    }

    /// Calls `line` with the name, in lower case, and the value of each header.
    pub fn headers(&self, mut line: impl FnMut(&'static str, Cow<'static, str>)) {
        if let Some(content_type) = self.content_type {
            line("content-type", content_type.as_str().into());
        }
        match self.content_type {
            // A proxy that buffers a stream would delay every event. With a stream in its cache,
            // Chromium may send a later request to the same URL twice.
            Some(ContentType::EventStream) => {
                line("cache-control", "no-cache, no-store, no-transform".into());
                line("x-accel-buffering", "no".into());
            }
            Some(_) => line("cache-control", "no-store".into()),
            None => {}
        }
        if let Some(session) = self.session {
            line("mcp-session-id", session.to_string().into());
        }
        if let Some(session) = &self.foreign_session {
            line("mcp-session-id", session.to_string().into());
        }
        if let Some(allow) = self.allow {
            line("allow", allow.into());
        }
        if let Some(seconds) = self.retry_after {
            line("retry-after", seconds.to_string().into());
        }
        if let Some(challenge) = &self.challenge {
            line("www-authenticate", challenge.to_string().into());
        }
        if let Some(policy) = self.policy {
            line("content-security-policy", policy.into());
            line("x-content-type-options", "nosniff".into());
            line("referrer-policy", "no-referrer".into());
        }
        if self.close {
            line("connection", "close".into());
        }
        if self.coding == ContentCoding::Gzip {
            line("content-encoding", "gzip".into());
        }
        // The answer depends on the request's origin, so caches must keep them apart.
        let vary = match self.coding {
            ContentCoding::Uncompressed => "Origin",
            ContentCoding::Gzip | ContentCoding::Identity => "Origin, Accept-Encoding",
        };
        line("vary", vary.into());
        if let Some(cors) = &self.cors {
            cors.headers(self.allow, line);
        }
    }
}

/// The headers that every page of an allowed origin may send.
pub(crate) const ALLOWED_HEADERS: &str = "authorization, content-type, accept, last-event-id, \
    mcp-protocol-version, mcp-session-id, mcp-method, mcp-name";

/// The headers of answers that a page may read, besides those that every page may.
const EXPOSED_HEADERS: &str = "mcp-session-id, retry-after, www-authenticate";

impl Cors {
    fn headers(
        &self,
        methods: Option<&'static str>,
        mut line: impl FnMut(&'static str, Cow<'static, str>),
    ) {
        line("access-control-allow-origin", self.origin.to_string().into());
        if self.preflight {
            line("access-control-allow-methods", methods.unwrap_or_default().into());
            line(
                "access-control-allow-headers",
                format!("{ALLOWED_HEADERS}{}", self.requested).into(),
            );
            line("access-control-max-age", "86400".into());
        } else {
            line("access-control-expose-headers", EXPOSED_HEADERS.into());
        }
    }
}

/// A complete answer that does not need the engine: a refusal, the answer to `OPTIONS`, or the
/// metadata of the protected resource.
#[derive(Debug)]
pub struct Answer {
    /// Status and headers.
    pub head: ReplyHead,
    /// The body.
    pub body: Bytes,
    /// The reason of a refusal; `None` for any other answer.
    pub reject: Option<Reject>,
    /// The part of the request that was refused, for the log.
    pub detail: Option<Detail>,
}

/// A refusal that was answered, for the engine.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The reason.
    pub reject: Reject,
    /// The part of the request that was refused, for the log.
    pub detail: Option<Detail>,
}

impl Answer {
    /// Returns the refusal to report to the engine; `None` for any other answer.
    pub fn report(&self) -> Option<Refusal> {
        Some(Refusal { reject: self.reject?, detail: self.detail.clone() })
    }

    /// Creates a refusal, with CORS headers for a browser whose origin is allowed.
    pub fn refusal(reject: Reject, cors: Option<Cors>) -> Answer {
        Answer::invalid(&Invalid::from(reject), cors)
    }

    /// Creates a refusal whose text continues with `more`.
    pub(super) fn explained(reject: Reject, more: &str, cors: Option<Cors>) -> Answer {
        let wire = reject.wire();
        let wire = ErrorForm { message: wire.message + more, ..wire };
        let head = ReplyHead { cors, ..refusal_head(reject) };
        let body = json::error(None, &wire).into_bytes();
        Answer { head, body, reject: Some(reject), detail: None }
    }

    /// Creates the refusal of a body. The error carries the id of the request, if that could be
    /// read (JSON-RPC 2.0, section 5).
    pub(super) fn invalid(invalid: &Invalid, cors: Option<Cors>) -> Answer {
        let reject = invalid.reject;
        let body = json::error(invalid.request_id(), &reject.wire()).into_bytes();
        let head = ReplyHead { cors, ..refusal_head(reject) };
        Answer { head, body, reject: Some(reject), detail: None }
    }

    /// Creates an answer with a JSON text.
    pub(super) fn json(body: Vec<u8>, cors: Option<Cors>) -> Answer {
        let head = ReplyHead { cors, ..ReplyHead::with_body(200, ContentType::Json) };
        Answer { head, body: body.into(), reject: None, detail: None }
    }

    /// Creates the answer to `OPTIONS`, for a preflight or not.
    pub(super) fn options(allow: &'static str, cors: Option<Cors>) -> Answer {
        let mut head = ReplyHead::new(204);
        head.allow = Some(allow);
        head.cors = cors;
        Answer { head, body: Bytes::new(), reject: None, detail: None }
    }
}

/// Returns the answer to a request that was refused before its id was known.
pub(crate) fn refusal(reject: Reject) -> (ReplyHead, Bytes) {
    (refusal_head(reject), json::error(None, &reject.wire()).into_bytes())
}

fn refusal_head(reject: Reject) -> ReplyHead {
    let mut head = ReplyHead::with_body(reject.wire().status, ContentType::Json);
    head.retry_after = reject.retry_after();
    // The scheme that opened the session is not revealed.
    head.challenge = (reject == Reject::MissingCredentials).then(|| "Bearer".into());
    head.close = reject.closes();
    if let Reject::MethodNotAllowed { allow } = reject {
        head.allow = Some(allow);
    }
    head
}

#[cfg(test)]
mod tests;
