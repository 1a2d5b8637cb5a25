//! The result of reading: entries and findings.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use crate::settings::{EntrySettings, Settings};

/// The entries of all files, and the findings about them.
#[derive(Debug, Default)]
pub struct Report {
    /// The entries, in the order of the files.
    pub entries: Vec<Entry>,
    /// The findings, in the order of their lines.
    pub findings: Vec<Finding>,
    /// The settings of the last file that has any.
    pub settings: Settings,
    /// Whether a file is unusable: then nothing is served.
    pub is_unusable: bool,
    /// The name of the file that has these settings, and their line.
    pub(crate) settings_at: Option<(String, usize)>,
    /// The other files that the report depends on, whether they exist or not: each `envFile`.
    pub files: Vec<PathBuf>,
}

impl Report {
    /// Returns whether a file is unusable or an entry is broken.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.level == Level::Error)
    }

    /// Breaks the entry of this name, for a reason that the entry alone does not show. An entry that
    /// is skipped stays skipped.
    pub fn break_name(&mut self, name: &str, text: &str, hint: &str) {
        let mut entries = self.entries.iter_mut();
        let is_meant = |entry: &&mut Entry| {
            entry.name == name && !matches!(entry.outcome, Outcome::Skipped(_))
        };
        let Some(found) = entries.find(is_meant) else { return };
        found.outcome = Outcome::Broken;
        let (file, line, list) = (found.file.clone(), found.line, found.list);
        self.add(Finding {
            level: Level::Error,
            file,
            line,
            entry: Some(name.to_owned()),
            key: "(name)".to_owned(),
            text: text.to_owned(),
            hint: Some(hint.to_owned()),
            list,
        });
    }

    /// Adds an error of the settings at the top, so that nothing is served.
    pub fn refuse_settings(&mut self, key: &str, text: String, hint: String) {
        let Some((file, line)) = self.settings_at.clone() else { return };
        self.is_unusable = true;
        let (level, key) = (Level::Error, key.to_owned());
        self.add(Finding { level, file, line, entry: None, key, text, hint: Some(hint), list: "" });
    }

    /// Adds a finding at the place of its line.
    fn add(&mut self, new: Finding) {
        let is_later = |known: &Finding| known.file == new.file && known.line > new.line;
        let at = self.findings.iter().position(is_later).unwrap_or(self.findings.len());
        self.findings.insert(at, new);
    }
}

/// An entry of a file.
#[derive(Debug)]
pub struct Entry {
    /// The name of the file, as in [`Source::name`](crate::Source).
    pub file: String,
    /// The line of its name.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// The segment of its URL before `/mcp`, not percent-encoded; empty if it has none.
    pub path: String,
    /// The result.
    pub outcome: Outcome,
    /// The key of the list of servers that has it.
    pub(crate) list: &'static str,
}

/// The result for an entry.
#[derive(Debug)]
pub enum Outcome {
    /// The command can be started.
    Served(Box<Server>),
    /// The entry is switched off or names a remote server; the reason.
    Skipped(String),
    /// The entry has errors.
    Broken,
}

/// A stdio server.
#[derive(Clone, Debug)]
pub struct Server {
    /// The segment of its URL before `/mcp`, not percent-encoded.
    pub path: String,
    /// The program: a name to look up in the `PATH` of the child, or an absolute path.
    pub program: OsString,
    /// The arguments.
    pub args: Vec<Value>,
    /// The variables that differ from pontoon's environment; `None` removes one.
    pub env: Vec<(String, Option<Value>)>,
    /// The working directory.
    pub cwd: PathBuf,
    /// The settings under `pontoon` in the entry.
    pub settings: EntrySettings,
    /// The command line as it is written in the file, with secrets masked: one item for each word.
    pub shown: Vec<String>,
}

impl Server {
    /// Returns its path as it is sent in a URL.
    pub fn encoded_path(&self) -> String {
        crate::paths::encode(&self.path)
    }
}

/// A text that may hold a secret. Its `Debug` form shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Value(pub(crate) String);

impl Value {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::secrets::MASK)
    }
}

/// The weight of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Good to know.
    Note,
    /// Served, but perhaps not as the author meant.
    Warning,
    /// The entry is broken, or the file is unusable.
    Error,
}

/// A problem or a note, with its place. It never quotes a value that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The weight.
    pub level: Level,
    /// The name of the file.
    pub file: String,
    /// The line, from 1 on.
    pub line: usize,
    /// The entry, if it concerns one.
    pub entry: Option<String>,
    /// The key within the entry or, without an entry, within the file: `args[1]`, `env.KEY`. Empty
    /// for the whole; `(name)` for the name of the entry.
    pub key: String,
    /// The problem.
    pub text: String,
    /// The correction.
    pub hint: Option<String>,
    /// The key of the list of servers that has the entry.
    pub(crate) list: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", escape(&self.file), self.line)?;
        let within = |dot| if self.key.is_empty() { "" } else { dot };
        let key = escape(&self.key);
        match &self.entry {
            Some(entry) => write!(f, "{}.{}{}{key}: ", self.list, shown_name(entry), within("."))?,
            None => write!(f, "{key}{}", within(": "))?,
        }
        let level = match self.level {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        write!(f, "{level}: {}", escape(&self.text))?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {}", escape(hint)),
            None => Ok(()),
        }
    }
}

/// Returns the name of an entry for a message: one without a letter or a digit is in quotes.
pub fn shown_name(name: &str) -> String {
    match name.contains(char::is_alphanumeric) {
        true => escape(name),
        false => format!("\"{}\"", escape(name)),
    }
}

/// Replaces characters that would change the output of a terminal: controls, and marks that turn the
/// direction of writing.
pub fn escape(text: &str) -> String {
    let is_unsafe = |char: char| {
        char.is_control()
            || matches!(char, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match is_unsafe(char) {
            true => escaped.extend(char.escape_default()),
            false => escaped.push(char),
        }
    }
    escaped
}
