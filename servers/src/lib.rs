//! The servers that pontoon brings along, each an implementation of
//! [`Server`](pontoon_core::server::Server).
//!
//! Owns: everything that is special about [`calculator`] and [`echo`]: their tools, prompts and
//! resources, the bodies of their `/health`, their metrics and the calculator's documented events.
//! Never: IO, a clock or randomness of their own. Like the core, this crate is pure: `clippy.toml`
//! and `core/tests/purity.rs` enforce it.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod calculator;
mod calendar;
pub mod echo;
