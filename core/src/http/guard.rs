//! stub
use crate::limits::Limits;
use crate::reject::Reject;
use crate::time::{Deadline, Instant};
use std::sync::Arc;
/// stub
pub struct Guard;
/// stub
pub struct Inspection {
    /// stub
    pub pass: usize,
    /// stub
    pub refuse: Option<Reject>,
}
impl Guard {
    /// stub
    pub fn new(_l: Arc<Limits>, _now: Instant) -> Self {
        Guard
    }
    /// stub
    pub fn inspect(&mut self, b: &[u8], _now: Instant) -> Inspection {
        Inspection { pass: b.len(), refuse: None }
    }
    /// stub
    pub fn poll_timeout(&self) -> Option<Deadline> {
        None
    }
    /// stub
    pub fn handle_timeout(&mut self, _now: Instant) -> Option<Reject> {
        None
    }
}
