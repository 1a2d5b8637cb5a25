//! The surroundings of an entry, and the findings about it.

use std::path::{Path, PathBuf};

use crate::facts::Facts;
use crate::report::{Finding, Level};

/// The surroundings of an entry, and the findings about it.
pub(crate) struct Cx<'a> {
    /// The machine.
    pub(crate) facts: &'a dyn Facts,
    /// The folder that relative places start from.
    pub(crate) base: &'a Path,
    /// The name of the file.
    pub(crate) file: &'a str,
    /// The key of the list of servers.
    pub(crate) list: &'static str,
    /// The name of the entry.
    pub(crate) entry: &'a str,
    /// The findings.
    pub(crate) findings: Vec<Finding>,
    /// The files that the entry names and that were read, or should have been.
    pub(crate) files: Vec<PathBuf>,
}

impl Cx<'_> {
    pub(crate) fn error(
        &mut self,
        key: &str,
        line: usize,
        text: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.add(Level::Error, key, line, text.into(), hint.into());
    }

    pub(crate) fn warn(
        &mut self,
        key: &str,
        line: usize,
        text: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) {
        self.add(Level::Warning, key, line, text.into(), hint.into());
    }

    pub(crate) fn note(&mut self, key: &str, line: usize, text: impl Into<String>) {
        self.add(Level::Note, key, line, text.into(), None);
    }

    fn add(&mut self, level: Level, key: &str, line: usize, text: String, hint: Option<String>) {
        self.findings.push(Finding {
            level,
            file: self.file.to_owned(),
            line,
            entry: Some(self.entry.to_owned()),
            key: key.to_owned(),
            text,
            hint,
            list: self.list,
        });
    }

    /// Returns the number of errors.
    pub(crate) fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.level == Level::Error).count()
    }
}
