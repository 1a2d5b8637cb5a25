//! What clients, children and operators see of the engine.

mod asks;
mod batches;
mod calls;
mod children;
mod endings;
mod events;
mod notices;
mod opening;
mod resuming;
mod rig;
mod routing;
mod streams;
