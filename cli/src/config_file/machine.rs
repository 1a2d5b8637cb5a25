//! The facts of this machine that entries depend on.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use pontoon_config::{Facts, FileKind};

/// The maximum size of a file of servers or of variables.
const FILE_MAX: u64 = 16 * 1024 * 1024;

/// This machine.
pub(crate) struct Machine;

impl Facts for Machine {
    fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    fn home(&self) -> Option<PathBuf> {
        std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
    }

    fn kind(&self, path: &Path) -> FileKind {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => FileKind::Folder,
            // Also checks the owner, the group and the mount, which the mode alone does not show.
            Ok(_) => match rustix::fs::access(path, rustix::fs::Access::EXEC_OK) {
                Ok(()) => FileKind::Program,
                Err(_) => FileKind::File,
            },
            Err(_) => FileKind::Missing,
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        read(path)
    }
}

/// Reads a file of limited size.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(io::Error::other("it has more than 16 MiB"));
    }
    Ok(bytes)
}
