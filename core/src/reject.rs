//! Every reason to refuse a request or to fail it, and the table from there to the wire.
//!
//! Owns: HTTP status, JSON-RPC code and text of every refusal. Never: text from a peer, so that a
//! refusal cannot carry an injection or a secret.
//!
//! Sources: RFC 9110 (status codes), RFC 9112 (framing), JSON-RPC 2.0 section 5.1 (codes), MCP
//! 2025-11-25 basic/transports (sessions), 2026-07-28 basic/versioning (`-32022`).

mod flaw;
mod text;

pub use flaw::Flaw;
use strum::IntoStaticStr;

use crate::time::Duration;

/// The reason why a request was refused, or why the child could not answer it.
///
/// The name in metrics and logs is that of the variant in `snake_case`, except for six variants,
/// whose `serialize` keeps an earlier name, and for two kinds of [`Reject::BadAnswer`]: see
/// [`Reject::name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[cfg_attr(test, derive(strum::VariantNames))]
#[strum(serialize_all = "snake_case")]
pub enum Reject {
    // HTTP framing, found before a request exists
    /// `Content-Length` and `Transfer-Encoding` together, or several lengths.
    AmbiguousLength,
    /// A chunk that is malformed, or whose extensions are too long.
    BadChunk,
    /// A head that is not strictly HTTP/1.x: bare LF, control bytes, folded lines.
    BadHead,
    /// No `Host`, several, or one that is not a host.
    BadHost,
    /// A `Content-Length` that is not a plain number.
    BadLength,
    /// A request target that is neither a path nor a URL with the authority of `Host`.
    BadTarget,
    /// A `Transfer-Encoding` other than `chunked`, or one in HTTP/1.0.
    BadTransferCoding,
    /// The body stopped arriving, or arrived too slowly.
    BodyTimeout {
        /// The time limit of a body.
        limit: Duration,
    },
    /// The body is longer than the limit.
    BodyTooLarge {
        /// The size limit of a body, in bytes.
        limit: usize,
    },
    /// The connection ended inside the body.
    BodyTruncated,
    /// The head stopped arriving, or arrived too slowly.
    HeadTimeout {
        /// The time limit of a head.
        limit: Duration,
    },
    /// Too many header lines, or too many bytes of them.
    HeadTooLarge,
    /// A request without TLS on a port that expects TLS.
    PlainHttp,
    /// The request target is longer than the limit.
    TargetTooLong,
    /// A trailer section after a chunked body.
    Trailer,
    /// `Expect` with something other than `100-continue`.
    UnknownExpectation,
    /// A version other than HTTP/1.0 and HTTP/1.1.
    UnsupportedHttpVersion,

    // Authentication
    /// The request needs a token, and has none.
    MissingToken,
    /// The token is not accepted.
    BadToken(TokenFlaw),
    /// The token does not have the scopes that the request needs.
    InsufficientScope,
    /// A token in the query, where logs and histories would keep it.
    TokenInQuery,
    /// Several `Authorization` headers.
    RepeatedAuthorization,
    /// The authorization server cannot be asked, so that the token cannot be verified.
    AuthUnavailable(Awaited),

    // HTTP requests
    /// A header for a variable of the child that is given twice, or is too long.
    BadVariableHeader,
    /// `Mcp-Session-Id`, `MCP-Protocol-Version` or `Last-Event-ID` repeated or malformed.
    BadMcpHeader,
    /// A `Host` that is not allowed: DNS rebinding.
    ForbiddenHost,
    /// An `Origin` that is not allowed.
    ForbiddenOrigin,
    /// A method that this path does not have.
    MethodNotAllowed {
        /// The methods of this path, as `Allow` lists them.
        allow: &'static str,
    },
    /// `Accept` excludes every available form of answer.
    NotAcceptable,
    /// A path without a resource.
    NotFound,
    /// The server's entry in the configuration has an error.
    ServerBroken,
    /// `Content-Type` is not `application/json`, or the body is compressed.
    UnsupportedMediaType,

