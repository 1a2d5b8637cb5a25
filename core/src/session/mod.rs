//! Sessions of the legacy era.
mod event_id;
mod principal;
pub use event_id::EventId;
pub use principal::Principal;
