//! Settings from outside the command line: the environment, and behind it the file `.env` in the
//! working directory.
//!
//! The file changes nobody's environment: it is only ever asked for settings of this program, and
//! what this program starts does not get to see it.

use std::ffi::{OsStr, OsString};
use std::{env, fs, io};

use crate::errors::Failure;

/// Variables, and where each comes from. An empty one is one that is not set.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    environment: Vec<(OsString, OsString)>,
    file: Vec<(OsString, OsString)>,
}

/// A variable that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it holds.
    pub(crate) value: &'a OsStr,
    /// Where it is set.
    pub(crate) origin: Origin,
}

/// Where a variable is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The environment.
    Environment,
    /// The file `.env`.
    File,
}

impl Variables {
    /// Those of this process and of its working directory.
    ///
    /// # Errors
    ///
    /// There is a file `.env`, and it cannot be read.
    pub(crate) fn read() -> Result<Self, Failure> {
        let text = match fs::read(FILE) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(unreadable(&error)),
        };
        Ok(Variables::of(env::vars_os(), &String::from_utf8_lossy(&text)))
    }

    /// These, and those in the text of a file.
    pub(crate) fn of(
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        file: &str,
    ) -> Self {
        let file = assignments(file).map(|(name, value)| (name.into(), value.into()));
        Variables { environment: environment.into_iter().collect(), file: file.collect() }
    }

    /// The first of these that is set; the environment is worth more than the file, whatever the
    /// order of the names.
    pub(crate) fn first(&self, names: &[&'static str]) -> Option<Found<'_>> {
        [(Origin::Environment, &self.environment), (Origin::File, &self.file)].iter().find_map(
            |(origin, variables)| {
                names.iter().find_map(|name| {
                    let value = value(variables, name)?;
                    Some(Found { name, value, origin: *origin })
                })
            },
        )
    }

    /// All of them that are text, each once.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = Vec::new();
        // Of several assignments in a file the last one counts, as in a shell.
        for (name, value) in self.environment.iter().chain(self.file.iter().rev()) {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
            if !value.is_empty() && all.iter().all(|(known, _)| known != name) {
                all.push((name.to_owned(), value.to_owned()));
            }
        }
        all
    }
}

fn value<'a>(variables: &'a [(OsString, OsString)], name: &str) -> Option<&'a OsStr> {
    let (_, value) = variables.iter().rev().find(|(key, _)| key == name)?;
    Some(value.as_os_str()).filter(|value| !value.is_empty())
}

/// The assignments in a file: `NAME=value`, with or without `export` and quotes; `#` begins a
/// comment. Other lines are passed over: they are for other programs that read the file.
fn assignments(text: &str) -> impl Iterator<Item = (String, String)> {
    text.lines().filter_map(|line| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=')?;
        let name = name.trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let is_name = !name.is_empty() && name.bytes().all(plain);
        is_name.then(|| (name.to_owned(), unquoted(value.trim())))
    })
}

/// The value of an assignment. Between single quotes everything is itself, between double quotes a
/// backslash escapes; without quotes a value ends where a comment begins.
fn unquoted(value: &str) -> String {
    match value.chars().next() {
        Some('\'') => value[1..].split('\'').next().unwrap_or_default().to_owned(),
        Some('"') => escaped(&value[1..]),
        _ => {
            let comment = value.find(" #").unwrap_or(value.len());
            value[..comment].trim_end().to_owned()
        }
    }
}

/// What is written up to the next double quote.
fn escaped(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => break,
            '\\' => plain.extend(chars.next().map(|char| if char == 'n' { '\n' } else { char })),
            char => plain.push(char),
        }
    }
    plain
}

fn unreadable(error: &io::Error) -> Failure {
    Failure {
        what: format!("cannot read {FILE} in the working directory"),
        why: error.to_string(),
        fix: "let this program read it, or start it in another directory".into(),
        code: 2,
    }
}

const FILE: &str = ".env";

#[cfg(test)]
mod tests;
