//! The protocol core of pontoon.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod bridge;
pub mod config;
pub mod echo;
pub mod engine;
pub mod frame;
pub mod http;
pub mod ids;
pub mod json;
pub mod limits;
pub mod machine;
pub mod observe;
pub mod protocol;
pub mod reject;
pub mod session;
pub mod time;
