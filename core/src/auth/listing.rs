//! Lists without the entries that an identity may not use.
//!
//! Never: changes a list of which every entry may be used.

use std::sync::Arc;

use crate::auth::{List, Permissions};
use crate::json::object::{Object, elements};
use crate::json::{Answer, Kind, Message, ParseRules, Peer, line};

/// The filter of the answer to a request for a list.
#[derive(Clone, Debug)]
pub(crate) struct ListFilter {
    list: List,
    permissions: Arc<Permissions>,
}

impl ListFilter {
    /// Returns the filter of the answer to a request of this method, or `None` if it needs none.
    pub(crate) fn of(method: &str, permissions: Option<&Arc<Permissions>>) -> Option<ListFilter> {
        Some(ListFilter { permissions: permissions?.clone(), list: List::of(method)? })
    }

    /// Returns a result (JSON text) without the entries that may not be used, or `None` if it stays
    /// as it is.
    pub(crate) fn result(&self, result: &[u8]) -> Option<Vec<u8>> {
        let mut object = Object::read(result)?;
        let is_usable = |entry: &[u8]| self.permissions.allows(&self.list.operation(entry));
        if elements(object.get(self.list.member)?)?.into_iter().all(is_usable) {
            return None;
        }
        object.edit_elements(self.list.member, |entry| is_usable(entry).then(|| entry.to_vec()));
        // No cache may give it to another client (2026-07-28, server/utilities/caching).
        if object.get("cacheScope").is_some() {
            object.put("cacheScope", b"\"private\"".as_slice());
        }
        Some(object.write())
    }

    /// Returns an answer without those entries, or `None` if it stays as it is.
    pub(crate) fn message(&self, message: &Message) -> Option<Message> {
        if message.kind() != Kind::Result {
            return None;
        }
        let result = self.result(message.result()?)?;
        let line = line::result_line(result, message.id().unwrap_or(b"null"));
        let rules = ParseRules { depth_max: usize::MAX, batch_len_max: 0, sender: Peer::Child };
        Message::parse(line.into_bytes(), rules).ok()
    }

    /// Returns an answer of this process without those entries.
    pub(crate) fn answer(&self, answer: Answer<'static>) -> Answer<'static> {
        match answer {
            Answer::Result(text) => match self.result(&text) {
                Some(filtered) => Answer::Result(filtered.into()),
                None => Answer::Result(text),
            },
            error => error,
        }
    }
}
