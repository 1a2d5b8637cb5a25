//! The state and the figures of a server, as they are shown beside those of others.

use crate::observe::RecentFigures;
use crate::time::Duration;

/// The state and the figures of one server.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// The state.
    pub state: ServerState,
    /// The reason why a new client would most likely not be served.
    pub reason: Option<&'static str>,
    /// The number of open sessions.
    pub sessions: usize,
    /// The number of child processes, including those being stopped.
    pub children: usize,
    /// The number of requests that wait for their answer.
    pub in_flight: usize,
    /// The number of answered requests since the start.
    pub requests: u64,
    /// The number of them that were answered with an error.
    pub errors: u64,
    /// The number of requests that were refused.
    pub refused: u64,
    /// The requests of about the last minute.
    pub recent: RecentFigures,
    /// The time since the start.
    pub uptime: Duration,
}

/// The state of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ServerState {
    /// It waits for its first client, or has had none for a while: no process runs.
    Idle,
    /// It serves clients.
    Running,
    /// It serves clients, but one of its processes has left a request unanswered.
    Degraded,
    /// It has as many sessions as it may.
    Full,
    /// Its command does not start.
    Failing,
    /// It is being stopped.
    Stopping,
}
