//! A page of a child's list of tools.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::json::Message;
use crate::json::object::Object;
use crate::modern::x_mcp_header::{self, HeaderParams};

/// The tools with arguments that headers repeat, by name. Most tools have none.
pub(crate) type Table = BTreeMap<String, Arc<HeaderParams>>;

/// A table that a page is added to.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) table: Arc<Table>,
    /// Whether a page that is the whole list replaces the table.
    pub(crate) replaces: bool,
}

impl Known {
    /// Returns about the number of bytes that a copy of the table takes.
    pub(crate) fn bytes(&self) -> usize {
        self.table.len() * TOOL_BYTES
    }

    /// Returns whether a page can be added to this one instead.
    pub(crate) fn is_same(&self, other: &Known) -> bool {
        Arc::ptr_eq(&self.table, &other.table) && self.replaces == other.replaces
    }

    /// Returns the table with these tools.
    fn with(&self, listed: Vec<(String, HeaderParams)>, is_whole: bool) -> Arc<Table> {
        let replaces = self.replaces && is_whole;
        let mut is_changed = replaces && self.table.len() != listed.len();
        let mut added = Table::new();
        for (name, params) in listed {
            // Equal annotations stay the same value, so that calls need not be compared again.
            let known = self.table.get(&name).filter(|known| ***known == params).cloned();
            is_changed |= known.is_none();
            added.insert(name, known.unwrap_or_else(|| Arc::new(params)));
        }
        match (is_changed, replaces) {
            (false, _) => self.table.clone(),
            (true, true) => Arc::new(added),
            (true, false) => {
                let mut table = Table::clone(&self.table);
                table.append(&mut added);
                Arc::new(table)
            }
        }
    }
}

/// About the number of bytes that a tool takes in a table.
const TOOL_BYTES: usize = 64;

/// A page of a list of tools.
#[derive(Debug)]
pub(crate) struct Page {
    /// The table with the tools of the page.
    pub(crate) table: Arc<Table>,
    /// The result for the client, if a tool in it has invalid annotations.
    rewritten: Option<Vec<u8>>,
    /// Whether it is the whole list.
    pub(crate) is_whole: bool,
    /// The cursor of the next one (JSON text).
    pub(crate) next: Option<Vec<u8>>,
}

impl Page {
    /// Reads a result of `tools/list`, which answers a request for the first page or for another.
    pub(crate) fn read(result: &[u8], is_first: bool, known: &Known) -> Page {
        let listed = x_mcp_header::read_tools_page(result);
        let next = cursor(result, "nextCursor");
        let is_whole = is_first && next.is_none();
        let table = known.with(listed.mirrored, is_whole);
        Page { table, rewritten: listed.rewritten, is_whole, next }
    }

    /// Reads the result of `tools/list` for this request of a client.
    pub(crate) fn asked_for(request: &Message, result: &[u8], known: &Known) -> Page {
        let is_first = request.params().is_none_or(|params| cursor(params, "cursor").is_none());
        Page::read(result, is_first, known)
    }

    /// Returns the result for the client, if a tool in it has invalid annotations.
    pub(crate) fn take_rewritten(&mut self) -> Option<Vec<u8>> {
        self.rewritten.take()
    }
}

/// Returns the cursor (JSON text) in the params or the result of `tools/list`.
fn cursor(object: &[u8], member: &str) -> Option<Vec<u8>> {
    let object = Object::read(object)?;
    object.some(member).filter(|cursor| cursor.starts_with(b"\"")).map(<[u8]>::to_vec)
}
