//! The settings that all servers have.

use std::path::PathBuf;

use clap::Args;
use pontoon_config::settings::Listen;
use pontoon_core::{BindSession, Duration, Level};
use strum::{EnumString, VariantNames};

use super::auth::AuthArgs;
use super::client_limits::ClientLimitArgs;
use crate::runtime::{RUNTIMES, Runtime};
use crate::values::{self, GIB, KIB, MIB};

/// The settings of an endpoint.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Endpoint")]
pub(crate) struct ServingArgs {
    /// Address to listen on
    #[arg(
        long,
        env = "MCP_BIND_HOST",
        default_value = "127.0.0.1",
        value_parser = values::bind_host
    )]
    pub(crate) host: String,

    /// Port to listen on; 0 for any free port
    #[arg(
        long,
        env = "MCP_PORT",
        default_value = "3000",
        value_parser = values::number::<u16, 0, 65_535>
    )]
    pub(crate) port: u16,

    /// Address and port to serve the page, /health and /metrics at, which are then not served where
    /// clients connect: 127.0.0.1:9090
    #[arg(long, env = "MCP_ADMIN", value_name = "ADDRESS:PORT", value_parser = Listen::parse)]
    pub(crate) admin: Option<Listen>,

    /// Path of the endpoint
    #[arg(long, env = "MCP_PATH", default_value = "/mcp", value_parser = values::path)]
    pub(crate) path: String,

    /// Allowed host names, besides localhost and IP addresses; `*` for all. Repeatable, or
    /// separated by commas
    #[arg(
        long,
        env = "MCP_ALLOW_HOST",
        value_name = "HOST",
        value_delimiter = ',',
        value_parser = values::host
    )]
    pub(crate) allow_host: Vec<String>,

    /// Origins of web pages that may send requests and read answers (CORS), besides those of
    /// loopback: `https://example.com`
    #[arg(
        long,
        env = "MCP_ALLOW_ORIGIN",
        value_name = "ORIGIN",
        value_delimiter = ',',
        value_parser = values::origin
    )]
    pub(crate) allow_origin: Vec<String>,

    /// File with the TLS certificate and its chain (PEM), for https. Read again when it changes, and
    /// on SIGHUP
    #[arg(long, env = "MCP_TLS_CERT", value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// File with the private key of the certificate (PEM, not encrypted)
    #[arg(long, env = "MCP_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Maximum size of a request
    #[arg(
        long,
        env = "MCP_MAX_BODY",
        value_name = "BYTES",
        default_value = "4MiB",
        value_parser = values::size::<KIB, GIB>
    )]
    pub(crate) max_body: usize,

    /// Maximum bytes held for all clients and servers together: request bodies, unread answers, and
    /// input for the command. A request beyond it gets 503
    #[arg(
        long,
        env = "MCP_MAX_MEMORY",
        value_name = "BYTES",
        default_value = "256MiB",
        value_parser = values::size::<{ 4 * MIB }, { 1024 * GIB }>
    )]
    pub(crate) max_memory: usize,

    /// Maximum number of connections; at the limit, the one that has waited longest for its client
    /// is closed for a new one
    #[arg(
        long,
        env = "MCP_MAX_CONNECTIONS",
        value_name = "COUNT",
        default_value = "1024",
        value_parser = values::number::<usize, 1, 100_000>
    )]
    pub(crate) max_connections: usize,

    /// Time limit for a client to send the head of a request
    #[arg(
        long,
        env = "MCP_HEAD_TIMEOUT",
        value_name = "SECONDS",
        default_value = "10",
        value_parser = values::time
    )]
    pub(crate) head_timeout: Duration,

    /// Time limit for a client to send the body of a request
    #[arg(
        long,
        env = "MCP_BODY_TIMEOUT",
        value_name = "SECONDS",
        default_value = "30",
        value_parser = values::time
    )]
    pub(crate) body_timeout: Duration,

    /// Time for which a client may read nothing of an answer that waits for it
    #[arg(
        long,
        env = "MCP_WRITE_TIMEOUT",
        value_name = "SECONDS",
        default_value = "30",
        value_parser = values::time
    )]
    pub(crate) write_timeout: Duration,

    /// Time after which an idle connection is closed
    #[arg(
        long,
        env = "MCP_IDLE_TIMEOUT",
        value_name = "SECONDS",
        default_value = "75",
        value_parser = values::time
    )]
    pub(crate) idle_timeout: Duration,

    /// Interval between keep-alive comments on an event stream
    #[arg(
        long,
        env = "MCP_KEEP_ALIVE",
        value_name = "SECONDS",
        default_value = "15",
        value_parser = values::time
    )]
    pub(crate) keep_alive: Duration,

    /// Time to keep serving, with /readyz at 503, after the request to stop, so that load balancers
    /// send no new clients. A second request to stop ends the wait
    #[arg(
        long,
        env = "MCP_STOP_DELAY",
        value_name = "SECONDS",
        default_value = "0",
        value_parser = values::delay
    )]
    pub(crate) stop_delay: Duration,

    /// Time limit for requests in flight after the request to stop
    #[arg(
        long,
        env = "MCP_DRAIN_TIMEOUT",
        value_name = "SECONDS",
        default_value = "30",
        value_parser = values::time
    )]
    pub(crate) drain_timeout: Duration,

    /// File of variables to read settings from, instead of `.env` in the working directory; the
    /// command gets its variables, too. Repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Vec<PathBuf>,

    /// Runtime to use; `pontoon --version` lists those built in
    #[arg(
        long,
        env = "MCP_RUNTIME",
        value_name = "NAME",
        default_value = RUNTIMES[0].name,
        value_parser = values::runtime
    )]
    pub(crate) runtime: Runtime,

    /// Number of threads; half the number of processors if not given
    #[arg(
        long,
        env = "MCP_THREADS",
        alias = "workers",
        value_name = "COUNT",
        value_parser = values::number::<usize, 1, 1024>
    )]
    pub(crate) threads: Option<usize>,

    /// The settings of authentication.
    #[command(flatten)]
    pub(crate) auth: AuthArgs,

    /// The limits for each client.
    #[command(flatten)]
    pub(crate) client_limits: ClientLimitArgs,

    /// The settings of the log.
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// The settings of the log.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Log")]
pub(crate) struct LogArgs {
    /// Minimum level to log: debug, info, warning or error
    #[arg(
        long,
        env = "MCP_LOG_LEVEL",
        value_name = "LEVEL",
        default_value = "info",
        value_parser = values::one_of::<Level>()
    )]
    pub(crate) log_level: Level,

    /// Format of the log: pretty or json
    #[arg(
        long,
        env = "MCP_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "pretty",
        value_parser = values::one_of::<LogFormat>()
    )]
    pub(crate) log_format: LogFormat,

    /// File to write the log to as well; its directory is created
    #[arg(long, env = "LOG_FILE", value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,

    /// Print only warnings and errors on standard error
    #[arg(long, env = "MCP_QUIET", value_parser = values::bool_value)]
    pub(crate) quiet: bool,
}

