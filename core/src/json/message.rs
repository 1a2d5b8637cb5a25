//! A message: a line of JSON, and the positions of the few fields that rules need.
//!
//! Owns: the fields that rules may read, and the replacement of a field's value. Never: changes any
//! other byte.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::chunk::Chunk;
use crate::json::envelope::{Envelope, is_number, is_string};
use crate::json::params::Params;
use crate::json::scan::Span;
use crate::json::{Invalid, Kind, ParseRules, string, text};

use crate::memory::Account;
use crate::reject::Reject;

/// A field whose value can be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `id`.
    Id,
    /// `params._meta.progressToken` of a request.
    ProgressToken,
    /// `params.requestId` of `notifications/cancelled`, `params.progressToken` of
    /// `notifications/progress`.
    CorrelationId,
    /// `params.requestState` of a modern request.
    RequestState,
}

/// A field, and the JSON text that replaces its value.
pub(crate) type Edit<'a> = (Field, &'a [u8]);

/// A valid message on one line, otherwise unchanged.
///
/// Cheap to clone, because clones share the line.
#[derive(Clone)]
pub struct Message {
    line: Bytes,
    kind: Kind,
    id: Option<Span>,
    method: Option<Method>,
    progress_token: Option<Span>,
    correlation_id: Option<Span>,
    name: Option<Span>,
    /// The fields of modern messages; boxed, because most messages are legacy.
    modern: Option<Box<Modern>>,
    params: Option<Span>,
    result: Option<Span>,
    result_revision: Option<Span>,
    error: Option<Span>,
    has_nulls: bool,
}

/// The positions of the fields of modern messages.
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
    is_confusable: bool,
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
                is_confusable: params.is_confusable,
            })
        })
    }
}

/// A method's name: its position, or its text if it had escapes.
#[derive(Clone)]
enum Method {
    Plain(Span),
    Unescaped(Box<str>),
}

impl Message {
    /// Parses a message. White space around it is removed, and line breaks in it become spaces.
    ///
    /// # Errors
    ///
    /// [`Reject::BadJson`] and [`Reject::TooDeep`] for a text that is not JSON within the rules;
    /// for JSON that is not a message [`Reject::BadVersion`], [`Reject::BadMessage`],
    /// [`Reject::BadId`], [`Reject::BadMethod`], [`Reject::ParamsNotObject`] unless they are an
    /// object or array, [`Reject::BadParams`]; for keys that another
    /// parser could read differently [`Reject::DuplicateKey`] and [`Reject::ConfusableKey`]; for a
    /// text of 4 GiB or more [`Reject::BodyTooLarge`].
    pub fn parse(line: Bytes, rules: ParseRules) -> Result<Message, Invalid> {
        Message::read(text::admit(line)?, rules).map_err(|(invalid, _)| invalid)
    }

    /// Counts the bytes of the message in `account` for as long as any part of them is kept.
    pub(crate) fn hold(self, account: &Account) -> Message {
        Message { line: account.hold(self.line), ..self }
    }

