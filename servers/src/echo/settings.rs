//! The settings of a diagnostic server.

use std::fmt;

use pontoon_core::{Duration, Revision};

/// The settings of a diagnostic server, fixed for its lifetime. The caller reads them from the
/// command line, the environment and files; the server shows them, and of its environment only the
/// variables in its lists.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// The whole environment of the process. Of variables that are on no list, the server shows
    /// nothing, not even names, except for those that look like secrets (`environmentDump`).
    pub environment: Vec<(String, String)>,
    /// The address it listens on (`MCP_ECHO_HOST`).
    pub host: String,
    /// The port it listens on (`MCP_ECHO_PORT`).
    pub port: u16,
    /// Whether debug logging is on (`MCP_ECHO_DEBUG`). Only shown; it does not change any answer.
    pub debug: bool,
    /// The idle timeout of sessions (`MCP_SESSION_TIMEOUT`).
    pub session_timeout: Duration,
    /// The maximum number of sessions of modern clients (`MCP_MAX_SESSIONS`).
    pub sessions_max: usize,
    /// Whether `echo` also returns the bytes of a base64 `data:` URL (`ECHO_ENABLE_BINARY`).
    pub binary: bool,
    /// Whether answers are compressed (`ECHO_ENABLE_COMPRESSION`). Only shown; the endpoint does it
    /// ([`pontoon_core::Native::packs`]).
    pub compression: bool,
    /// The maximum length of a message of `echo` in bytes of UTF-8 (`ECHO_MAX_MESSAGE_SIZE`); a
    /// longer one is refused with -32602.
    pub message_bytes_max: usize,
    /// The supported revisions (`MCP_PROTOCOL_VERSIONS_SUPPORTED`).
    pub revisions: Vec<Revision>,
    /// The origins whose pages get CORS headers: the endpoint's
    /// [`pontoon_core::Config::origins`].
    pub origins: Vec<String>,
    /// The container around the process.
    pub container: Container,
}

/// Known facts about a container around the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Whether it is one of Docker or of a compatible program (`/.dockerenv` exists, or
    /// `/proc/1/cgroup` shows it).
    pub docker: bool,
    /// Its id, if known.
    pub id: Option<String>,
    /// Whether it runs in a pod of Kubernetes (`KUBERNETES_SERVICE_HOST` is set).
    pub kubernetes: bool,
}

impl Default for Settings {
    /// Returns the settings of a server on the loopback address, without facts about its
    /// environment.
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

/// Omits the environment, which holds secrets, because debug output ends in logs.
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
