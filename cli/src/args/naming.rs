//! The variables of each option, and its default where programs differ.
//!
//! Each program keeps its established names; a name is looked up in its own table and then in the
//! common one.

use std::ffi::OsString;

/// A program, as far as settings depend on it: the echo servers with and without state are two.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Its subcommand.
    pub(super) verb: String,
    /// Whether it is the stateless one.
    pub(super) stateless: bool,
}

/// The variables and the default of an option.
#[derive(Debug)]
pub(super) struct Naming {
    /// The option, without dashes; the name of an argument without a flag.
    option: &'static str,
    /// The variables, in order of precedence.
    pub(super) variables: &'static [&'static str],
    /// The default, or `None` if its definition has it.
    pub(super) default: Option<&'static str>,
    /// Whether each line of its variable sets it once.
    pub(super) holds_lines: bool,
}

impl Program {
    /// Returns the program of a command line.
    pub(crate) fn of(words: &[OsString]) -> Self {
        let mut verbs = words.iter().skip(1).map(|word| word.to_str().unwrap_or_default());
        // `pontoon help proxy` is about the proxy.
        let verb = match verbs.next() {
            Some("help") => verbs.next(),
            verb => verb,
        };
        Program {
            verb: verb.unwrap_or_default().to_owned(),
            stateless: words.iter().any(|word| word == "--stateless"),
        }
    }

    /// Returns the naming of this option.
    pub(super) fn naming(&self, option: &str) -> Option<&'static Naming> {
        self.table().find(|naming| naming.option == option)
    }

    /// Returns whether a variable sets one of its options.
    pub(crate) fn reads(&self, variable: &str) -> bool {
        self.table().any(|naming| naming.variables.contains(&variable))
    }

    fn table(&self) -> impl Iterator<Item = &'static Naming> {
        let own = match self.verb.as_str() {
            "calculator" => CALCULATOR,
            "echo" if self.stateless => ECHO_STATELESS,
            "echo" => ECHO,
            "proxy" => PROXY,
            _ => &[],
        };
        own.iter().chain(ALL)
    }
}

/// Returns whether `-h` shows an option; `--help` shows all.
pub(super) fn is_common(option: &str) -> bool {
    COMMON.contains(&option)
}

/// Returns whether a program has an option of this name.
pub(crate) fn is_option(option: &str) -> bool {
    all().any(|naming| naming.option == option)
}

/// Returns whether a variable sets an option that only a file named on the command line may set: it
/// opens the endpoint to others, reaches the command, or names a file to write to.
pub(crate) fn is_guarded(variable: &str) -> bool {
    all().any(|naming| GUARDED.contains(&naming.option) && naming.variables.contains(&variable))
}

/// Returns whether a variable sets an option of any program.
pub(crate) fn is_known(variable: &str) -> bool {
    all().any(|naming| naming.variables.contains(&variable))
}

/// Returns the variable with the most similar name, if few letters differ.
pub(crate) fn similar(name: &str) -> Option<&'static str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(name, known);
    let known = all().flat_map(|naming| naming.variables.iter().copied());
    let nearest = known.map(|known| (distance(&known), known)).min()?;
    // The common prefix does not count.
    let length = name.len().saturating_sub("MCP_".len());
    (nearest.0 <= 2 && nearest.0 * 3 <= length).then_some(nearest.1)
}

fn all() -> impl Iterator<Item = &'static Naming> {
    [PROXY, ECHO, ECHO_STATELESS, CALCULATOR, ALL].into_iter().flatten()
}

/// The options of [`is_common`].
const COMMON: &[&str] = &[
    "allow-host",
    "allow-origin",
    "env",
    "env-file",
    "host",
    "log-format",
    "log-level",
    "max-sessions",
    "port",
    "request-timeout",
    "stateless",
    "timeout",
];

/// The options of [`is_guarded`].
const GUARDED: &[&str] =
    &["allow-host", "allow-origin", "bind-session", "child-per", "env", "host", "log-file"];

const fn named(option: &'static str, variables: &'static [&'static str]) -> Naming {
    Naming { option, variables, default: None, holds_lines: false }
}

const fn preset(
    option: &'static str,
    variables: &'static [&'static str],
    default: &'static str,
) -> Naming {
    Naming { option, variables, default: Some(default), holds_lines: false }
}

const PROXY: &[Naming] = &[
    named("timeout", &["MCP_SESSION_TIMEOUT"]),
    named("max-sessions", &["MCP_MAX_SESSIONS"]),
    named("child-era", &["MCP_CHILD_ERA"]),
    named("child-per", &["MCP_CHILD_PER"]),
    named("clean-env", &["MCP_CLEAN_ENV"]),
    Naming { holds_lines: true, ..named("env", &["MCP_ENV"]) },
    named("max-line", &["MCP_MAX_LINE"]),
    named("read-buffer", &["MCP_READ_BUFFER_SIZE"]),
    named("request-timeout", &["MCP_SUBPROCESS_TIMEOUT"]),
    named("startup-timeout", &["MCP_STARTUP_TIMEOUT"]),
    named("warm-children", &["MCP_WARM_CHILDREN"]),
    named("write-buffer", &["MCP_WRITE_BUFFER_SIZE"]),
];

