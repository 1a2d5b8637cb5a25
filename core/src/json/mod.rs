//! JSON-RPC 2.0 messages: the envelope is read, the payload is carried.
//!
//! Owns: parsing, the spans of the few fields a rule needs, splicing other values into them, and
//! writing the messages the core itself sends.
//! Never: a tree of values; a payload is never decoded and encoded again.
//!
//! A text is read in two passes. `text` leaves the grammar to `serde_json`, which builds nothing
//! and does not recurse. `scan` then walks what is known to be JSON, and on that walk `envelope`
//! and `params` note where the fields are, how deep it goes, and which keys could be read in
//! another way by the next parser:
//!
//! ```text
//! bytes ── text ──► one line of JSON ── scan ──► envelope ──► Message ── with ──► Chunk
//!          UTF-8, grammar,                       keys,        kind,               other id,
//!          line breaks                           params       types               same payload
//! ```
//!
//! Messages of clients must be valid in every detail. Of a child, deviations on which no rule here
//! depends are accepted ([`Peer`]), and from a line that is no message `child` takes what can be read
//! in one way.
//!
//! Sources: RFC 8259; JSON-RPC 2.0; MCP 2025-11-25 basic/index (messages, `_meta`).

mod body;
mod canonical;
mod child;
mod envelope;
mod glimpse;
mod invalid;
mod mend;
mod message;
mod number;
pub(crate) mod object;
mod outline;
mod params;
mod scan;
mod string;
mod text;
mod tidy;
mod write;

pub use body::Body;
pub(crate) use canonical::canonical;
pub(crate) use child::read_line;
pub use child::{Concerns, EXCERPT_BYTES, Unreadable};
pub use envelope::ID_BYTES_MAX;
pub(crate) use envelope::is_id;
pub(crate) use glimpse::Glimpse;
pub use invalid::{About, Invalid};
pub use message::{Edit, Field, Kind, Message, ParseRules, Peer};
pub(crate) use number::Number;
pub(crate) use outline::outline;
pub use write::{error, error_with_data};
