//! `subscriptions/listen`: a request that is answered by changes, for as long as the client listens.
//!
//! Owns: which changes a client is told, and how each message of such a stream is written.
//! Never: where the stream goes, or when it ends.
//!
//! ```text
//!   open ──► acknowledge ──► tell, tell, … ──► finish
//!                                └─ or the client stops listening: nothing more is said
//! ```
//!
//! Source: 2026-07-28, basic/patterns/subscriptions.

use std::collections::BTreeSet;

use super::{Catalog, begin};
use crate::server::params::{fields, is_some, required, wrong};
use crate::server::wording::{self, Object, push};
use crate::server::{Announces, Change, Fault};

/// A client that listens.
#[derive(Clone, Debug)]
pub struct Listen {
    /// The id of its request, as JSON text: what it knows the stream by.
    id: Box<str>,
    wants: Announces,
    uris: BTreeSet<String>,
}

impl Listen {
    /// Reads what a client wants to be told, and leaves out what the server does not tell. `id` and
    /// `params` are those of the request: texts that are known to be JSON.
    ///
    /// # Errors
    ///
    /// `params.notifications` is not there or cannot be read, or is longer than 64 KiB.
    pub fn open(id: &str, params: Option<&str>, announces: Announces) -> Result<Listen, Fault> {
        let [wanted] = fields(params.unwrap_or("{}"), "params", &["notifications"])?;
        let wanted = required(wanted, PATH)?;
        let [prompts, resources, tools, uris] = fields(wanted, PATH, &WANTED)?;
        if wanted.len() > WANTED_BYTES_MAX {
            return Err(wrong(PATH, "is too long"));
        }
        let uris = match uris.filter(is_some) {
            Some(uris) if announces.updates => read_uris(uris)?,
            _ => BTreeSet::new(),
        };
        let wants = Announces {
            prompts: switch(prompts, "promptsListChanged")? && announces.prompts,
            updates: !uris.is_empty(),
            resources: switch(resources, "resourcesListChanged")? && announces.resources,
            tools: switch(tools, "toolsListChanged")? && announces.tools,
        };
        Ok(Listen { id: id.into(), wants, uris })
    }

    /// Leaves out resources whose changes are not told.
    pub(in crate::server) fn retain(&mut self, is_told: impl FnMut(&String) -> bool) {
        self.uris.retain(is_told);
        self.wants.updates = !self.uris.is_empty();
    }

    /// The id of the request, as JSON text.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the client is told of this.
    pub fn wants(&self, change: Change<'_>) -> bool {
        match change {
            Change::Resource(uri) => self.uris.contains(uri),
            change => self.wants.has(change),
        }
    }

    /// The URIs of the resources of whose changes it is told.
    pub fn uris(&self) -> impl Iterator<Item = &str> {
        self.uris.iter().map(String::as_str)
    }

    /// Writes the first message: what of it is granted. Every message ends in a newline.
    pub fn acknowledge(&self, buffer: &mut Vec<u8>) {
        wording::notification(buffer, "notifications/subscriptions/acknowledged", |params| {
            self.mark(params);
            params.nest("notifications", |granted| {
                let switches = [
                    ("promptsListChanged", self.wants.prompts),
                    ("resourcesListChanged", self.wants.resources),
                    ("toolsListChanged", self.wants.tools),
                ];
                for (name, _) in switches.into_iter().filter(|(_, is_on)| *is_on) {
                    granted.put(name, &true);
                }
                if self.wants.updates {
                    granted.put("resourceSubscriptions", &self.uris);
                }
            });
        });
    }

    /// Writes a change that the client [wants][Listen::wants] to be told.
    pub fn tell(&self, change: Change<'_>, buffer: &mut Vec<u8>) {
        wording::change(buffer, change, |params| self.mark(params));
    }

    /// Writes the result, which says that the server ends the stream.
    pub fn finish(&self, catalog: Option<&Catalog>, buffer: &mut Vec<u8>) {
        push(buffer, &[r#"{"jsonrpc":"2.0","id":"#, &self.id, r#","result":"#]);
        let mut result = Object::begin(buffer);
        begin(&mut result, "complete", catalog, |meta| {
            push(meta.member(SUBSCRIPTION_ID), &[&self.id]);
        });
        result.end();
        push(buffer, &["}\n"]);
    }

    /// Says which stream a notification belongs to.
    fn mark(&self, params: &mut Object<'_>) {
        params.nest("_meta", |meta| push(meta.member(SUBSCRIPTION_ID), &[&self.id]));
    }
}

/// The members of `params.notifications` (schema, `SubscriptionFilter`).
const WANTED: [&str; 4] =
    ["promptsListChanged", "resourcesListChanged", "toolsListChanged", "resourceSubscriptions"];

fn switch(given: Option<&str>, name: &str) -> Result<bool, Fault> {
    match given.filter(is_some) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(wrong(&format!("{PATH}.{name}"), "must be true or false")),
    }
}

fn read_uris(given: &str) -> Result<BTreeSet<String>, Fault> {
    let path = format!("{PATH}.resourceSubscriptions");
    serde_json::from_str(given).map_err(|_| wrong(&path, "must be a list of strings"))
}

const PATH: &str = "params.notifications";

const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// Bytes of the JSON text of what a client wants to be told.
const WANTED_BYTES_MAX: usize = 64 * 1024;