const ECHO: &[Naming] = &[
    named("host", &["MCP_ECHO_HOST", "MCP_BIND_HOST"]),
    named("port", &["MCP_ECHO_PORT", "MCP_PORT"]),
    named("allow-origin", &["MCP_ALLOW_ORIGIN", "MCP_CORS_ORIGINS"]),
    named("max-message", &["ECHO_MAX_MESSAGE_SIZE"]),
    preset("timeout", &["MCP_SESSION_TIMEOUT"], "3600"),
    preset("max-sessions", &["MCP_MAX_SESSIONS"], "1000"),
    named("cleanup-interval", &["MCP_SESSION_CLEANUP_INTERVAL", "ECHO_CLEANUP_INTERVAL"]),
    named("log-level", &["ECHO_LOG_LEVEL", "LOG_LEVEL", "MCP_LOG_LEVEL"]),
    named("debug", &["MCP_ECHO_DEBUG"]),
    named("binary", &["ECHO_ENABLE_BINARY"]),
    named("compression", &["ECHO_ENABLE_COMPRESSION"]),
];

const ECHO_STATELESS: &[Naming] = &[
    named("host", &["MCP_ECHO_HOST", "MCP_BIND_HOST"]),
    named("port", &["MCP_ECHO_PORT", "MCP_PORT"]),
    named("allow-origin", &["MCP_ALLOW_ORIGIN", "MCP_CORS_ORIGINS"]),
    named("max-message", &["ECHO_MAX_MESSAGE_SIZE"]),
    preset("timeout", &["MCP_SESSION_TIMEOUT"], "3600"),
    preset("max-sessions", &["MCP_MAX_SESSIONS"], "1000"),
    named("cleanup-interval", &["MCP_SESSION_CLEANUP_INTERVAL", "ECHO_CLEANUP_INTERVAL"]),
    named("max-connections", &["WORKER_CONNECTIONS", "MCP_MAX_CONNECTIONS"]),
    named("max-requests", &["ECHO_STATELESS_MAX_REQUESTS", "MCP_MAX_REQUESTS"]),
    named("threads", &["ECHO_STATELESS_WORKERS", "MCP_THREADS"]),
    named("log-level", &["ECHO_STATELESS_LOG_LEVEL", "LOG_LEVEL", "MCP_LOG_LEVEL"]),
    named("debug", &["MCP_ECHO_DEBUG"]),
    named("binary", &["ECHO_ENABLE_BINARY"]),
    named("compression", &["ECHO_ENABLE_COMPRESSION"]),
];

const CALCULATOR: &[Naming] = &[
    preset("port", &["PORT", "MCP_PORT"], "1071"),
    named("allow-origin", &["CORS_ORIGIN", "MCP_ALLOW_ORIGIN"]),
    preset("max-body", &["MCP_MAX_BODY"], "1MiB"),
    preset("log-format", &["MCP_LOG_FORMAT"], "json"),
    named("log-level", &["LOG_LEVEL", "MCP_LOG_LEVEL"]),
    named("rate-limit", &["RATE_LIMIT_MAX"]),
    named("rate-window", &["RATE_LIMIT_WINDOW"]),
    named("sample-tool", &["SAMPLE_TOOL_NAME"]),
    named("documented-events", &["MCP_DOCUMENTED_EVENTS"]),
];

const ALL: &[Naming] = &[
    named("host", &["MCP_BIND_HOST"]),
    named("port", &["MCP_PORT"]),
    named("path", &["MCP_PATH"]),
    named("allow-host", &["MCP_ALLOW_HOST"]),
    named("allow-origin", &["MCP_ALLOW_ORIGIN"]),
    named("max-body", &["MCP_MAX_BODY"]),
    named("max-memory", &["MCP_MAX_MEMORY"]),
    named("max-connections", &["MCP_MAX_CONNECTIONS"]),
    named("max-requests", &["MCP_MAX_REQUESTS"]),
    named("head-timeout", &["MCP_HEAD_TIMEOUT"]),
    named("body-timeout", &["MCP_BODY_TIMEOUT"]),
    named("write-timeout", &["MCP_WRITE_TIMEOUT"]),
    named("idle-timeout", &["MCP_IDLE_TIMEOUT"]),
    named("keep-alive", &["MCP_KEEP_ALIVE"]),
    named("drain-timeout", &["MCP_DRAIN_TIMEOUT"]),
    named("stop-delay", &["MCP_STOP_DELAY"]),
    named("sse", &["MCP_SSE"]),
    named("bind-session", &["MCP_BIND_SESSION"]),
    named("revisions", &["MCP_REVISIONS"]),
    named("protocol-version", &["MCP_PROTOCOL_VERSION"]),
    named("protocol-versions", &["MCP_PROTOCOL_VERSIONS_SUPPORTED"]),
    named("runtime", &["MCP_RUNTIME"]),
    named("threads", &["MCP_THREADS"]),
    named("log-level", &["MCP_LOG_LEVEL"]),
    named("log-format", &["MCP_LOG_FORMAT"]),
    named("log-file", &["LOG_FILE"]),
    named("quiet", &["MCP_QUIET"]),
    named("url", &["PONTOON_PROBE"]),
];
