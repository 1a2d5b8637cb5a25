//! Log entries: an event of the core, or a notice of the program itself.

use std::sync::Arc;
use std::time::SystemTime;

use pontoon_core::{Event, FieldValue, Level};

/// An entry and its time.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(super) at: SystemTime,
    what: What,
    /// The name of the command, if the entry is about a session with it.
    command: Option<Arc<str>>,
    /// The name of the server, in a program with several.
    server: Option<Arc<str>>,
}

#[derive(Clone, Debug)]
enum What {
    Event(Event),
    Notice(Notice),
}

/// A message of the program itself.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// Its severity.
    pub(crate) level: Level,
    /// A short stable name, in `snake_case`.
    pub(crate) name: &'static str,
    /// A short description.
    pub(crate) message: &'static str,
    /// The details.
    pub(crate) fields: Vec<(&'static str, String)>,
    /// The text for a person, where one may be reading.
    pub(crate) words: Option<String>,
}

impl Notice {
    /// The log file was reopened. It is a warning, so that a file of any level begins with it.
    pub(super) fn reopened() -> Self {
        Notice {
            level: Level::Warning,
            name: "log_reopened",
            message: "log file reopened",
            fields: vec![("signal", "SIGHUP".to_owned())],
            words: None,
        }
    }

    /// Entries were lost.
    pub(super) fn dropped(count: u64) -> Self {
        Notice {
            level: Level::Warning,
            name: "log_dropped",
            message: "the log could not keep up",
            fields: vec![("entries", count.to_string())],
            words: None,
        }
    }
}

impl Entry {
    /// Creates an entry with the current time.
    pub(crate) fn event(event: Event) -> Self {
        Entry { at: SystemTime::now(), what: What::Event(event), command: None, server: None }
    }

    /// Adds the name of the command that is served, if a session with it has been opened.
    pub(crate) fn of_command(mut self, command: Option<&Arc<str>>) -> Self {
        let is_opened = matches!(self.what, What::Event(Event::SessionOpened { .. }));
        self.command = command.filter(|_| is_opened).cloned();
        self
    }

    /// Adds the name of the server that it is about.
    pub(crate) fn of_server(mut self, server: Arc<str>) -> Self {
        self.server = Some(server);
        self
    }

    /// Returns the name of the server that it is about, in a program with several.
    pub(super) fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// Creates an entry with the current time.
    pub(crate) fn notice(notice: Notice) -> Self {
        Entry { at: SystemTime::now(), what: What::Notice(notice), command: None, server: None }
    }

    pub(super) fn level(&self) -> Level {
        match &self.what {
            What::Event(event) => event.level(),
            What::Notice(notice) => notice.level,
        }
    }

    /// Returns the child and the line, if this is a line of a child's standard error.
    pub(super) fn said_by_child(&self) -> Option<(u64, &[u8])> {
        match &self.what {
            What::Event(Event::ChildStderr { child, line }) => Some((child.0, line)),
            _ => None,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match &self.what {
            What::Event(event) => event.name(),
            What::Notice(notice) => notice.name,
        }
    }

    pub(super) fn message(&self) -> &'static str {
        match &self.what {
            What::Event(event) => event.message(),
            What::Notice(notice) => notice.message,
        }
    }

    pub(super) fn words(&self) -> Option<&str> {
        match &self.what {
            What::Event(_) => None,
            What::Notice(notice) => notice.words.as_deref(),
        }
    }

    pub(super) fn fields(&self, mut field: impl FnMut(&'static str, FieldValue<'_>)) {
        match &self.what {
            What::Event(event) => {
                if let Some(server) = &self.server {
                    field("server", FieldValue::Bytes(server.as_bytes()));
                }
                event.fields(&mut field);
                if let Some(command) = &self.command {
                    field("mcp_server", FieldValue::Bytes(command.as_bytes()));
                }
            }
            What::Notice(notice) => {
                for (name, value) in &notice.fields {
                    field(name, FieldValue::Bytes(value.as_bytes()));
                }
            }
        }
    }
}
