//! One message: a line of JSON, and the positions of the few fields a rule needs.
//!
//! Owns: what rules may ask of a message, and the replacement of a field's value.
//! Never: changes a byte that nobody asked to change.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::json::Invalid;
use crate::json::envelope::{Envelope, is_number, is_string};
use crate::json::params::Params;
use crate::json::scan::{Cursor, Span};
use crate::json::string;
use crate::json::text;
use crate::limits::Limits;
use crate::machine::Chunk;
use crate::reject::Reject;

/// How strictly a message is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseRules {
    /// Nesting of arrays and objects.
    pub depth_max: usize,
    /// Messages in a batch.
    pub batch_len_max: usize,
    /// Who sent it.
    pub sender: Peer,
}

impl ParseRules {
    /// Those for what this side sends.
    pub fn of(limits: &Limits, sender: Peer) -> ParseRules {
        let depth_max = match sender {
            Peer::Client => limits.json_depth_max,
            Peer::Child => limits.child_json_depth_max,
        };
        ParseRules { depth_max, batch_len_max: limits.batch_len_max, sender }
    }
}

/// Who sends messages, and so how far they may be from the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A client, which gets an error for whatever is wrong.
    Client,
    /// A child, whose messages are passed on as they are if only they can be understood. It may
    /// write null for what is absent (`params`, `_meta`, `result` beside an error, `error` beside a
    /// result), and escape half a surrogate pair.
    Child,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It has a method and an id.
    Request,
    /// It has a method and no id.
    Notification,
    /// It has an id and a result.
    Result,
    /// It has an error, and an id unless the other side could not read one.
    Error,
}

/// A field whose value can be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `id`.
    Id,
    /// `params._meta.progressToken` of a request.
    ProgressToken,
    /// `params.requestId` of `notifications/cancelled`, `params.progressToken` of
    /// `notifications/progress`.
    Subject,
}

/// A field and the JSON text that takes the place of its value.
pub type Edit<'a> = (Field, &'a [u8]);

/// A message that is valid, on one line, and otherwise as it came.
///
/// Cheap to clone: the line is shared.
#[derive(Clone)]
pub struct Message {
    line: Bytes,
    kind: Kind,
    id: Option<Span>,
    method: Option<Method>,
    progress_token: Option<Span>,
    subject: Option<Span>,
    name: Option<Span>,
    /// What only a message of the modern era says; boxed, because most are of the other.
    modern: Option<Box<Modern>>,
    params: Option<Span>,
    result: Option<Span>,
    has_nulls: bool,
}

/// Where a message of the modern era says what it is.
#[derive(Clone, Debug)]
struct Modern {
    revision: Option<Span>,
    client_capabilities: Option<Span>,
    client_info: Option<Span>,
    log_level: Option<Span>,
    meta: Option<Span>,
    arguments: Option<Span>,
    input_responses: Option<Span>,
    request_state: Option<Span>,
    task_id: Option<Span>,
    uri: Option<Span>,
}

impl Modern {
    fn of(params: &Params) -> Option<Box<Modern>> {
        let meta = &params.in_meta;
        let is_modern = meta.protocol_version.is_some() || meta.client_capabilities.is_some();
        is_modern.then(|| {
            Box::new(Modern {
                revision: meta.protocol_version,
                client_capabilities: meta.client_capabilities,
                client_info: meta.client_info,
                log_level: meta.log_level,
                meta: params.meta,
                arguments: params.arguments,
                input_responses: params.input_responses,
                request_state: params.request_state,
                task_id: params.task_id,
                uri: params.uri,
            })
        })
    }
}

/// The name of a method: where it is, or what it is once its escapes are resolved.
#[derive(Clone)]
enum Method {
    Plain(Span),
    Unescaped(Box<str>),
}

impl Message {
    /// Reads a message. What surrounds it is trimmed, and line breaks in it become spaces.
    ///
    /// # Errors
    ///
    /// [`Reject::BadJson`] and [`Reject::TooDeep`] for what is not JSON within the rules; for JSON
    /// that is no message [`Reject::BadVersion`], [`Reject::BadMessage`], [`Reject::BadId`],
    /// [`Reject::BadMethod`], [`Reject::BadParams`]; for keys that the next parser could read in
    /// another way [`Reject::DuplicateKey`] and [`Reject::LookalikeKey`]; for a text of 4 GiB or
    /// more [`Reject::BodyTooLarge`].
    pub fn parse(line: Bytes, rules: ParseRules) -> Result<Message, Invalid> {
        Message::read(text::admit(line)?, rules).map_err(|(invalid, _)| invalid)
    }

