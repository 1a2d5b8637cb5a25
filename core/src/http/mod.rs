//! HTTP as data: the rules for requests, and the form of answers.
//!
//! Owns: framing checks ([`Guard`]), the rules of a request ([`Rules`]), the head of a reply
//! ([`ReplyHead`]), and a whole server connection for adapters without an HTTP library
//! ([`Connection`]).
//! Never: a socket, or the types of an HTTP library.

mod accept;
mod body;
mod client_limiter;
mod coding;
mod connection;
mod guard;
mod media;
mod refused;
mod reply;
mod request;
mod rules;
mod segment;

pub use accept::Accept;
pub use body::BodyBuffer;
pub(crate) use client_limiter::neighbourhood;
pub use client_limiter::{ClientLimiter, LimitedClient};
pub(crate) use client_limiter::{ClientSlot, RateUsage};
pub use coding::ContentCoding;
pub use connection::{
    BodyLength, Connection, ConnectionConfig, ConnectionEvent, RequestLines, ResponseHead,
    WriteHead,
};
pub(crate) use guard::is_token_byte;
pub use guard::{Guard, Inspection, PeerWait, TimeoutAction, begins_http, first_to_give_way};
pub(crate) use refused::refused;
pub(crate) use reply::refusal;
pub use reply::{Answer, ContentType, Cors, Refusal, ReplyHead};
pub(crate) use request::{Holder, NOT_READY};
pub use request::{LastEvent, McpHead, McpRequestHeaders, Request, RevisionHeader, SessionHeader};
pub(crate) use rules::sse_endpoint;
pub use rules::{
    Admission, Headers, RequestHead, Rules, SSE_MESSAGES, SSE_STREAM, allows_origin,
    endpoint_methods,
};
pub use segment::encode_segment;
pub(crate) use segment::{decode_segment, first_segment, without_segment};
