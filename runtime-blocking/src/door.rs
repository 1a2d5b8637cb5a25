//! The private socket by which this process, and nobody else, reaches tiny_http.
//!
//! Owns: the listener's node in the file system, as long as it has one.
//! Never: a byte of what goes through it.
//!
//! tiny_http takes whoever connects, and could be brought down by what the guard keeps from it. So
//! the socket is bound in a new directory that only this user may enter, and on Linux both are
//! removed at once: a descriptor of the node is all that still leads to it. However the process
//! ends, nothing of it stays.

use std::fs::{self, DirBuilder};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::{env, io};

/// The way to a listener. It is knocked at in the end, for tiny_http looks whether it is over after
/// each connection.
pub(crate) struct Door(Way);

enum Way {
    /// By a descriptor of a node that has no name any more.
    Node(OwnedFd),
    /// By its name, in a directory of its own.
    Name { dir: PathBuf },
}

impl Door {
    /// A listener, and the way to it.
    ///
    /// # Errors
    ///
    /// None of the directories for such things can be written to.
    pub(crate) fn open() -> io::Result<(UnixListener, Door)> {
        let mut name = [0; 8];
        getrandom::fill(&mut name).map_err(io::Error::from)?;
        let name = format!("pontoon-{:016x}", u64::from_ne_bytes(name));
        let mut opened = Err(io::ErrorKind::NotFound.into());
        for dir in directories() {
            opened = open_in(dir.join(&name));
            if opened.is_ok() {
                break;
            }
        }
        opened
    }

    pub(crate) fn connect(&self) -> io::Result<UnixStream> {
        match &self.0 {
            Way::Node(node) => UnixStream::connect(link_to(node)),
            Way::Name { dir } => UnixStream::connect(dir.join(SOCKET)),
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = self.connect();
        if let Way::Name { dir } = &self.0 {
            let _ = fs::remove_dir_all(dir);
        }
    }
}

/// Where it may be bound; the first that can be written to is taken.
fn directories() -> impl Iterator<Item = PathBuf> {
    let own = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let own = own.filter(|dir| dir.is_absolute());
    own.into_iter().chain([env::temp_dir(), "/dev/shm".into()])
}

fn open_in(dir: PathBuf) -> io::Result<(UnixListener, Door)> {
    DirBuilder::new().mode(0o700).create(&dir)?;
    let listener = UnixListener::bind(dir.join(SOCKET)).inspect_err(|_| remove(&dir))?;
    let way = match node(&dir.join(SOCKET)) {
        Some(node) => {
            remove(&dir);
            Way::Node(node)
        }
        None => Way::Name { dir },
    };
    Ok((listener, Door(way)))
}

fn remove(dir: &Path) {
    let _ = fs::remove_dir_all(dir);
}

/// The socket's name in its directory.
const SOCKET: &str = "socket";

/// A descriptor of the socket's node, where one can be connected to.
#[cfg(target_os = "linux")]
fn node(path: &Path) -> Option<OwnedFd> {
    use rustix::fs::{Mode, OFlags};
    let node = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()?;
    // Without `/proc` there is no way from the descriptor to the socket.
    fs::symlink_metadata(link_to(&node)).is_ok().then_some(node)
}

#[cfg(not(target_os = "linux"))]
fn node(_: &Path) -> Option<OwnedFd> {
    None
}

fn link_to(node: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", node.as_raw_fd())
}

#[cfg(test)]
mod tests;
