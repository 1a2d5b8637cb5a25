//! JSON-RPC 2.0 messages: the envelope is parsed, the payload is passed through.
//!
//! Owns: parsing, the spans of the few fields that rules need, splicing other values into them, and
//! writing the messages that the core itself sends.
//! Never: a tree of values; a payload is never decoded and encoded again.
//!
//! A text is read in two passes. `text` leaves the grammar to `serde_json`, which builds nothing
//! and does not recurse. `scan` then walks over the valid JSON. On that walk `envelope` and
//! `params` record the positions of the fields, the depth, and the keys that another parser could
//! read differently:
//!
//! ```text
//! bytes ── text ──► one line of JSON ── scan ──► envelope ──► Message ── with ──► Chunk
//!          UTF-8, grammar,                       keys,        kind,               other id,
//!          line breaks                           params       types               same payload
//! ```
//!
//! Messages of clients must be valid in every detail. From a child, deviations that no rule depends
//! on are accepted ([`Peer`]), and from an invalid line `child` takes the messages that can be read
//! in only one way.
//!
//! Sources: RFC 8259; JSON-RPC 2.0; MCP 2025-11-25 basic/index (messages, `_meta`).

mod body;
mod canonical;
mod child;
mod envelope;
mod invalid;
pub(crate) mod line;
mod message;
mod number;
pub(crate) mod object;
mod params;
mod partial_message;
mod repair;
mod rules;
mod scan;
mod string;
mod text;
mod tidy;
mod write;

pub use body::Body;
pub(crate) use canonical::canonical;
pub use child::InvalidLine;
pub(crate) use child::{error_words, read_line};
pub use envelope::ID_BYTES_MAX;
pub(crate) use envelope::is_id;
pub use invalid::{Invalid, InvalidSubject};
pub(crate) use line::Answer;
pub use message::{Field, Message};
pub(crate) use number::{Number, parse_number};
pub use partial_message::LineSubject;
pub(crate) use partial_message::{PartialMessage, string_len};
pub use rules::{Kind, ParseRules, Peer};
#[cfg(test)]
pub(crate) use scan::walked;
pub(crate) use write::{error, error_with_data};
