//! The way of a connection through hyper: what it receives goes past its guard, a request through
//! the rules to the engine, and the answer back.
//!
//! A request that is refused before hyper has seen any of it is replaced by a stand-in, which is
//! answered with the refusal. So there is one writer of answers, and they keep their order.

mod body;
mod checkpoint;
mod endpoint;
mod guarded;

pub use endpoint::Endpoint;
