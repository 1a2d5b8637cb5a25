//! Fatal errors: the problem, its reason, and the correction.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use pontoon_core::{ExitStatus, escape_untrusted};

/// A fatal error, in three lines and an exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The problem.
    pub(crate) what: String,
    /// The reason.
    pub(crate) why: String,
    /// The correction.
    pub(crate) fix: String,
    /// The exit code: 1 in general, 2 for the command line, 126 and 127 as shells use them.
    pub(crate) code: u8,
}

/// The source of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting<'a> {
    /// In this file, by a variable of this name.
    File(&'a str, &'a Path),
    /// By a flag.
    Flag(&'a str),
    /// By an environment variable.
    Variable(&'a str),
}

impl Failure {
    /// Creates the error for a bad value; `None` if it may be a secret, which is not repeated.
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

    /// Creates the error for standard input or output that cannot be used any more.
    pub(crate) fn stdio(error: io::Error) -> Self {
        Failure {
            what: "standard input or output failed".into(),
            why: error.to_string(),
            fix: "start it from an MCP client, or as the command of `pontoon proxy`".into(),
            code: 1,
        }
    }

    /// Creates the error for a wrapped command that ended before a client used it.
    pub(crate) fn unusable(command: &str, status: ExitStatus, stderr: &str) -> Self {
        let by_itself = format!("run it by itself: {command}");
        Failure {
            what: format!("the wrapped command {status} right after its start"),
            why: match telling_line(stderr).map(|line| escape_untrusted(line.as_bytes())) {
                Some(line) => format!("it wrote: {line}"),
                None => "it wrote nothing to standard error".to_owned(),
            },
            fix: match wanted_variable(stderr) {
                Some(name) => format!("give it the variable: --env {name}=VALUE; or {by_itself}"),
                None => by_itself,
            },
            code: 1,
        }
    }

    /// Creates the error for a lack of threads or descriptors.
    pub(crate) fn cannot_start(error: &io::Error) -> Self {
        Failure {
            what: "cannot start serving".into(),
            why: error.to_string(),
            fix: "let this program have more threads and file descriptors (ulimit -u, ulimit -n)"
                .into(),
            code: 1,
        }
    }

    /// Prints it on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        use io::Write;
        // If standard error is closed, nothing can be reported.
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

/// Returns the line of a command's standard error that most likely has the reason of its end: the
/// one with most words of that kind, the last of several; without any, the last line.
pub(crate) fn telling_line(stderr: &str) -> Option<&str> {
    const WORDS: [&str; 16] = [
        "404",
        "cannot",
        "denied",
        "error",
        "exception",
        "fatal",
        "invalid",
        "missing",
        "must",
        "no module",
        "no such",
        "not defined",
        "not found",
        "not set",
        "panicked",
        "required",
    ];
    let words = |line: &str| {
        let line = line.to_lowercase();
        WORDS.iter().filter(|word| line.contains(*word)).count()
    };
    let lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.max_by_key(|line| words(line))
}

/// Returns the variable that a command seems to need: a word in capitals with an underscore, in the
/// line with the reason of its end.
pub(crate) fn wanted_variable(stderr: &str) -> Option<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = |word: &&str| {
        let is_capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let (starts, ends) = (word.starts_with('_'), word.ends_with('_'));
        word.len() > 3 && word.contains('_') && !starts && !ends && word.chars().all(is_capital)
    };
    telling_line(stderr)?.split(|c| !is_part(c)).find(is_name)
}

#[cfg(test)]
mod tests;
