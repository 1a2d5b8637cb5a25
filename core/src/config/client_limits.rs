//! The limits for each client.

use crate::time::Duration;

/// The limits for each client: a verified principal, or an address without authentication. None of
/// them holds by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientLimits {
    /// The rate of its requests.
    pub rate: Option<Rate>,
    /// Its requests in progress at the same time, without `subscriptions/listen`.
    pub requests_max: Option<usize>,
    /// Its open sessions.
    pub sessions_max: Option<usize>,
}

impl ClientLimits {
    /// Returns whether no limit holds.
    pub fn is_empty(&self) -> bool {
        *self == ClientLimits::default()
    }
}

/// A rate of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// A number of requests in a window of time, which begins with the first of them.
    Window {
        /// The number of requests.
        requests_max: u64,
        /// The length of the window.
        window: Duration,
    },
    /// A number of requests at once, which is refilled at a steady rate.
    Steady {
        /// The requests per second.
        per_second: u32,
        /// The requests at once.
        burst: u32,
    },
}

impl Rate {
    /// Creates a steady rate. Without a number of requests at once, it is that per second, but
    /// large enough for a client to open a session.
    pub fn steady(per_second: u32, burst: Option<u32>) -> Rate {
        Rate::Steady { per_second, burst: burst.unwrap_or(per_second.max(BURST_MIN)) }
    }

    /// Returns the option that sets it.
    pub(crate) fn option(self) -> &'static str {
        match self {
            Rate::Window { .. } => "--rate-limit",
            Rate::Steady { .. } => "--requests-per-second",
        }
    }
}

/// The minimum of a burst that is not set.
const BURST_MIN: u32 = 10;
