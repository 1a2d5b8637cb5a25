//! Facts about the machine, which the adapter supplies.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// There is no such file.
    Missing,
    /// A folder.
    Folder,
    /// A file that cannot be run.
    File,
    /// A file that can be run.
    Program,
}

/// The environment and the file system, as far as entries depend on them.
pub trait Facts {
    /// Returns the value of a variable of pontoon's own environment.
    fn variable(&self, name: &str) -> Option<OsString>;

    /// Returns the home folder.
    fn home(&self) -> Option<PathBuf>;

    /// Returns the kind of the file at an absolute path. Links are followed.
    fn kind(&self, path: &Path) -> FileKind;

    /// Returns the content of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
}
