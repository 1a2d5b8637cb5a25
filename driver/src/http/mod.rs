//! Connections of clients: received bytes pass the guard, a request passes the rules on its way to
//! the engine, and its answer is written.
//!
//! With the feature `hyper`, `Front` serves them with that library. A request that is refused
//! before hyper has seen any of it is replaced by a stand-in, which is answered with the refusal. So
//! there is one writer of answers, and they keep their order.
//!
//! Without it, [`PolledConnection`] polls a [`pontoon_core::http::Connection`] instead.

#[cfg(feature = "hyper")]
mod body;
#[cfg(feature = "hyper")]
mod checkpoint;
#[cfg(feature = "hyper")]
mod front;
#[cfg(feature = "hyper")]
mod guarded;
mod polled;

#[cfg(feature = "hyper")]
pub use front::Front;
pub use polled::PolledConnection;
