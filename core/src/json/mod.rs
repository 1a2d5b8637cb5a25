//! JSON-RPC 2.0 messages: the envelope is read, the payload is carried.
//!
//! Owns: parsing, the spans of the few fields a rule needs, splicing other values into them, and
//! writing the messages the core itself sends.
//! Never: a tree of values; a payload is never decoded and encoded again.

mod body;
mod message;
mod write;

pub use body::Body;
pub use message::{Edit, Field, Kind, Message, ParseRules};
pub use write::{error, error_with_data, result};
