//! stub
use crate::config::Config;
use crate::machine::{Actions, Input};
use crate::time::{Deadline, Instant};
use std::sync::Arc;
/// stub
pub struct Engine;
impl Engine {
    /// stub
    pub fn new(_config: Arc<Config>, _seed: [u8; 32], _now: Instant) -> Self {
        Engine
    }
    /// Takes a fact.
    pub fn handle_input(&mut self, _input: Input, _now: Instant, _out: &mut Actions) {}
    /// Does what is due.
    pub fn handle_timeout(&mut self, _now: Instant, _out: &mut Actions) {}
    /// When to call `handle_timeout`.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        None
    }
}
