//! The command of a bridge.

use std::ffi::OsString;
use std::path::PathBuf;

/// The command that a bridge runs, once for each process it needs. No shell is involved: the
/// arguments reach the program unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildSpec {
    /// The program: a path, or a name to look up in `PATH`.
    pub program: OsString,
    /// Its arguments, in order.
    pub args: Vec<OsString>,
    /// Its whole environment, or `None` for the adapter's own.
    pub env: Option<Vec<(OsString, OsString)>>,
    /// Its working directory, or `None` for the adapter's own.
    pub cwd: Option<PathBuf>,
}
