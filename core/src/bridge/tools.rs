//! Which arguments of a command's tools its callers repeat in headers.
//!
//! Owns: what lists of tools have said of that, and whether all of them have been seen.
//! Never: asks for one; the pool does.
//!
//! A child over stdio sees no headers, so the bridge compares them for it (2026-07-28,
//! server/tools, x-mcp-header; basic/transports/streamable-http, Server Validation).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::json::Message;
use crate::json::object::{Object, text};
use crate::modern::mirror::{self, MirroredParams};
use crate::time::Instant;

/// What is known of a command's tools.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    /// Those that have such arguments. Most have none.
    mirrored: BTreeMap<String, Arc<MirroredParams>>,
    /// When every tool had been seen; none while that is not so, or may be so no longer.
    known_at: Option<Instant>,
    /// The number under which the next part of the list was asked for.
    asked: Option<u64>,
    /// Parts of the list that were asked for.
    pages: usize,
}

/// Parts of a list that are asked for at most: a child could name a next one for ever.
const PAGES_MAX: usize = 100;

impl Tools {
    /// When what calls are checked by became known, if it is.
    pub(crate) fn known_at(&self) -> Option<Instant> {
        self.known_at
    }

    /// Whether the list has been asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// The list, or the next part of it, was asked for under this number.
    pub(crate) fn asked(&mut self, number: u64) {
        if self.pages == 0 {
            self.mirrored.clear();
        }
        self.asked = Some(number);
        self.pages += 1;
    }

    /// There is nothing more to be learned now.
    pub(crate) fn settle(&mut self, now: Instant) {
        (self.asked, self.pages) = (None, 0);
        self.known_at = Some(now);
    }

    /// What is known may be wrong by now.
    pub(crate) fn doubt(&mut self) {
        self.known_at = None;
    }

    /// Whoever was asked for the list has gone.
    pub(crate) fn forget_asked(&mut self, number: u64) {
        if self.asked == Some(number) {
            (self.asked, self.pages) = (None, 0);
        }
    }

    /// Takes a page of the list that was asked for. Returns what to ask for next, as JSON text, if
    /// there is more.
    pub(crate) fn hear(&mut self, page: Page, now: Instant) -> Option<Vec<u8>> {
        self.learn(page.listed.mirrored);
        let cursor = page.next.filter(|_| self.pages < PAGES_MAX);
        if cursor.is_none() {
            self.settle(now);
        }
        cursor
    }

    /// Takes a page that a client asked for.
    pub(crate) fn overhear(&mut self, page: Page, now: Instant) {
        if page.is_first && page.next.is_none() && self.asked.is_none() {
            self.mirrored.clear();
            self.known_at = Some(now);
        }
        self.learn(page.listed.mirrored);
    }

    /// Takes what tools say of their arguments; what says the same stays as it is.
    fn learn(&mut self, listed: Vec<(String, MirroredParams)>) {
        for (name, params) in listed {
            match self.mirrored.get(&name) {
                Some(known) if **known == params => {}
                _ => drop(self.mirrored.insert(name, Arc::new(params))),
            }
        }
    }

    /// Returns the arguments that the headers of a call repeat, if there are any.
    pub(crate) fn params_of(&self, call: &Message) -> Option<&Arc<MirroredParams>> {
        if self.mirrored.is_empty() || call.method() != Some("tools/call") {
            return None;
        }
        let name = call.name_text().and_then(text)?;
        self.mirrored.get(&*name)
    }
}

/// A page of a list of tools, as far as it matters here.
#[derive(Debug)]
pub(crate) struct Page {
    listed: mirror::Listed,
    /// Whether it is the first.
    is_first: bool,
    /// The cursor of the next one (JSON text).
    next: Option<Vec<u8>>,
}

impl Page {
    /// Reads a result of `tools/list`.
    pub(crate) fn read(result: &[u8]) -> Page {
        let next = cursor(result, "nextCursor");
        Page { listed: mirror::listed(result), is_first: true, next }
    }

    /// Reads the result of `tools/list` that answers this request of a client.
    pub(crate) fn asked_for(request: &Message, result: &[u8]) -> Page {
        let is_first = request.params().is_none_or(|params| cursor(params, "cursor").is_none());
        Page { is_first, ..Page::read(result) }
    }

    /// Takes out the result that a client gets instead, if a tool in it says what is not valid.
    pub(crate) fn take_rewritten(&mut self) -> Option<Vec<u8>> {
        self.listed.rewritten.take()
    }
}

/// A cursor (JSON text) in the params or the result of `tools/list`.
fn cursor(object: &[u8], member: &str) -> Option<Vec<u8>> {
    let object = Object::read(object)?;
    object.some(member).filter(|cursor| cursor.starts_with(b"\"")).map(<[u8]>::to_vec)
}