    /// Parses a message from a line of valid JSON. An error returns the line.
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
            correlation_id: None,
            modern: Modern::of(&params),
            name: params.name,
            params: envelope.params,
            result: envelope.result,
            result_revision: envelope.result_revision,
            error: envelope.error,
            has_nulls: envelope.has_nulls,
            line,
        };
        match (kind, message.method()) {
            (Kind::Request, _) => message.progress_token = params.in_meta.progress_token,
            (_, Some("notifications/cancelled")) => message.correlation_id = params.request_id,
            (_, Some("notifications/progress")) => message.correlation_id = params.progress_token,
            _ => {}
        }
        match message.correlation_id() {
            Some(subject) if !is_string(subject) && !is_number(subject) => {
                Err((Reject::BadParams.into(), message.line))
            }
            _ => Ok(message),
        }
    }

    /// Returns whether it has members that count as absent because they are null.
    pub(super) fn has_nulls(&self) -> bool {
        self.has_nulls
    }

    /// Returns its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns the JSON text of its id, byte for byte. Notifications have none, nor do errors about
    /// a request whose id could not be read.
    pub fn id(&self) -> Option<&[u8]> {
        self.bytes_at(self.id)
    }

    /// Returns the method of a request or notification, with escapes resolved.
    pub fn method(&self) -> Option<&str> {
        self.method.as_ref().map(|method| match method {
            Method::Plain(span) => string::as_str(span.of_text(&self.line)),
            Method::Unescaped(method) => method,
        })
    }

    /// Returns the JSON text of its `params`.
    pub fn params(&self) -> Option<&[u8]> {
        self.bytes_at(self.params)
    }

    /// Returns the JSON text of `params._meta.progressToken` of a request.
    pub fn progress_token(&self) -> Option<&[u8]> {
        self.bytes_at(self.progress_token)
    }

    /// Returns the JSON text of the id that a notification refers to: `params.requestId` of
    /// `notifications/cancelled`, `params.progressToken` of `notifications/progress`.
    pub fn correlation_id(&self) -> Option<&[u8]> {
        self.bytes_at(self.correlation_id)
    }

    /// Returns the revision that a modern message declares,
    /// `params._meta["io.modelcontextprotocol/protocolVersion"]`: a string as the text between its
    /// quotes, any other value as its JSON text.
    pub fn modern_revision(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.revision).map(unquote)
    }

    /// Returns whether it belongs to the modern era: its `params._meta` has a protocol version or
    /// client capabilities (2026-07-28, basic/versioning).
    pub fn is_modern(&self) -> bool {
        self.modern.is_some()
    }

    /// Returns the JSON text of `params._meta` of a modern message.
    pub fn meta(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.meta)
    }

    /// Returns the JSON text of `_meta["io.modelcontextprotocol/protocolVersion"]`.
    pub(crate) fn modern_version(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.revision)
    }

    /// Returns the JSON text of `_meta["io.modelcontextprotocol/clientCapabilities"]`.
    pub fn client_capabilities(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.client_capabilities)
    }

    /// Returns the JSON text of `_meta["io.modelcontextprotocol/clientInfo"]`.
    pub fn client_info(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.client_info)
    }

    /// Returns the JSON text of `_meta["io.modelcontextprotocol/logLevel"]`, unless it is null.
    pub fn log_level(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.log_level).filter(|level| *level != b"null")
    }

    /// Returns the JSON text of `params.arguments` of a modern message.
    pub fn arguments(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.arguments)
    }

    /// Returns the JSON text of `params.inputResponses` of a modern message.
    pub(crate) fn input_responses(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.input_responses)
    }

    /// Returns the JSON text of `params.requestState` of a modern message.
    pub fn request_state(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.request_state)
    }

    /// Returns the JSON text of `params.taskId` of a modern message.
    pub(crate) fn task_id(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.task_id)
    }

    /// Returns whether some parsers take another key in `params` of a modern message for
    /// `requestState` or `taskId`.
    pub(crate) fn has_confusable_params(&self) -> bool {
        self.modern.as_deref().is_some_and(|modern| modern.is_confusable)
    }

    /// Returns the JSON text of `params.uri` of a modern message.
    pub fn uri(&self) -> Option<&[u8]> {
        self.modern_bytes(|modern| modern.uri)
    }

    fn modern_bytes(&self, of: impl Fn(&Modern) -> Option<Span>) -> Option<&[u8]> {
        self.bytes_at(self.modern.as_deref().and_then(of))
    }

    /// Returns the tool or prompt in `params.name` of a request: a string as the text between its
    /// quotes, any other value as its JSON text.
    pub fn name(&self) -> Option<&[u8]> {
        self.bytes_at(self.name).map(unquote)
    }

    /// Returns the JSON text of its result.
    pub fn result(&self) -> Option<&[u8]> {
        self.bytes_at(self.result)
    }

    /// Returns the JSON text of `params.name`.
    pub(crate) fn name_text(&self) -> Option<&[u8]> {
        self.bytes_at(self.name)
    }

    /// Returns the JSON text of the error that it is.
    pub fn error(&self) -> Option<&[u8]> {
        self.bytes_at(self.error)
    }

    /// Returns the JSON text of the error that it is, without a copy.
    pub(crate) fn error_bytes(&self) -> Option<Bytes> {
        self.error.map(|span| self.line.slice(span.range()))
    }

    /// Returns the revision in the result of `initialize`, `result.protocolVersion`, if it is a
    /// string that occurs once.
    pub fn result_revision(&self) -> Option<String> {
        let revision = self.bytes_at(self.result_revision).filter(|text| is_string(text))?;
        Some(string::as_str(&string::unescape(unquote(revision))).to_owned())
    }

    /// Returns the whole message on one line, without a line break at its end.
    pub fn bytes(&self) -> &Bytes {
        &self.line
    }

    /// Returns the length of the line in bytes.
    pub fn len(&self) -> usize {
        self.line.len()
    }

    /// Returns whether the line is empty, which is never true of a message.
    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    /// Returns the message with other values in some fields; every other byte is unchanged. Fields
    /// that the message does not have stay absent; of two edits to one field the first counts.
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
            Field::CorrelationId => self.correlation_id,
            Field::RequestState => self.modern.as_deref().and_then(|it| it.request_state),
        }
    }

    fn bytes_at(&self, span: Option<Span>) -> Option<&[u8]> {
        span.map(|span| span.of_text(&self.line))
    }
}

/// Omits the payload, which may hold secrets.
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
    /// Reads the name in a string; the span includes the quotes.
    fn read(quoted: Span, line: &[u8]) -> Method {
        let inner = quoted.inner();
        match string::unescape(inner.of_text(line)) {
            Cow::Borrowed(_) => Method::Plain(inner),
            Cow::Owned(name) => Method::Unescaped(string::as_str(&name).into()),
        }
    }
}

/// Returns the text between the quotes of a string, or any other value unchanged.
fn unquote(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value)
}

/// The maximum length of a message that is copied when its fields are edited. Copying a short
/// message costs less than counting references and writing several parts; a longer one becomes
/// slices of the original around the new values.
const COPY_BYTES_MAX: usize = 1024;

#[cfg(test)]
mod tests;
