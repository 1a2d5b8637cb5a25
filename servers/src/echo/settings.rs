//! What a diagnostic server is told when it starts.

use std::fmt;

use pontoon_core::protocol::Revision;
use pontoon_core::time::Duration;

/// The settings of a diagnostic server, in force for its life. Whoever starts it has read them
/// from the command line, the environment and files; the server shows them, and shows nothing
/// else of its environment than what its own allow-list names.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// The whole environment of the process; of variables that are on no list, not even the names
    /// leave the server, but for those that look like secrets (`environmentDump`).
    pub environment: Vec<(String, String)>,
    /// The address it listens on (`MCP_ECHO_HOST`).
    pub host: String,
    /// The port it listens on (`MCP_ECHO_PORT`).
    pub port: u16,
    /// Whether more is logged (`MCP_ECHO_DEBUG`). Only shown: a tool answers the same either way.
    pub debug: bool,
    /// How long a session lasts unused (`MCP_SESSION_TIMEOUT`).
    pub session_timeout: Duration,
    /// Sessions of the modern era at once (`MCP_MAX_SESSIONS`).
    pub sessions_max: usize,
    /// Whether `echo` gives a `data:` URL in base64 back as bytes, too (`ECHO_ENABLE_BINARY`).
    pub binary: bool,
    /// Whether answers are compressed (`ECHO_ENABLE_COMPRESSION`). Only shown; the endpoint does it
    /// ([`pontoon_core::native::Native::packs`]).
    pub compression: bool,
    /// Bytes of UTF-8 that a message of `echo` may have (`ECHO_MAX_MESSAGE_SIZE`); a longer one is
    /// refused with -32602.
    pub message_bytes_max: usize,
    /// The revisions that are served (`MCP_PROTOCOL_VERSIONS_SUPPORTED`).
    pub revisions: Vec<Revision>,
    /// The origins whose pages are given CORS headers: the endpoint's
    /// [`pontoon_core::config::Config::origins`].
    pub origins: Vec<String>,
    /// What is known about a container around the process.
    pub container: Container,
}

/// What is known about a container around the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Whether it is one of Docker or of a program that does as Docker does (`/.dockerenv`, or
    /// `/proc/1/cgroup` says so).
    pub docker: bool,
    /// Its id, if it can be told.
    pub id: Option<String>,
    /// Whether it runs in a pod of Kubernetes (`KUBERNETES_SERVICE_HOST` is set).
    pub kubernetes: bool,
}

impl Default for Settings {
    /// A server on the loopback address, with nothing known about its surroundings.
    fn default() -> Self {
        Settings {
            environment: Vec::new(),
            host: "127.0.0.1".to_owned(),
            port: 3000,
            debug: false,
            session_timeout: Duration::from_secs(3600),
            sessions_max: 1000,
            binary: true,
            compression: false,
            message_bytes_max: 1 << 20,
            revisions: Revision::ALL.to_vec(),
            origins: Vec::new(),
            container: Container::default(),
        }
    }
}

/// Leaves out the environment: it is full of secrets, and what is printed ends in logs.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("debug", &self.debug)
            .field("session_timeout", &self.session_timeout)
            .field("sessions_max", &self.sessions_max)
            .field("binary", &self.binary)
            .field("compression", &self.compression)
            .field("message_bytes_max", &self.message_bytes_max)
            .field("revisions", &self.revisions)
            .field("origins", &self.origins)
            .field("container", &self.container)
            .finish_non_exhaustive()
    }
}