    /// Reads a message from a line that is known to be JSON. An error comes with the line.
    pub(super) fn read(line: Bytes, rules: ParseRules) -> Result<Message, (Invalid, Bytes)> {
        let envelope = match Envelope::read(&line, rules) {
            Ok(envelope) => envelope,
            Err(reject) => return Err((reject.into(), line)),
        };
        let kind = match envelope.kind(&line) {
            Ok(kind) => kind,
            Err(reject) => return Err((envelope.invalid(reject, &line), line)),
        };
        let is_call = matches!(kind, Kind::Request | Kind::Notification);
        let params = if is_call { envelope.in_params } else { Params::default() };
        let mut message = Message {
            kind,
            id: envelope.id.filter(|id| id.of_text(&line) != b"null"),
            method: envelope.method.map(|method| Method::read(method, &line)),
            progress_token: None,
            subject: None,
            modern: Modern::of(&params),
            name: params.name,
            params: envelope.params,
            result: envelope.result,
            has_nulls: envelope.has_nulls,
            line,
        };
        match (kind, message.method()) {
            (Kind::Request, _) => message.progress_token = params.in_meta.progress_token,
            (_, Some("notifications/cancelled")) => message.subject = params.request_id,
            (_, Some("notifications/progress")) => message.subject = params.progress_token,
            _ => {}
        }
        match message.subject() {
            Some(subject) if !is_string(subject) && !is_number(subject) => {
                Err((Reject::BadParams.into(), message.line))
            }
            _ => Ok(message),
        }
    }

    /// Whether it has members that count as absent because they are null.
    pub(super) fn has_nulls(&self) -> bool {
        self.has_nulls
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The JSON text of its id, byte for byte. Absent from notifications, and from errors about a
    /// request whose id could not be read.
    pub fn id(&self) -> Option<&[u8]> {
        self.bytes_at(self.id)
    }

    /// The method of a request or notification, its escapes resolved.
    pub fn method(&self) -> Option<&str> {
        self.method.as_ref().map(|method| match method {
            Method::Plain(span) => string::as_str(span.of_text(&self.line)),
            Method::Unescaped(method) => method,
        })
    }

    /// The JSON text of its `params`.
    pub fn params(&self) -> Option<&[u8]> {
        self.bytes_at(self.params)
    }

    /// The JSON text of `params._meta.progressToken` of a request.
    pub fn progress_token(&self) -> Option<&[u8]> {
        self.bytes_at(self.progress_token)
    }

    /// The JSON text of what a notification is about: `params.requestId` of
    /// `notifications/cancelled`, `params.progressToken` of `notifications/progress`.
    pub fn subject(&self) -> Option<&[u8]> {
        self.bytes_at(self.subject)
    }

    /// The revision by which a message of the modern era is to be read,
    /// `params._meta["io.modelcontextprotocol/protocolVersion"]`: a string as it is written between
    /// its quotes, any other value as its JSON text.
    pub fn modern_revision(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.revision).map(unquote)
    }

    /// Whether it speaks of the modern era: its `params._meta` names a protocol version or client
    /// capabilities (2026-07-28, basic/versioning).
    pub fn is_modern(&self) -> bool {
        self.modern.is_some()
    }

