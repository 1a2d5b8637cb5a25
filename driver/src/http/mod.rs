//! Connections served with hyper: received bytes pass the guard, a request passes the rules on its
//! way to the engine, and hyper writes the answer.
//!
//! A request that is refused before hyper has seen any of it is replaced by a stand-in, which is
//! answered with the refusal. So there is one writer of answers, and they keep their order.

mod body;
mod checkpoint;
mod front;
mod guarded;

pub use front::Front;
