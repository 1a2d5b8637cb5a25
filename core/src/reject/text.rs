//! The English text of each refusal.
//!
//! Owns: every sentence that a client reads as the message of an error.
//! Never: text taken from a peer.

use std::fmt;

use super::*;

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Reject::*;
        match self {
            BadAnswer(Flaw::TooLong { max }) => write!(
                f,
                "The MCP server process sent an answer longer than {} (--max-line)",
                Bytes(*max)
            ),
            BadAnswer(Flaw::NoRoom) => f.write_str(
                "There is no memory left for the answer of the MCP server process (--max-memory)",
            ),
            BadAnswer(flaw @ (Flaw::SeveralLines | Flaw::ContentLength)) => write!(
                f,
                "The MCP server process sent an answer that is not framed as MCP demands: {flaw}; \
                 over stdio each message must be one line, without headers"
            ),
            BadAnswer(flaw) => write!(
                f,
                "The MCP server process sent an answer that is not valid JSON-RPC: {flaw}"
            ),
            BadToken(flaw) => write!(f, "The access token is not accepted: {flaw}"),
            BodyTimeout { limit } => write!(
                f,
                "The request body took longer than {} or came too slowly (--body-timeout)",
                Seconds(*limit)
            ),
            BodyTooLarge { limit } => {
                write!(f, "The request body is larger than {} (--max-body)", Bytes(*limit))
            }
            ChildExited(status) => write!(f, "The MCP server process {status}"),
            ChildFailed(error) => write!(f, "The MCP server process could not be started: {error}"),
            SpawnBackoff { pause } => write!(
                f,
                "The MCP server process failed to start; the next try is possible in {} s",
                whole_seconds(*pause)
            ),
            HeadTimeout { limit } => write!(
                f,
                "The request head was not complete within {} (--head-timeout)",
                Seconds(*limit)
            ),
            RequestTimeout { limit, option } => {
                write!(f, "The server did not answer within {}", Seconds(*limit))?;
                option.map_or(Ok(()), |option| write!(f, " ({option})"))
            }
            StartupTimeout { limit } => write!(
                f,
                "The MCP server process did not start within {} (--startup-timeout)",
                Seconds(*limit)
            ),
            fixed => f.write_str(fixed.text()),
        }
    }
}

