//! A writer for JSON objects, member by member.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{json, push, quoted};

/// An object that is being written. Duplicate keys are not detected.
#[derive(Debug)]
pub(in crate::server) struct Object<'a> {
    buffer: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Object<'a> {
    pub(in crate::server) fn begin(buffer: &'a mut Vec<u8>) -> Self {
        push(buffer, &["{"]);
        Object { buffer, is_empty: true }
    }

    /// Begins a member whose value the caller writes. The key must not need escapes.
    pub(in crate::server) fn member(&mut self, key: &'static str) -> &mut Vec<u8> {
        let comma = if std::mem::replace(&mut self.is_empty, false) { "" } else { "," };
        push(self.buffer, &[comma, "\"", key, "\":"]);
        self.buffer
    }

    /// Writes a member.
    pub(in crate::server) fn put(&mut self, key: &'static str, value: &(impl Serialize + ?Sized)) {
        json(self.member(key), value);
    }

    /// Begins a member whose key may be any text.
    fn named(&mut self, key: &str) -> &mut Vec<u8> {
        if !std::mem::replace(&mut self.is_empty, false) {
            push(self.buffer, &[","]);
        }
        quoted(self.buffer, key);
        push(self.buffer, &[":"]);
        self.buffer
    }

    /// Writes a string member.
    pub(in crate::server) fn text(&mut self, key: &'static str, text: &str) {
        quoted(self.member(key), text);
    }

    /// Writes a member that is an object.
    pub(in crate::server) fn nest(&mut self, key: &str, write: impl FnOnce(&mut Object<'_>)) {
        let mut object = Object::begin(self.named(key));
        write(&mut object);
        object.end();
    }

    /// Writes members, except those that are written separately.
    pub(in crate::server) fn fill(&mut self, members: &Map<String, Value>, but: &[&str]) {
        for (key, value) in members.iter().filter(|(key, _)| !but.contains(&key.as_str())) {
            json(self.named(key), value);
        }
    }

    pub(in crate::server) fn end(self) {
        push(self.buffer, &["}"]);
    }
}