    // JSON and JSON-RPC
    /// Not JSON.
    BadJson,
    /// A string with a lone surrogate, which is not a character.
    LoneSurrogate,
    /// Nested deeper than the limit.
    TooDeep,
    /// A batch in a revision without batches.
    BatchNotAllowed,
    /// A batch, and there are no sessions.
    BatchWithoutSession,
    /// A batch without a message.
    BatchEmpty,
    /// More messages in a batch than the limit.
    BatchTooLong,
    /// An `id` that is neither a string nor an integer, or is too long.
    BadId,
    /// Neither a request, nor a notification, nor a response.
    BadMessage,
    /// A `method` that is not a string.
    BadMethod,
    /// A field of `params` that has a wrong type or value, or is too long.
    BadParams,
    /// `params` that are not an object.
    ParamsNotObject,
    /// `jsonrpc` is not `"2.0"`.
    BadVersion,
    /// Client information or capabilities of more than 64 KiB in a request of 2026-07-28.
    ClientTooLong,
    /// A duplicate key whose value would be ambiguous.
    DuplicateKey,
    /// A key that another parser could take for one of the envelope's.
    #[strum(serialize = "lookalike_key")]
    ConfusableKey,

    // Sessions
    /// `initialize` for a session that has been initialized.
    AlreadyInitialized,
    /// `initialize` inside a batch.
    InitializeInBatch,
    /// No `Mcp-Session-Id` where one is needed.
    MissingSession,
    /// A message in a session of HTTP+SSE before `initialize`.
    NotInitialized,
    /// The stream of a `Last-Event-ID` is not kept any more.
    UnknownStream,
    /// The session is bound to other credentials ([`crate::config::BindSession`]).
    OtherPrincipal,
    /// The session is bound to credentials, and the request has none.
    MissingCredentials,
    /// A session that does not exist, has ended, or belongs to another principal.
    UnknownSession,
    /// A protocol revision that is not supported.
    UnsupportedRevision,

    // Requests of the modern era
    /// A `requestState` that was not sealed here, belongs to another request, or has expired.
    BadRequestState,
    /// A task that is unknown, or belongs to another principal.
    UnknownTask,
    /// A header that must repeat a value of the body is missing or different.
    HeaderMismatch(MirroredValue),
    /// The client did not declare a capability that the request needs.
    MissingCapability(Capability),
    /// `_meta` lacks a required member, or has one of a wrong type.
    MissingMeta,
    /// An unknown method.
    UnknownMethod,

    // Room
    /// The server is stopping.
    Draining,
    /// Too many requests in flight in this session, or too many bytes of their answers.
    InFlightFull,
    /// The memory budget, or the client's share of it, has no room for the request body.
    MemoryFull,
    /// Too many requests of one client at a time ([`crate::config::ClientLimits::rate`]).
    RateExceeded {
        /// The time until a request is allowed.
        pause: Duration,
        /// The option that sets the limit.
        option: &'static str,
    },
    /// Too many requests of one client are in progress.
    ConcurrencyExceeded,
    /// One client has too many sessions.
    ClientSessionsFull,
    /// Too many requests and streams are open, in total or from one address or principal.
    RequestsFull,
    /// Too many requests without a session are in progress.
    #[strum(serialize = "runs_full")]
    TooManyRequests,
    /// All sessions are in use.
    SessionsFull,
    /// Too many processes were started for new values of headers
    /// ([`crate::Config::header_env`]), by this client or by all.
    HeaderValuesExceeded {
        /// The time until another may be started.
        pause: Duration,
    },
    /// The child failed to start a moment ago.
    #[strum(serialize = "start_paused")]
    SpawnBackoff {
        /// The time until the next try.
        pause: Duration,
    },
    /// The child does not read its input.
    #[strum(serialize = "stdin_full")]
    ChildBackpressure,
    /// Too many streams are open, in total or from one address or principal.
    StreamsFull,

    // Answers to the child
    /// The client did not answer the child in time.
    #[strum(serialize = "ask_expired")]
    ServerRequestTimeout,
    /// Too many requests of the child wait for the client.
    #[strum(serialize = "ask_refused")]
    ServerRequestLimit,

