//! What a server says while it works, besides its answer.

use serde_json::Value;

use super::Fault;
use crate::time::Duration;

/// A notification of the server. What a client did not ask for, or cannot understand, is left out
/// where it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// Ends the connection that carries the answer, though the answer is still to come: the client
    /// is told to come back for it after a while, and finds all that was said meanwhile. Does
    /// nothing where a client could not come back: without a session, over stdio, or before
    /// 2025-11-25 (basic/transports, Sending Messages to the Server).
    HangUp {
        /// How long the client is to stay away.
        come_back: Duration,
    },
    /// `notifications/message`.
    Log {
        /// How much it matters.
        level: LogLevel,
        /// Who says so.
        logger: Option<&'static str>,
        /// What is said; any JSON.
        data: Value,
    },
    /// `notifications/progress`; only sent for a request that came with a token. Must rise with
    /// each step.
    Progress {
        /// How far it is.
        progress: f64,
        /// How far it is to go.
        total: Option<f64>,
        /// What is being done.
        message: Option<String>,
    },
    /// `notifications/prompts/list_changed`.
    PromptsChanged,
    /// `notifications/resources/list_changed`.
    ResourcesChanged,
    /// `notifications/resources/updated`; only sent to those who subscribed.
    ResourceUpdated {
        /// The resource.
        uri: String,
    },
    /// `notifications/tools/list_changed`.
    ToolsChanged,
    /// `notifications/message` that belongs to no request: it goes to the stream that the client
    /// listens on, or waits in its session's queue until there is one.
    Unrelated {
        /// How much it matters.
        level: LogLevel,
        /// Who says so.
        logger: Option<&'static str>,
        /// What is said; any JSON.
        data: Value,
    },
}

/// Notifications in the order in which they are to be sent, all before the answer.
#[derive(Debug, Default)]
pub struct Outbox(Vec<Notice>);

impl Outbox {
    /// Adds a notification.
    pub fn push(&mut self, notice: Notice) {
        self.0.push(notice);
    }

    /// Adds `notifications/progress`.
    pub fn progress(&mut self, progress: f64, total: f64, message: impl Into<String>) {
        self.push(Notice::Progress { progress, total: Some(total), message: Some(message.into()) });
    }

    /// Takes what there is.
    pub fn drain(&mut self) -> impl Iterator<Item = Notice> + '_ {
        self.0.drain(..)
    }
}

/// How much a log message matters (server/utilities/logging, Log Levels; RFC 5424, section 6.2.1);
/// the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Details for whoever looks for an error.
    Debug,
    /// What is done.
    Info,
    /// What is done and seldom is.
    Notice,
    /// What may go wrong.
    Warning,
    /// What went wrong.
    Error,
    /// What cannot go on.
    Critical,
    /// What somebody has to do something about at once.
    Alert,
    /// Nothing works.
    Emergency,
}

impl LogLevel {
    /// All of them, the least first.
    pub const ALL: [LogLevel; 8] = [
        LogLevel::Debug,
        LogLevel::Info,
        LogLevel::Notice,
        LogLevel::Warning,
        LogLevel::Error,
        LogLevel::Critical,
        LogLevel::Alert,
        LogLevel::Emergency,
    ];

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Notice => "notice",
            LogLevel::Warning => "warning",
            LogLevel::Error => "error",
            LogLevel::Critical => "critical",
            LogLevel::Alert => "alert",
            LogLevel::Emergency => "emergency",
        }
    }

    /// Reads its name.
    ///
    /// # Errors
    ///
    /// No level is called so.
    pub fn parse(name: &str) -> Result<Self, Fault> {
        let level = LogLevel::ALL.into_iter().find(|level| level.as_str() == name);
        level.ok_or_else(|| Fault::invalid_params("params.level is no log level"))
    }
}
