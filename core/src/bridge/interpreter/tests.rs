//! What a legacy client and a modern child see of the interpreter between them.

mod changes;
mod introduction;
mod property;
mod requests;
mod rig;
mod rounds;