    // Answers the child owes
    /// The child's answer is not a valid JSON-RPC 2.0 answer, or not one to this request.
    BadAnswer(Flaw),
    /// The answers of a batch are too large together for a client that accepts no stream.
    BatchAnswerTooLarge,
    /// The child ended before it answered.
    ChildExited(ExitStatus),
    /// The child answered `initialize` with an error.
    ChildRefused,
    /// The child could not be started.
    ChildFailed(SpawnError),
    /// The child took too long to answer.
    RequestTimeout {
        /// The time limit.
        limit: Duration,
        /// The option that changes the limit, if there is one.
        option: Option<&'static str>,
    },
    /// The session ended before the answer came.
    SessionEnded,
    /// The child took too long to answer `initialize`.
    StartupTimeout {
        /// The time limit.
        limit: Duration,
    },
    /// The server stopped before the answer arrived.
    Stopped,
    /// The child ended the listen request that a subscription depends on.
    SubscriptionEnded,
    /// The answer was dropped: its client has not read the ones before it, and the memory for
    /// unread answers is used up.
    UnreadAnswers,
}

/// Rounds a pause up to whole seconds, because a client that waits for less is refused again.
fn whole_seconds(pause: Duration) -> u64 {
    pause.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX)
}

/// The value of the body that a header repeats (2026-07-28, basic/transports/streamable-http,
/// Request Headers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MirroredValue {
    /// `MCP-Protocol-Version`: the version in `_meta`.
    Version,
    /// `Mcp-Method`: the method.
    Method,
    /// `Mcp-Name`: the name of a tool or a prompt, the URI of a resource, the id of a task.
    Name,
    /// `Mcp-Param-…`: an argument, if the tool's schema asks for it.
    Argument,
}

/// A client capability for questions of a server (2026-07-28, schema, ClientCapabilities).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// `elicitation.form`.
    Elicitation,
    /// `elicitation.url`.
    ElicitationUrl,
    /// `roots`.
    Roots,
    /// `sampling`.
    Sampling,
    /// `sampling.tools`.
    SamplingTools,
}

/// The reason why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenFlaw {
    /// It is none of the known tokens.
    Unknown,
    /// It is longer than 16 KiB.
    TooLong,
    /// It, or the header of a gateway, is not well-formed.
    Malformed,
    /// A gateway has sent one of its headers twice.
    RepeatedHeader,
    /// It is meant for another resource.
    Audience,
    /// Its algorithm is unknown, or not in the list.
    Algorithm,
    /// None of the issuer's keys is one that it names, and that fits its algorithm.
    Key,
    /// Its signature is not that of a key of the issuer.
    Signature,
    /// It has expired.
    Expired,
    /// It does not say when it expires.
    NoExpiry,
    /// It is not valid yet.
    NotYetValid,
    /// Its issuer says that it is not valid.
    Inactive,
    /// It is of another issuer.
    Issuer,
    /// It names neither a subject nor a client.
    Subject,
}

/// The awaited answer for a request whose token cannot be verified yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Awaited {
    /// The keys of the issuer.
    Keys,
    /// The issuer's word about the token.
    Token,
    /// Nothing: the issuer has not answered.
    Nothing,
}

/// The way in which a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// It closed its standard input, and still runs.
    StdinClosed,
    /// It closed its standard output, and still runs.
    StdoutClosed,
    /// Unknown to the operating system.
    Unknown,
}

/// The reason why a child could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpawnError {
    /// The command does not exist.
    NotFound,
    /// The command is not executable.
    NotExecutable,
    /// File descriptors, processes or memory are used up.
    NoResources,
    /// The arguments and variables are longer than the system allows.
    TooLong,
    /// Any other reason.
    Other,
}

