//! The modern era on the wire: what a request says of itself, in its body and in its headers, and
//! what it is handed to bring back.
//!
//! Owns: the rules of revision 2026-07-28 that hold whoever answers.
//! Never: a whole answer.

pub(crate) mod envelope;
pub(crate) mod error_data;
pub mod field;
pub mod mirror;
mod preparation;
pub mod state;
pub(crate) mod status;

pub use preparation::Preparation;
