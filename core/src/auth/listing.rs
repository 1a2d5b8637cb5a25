//! Lists without the entries that an identity may not use.
//!
//! Never: changes a list of which every entry may be used, or passes on one that it cannot read.

use std::sync::Arc;

use crate::auth::scope::is_ambiguous;
use crate::auth::{List, Permissions};
use crate::json::object::{Object, elements};
use crate::json::{Answer, Message, ParseRules, Peer, line};
use crate::reject::Flaw;

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
    ///
    /// # Errors
    ///
    /// It is no list, or one that can be read in two ways.
    pub(crate) fn result(&self, result: &[u8]) -> Result<Option<Vec<u8>>, Flaw> {
        let mut object = Object::read(result).ok_or(Flaw::Result)?;
        if is_ambiguous(result, &[self.list.member]) {
            return Err(Flaw::Result);
        }
        let Some(entries) = object.get(self.list.member) else { return Ok(None) };
        let is_usable = |entry: &[u8]| self.permissions.allows(&self.list.operation(entry));
        if elements(entries).ok_or(Flaw::Result)?.into_iter().all(is_usable) {
            return Ok(None);
        }
        object.edit_elements(self.list.member, |entry| is_usable(entry).then(|| entry.to_vec()));
        // No cache may give it to another client (2026-07-28, server/utilities/caching).
        if object.get("cacheScope").is_some() {
            object.put("cacheScope", b"\"private\"".as_slice());
        }
        Ok(Some(object.write()))
    }

    /// Returns an answer without those entries, or `None` if it stays as it is.
    ///
    /// # Errors
    ///
    /// Its result is no list.
    pub(crate) fn message(&self, message: &Message) -> Result<Option<Message>, Flaw> {
        let Some(result) = message.result() else { return Ok(None) };
        let Some(result) = self.result(result)? else { return Ok(None) };
        let line = line::result_line(result, message.id().unwrap_or(b"null"));
        let rules = ParseRules { depth_max: usize::MAX, batch_len_max: 0, sender: Peer::Child };
        Message::parse(line.into_bytes(), rules).map(Some).map_err(|_| Flaw::Result)
    }

    /// Returns an answer of this process without those entries.
    ///
    /// # Errors
    ///
    /// Its result is no list.
    pub(crate) fn answer(&self, answer: Answer<'static>) -> Result<Answer<'static>, Flaw> {
        Ok(match answer {
            Answer::Result(text) => match self.result(&text)? {
                Some(filtered) => Answer::Result(filtered.into()),
                None => Answer::Result(text),
            },
            error => error,
        })
    }
}
