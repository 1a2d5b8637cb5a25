//! Requests of the child that wait for the client's answer.
//!
//! Owns: which ids the child used, so that each is answered at most once.
//! Never: new ids; a session has one child, so its ids are unique already and pass unchanged.

use bytes::Bytes;
use serde_json::Value;

/// The ids of the requests that wait, as the child wrote them.
#[derive(Debug, Default)]
pub(crate) struct Asks(Vec<Bytes>);

impl Asks {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes a request of the child.
    pub(crate) fn insert(&mut self, id: Bytes) {
        self.0.push(id);
    }

    /// Takes the request a client's answer is meant for; gives its id as the child wrote it.
    pub(crate) fn take(&mut self, id: &[u8]) -> Option<Bytes> {
        let exact = self.0.iter().position(|known| known == id);
        let position = exact.or_else(|| self.0.iter().position(|known| same_id(known, id)))?;
        let found = self.0.remove(position);
        if self.0.is_empty() {
            self.0 = Vec::new(); // an idle session keeps no buffer
        }
        Some(found)
    }
}

/// Whether two JSON texts are the same id: a client may spell `1.0` as `1`, or `"\u0061"` as `"a"`.
fn same_id(one: &[u8], other: &[u8]) -> bool {
    match (serde_json::from_slice(one), serde_json::from_slice(other)) {
        (Ok(Value::String(one)), Ok(Value::String(other))) => one == other,
        (Ok(Value::Number(one)), Ok(Value::Number(other))) => one.as_f64() == other.as_f64(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
