//! The command of a bridge.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use crate::child_env::{ChildEnv, HeaderVariable};

/// The command that a bridge runs, once for each process it needs. No shell is involved: the
/// arguments reach the program unchanged.
#[derive(Clone, PartialEq, Eq)]
pub struct ChildSpec {
    /// The program: a path, or a name to look up in `PATH`.
    pub program: OsString,
    /// Its arguments, in order.
    pub args: Vec<OsString>,
    /// Its whole environment, or `None` for the adapter's own. With
    /// [`Config::header_env`](crate::Config::header_env) it has to be given.
    pub env: Option<Vec<(OsString, OsString)>>,
    /// Its working directory, or `None` for the adapter's own.
    pub cwd: Option<PathBuf>,
}

impl ChildSpec {
    /// Returns the command for requests without any of these headers: the variables are not set.
    pub(crate) fn without(mut self, headers: &[HeaderVariable]) -> ChildSpec {
        if let Some(env) = &mut self.env {
            env.retain(|(name, _)| headers.iter().all(|header| header.variable != *name));
        }
        self
    }

    /// Returns the command with these variables in addition.
    pub(crate) fn with(&self, variables: &ChildEnv) -> ChildSpec {
        let mut spec = self.clone();
        spec.env.get_or_insert_default().extend_from_slice(variables.variables());
        spec
    }
}

/// Omits the arguments and the environment, which may hold secrets.
impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec").field("program", &self.program).finish_non_exhaustive()
    }
}
