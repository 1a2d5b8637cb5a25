//! Settings outside of the command line: the environment, and files of variables.
//!
//! Owns: their precedence, and which variables a file may set that the command line does not name:
//! the `.env` of a working directory can come from anyone, for example with a cloned repository.
//! Never: changes the environment of this process.

mod file;
mod notices;

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::env_names;
use crate::errors::Failure;
use file::{EnvFile, FILE};

/// Variables with their sources. An empty one counts as not set.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    environment: Vec<(OsString, OsString)>,
    /// Files that the command line names, in order of precedence.
    named: Vec<EnvFile>,
    /// The `.env` of the working directory, if the command line names no file.
    found: Option<EnvFile>,
    /// Variables in that file that only a named file may set.
    passed_over: Vec<(OsString, OsString)>,
    /// The reason why an existing `.env` is not read.
    unread: Option<String>,
}

/// A variable that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found<'a> {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its value.
    pub(crate) value: &'a OsStr,
    /// Its source.
    pub(crate) origin: Origin<'a>,
}

/// The source of a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin<'a> {
    /// The environment.
    Environment,
    /// This file.
    File(&'a Path),
}

impl Variables {
    /// Reads those of this process and of these files, the last of which takes precedence. Without
    /// a file, the `.env` of the working directory is read.
    ///
    /// # Errors
    ///
    /// One of the files cannot be read.
    pub(crate) fn read(files: &[PathBuf]) -> Result<Self, Failure> {
        let named: Result<Vec<_>, _> =
            files.iter().rev().map(|path| EnvFile::named(path)).collect();
        let (found, unread) = match files.is_empty() {
            true => EnvFile::of_directory().map_or_else(|why| (None, Some(why)), |it| (it, None)),
            false => (None, None),
        };
        let mut variables = Variables { named: named?, unread, ..Variables::default() };
        variables.environment = env::vars_os().collect();
        variables.take(found);
        Ok(variables)
    }

    /// Returns these variables, and those in the text of a `.env`.
    #[cfg(test)]
    pub(crate) fn of(
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        file: &str,
    ) -> Self {
        let environment = environment.into_iter().collect();
        let mut variables = Variables { environment, ..Variables::default() };
        variables.take(Some(EnvFile::parse(Path::new(FILE), file)));
        variables
    }

    /// Adds the variables that the file of the working directory may set.
    fn take(&mut self, found: Option<EnvFile>) {
        let Some(mut file) = found else { return };
        let (passed_over, taken) = file
            .assignments
            .into_iter()
            .partition(|(name, _)| name.to_str().is_some_and(env_names::is_guarded));
        (self.passed_over, file.assignments) = (passed_over, taken);
        self.found = Some(file);
    }

    /// Returns the first of these that is set; the environment takes precedence over files,
    /// regardless of the order of the names.
    pub(crate) fn first(&self, names: &[&'static str]) -> Option<Found<'_>> {
        let files = self.files().map(|file| (Origin::File(&file.path), &file.assignments));
        let mut sources = std::iter::once((Origin::Environment, &self.environment)).chain(files);
        sources.find_map(|(origin, variables)| {
            names.iter().find_map(|name| {
                let value = value(variables, name)?;
                Some(Found { name, value, origin })
            })
        })
    }

    /// Returns all of them that are text, without duplicates.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = Vec::new();
        // Of several assignments in a file the last one counts, as in a shell.
        let in_files = self.files().flat_map(|file| file.assignments.iter().rev());
        for (name, value) in self.environment.iter().chain(in_files) {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
            if !value.is_empty() && all.iter().all(|(known, _)| known != name) {
                all.push((name.to_owned(), value.to_owned()));
            }
        }
        all
    }

    /// Returns the variables of the files that the command line names, for the wrapped command; the
    /// last of each name counts.
    pub(crate) fn for_command(&self) -> impl Iterator<Item = &(OsString, OsString)> {
        self.named.iter().rev().flat_map(|file| &file.assignments)
    }

    /// Iterates over the files in order of precedence.
    fn files(&self) -> impl Iterator<Item = &EnvFile> {
        self.named.iter().chain(&self.found)
    }
}

fn value<'a>(variables: &'a [(OsString, OsString)], name: &str) -> Option<&'a OsStr> {
    let (_, value) = variables.iter().rev().find(|(key, _)| key == name)?;
    Some(value.as_os_str()).filter(|value| !value.is_empty() && !is_service_link(name, value))
}

/// Returns whether Kubernetes has set this variable: for a service called `mcp`, each of its pods
/// has `MCP_PORT=tcp://10.96.12.7:3000`.
fn is_service_link(name: &str, value: &OsStr) -> bool {
    let schemes = ["tcp://", "udp://", "sctp://"];
    name.ends_with("PORT")
        && value.to_str().is_some_and(|value| schemes.iter().any(|it| value.starts_with(it)))
}

#[cfg(test)]
mod tests;
