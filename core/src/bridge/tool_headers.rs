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
pub(crate) struct ToolHeaders {
    /// The tools with such arguments. Most have none.
    header_params: BTreeMap<String, Arc<MirroredParams>>,
    /// The time at which all tools were known; `None` before that, or after a change.
    known_at: Option<Instant>,
    /// The number of the request for the next page.
    requested: Option<u64>,
    /// The number of requested pages.
    pages: usize,
}

/// The maximum number of pages, because a child could name a next one forever.
const PAGES_MAX: usize = 100;

impl ToolHeaders {
    /// Returns since when the tools are known, if they are.
    pub(crate) fn known_at(&self) -> Option<Instant> {
        self.known_at
    }

    /// Returns whether the list has been requested.
    pub(crate) fn is_requested(&self) -> bool {
        self.requested.is_some()
    }

    /// Records that the list, or its next page, was requested with this number.
    pub(crate) fn on_requested(&mut self, number: u64) {
        if self.pages == 0 {
            self.header_params.clear();
        }
        self.requested = Some(number);
        self.pages += 1;
    }

    /// Records that nothing more can be learned now.
    pub(crate) fn complete(&mut self, now: Instant) {
        (self.requested, self.pages) = (None, 0);
        self.known_at = Some(now);
    }

    /// Records that the known tools may have changed.
    pub(crate) fn invalidate(&mut self) {
        self.known_at = None;
    }

    /// Records that the child of the requested list has ended.
    pub(crate) fn on_request_lost(&mut self, number: u64) {
        if self.requested == Some(number) {
            (self.requested, self.pages) = (None, 0);
        }
    }

    /// Handles a page of the requested list. Returns the cursor of the next one, as JSON text, if
    /// there is more.
    pub(crate) fn on_list(&mut self, page: Page, now: Instant) -> Option<Vec<u8>> {
        self.update(page.listed.mirrored);
        let cursor = page.next.filter(|_| self.pages < PAGES_MAX);
        if cursor.is_none() {
            self.complete(now);
        }
        cursor
    }

    /// Handles a page that a client requested.
    pub(crate) fn observe(&mut self, page: Page, now: Instant) {
        if page.is_first && page.next.is_none() && self.requested.is_none() {
            self.header_params.clear();
            self.known_at = Some(now);
        }
        self.update(page.listed.mirrored);
    }

    /// Updates the annotations of tools; equal ones are kept.
    fn update(&mut self, listed: Vec<(String, MirroredParams)>) {
        for (name, params) in listed {
            match self.header_params.get(&name) {
                Some(known) if **known == params => {}
                _ => drop(self.header_params.insert(name, Arc::new(params))),
            }
        }
    }

    /// Returns the arguments of a call that headers repeat, if there are any.
    pub(crate) fn params_of(&self, call: &Message) -> Option<&Arc<MirroredParams>> {
        if self.header_params.is_empty() || call.method() != Some("tools/call") {
            return None;
        }
        let name = call.name_text().and_then(text)?;
        self.header_params.get(&*name)
    }
}
