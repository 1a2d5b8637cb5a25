//! The arguments of a command's tools that clients repeat in headers.
//!
//! Owns: the annotations in the lists of tools so far, and whether they are complete. Never:
//! requests a list; the pool does.
//!
//! A child over stdio sees no headers, so the bridge compares them for it (2026-07-28,
//! server/tools, x-mcp-header; basic/transports/streamable-http, Server Validation).

use std::sync::Arc;

use crate::cx::Cx;
use crate::job::{Known, Page, Table};
use crate::json::Message;
use crate::json::object::text;
use crate::machine::Action;
use crate::modern::x_mcp_header::HeaderParams;
use crate::time::Instant;

/// The known tools of a command.
///
/// A list of tools can be long, so its table is built and dropped by jobs.
#[derive(Debug, Default)]
pub(crate) struct ToolHeaders {
    table: Arc<Table>,
    /// The table of the requested pages so far. It replaces the other at the last page.
    listing: Arc<Table>,
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

    /// Returns the table for a page of the requested list.
    pub(crate) fn listing(&self) -> Known {
        Known { table: self.listing.clone(), replaces: false }
    }

    /// Returns the table for a page that a client requested.
    pub(crate) fn known(&self) -> Known {
        Known { table: self.table.clone(), replaces: !self.is_requested() }
    }

    /// Records that the list, or its next page, was requested with this number.
    pub(crate) fn on_requested(&mut self, number: u64) {
        self.requested = Some(number);
        self.pages += 1;
    }

    /// Records that nothing more can be learned now. If the list was requested, its pages so far
    /// are all of it.
    pub(crate) fn complete(&mut self, cx: &mut Cx<'_>) {
        let listing = std::mem::take(&mut self.listing);
        if self.requested.is_some() {
            replace(&mut self.table, listing, cx);
        }
        (self.requested, self.pages) = (None, 0);
        self.known_at = Some(cx.now);
    }

    /// Assumes that no tool has such arguments.
    #[cfg(test)]
    pub(crate) fn assume_none(&mut self) {
        *self = ToolHeaders { known_at: Some(Instant::FAR), ..ToolHeaders::default() };
    }

    /// Records that the known tools may have changed.
    pub(crate) fn invalidate(&mut self) {
        self.known_at = None;
    }

    /// Records that the child of the requested list has ended.
    pub(crate) fn on_request_lost(&mut self, number: u64, cx: &mut Cx<'_>) {
        if self.requested == Some(number) {
            (self.requested, self.pages) = (None, 0);
            replace(&mut self.listing, Arc::default(), cx);
        }
    }

    /// Handles a page of the requested list. Returns the cursor of the next one, as JSON text, if
    /// there is more.
    pub(crate) fn on_list(&mut self, page: Page, cx: &mut Cx<'_>) -> Option<Vec<u8>> {
        replace(&mut self.listing, page.table, cx);
        let cursor = page.next.filter(|_| self.pages < PAGES_MAX);
        if cursor.is_none() {
            self.complete(cx);
        }
        cursor
    }

    /// Handles a page that a client requested.
    pub(crate) fn observe(&mut self, page: Page, cx: &mut Cx<'_>) {
        if page.is_whole && self.requested.is_none() {
            self.known_at = Some(cx.now);
        }
        replace(&mut self.table, page.table, cx);
    }

    /// Returns the arguments of a call that headers repeat, if there are any.
    pub(crate) fn params_of(&self, call: &Message) -> Option<&Arc<HeaderParams>> {
        if self.table.is_empty() || call.method() != Some("tools/call") {
            return None;
        }
        let name = call.name_text().and_then(text)?;
        self.table.get(&*name)
    }
}

/// Replaces a table. A job drops the old one.
fn replace(table: &mut Arc<Table>, new: Arc<Table>, cx: &mut Cx<'_>) {
    let old = std::mem::replace(table, new);
    if !old.is_empty() && !Arc::ptr_eq(&old, table) {
        cx.out.push(Action::discard(old));
    }
}
