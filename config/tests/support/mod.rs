//! A machine for tests: variables, programs and a home folder that exist only here, and the files of
//! `tests/data`.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use pontoon_config::{Facts, FileKind, Report, Source, read};

pub(crate) const HOME: &str = "/home/keeper";

/// The machine.
pub(crate) struct Machine {
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) programs: Vec<PathBuf>,
}

impl Default for Machine {
    fn default() -> Self {
        let set = [
            ("HARBOUR_HOST", "harbour.example.com"),
            ("HARBOUR_PORT", "7411"),
            ("HARBOUR_EMPTY", ""),
            ("HARBOUR_PATTERN", "${HARBOUR_HOST}-x"),
            ("HARBOUR_TOKEN", "CANARY-ENV-0001"),
            ("HARBOUR_RUNNER", "node"),
            ("PATH", "/stubs"),
        ];
        let stubs =
            ["bash", "docker", "node", "npx", "pilot-mcp", "podman", "soundings-mcp", "uv", "uvx"];
        let absolute = ["/bin/sh", "/usr/bin/env", "/home/keeper/bin/kelp-home"];
        let stubs = stubs.iter().map(|name| Path::new("/stubs").join(name));
        Machine {
            variables: set.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            programs: stubs.chain(absolute.iter().map(PathBuf::from)).collect(),
        }
    }
}

impl Facts for Machine {
    fn variable(&self, name: &str) -> Option<OsString> {
        self.variables.get(name).map(OsString::from)
    }

    fn home(&self) -> Option<PathBuf> {
        Some(HOME.into())
    }

    fn kind(&self, path: &Path) -> FileKind {
        if self.programs.iter().any(|program| program == path) {
            return FileKind::Program;
        }
        if path == Path::new(HOME) {
            return FileKind::Folder;
        }
        match fs::metadata(path).ok().filter(|_| path.starts_with(data())) {
            Some(found) if found.is_dir() => FileKind::Folder,
            Some(found) if found.permissions().mode() & 0o111 != 0 => FileKind::Program,
            Some(_) => FileKind::File,
            None => FileKind::Missing,
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match path.starts_with(data()) {
            true => fs::read(path),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// Returns the folder of the files for tests.
pub(crate) fn data() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"))
}

/// Returns a file of `tests/data`.
pub(crate) fn file(name: &str) -> Source {
    let path = data().join(name);
    Source { name: name.to_owned(), bytes: fs::read(&path).unwrap(), path }
}

/// Returns a file with this text, in `tests/data`.
pub(crate) fn source(text: impl AsRef<[u8]>) -> Source {
    let path = data().join("mcp.json");
    Source { name: "mcp.json".to_owned(), bytes: text.as_ref().to_vec(), path }
}

/// Reads a text on the default machine.
pub(crate) fn report(text: impl AsRef<[u8]>) -> Report {
    read(&[source(text)], &Machine::default())
}

/// Returns all that a report tells people.
pub(crate) fn output(report: &Report) -> String {
    let findings = report.findings.iter().map(|finding| format!("{finding}\n"));
    let mut output: String = findings.collect();
    for entry in &report.entries {
        output += &format!("{entry:?}\n");
    }
    output
}
