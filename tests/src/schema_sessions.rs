//! The sessions whose messages [`schema_check`](crate::schema_check) checks.

use std::collections::BTreeMap;

use serde_json::Value;

/// Sessions, by id. Each simulated world has its own, because worlds with the same start have the
/// same ids.
pub(crate) type Sessions = BTreeMap<String, SessionState>;

/// The state of a session.
#[derive(Debug, Default)]
pub(crate) struct SessionState {
    pub(crate) revision: Option<&'static str>,
    /// The requests of the client, by the text of their ids.
    pub(crate) requests: BTreeMap<String, Value>,
}
