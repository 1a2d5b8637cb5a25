//! Notifications that a server sends while it works on a request.

use serde_json::Value;
use strum::{EnumString, IntoStaticStr};

use super::RpcError;
use crate::time::Duration;

/// A notification of the server. The encoder drops it if the client did not ask for it or its
/// revision does not have it.
#[derive(Clone, Debug, PartialEq)]
pub enum Notification {
    /// Ends the connection that carries the answer, before the answer: the client is told to
    /// reconnect after a while, and then gets everything sent meanwhile. Has no effect where a
    /// client cannot resume: without a session, over stdio, or before 2025-11-25 (basic/transports,
    /// Sending Messages to the Server).
    Disconnect {
        /// The delay before the client reconnects.
        come_back: Duration,
    },
    /// `notifications/message`.
    Log {
        /// Its severity.
        level: LogLevel,
        /// The name of the logger.
        logger: Option<&'static str>,
        /// The logged data; any JSON.
        data: Value,
    },
    /// `notifications/progress`; sent only if the request carried a progress token. The value must
    /// increase with each step.
    Progress {
        /// The progress so far.
        progress: f64,
        /// The value of completion.
        total: Option<f64>,
        /// A description of the step.
        message: Option<String>,
    },
    /// `notifications/prompts/list_changed`.
    PromptsChanged,
    /// `notifications/resources/list_changed`.
    ResourcesChanged,
    /// `notifications/resources/updated`; sent only to subscribers.
    ResourceUpdated {
        /// The resource.
        uri: String,
    },
    /// `notifications/tools/list_changed`.
    ToolsChanged,
    /// `notifications/message` that belongs to no request. It is sent on the client's GET stream,
    /// or waits in the session's queue until one is open.
    Unrelated {
        /// Its severity.
        level: LogLevel,
        /// The name of the logger.
        logger: Option<&'static str>,
        /// The logged data; any JSON.
        data: Value,
    },
}

/// Notifications in the order in which they are to be sent, all before the answer.
#[derive(Debug, Default)]
pub struct Notifications(Vec<Notification>);

impl Notifications {
    /// Adds a notification.
    pub fn push(&mut self, notice: Notification) {
        self.0.push(notice);
    }

    /// Adds `notifications/progress`.
    pub fn progress(&mut self, progress: f64, total: f64, message: impl Into<String>) {
        self.push(Notification::Progress {
            progress,
            total: Some(total),
            message: Some(message.into()),
        });
    }

    /// Removes and returns all notifications.
    pub fn drain(&mut self) -> impl Iterator<Item = Notification> + '_ {
        self.0.drain(..)
    }
}

/// The severity of a log message, from least to most severe (server/utilities/logging, Log Levels;
/// RFC 5424, section 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr)]
#[cfg_attr(test, derive(strum::VariantArray))]
#[strum(serialize_all = "snake_case")]
pub enum LogLevel {
    /// Details for debugging.
    Debug,
    /// Normal operation.
    Info,
    /// Normal but significant events.
    Notice,
    /// Conditions that may lead to an error.
    Warning,
    /// Errors.
    Error,
    /// Failure of a component.
    Critical,
    /// Conditions that need action at once.
    Alert,
    /// The system is unusable.
    Emergency,
}

impl LogLevel {
    /// Returns the name on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Parses a name.
    ///
    /// # Errors
    ///
    /// The name is not that of a level.
    pub fn parse(name: &str) -> Result<Self, RpcError> {
        name.parse().map_err(|_| RpcError::invalid_params("params.level is no log level"))
    }
}