    /// The JSON text of `params._meta` of a message of the modern era.
    pub fn meta(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.meta)
    }

    /// The JSON text of `_meta["io.modelcontextprotocol/protocolVersion"]`.
    pub(crate) fn modern_version(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.revision)
    }

    /// The JSON text of `_meta["io.modelcontextprotocol/clientCapabilities"]`.
    pub fn client_capabilities(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.client_capabilities)
    }

    /// The JSON text of `_meta["io.modelcontextprotocol/clientInfo"]`.
    pub fn client_info(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.client_info)
    }

    /// The JSON text of `_meta["io.modelcontextprotocol/logLevel"]`; none if it is null.
    pub fn log_level(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.log_level).filter(|level| *level != b"null")
    }

    /// The JSON text of `params.arguments` of a message of the modern era.
    pub fn arguments(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.arguments)
    }

    /// The JSON text of `params.inputResponses` of a message of the modern era.
    pub fn input_responses(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.input_responses)
    }

    /// The JSON text of `params.requestState` of a message of the modern era.
    pub fn request_state(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.request_state)
    }

    /// The JSON text of `params.taskId` of a message of the modern era.
    pub fn task_id(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.task_id)
    }

    /// The JSON text of `params.uri` of a message of the modern era.
    pub fn uri(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.uri)
    }

    fn modern_bytes(&self, of: impl Fn(&Modern) -> Option<Span>) -> Option<&[u8]> {
        self.bytes_at(self.modern.as_deref().and_then(of))
    }

    /// What `params.name` of a request names, a tool or a prompt: a string as it is written between
    /// its quotes, any other value as its JSON text.
    pub fn name(&self) -> Option<&[u8]> {
        self.bytes_at(self.name).map(unquote)
    }

    /// The JSON text of the result that it is.
    pub fn result(&self) -> Option<&[u8]> {
        self.bytes_at(self.result)
    }

    /// The JSON text of `params.name`.
    pub(crate) fn name_text(&self) -> Option<&[u8]> {
        self.bytes_at(self.name)
    }

    /// The revision that the answer to `initialize` settles on, `result.protocolVersion`, if that
    /// is a string that is given once. Reads the result anew on every call.
    pub fn result_revision(&self) -> Option<String> {
        let result = self.result().filter(|result| result[0] == b'{')?;
        let mut cursor = Cursor::new(result);
        let mut revision = None;
        cursor.enter();
        while let Some(key) = cursor.key() {
            let value = cursor.value();
            if *string::unescape(key) == *b"protocolVersion" && revision.replace(value).is_some() {
                return None;
            }
        }
        let revision = revision?.of_text(result);
        let text = string::unescape(unquote(revision));
        is_string(revision).then(|| string::as_str(&text).to_owned())
    }

    /// The whole message, on one line, without a line break at its end.
    pub fn bytes(&self) -> &Bytes {
        &self.line
    }

    /// Bytes of the line.
    pub fn len(&self) -> usize {
        self.line.len()
    }

    /// Whether the line is empty, which no message is.
    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// The message with other values in some fields, every other byte as it is. A field that the
    /// message has not stays absent; of two edits to one field the first counts.
    ///
    /// The new values must be JSON, without line breaks.
    pub fn with(&self, edits: &[Edit<'_>]) -> Chunk {
        let mut edits: SmallVec<[(Span, &[u8]); 4]> = edits
            .iter()
            .filter_map(|&(field, value)| Some((self.span_of(field)?, value)))
            .collect();
        edits.sort_by_key(|(span, _)| span.range().start);
        edits.dedup_by_key(|(span, _)| span.range().start);
        match self.line.len() {
            _ if edits.is_empty() => self.line.clone().into(),
            ..=COPY_BYTES_MAX => self.copied_with(&edits).into(),
            _ => self.sliced_with(&edits),
        }
    }

    fn copied_with(&self, edits: &[(Span, &[u8])]) -> Vec<u8> {
        let added: usize = edits.iter().map(|(_, value)| value.len()).sum();
        let mut copy = Vec::with_capacity(self.line.len() + added);
        let mut kept = 0;
        for (span, value) in edits {
            copy.extend_from_slice(&self.line[kept..span.range().start]);
            copy.extend_from_slice(value);
            kept = span.range().end;
        }
        copy.extend_from_slice(&self.line[kept..]);
        copy
    }

    fn sliced_with(&self, edits: &[(Span, &[u8])]) -> Chunk {
        let mut chunk = Chunk::new();
        let mut kept = 0;
        for (span, value) in edits {
            chunk.push(self.line.slice(kept..span.range().start));
            chunk.push(Bytes::copy_from_slice(value));
            kept = span.range().end;
        }
        chunk.push(self.line.slice(kept..));
        chunk
    }

    fn span_of(&self, field: Field) -> Option<Span> {
        match field {
            Field::Id => self.id,
            Field::ProgressToken => self.progress_token,
            Field::Subject => self.subject,
        }
    }

    fn bytes_at(&self, span: Option<Span>) -> Option<&[u8]> {
        span.map(|span| span.of_text(&self.line))
    }
}

/// Shows no payload: it may hold secrets.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("kind", &self.kind)
            .field("id", &self.id().map(string::as_str))
            .field("method", &self.method())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

impl Method {
    /// The name in a string, of which the span holds the quotes too.
    fn read(quoted: Span, line: &[u8]) -> Method {
        let inner = quoted.inner();
        match string::unescape(inner.of_text(line)) {
            Cow::Borrowed(_) => Method::Plain(inner),
            Cow::Owned(name) => Method::Unescaped(string::as_str(&name).into()),
        }
    }
}

/// What is between the quotes of a string; any other value as it is.
fn unquote(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

/// A message of up to this many bytes is copied to put other values in it, which costs less than
/// counting references and writing several parts; a longer one becomes slices of what came, around
/// the new values.
const COPY_BYTES_MAX: usize = 1024;

#[cfg(test)]
mod tests;
