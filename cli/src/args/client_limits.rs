//! The limits for each client.

use clap::Args;
use pontoon_core::{ClientLimits, Rate};

use crate::values;

/// The limits for each client, without that of its sessions.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits for each client")]
pub(crate) struct ClientLimitArgs {
    /// Requests per second that a client may send, on average; unlimited if not given. A client is
    /// a verified principal, or else an address or network of IPv6 (/64). A request beyond it gets
    /// 429
    #[arg(
        long,
        env = "MCP_REQUESTS_PER_SECOND",
        value_name = "COUNT",
        value_parser = values::number::<u32, 1, 100_000>
    )]
    pub(crate) requests_per_second: Option<u32>,

    /// Requests that a client may send at once, if --requests-per-second is given; as many as that,
    /// but at least 10, if not given
    #[arg(
        long,
        env = "MCP_BURST",
        value_name = "COUNT",
        value_parser = values::number::<u32, 1, 1_000_000>
    )]
    pub(crate) burst: Option<u32>,

    /// Requests of a client that may be in progress at the same time, until they are answered, even
    /// if the client leaves; unlimited if not given. A request beyond it gets 429
    #[arg(
        long,
        env = "MCP_CONCURRENT_REQUESTS",
        value_name = "COUNT",
        value_parser = values::number::<usize, 1, 100_000>
    )]
    pub(crate) concurrent_requests: Option<usize>,
}

impl ClientLimitArgs {
    /// Returns the limits, with this one for sessions.
    pub(crate) fn limits(&self, sessions_max: Option<usize>) -> ClientLimits {
        let rate = self.requests_per_second.map(|per_second| Rate::steady(per_second, self.burst));
        ClientLimits { rate, requests_max: self.concurrent_requests, sessions_max }
    }
}