/// The reason why a TLS handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[cfg_attr(test, derive(strum::VariantNames))]
#[strum(serialize_all = "snake_case")]
pub enum TlsFailure {
    /// The client sent an alert, mostly because it does not trust the certificate.
    Alert,
    /// The client closed the connection.
    Closed,
    /// The client and this server have no version, cipher suite or protocol in common.
    Incompatible,
    /// The bytes are not TLS.
    NotTls,
    /// Any other reason.
    Other,
    /// It was not complete in time, or when the program stopped.
    Unfinished,
}

impl TlsFailure {
    /// Returns a short stable name for metrics and logs, in `snake_case`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The form of a refusal on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorForm {
    /// The HTTP status; unused if the answer is one of several in a stream or batch.
    pub status: u16,
    /// JSON-RPC error code.
    pub code: i32,
    /// The JSON-RPC error message: one sentence that helps to correct the mistake.
    pub message: String,
}

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const INVALID_PARAMS: i32 = -32602;
pub(crate) const INTERNAL_ERROR: i32 = -32603;
const SERVER_ERROR: i32 = -32000;
const METHOD_NOT_FOUND: i32 = -32601;
const HEADER_MISMATCH: i32 = -32020;
const MISSING_CLIENT_CAPABILITY: i32 = -32021;
const UNSUPPORTED_PROTOCOL_VERSION: i32 = -32022;

impl Reject {
    /// Returns the HTTP status, JSON-RPC code and message of this refusal.
    pub fn wire(self) -> ErrorForm {
        let (status, code) = self.status_and_code();
        ErrorForm { status, code, message: self.to_string() }
    }

    /// Returns whether the connection must not be used again, because bytes that follow cannot be
    /// trusted.
    pub fn closes(self) -> bool {
        use Reject::*;
        matches!(
            self,
            AmbiguousLength
                | BadChunk
                | BadHead
                | BadHost
                | BadLength
                | BadTarget
                | BadTransferCoding
                | BodyTimeout { .. }
                | BodyTooLarge { .. }
                | BodyTruncated
                | Draining
                | HeadTimeout { .. }
                | HeadTooLarge
                | MemoryFull
                | PlainHttp
                | RateExceeded { .. }
                | TargetTooLong
                | Trailer
                | UnknownExpectation
                | UnsupportedHttpVersion
        )
    }

    /// Returns the seconds for `Retry-After`, if waiting helps.
    pub fn retry_after(self) -> Option<u64> {
        match self {
            Reject::AuthUnavailable(_)
            | Reject::Draining
            | Reject::InFlightFull
            | Reject::MemoryFull
            | Reject::RequestsFull
            | Reject::ConcurrencyExceeded
            | Reject::TooManyRequests
            | Reject::ChildBackpressure
            | Reject::UnreadAnswers
            | Reject::BadAnswer(Flaw::NoRoom)
            | Reject::ChildFailed(SpawnError::NoResources) => Some(1),
            Reject::SessionsFull | Reject::ClientSessionsFull | Reject::StreamsFull => Some(5),
            Reject::RateExceeded { pause, .. }
            | Reject::HeaderValuesExceeded { pause }
            | Reject::SpawnBackoff { pause } => Some(whole_seconds(pause)),
            _ => None,
        }
    }

    /// Returns the time limit that was exceeded, if any, and the option that changes it.
    pub fn timeout(self) -> Option<(Duration, Option<&'static str>)> {
        match self {
            Reject::BodyTimeout { limit } => Some((limit, Some("--body-timeout"))),
            Reject::HeadTimeout { limit } => Some((limit, Some("--head-timeout"))),
            Reject::RequestTimeout { limit, option } => Some((limit, option)),
            Reject::StartupTimeout { limit } => Some((limit, Some("--startup-timeout"))),
            _ => None,
        }
    }

