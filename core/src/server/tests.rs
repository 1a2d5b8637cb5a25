//! Conversations as a client sees them: what is said, and what comes back.

mod arguments;
mod lifecycle;
mod messages;
mod modern;
mod offers;
mod pipe;
mod properties;
mod rig;
mod tasks;
mod wording;
