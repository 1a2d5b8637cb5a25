//! What to run.

use std::ffi::OsString;

/// The command a bridge runs, as often as it needs processes of it. Never a shell: the arguments
/// reach the program as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChildSpec {
    /// The program: a path, or a name that is looked up in `PATH`.
    pub program: OsString,
    /// Its arguments, in order.
    pub args: Vec<OsString>,
    /// Its whole environment; none: the adapter's own.
    pub env: Option<Vec<(OsString, OsString)>>,
}