    /// Returns the option of the limit for each client that was exceeded, if it was one.
    pub fn client_limit(self) -> Option<&'static str> {
        match self {
            Reject::RateExceeded { option, .. } => Some(option),
            Reject::ConcurrencyExceeded => Some("--concurrent-requests"),
            Reject::ClientSessionsFull => Some("--sessions-per-client"),
            _ => None,
        }
    }

    /// Returns a short stable name for metrics and logs, in `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            Reject::BadAnswer(Flaw::NoRoom) => "no_room",
            Reject::BadAnswer(Flaw::TooLong { .. }) => "answer_too_long",
            other => other.into(),
        }
    }

    fn status_and_code(self) -> (u16, i32) {
        use Reject::*;
        match self {
            AmbiguousLength | BadChunk | BadHead | BadHost | BadLength | BadTarget
            | BadTransferCoding | BodyTruncated | PlainHttp | Trailer | BadMcpHeader
            | BadVariableHeader => (400, INVALID_REQUEST),
            BodyTimeout { .. } | HeadTimeout { .. } => (408, INVALID_REQUEST),
            BodyTooLarge { .. } => (413, INVALID_REQUEST),
            HeadTooLarge => (431, INVALID_REQUEST),
            TargetTooLong => (414, INVALID_REQUEST),
            UnknownExpectation => (417, INVALID_REQUEST),
            UnsupportedHttpVersion => (505, INVALID_REQUEST),
            MissingToken | BadToken(_) => (401, INVALID_REQUEST),
            InsufficientScope => (403, INVALID_REQUEST),
            TokenInQuery | RepeatedAuthorization => (400, INVALID_REQUEST),
            AuthUnavailable(_) => (503, SERVER_ERROR),
            ForbiddenHost | ForbiddenOrigin => (403, INVALID_REQUEST),
            MethodNotAllowed { .. } => (405, INVALID_REQUEST),
            NotAcceptable => (406, INVALID_REQUEST),
            NotFound => (404, INVALID_REQUEST),
            UnsupportedMediaType => (415, INVALID_REQUEST),
            BadJson | LoneSurrogate | TooDeep => (400, PARSE_ERROR),
            BatchNotAllowed | BatchWithoutSession | BatchEmpty | BatchTooLong | BadId
            | BadMessage | BadMethod | BadVersion | DuplicateKey | ConfusableKey
            | InitializeInBatch | MissingSession | NotInitialized => (400, INVALID_REQUEST),
            BadParams | ParamsNotObject | ClientTooLong => (400, INVALID_PARAMS),
            AlreadyInitialized => (400, INTERNAL_ERROR),
            MissingCredentials => (401, INTERNAL_ERROR),
            OtherPrincipal | UnknownSession => (404, INTERNAL_ERROR),
            UnknownStream => (400, INTERNAL_ERROR),
            UnsupportedRevision => (400, UNSUPPORTED_PROTOCOL_VERSION),
            BadRequestState | UnknownTask => (200, INVALID_PARAMS),
            HeaderMismatch(_) => (400, HEADER_MISMATCH),
            MissingCapability(_) => (400, MISSING_CLIENT_CAPABILITY),
            MissingMeta => (400, INVALID_PARAMS),
            UnknownMethod => (404, METHOD_NOT_FOUND),
            Draining
            | InFlightFull
            | MemoryFull
            | RequestsFull
            | ServerBroken
            | TooManyRequests
            | SessionsFull
            | HeaderValuesExceeded { .. }
            | SpawnBackoff { .. }
            | ChildBackpressure
            | UnreadAnswers
            | StreamsFull
            | BadAnswer(Flaw::NoRoom)
            | ChildFailed(SpawnError::NoResources) => (503, INTERNAL_ERROR),
            RateExceeded { .. } | ConcurrencyExceeded | ClientSessionsFull => (429, SERVER_ERROR),
            // The child is not an HTTP client.
            ServerRequestTimeout | ServerRequestLimit => (200, INTERNAL_ERROR),
            // The request was accepted; its answer is an error of the protocol, not of HTTP.
            BadAnswer(_)
            | BatchAnswerTooLarge
            | ChildExited(_)
            | RequestTimeout { .. }
            | SessionEnded
            | Stopped
            | SubscriptionEnded => (200, INTERNAL_ERROR),
            // No session was opened.
            ChildFailed(_) | ChildRefused | StartupTimeout { .. } => (502, INTERNAL_ERROR),
        }
    }
}

#[cfg(test)]
mod tests;
