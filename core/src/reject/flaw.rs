//! The ways in which a line of a child can be invalid.

use std::fmt;

use strum::IntoStaticStr;

use crate::reject::Reject;
use crate::reject::text::Bytes;

/// The reason why a line of a child is not valid MCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, IntoStaticStr)]
#[cfg_attr(test, derive(strum::VariantNames))]
#[strum(serialize_all = "snake_case")]
pub enum Flaw {
    /// It is not JSON, and cannot be repaired.
    NotJson,
    /// It was not JSON, and was repaired: the message was accepted.
    Mended,
    /// It follows other text on its line: the message was accepted.
    BehindText,
    /// It stands on several lines.
    SeveralLines,
    /// It stands behind a `Content-Length` header.
    ContentLength,
    /// It is nested deeper than the limit.
    TooDeep,
    /// The line is longer than this limit.
    TooLong {
        /// The limit in bytes ([`crate::limits::Limits::line_bytes_max`]).
        max: usize,
    },
    /// The memory budget has no room for the line.
    NoRoom,
    /// It has neither a result nor an error, or both.
    #[strum(serialize = "no_message")]
    Shape,
    /// Its `jsonrpc` is not `"2.0"`.
    #[strum(serialize = "bad_version")]
    Version,
    /// Its id is neither a string nor an integer, or is missing.
    #[strum(serialize = "bad_id")]
    Id,
    /// Its id is not that of a request in flight.
    UnknownId,
    /// A key occurs twice.
    DuplicateKey,
    /// Its method or its params have the wrong type.
    #[strum(serialize = "bad_call")]
    Call,
    /// Its result is not valid for the method.
    #[strum(serialize = "bad_result")]
    Result,
}

impl Flaw {
    /// Returns a short stable name for metrics and logs, in `snake_case`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Completes the sentence "The answer is not valid: …".
impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Flaw::NotJson | Flaw::Mended => "it is not valid JSON",
            Flaw::BehindText => "it stands behind other text",
            Flaw::SeveralLines => "it is written over several lines",
            Flaw::ContentLength => "it stands behind a Content-Length header",
            Flaw::TooDeep => "it is nested too deeply",
            Flaw::TooLong { max } => {
                return write!(f, "it is longer than {}", Bytes(*max));
            }
            Flaw::NoRoom => "there is no memory left for it (--max-memory)",
            Flaw::Shape => "it must have either a result or an error",
            Flaw::Version => "jsonrpc must be \"2.0\"",
            Flaw::Id => "its id must be the id of the request",
            Flaw::UnknownId => "its id is not the id of a request",
            Flaw::DuplicateKey => "a key is given twice",
            Flaw::Call => "its method or params have the wrong type",
            Flaw::Result => "its result is not a result of this method",
        })
    }
}

impl From<Reject> for Flaw {
    fn from(reject: Reject) -> Flaw {
        match reject {
            Reject::TooDeep => Flaw::TooDeep,
            Reject::BadVersion => Flaw::Version,
            Reject::BadMessage => Flaw::Shape,
            Reject::BadId => Flaw::Id,
            Reject::BadMethod | Reject::BadParams | Reject::ParamsNotObject => Flaw::Call,
            Reject::DuplicateKey | Reject::ConfusableKey => Flaw::DuplicateKey,
            _ => Flaw::NotJson,
        }
    }
}