impl Reject {
    /// Returns the text of a refusal that is the same each time.
    fn text(self) -> &'static str {
        use Reject::*;
        match self {
            AmbiguousLength => "More than one body length is given",
            BadChunk => "The chunked body is malformed, or its chunk extensions are too long",
            Trailer => "A trailer section behind a chunked body is not supported",
            BadHead => "The request head is malformed",
            BadHost => "Exactly one valid Host header is required",
            BadLength => "Content-Length is not a number",
            BadTarget => "The request target must be a path, or a URL of the host in Host",
            BadTransferCoding => "Transfer-Encoding must be chunked, and only in HTTP/1.1",
            BodyTruncated => "The request body ended early",
            HeadTooLarge => "The request head is too large",
            PlainHttp => "This port expects TLS: use https:// in place of http:// in the URL",
            TargetTooLong => "The request target is too long",
            UnknownExpectation => "Expect must be 100-continue",
            UnsupportedHttpVersion => "HTTP/1.1 is required",
            MissingToken
            | InsufficientScope
            | TokenInQuery
            | RepeatedAuthorization
            | AuthUnavailable(_) => self.auth_text(),
            BadVariableHeader => "A header of --header-env may be given once, with up to 8 KiB",
            BadMcpHeader => {
                "Mcp-Session-Id, MCP-Protocol-Version and Last-Event-ID may each be given once, in visible ASCII"
            }
            ForbiddenHost => "This Host is not allowed (see --allow-host)",
            ForbiddenOrigin => "This Origin is not allowed (see --allow-origin)",
            MethodNotAllowed { .. } => "Method not allowed; see the Allow header",
            NotAcceptable => {
                "Accept must include application/json or text/event-stream (GET: text/event-stream)"
            }
            NotFound => "Not found",
            ServerBroken => "This server is not served, because its entry has an error",
            UnsupportedMediaType => "Content-Type must be application/json (uncompressed, UTF-8)",
            BadJson => "Parse error: the body is not valid JSON",
            LoneSurrogate => {
                "Parse error: a string has half of a surrogate pair, such as \\ud800 alone"
            }
            TooDeep => "Parse error: the body is nested too deeply",
            BatchNotAllowed => "Invalid Request: batches exist only in revision 2025-03-26",
            BatchWithoutSession => {
                "Invalid Request: a batch needs a session; send the messages one by one, or start the server without --stateless"
            }
            BatchEmpty => "Invalid Request: the batch is empty",
            BatchTooLong => "Invalid Request: the batch has too many messages",
            BadId => "Invalid Request: id must be a string or an integer, of up to 1 KiB",
            BadMessage => "Invalid Request: neither a request, nor a notification, nor a response",
            BadMethod => "Invalid Request: method must be a string",
            BadParams => {
                "Invalid params: the fields of params must have the right types, values and lengths"
            }
            ParamsNotObject => "params must be an object",
            ClientTooLong => {
                "Invalid params: clientInfo and clientCapabilities may have at most 64 KiB each"
            }
            BadVersion => "Invalid Request: jsonrpc must be \"2.0\"",
            DuplicateKey => "Invalid Request: a key is given twice",
            ConfusableKey => {
                "Invalid Request: a key differs from jsonrpc, id, method, params, result or error only in spelling"
            }
            AlreadyInitialized => "Session already initialized",
            InitializeInBatch => "Invalid Request: initialize may not be part of a batch",
            MissingSession => {
                "Mcp-Session-Id header is required: send initialize first and send the id from its response, or start the server with --stateless"
            }
            NotInitialized => "Invalid Request: initialize has to come first",
            UnknownStream => "Last-Event-ID names no stream of this session",
            MissingCredentials => {
                "This session was used with credentials: send the same Authorization again"
            }
            // The client learns no more than that it has to open a session of its own.
            OtherPrincipal | UnknownSession => "Session not found or expired",
            UnsupportedRevision => "Unsupported protocol version",
            BadRequestState => {
                "Invalid params: requestState is not valid for this request, or has expired"
            }
            // The client learns nothing about tasks of others.
            UnknownTask => "Invalid params: taskId names no task of this client",
            HeaderMismatch(value) => value.text(),
            MissingCapability(_) => "The client did not declare a capability that is needed here",
            MissingMeta => {
                "Invalid params: _meta must have io.modelcontextprotocol/protocolVersion, a string, and io.modelcontextprotocol/clientCapabilities, an object"
            }
            UnknownMethod => "Method not found",
            Draining => "The server is stopping",
            InFlightFull => "Too many requests are in flight in this session",
            MemoryFull => {
                "The server has no memory left for this request body; the budget is --max-memory"
            }
            RateExceeded { .. } | ConcurrencyExceeded | ClientSessionsFull => self.limit_text(),
            HeaderValuesExceeded { .. } => {
                "Too many processes were started for new values of the headers of --header-env: try again later, with a value that was used before if there is one (--max-sessions allows more)"
            }
            RequestsFull => "Too many requests are open (--max-connections)",
            TooManyRequests => "Too many requests are in flight",
            SessionsFull => "Too many sessions are open (--max-sessions)",
            StreamsFull => "Too many streams are open (--max-connections)",
            ChildBackpressure => "The MCP server process does not read its input",
            ServerRequestTimeout => "The client did not answer in time",
            ServerRequestLimit => "The client cannot be asked: too many requests wait for it",
            BatchAnswerTooLarge => {
                "The answers of this batch are too large together: accept text/event-stream, or send the requests one by one"
            }
            ChildRefused => "The MCP server process refused initialize",
            SessionEnded => "The session ended before the answer came",
            Stopped => "The server stopped before the answer came",
            SubscriptionEnded => "The server ended the subscription",
            UnreadAnswers => {
                "Too many bytes of answers wait for this client to read them; the budget is --max-memory"
            }
            BadAnswer(_)
            | BadToken(_)
            | BodyTimeout { .. }
            | BodyTooLarge { .. }
            | ChildExited(_)
            | ChildFailed(_)
            | HeadTimeout { .. }
            | RequestTimeout { .. }
            | SpawnBackoff { .. }
            | StartupTimeout { .. } => "",
        }
    }

    /// Returns the text of a limit for each client.
    fn limit_text(self) -> &'static str {
        match self {
            // The documented text of the calculator, whose clients may know it.
            Reject::RateExceeded { option: "--rate-limit", .. } => {
                "Too many requests. Please try again later."
            }
            Reject::ConcurrencyExceeded => {
                "Too many requests of this client are in progress (--concurrent-requests)"
            }
            Reject::ClientSessionsFull => {
                "This client has too many sessions: end one with DELETE (--sessions-per-client)"
            }
            _ => "Too many requests of this client (--requests-per-second)",
        }
    }

    /// Returns the text of a refusal by authentication.
    fn auth_text(self) -> &'static str {
        match self {
            Reject::InsufficientScope => {
                "The access token does not have the scopes that this request needs"
            }
            Reject::TokenInQuery => {
                "A token in the URL is refused: send Authorization: Bearer TOKEN"
            }
            Reject::RepeatedAuthorization => "Authorization may be given once",
            Reject::AuthUnavailable(_) => {
                "The authorization server cannot be asked about the access token: try again"
            }
            _ => "This server requires authentication: send Authorization: Bearer TOKEN",
        }
    }
}

