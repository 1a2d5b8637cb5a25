//! The head of a response, and the request's effect on it.

use std::borrow::Cow;

use crate::http::{ContentCoding, Cors, ReplyHead};

/// Appends a response head in HTTP/1.1 to a buffer: the status line, the headers, a date,
/// `Content-Length` if [`ResponseHead::length`] is known, and the empty line.
pub type WriteHead = fn(&ResponseHead<'_>, &mut Vec<u8>);

/// The head of a response, with the headers that frame its body.
#[derive(Debug)]
pub struct ResponseHead<'a> {
    pub(super) reply: &'a ReplyHead,
    pub(super) is_http_10: bool,
    pub(super) length: BodyLength,
}

/// How a client finds the end of a response body (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyLength {
    /// The status says that there is no body.
    None,
    /// `Content-Length` says so.
    Known(usize),
    /// The last chunk is empty.
    Chunked,
    /// The connection closes.
    UntilClosed,
}

/// How a request wants its response, apart from the status.
#[derive(Debug)]
pub(super) struct ResponseRules {
    pub(super) is_http_10: bool,
    pub(super) is_head: bool,
    pub(super) close: bool,
    pub(super) cors: Option<Cors>,
    pub(super) coding: ContentCoding,
}

impl ResponseRules {
    /// The rules where no head could be read.
    pub(super) const UNKNOWN: ResponseRules = ResponseRules {
        is_http_10: false,
        is_head: false,
        close: false,
        cors: None,
        coding: ContentCoding::Uncompressed,
    };
}

impl ResponseHead<'_> {
    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        self.reply.status
    }

    /// Whether the response is sent in HTTP/1.0, as the request was.
    pub fn is_http_10(&self) -> bool {
        self.is_http_10
    }

    /// Returns how the end of the body is found.
    pub fn length(&self) -> BodyLength {
        self.length
    }

    /// Lists every header but `Content-Length` and `Date`.
    pub fn headers(&self, mut line: impl FnMut(&'static str, Cow<'static, str>)) {
        self.reply.headers(&mut line);
        if self.is_http_10 && !self.reply.close {
            line("connection", "keep-alive".into());
        }
        if self.length == BodyLength::Chunked {
            line("transfer-encoding", "chunked".into());
        }
    }
}
