//! stub
use crate::machine::Chunk;
use crate::reject::Reject;
use bytes::Bytes;

/// How strictly a message is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseRules {
    /// Nesting of arrays and objects.
    pub depth_max: usize,
    /// Messages in a batch.
    pub batch_len_max: usize,
    /// Whether `\ud800` without its other half passes. Clients may not send it; a child's answers
    /// are passed on as they are.
    pub lone_surrogates: bool,
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

/// stub
#[derive(Clone, Debug)]
pub struct Message {
    line: Bytes,
}

impl Message {
    /// stub
    pub fn parse(line: Bytes, _rules: ParseRules) -> Result<Message, Reject> {
        Ok(Message { line })
    }
    /// stub
    pub fn kind(&self) -> Kind {
        Kind::Request
    }
    /// stub
    pub fn id(&self) -> Option<&[u8]> {
        None
    }
    /// stub
    pub fn method(&self) -> Option<&str> {
        None
    }
    /// stub
    pub fn progress_token(&self) -> Option<&[u8]> {
        None
    }
    /// stub
    pub fn subject(&self) -> Option<&[u8]> {
        None
    }
    /// `params._meta["io.modelcontextprotocol/protocolVersion"]`
    pub fn modern_revision(&self) -> Option<&[u8]> {
        None
    }
    /// stub
    pub fn result_revision(&self) -> Option<String> {
        None
    }
    /// stub
    pub fn len(&self) -> usize {
        self.line.len()
    }
    /// stub
    pub fn is_empty(&self) -> bool {
        self.line.is_empty()
    }
    /// stub
    pub fn with(&self, _edits: &[Edit<'_>]) -> Chunk {
        Chunk::from(self.line.clone())
    }
}
