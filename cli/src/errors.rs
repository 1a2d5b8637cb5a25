//! What the program says when it cannot go on: what happened, why, and what to do.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use pontoon_core::reject::ExitStatus;

/// The end of the program, in three lines and an exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What happened.
    pub(crate) what: String,
    /// Why.
    pub(crate) why: String,
    /// What to do about it.
    pub(crate) fix: String,
    /// The exit code: 1 in general, 2 for the command line, 126 and 127 as shells use them.
    pub(crate) code: u8,
}

/// Where a value is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting<'a> {
    /// In this file, by a variable of this name.
    File(&'a str, &'a Path),
    /// By a flag.
    Flag(&'a str),
    /// By a variable of the environment.
    Variable(&'a str),
}

impl Failure {
    /// A value that cannot be used; none if it may be a secret, which is not repeated.
    pub(crate) fn bad_value(
        verb: &str,
        setting: Setting<'_>,
        value: Option<&str>,
        why: &str,
    ) -> Self {
        let help = format!("or see `pontoon {verb} --help`");
        let (name, fix) = match setting {
            Setting::File(name, path) => (
                format!("{name} in the file {}", path.display()),
                format!("correct or remove it there, {help}"),
            ),
            Setting::Flag(name) => (name.to_owned(), format!("give {name} a valid value, {help}")),
            Setting::Variable(name) => {
                (name.to_owned(), format!("unset {name}, give it a valid value, {help}"))
            }
        };
        let what = match value {
            Some(value) => format!("invalid value {value:?} for {name}"),
            None => format!("invalid value for {name}"),
        };
        Failure { what, why: why.to_owned(), fix, code: 2 }
    }

    /// Standard input or output cannot be used any more.
    pub(crate) fn stdio(error: io::Error) -> Self {
        Failure {
            what: "the conversation on standard input and output broke off".into(),
            why: error.to_string(),
            fix: "start it from an MCP client, or as the command of `pontoon proxy`".into(),
            code: 1,
        }
    }

    /// The wrapped command ended before anybody used it.
    pub(crate) fn unusable(command: &str, status: ExitStatus, stderr: &str) -> Self {
        let lines: Vec<_> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n       ");
        Failure {
            what: format!("the wrapped command {status} before anybody used it"),
            why: match printable(&last) {
                said if said.is_empty() => "it did not say".to_owned(),
                said => format!("its last words were: {said}"),
            },
            fix: format!("run it by itself: {command}"),
            code: 1,
        }
    }

    /// Tells it on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        use io::Write;
        // Nobody is left to be told that nobody reads standard error.
        let _ = writeln!(io::stderr(), "{self}");
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { what, why, fix, .. } = self;
        write!(f, "error: {what}\n  why: {why}\n  hint: {fix}")
    }
}

/// Text of a child without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().filter(|&c| c == '\n' || !c.is_control()).collect()
}

/// Lines of standard error that are repeated.
const LAST_LINES: usize = 3;

#[cfg(test)]
mod tests;
