//! The modern era from the client's point of view: self-contained requests, and typed results.

mod answers;
mod envelope;
mod listening;
mod properties;
mod rig;
mod rounds;