impl MirroredValue {
    fn text(self) -> &'static str {
        match self {
            MirroredValue::Version => {
                "MCP-Protocol-Version must be given once, and be the version that _meta names"
            }
            MirroredValue::Method => {
                "Mcp-Method must be given once, and be the method of the request"
            }
            MirroredValue::Name => {
                "Mcp-Name must be given once, and be the name, the uri or the taskId of the request"
            }
            MirroredValue::Argument => {
                "Mcp-Param-* headers must match the arguments that the tool's schema annotates with x-mcp-header"
            }
        }
    }
}

impl fmt::Display for TokenFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TokenFlaw::Unknown => "it is not known here",
            TokenFlaw::TooLong => "it is longer than 16 KiB",
            TokenFlaw::Malformed => "it is malformed",
            TokenFlaw::RepeatedHeader => "the gateway has sent a header twice",
            TokenFlaw::Audience => "it is meant for another resource (aud)",
            TokenFlaw::Algorithm => "its algorithm is not allowed (alg)",
            TokenFlaw::Key => "its key is unknown (kid)",
            TokenFlaw::Signature => "its signature is not valid",
            TokenFlaw::Expired => "it has expired (exp)",
            TokenFlaw::NoExpiry => "it does not say when it expires (exp)",
            TokenFlaw::NotYetValid => "it is not valid yet (nbf)",
            TokenFlaw::Inactive => "its issuer says that it is not valid",
            TokenFlaw::Issuer => "it is of another issuer (iss)",
            TokenFlaw::Subject => "it names neither a subject nor a client (sub, client_id)",
        })
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExitStatus::Code(code) => write!(f, "exited with status {code}"),
            ExitStatus::Signal(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "was killed by signal {signal} ({name})"),
                None => write!(f, "was killed by signal {signal}"),
            },
            ExitStatus::StdinClosed => f.write_str("closed its standard input"),
            ExitStatus::StdoutClosed => f.write_str("closed its standard output"),
            ExitStatus::Unknown => f.write_str("ended"),
        }
    }
}

/// The signals a child commonly ends by; their numbers are the same on Linux and macOS.
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return None,
    })
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SpawnError::NotFound => "no such command",
            SpawnError::NotExecutable => "the command is not executable",
            SpawnError::NoResources => {
                "the system has no file descriptors, processes or memory left"
            }
            SpawnError::TooLong => {
                "its arguments and environment variables are longer than the system allows"
            }
            SpawnError::Other => "the system refused",
        })
    }
}

/// A length of time as a person writes it: `30 s`, `0.5 s`.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_millis() as f64 / 1000.0)
    }
}

/// A size as a person writes it: `4 MiB`, `512 KiB`, `1000 bytes`.
pub(super) struct Bytes(pub(super) usize);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const KIB: usize = 1024;
        const MIB: usize = KIB * KIB;
        match self.0 {
            bytes if bytes >= MIB && bytes.is_multiple_of(MIB) => write!(f, "{} MiB", bytes / MIB),
            bytes if bytes >= KIB && bytes.is_multiple_of(KIB) => write!(f, "{} KiB", bytes / KIB),
            bytes => write!(f, "{bytes} bytes"),
        }
    }
}
