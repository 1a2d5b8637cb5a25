//! The settings of the calculator.

use std::fmt;

use super::catalog;

/// The settings of a [`Calculator`](super::Calculator); the default adds nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    sample_tool: Option<String>,
}

/// The reason why a tool cannot have a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidToolName {
    /// Tool names consist of ASCII letters, digits, `_`, `-` and `.` (server/tools, Tool Names).
    Character(char),
    /// It is longer than [`NAME_LEN_MAX`] characters.
    TooLong,
    /// A tool of the calculator has this name, or it is a name that is known to be missing.
    Taken(String),
}

impl fmt::Display for InvalidToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidToolName::Character(it) => write!(
                f,
                "a tool's name is made of letters, digits, '_', '-' and '.', and not of {it:?}"
            ),
            InvalidToolName::TooLong => {
                write!(f, "a tool's name has {NAME_LEN_MAX} characters at most")
            }
            InvalidToolName::Taken(name) => write!(f, "there is a tool called {name} already"),
        }
    }
}

impl std::error::Error for InvalidToolName {}

impl Settings {
    /// Adds the sample tool under this name, before the others. An empty name adds none.
    ///
    /// # Errors
    ///
    /// The name is invalid, or taken.
    pub fn sample_tool(mut self, name: &str) -> Result<Settings, InvalidToolName> {
        let is_allowed = |it: char| it.is_ascii_alphanumeric() || "_-.".contains(it);
        if let Some(other) = name.chars().find(|it| !is_allowed(*it)) {
            return Err(InvalidToolName::Character(other));
        }
        if name.len() > NAME_LEN_MAX {
            return Err(InvalidToolName::TooLong);
        }
        if catalog::is_taken(name) {
            return Err(InvalidToolName::Taken(name.to_owned()));
        }
        self.sample_tool = (!name.is_empty()).then(|| name.to_owned());
        Ok(self)
    }

    /// Returns the name of the sample tool.
    pub fn sample_tool_name(&self) -> Option<&str> {
        self.sample_tool.as_deref()
    }
}

/// The maximum length of a tool's name (2025-11-25, server/tools, Tool Names).
pub const NAME_LEN_MAX: usize = 128;
