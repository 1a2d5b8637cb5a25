//! The arguments of a command's tools that clients repeat in headers.
//!
//! Owns: the annotations in the lists of tools so far, and whether they are complete. Never:
//! requests a list; the pool does.
//!
//! A child over stdio sees no headers, so the bridge compares them for it (2026-07-28,
//! server/tools, x-mcp-header; basic/transports/streamable-http, Server Validation).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::job::Page;
use crate::json::Message;
use crate::json::object::text;
use crate::modern::mirror::MirroredParams;
use crate::time::Instant;

/// The known tools of a command.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    /// The tools with such arguments. Most have none.
    mirrored: BTreeMap<String, Arc<MirroredParams>>,
    /// The time at which all tools were known; `None` before that, or after a change.
    known_at: Option<Instant>,
    /// The number of the request for the next page.
    asked: Option<u64>,
    /// The number of requested pages.
    pages: usize,
}

/// The maximum number of pages, because a child could name a next one forever.
const PAGES_MAX: usize = 100;

impl Tools {
    /// Returns since when the tools are known, if they are.
    pub(crate) fn known_at(&self) -> Option<Instant> {
        self.known_at
    }

    /// Returns whether the list has been requested.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// Records that the list, or its next page, was requested with this number.
    pub(crate) fn asked(&mut self, number: u64) {
        if self.pages == 0 {
            self.mirrored.clear();
        }
        self.asked = Some(number);
        self.pages += 1;
    }

    /// Records that nothing more can be learned now.
    pub(crate) fn settle(&mut self, now: Instant) {
        (self.asked, self.pages) = (None, 0);
        self.known_at = Some(now);
    }

    /// Records that the known tools may have changed.
    pub(crate) fn doubt(&mut self) {
        self.known_at = None;
    }

    /// Records that the child of the requested list has ended.
    pub(crate) fn forget_asked(&mut self, number: u64) {
        if self.asked == Some(number) {
            (self.asked, self.pages) = (None, 0);
        }
    }

    /// Handles a page of the requested list. Returns the cursor of the next one, as JSON text, if
    /// there is more.
    pub(crate) fn hear(&mut self, page: Page, now: Instant) -> Option<Vec<u8>> {
        self.learn(page.listed.mirrored);
        let cursor = page.next.filter(|_| self.pages < PAGES_MAX);
        if cursor.is_none() {
            self.settle(now);
        }
        cursor
    }

    /// Handles a page that a client requested.
    pub(crate) fn overhear(&mut self, page: Page, now: Instant) {
        if page.is_first && page.next.is_none() && self.asked.is_none() {
            self.mirrored.clear();
            self.known_at = Some(now);
        }
        self.learn(page.listed.mirrored);
    }

    /// Updates the annotations of tools; equal ones are kept.
    fn learn(&mut self, listed: Vec<(String, MirroredParams)>) {
        for (name, params) in listed {
            match self.mirrored.get(&name) {
                Some(known) if **known == params => {}
                _ => drop(self.mirrored.insert(name, Arc::new(params))),
            }
        }
    }

    /// Returns the arguments of a call that headers repeat, if there are any.
    pub(crate) fn params_of(&self, call: &Message) -> Option<&Arc<MirroredParams>> {
        if self.mirrored.is_empty() || call.method() != Some("tools/call") {
            return None;
        }
        let name = call.name_text().and_then(text)?;
        self.mirrored.get(&*name)
    }
}
