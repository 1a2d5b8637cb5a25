//! pontoon's own servers, each an implementation of [`Server`](pontoon_core::server::Server).
//!
//! Owns: everything specific to [`calculator`] and [`echo`]: their tools, prompts and resources,
//! the bodies of their `/health`, their metrics and the calculator's documented events. Never: IO,
//! a clock or randomness of their own. Like the core, this crate is pure: `clippy.toml` and
//! `core/tests/purity.rs` enforce it.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod calculator;
mod calendar;
pub mod echo;
