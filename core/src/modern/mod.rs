//! The modern era, where every request describes itself.
//!
//! Source: 2026-07-28, basic/index.

pub mod state;