/// The settings of sessions, where a server has them.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Sessions")]
pub(crate) struct SessionArgs {
    /// Time after which an unused session ends
    #[arg(
        long,
        env = "MCP_SESSION_TIMEOUT",
        alias = "session-timeout",
        value_name = "SECONDS",
        default_value = "300",
        value_parser = values::time
    )]
    pub(crate) timeout: Duration,

    /// Maximum number of sessions; at the limit, an idle one is ended, those without credentials
    /// first
    #[arg(
        long,
        env = "MCP_MAX_SESSIONS",
        value_name = "COUNT",
        default_value = "100",
        value_parser = values::number::<usize, 1, 100_000>
    )]
    pub(crate) max_sessions: usize,

    /// Sessions that a client may have; unlimited if not given. An `initialize` beyond it gets 429
    #[arg(
        long,
        env = "MCP_SESSIONS_PER_CLIENT",
        value_name = "COUNT",
        value_parser = values::number::<usize, 1, 100_000>
    )]
    pub(crate) sessions_per_client: Option<usize>,

    /// Part of the first credentials (Authorization) of a session that later ones must match:
    /// subject, token (the whole value) or none. Other requests are refused. The subject is the
    /// issuer and subject, or client, of a JWT, the key of AWS, the user of Digest; of other tokens
    /// it is the token
    #[arg(
        long,
        env = "MCP_BIND_SESSION",
        value_name = "PART",
        default_value = "subject",
        value_parser = values::one_of::<BindSession>()
    )]
    pub(crate) bind_session: BindSession,

    /// Serve HTTP+SSE too, the transport of 2024-11-05: a stream at /sse, messages to /messages
    #[arg(long, env = "MCP_SSE", value_parser = values::bool_value)]
    pub(crate) sse: bool,
}

/// The formats of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum LogFormat {
    /// A line of text.
    Pretty,
    /// A JSON object on a line.
    Json,
}
