//! What clients, children and operators see of the engine.

mod asks;
mod batches;
mod calls;
mod children;
mod eager;
mod endings;
mod events;
mod logging;
mod native;
mod notices;
mod opening;
mod pressure;
mod probes;
mod random;
mod resuming;
mod rig;
mod routing;
mod runs;
mod sse;
mod stopping;
mod streams;
mod table;
mod texts;
mod world;
