//! The variables that a child gets from headers of its client's requests.
//!
//! Owns: the values, which may be secrets. Never: shows one.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// A header whose value children get as a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderVariable {
    /// The name of the header, in lower case.
    pub header: String,
    /// The name of the variable.
    pub variable: OsString,
}

/// The variables for the child of one client. Children are shared only by requests with equal ones.
#[derive(Clone)]
pub struct ChildEnv {
    digest: [u8; 32],
    variables: Arc<[(OsString, OsString)]>,
}

impl ChildEnv {
    /// Returns the variables for these values, of which there is one for each header, or `None` if
    /// all headers are missing.
    pub(crate) fn new<'v>(
        wanted: &[HeaderVariable],
        values: impl Iterator<Item = Option<&'v [u8]>>,
    ) -> Option<ChildEnv> {
        let mut hash = Sha256::new();
        let mut variables = Vec::new();
        for (HeaderVariable { variable, .. }, value) in wanted.iter().zip(values) {
            // The length comes first, so that no two lists of values give the same bytes.
            let length = value.map_or(u64::MAX, |value| value.len() as u64);
            hash.update(length.to_be_bytes());
            hash.update(value.unwrap_or_default());
            let value = value.map(|value| OsString::from_vec(value.to_vec()));
            variables.extend(value.map(|value| (variable.clone(), value)));
        }
        let digest = hash.finalize().into();
        (!variables.is_empty()).then(|| ChildEnv { digest, variables: variables.into() })
    }

    /// Returns the digest of the values and of which are missing.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Returns the names and the values.
    pub(crate) fn variables(&self) -> &[(OsString, OsString)] {
        &self.variables
    }
}

impl fmt::Debug for ChildEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChildEnv(…)")
    }
}
