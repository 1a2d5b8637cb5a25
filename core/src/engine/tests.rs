//! What clients, children and operators see of the engine.

mod asks;
mod calls;
mod events;
mod notices;
mod opening;
mod rig;
