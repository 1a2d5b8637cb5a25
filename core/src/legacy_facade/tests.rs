//! The facade from both sides: a legacy client and a modern child.

mod changes;
mod introduction;
mod property;
mod requests;
mod rig;
mod rounds;
