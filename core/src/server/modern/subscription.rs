//! `subscriptions/listen`: a request that is answered by a stream of changes.
//!
//! Owns: the changes that a client wants, and the encoding of each message of the stream.
//! Never: where the stream goes, or when it ends.
//!
//! ```text
//!   open ──► acknowledge ──► tell, tell, … ──► finish
//!                                └─ or the client leaves: no further message
//! ```
//!
//! Source: 2026-07-28, basic/patterns/subscriptions.

use std::collections::BTreeSet;

use super::{Catalog, begin};
use crate::server::encode::{self, Object, push};
use crate::server::params::{fields, is_some, required};
use crate::server::rpc_error::wrong;
use crate::server::{Announces, Change, MessageSink, RpcError};

/// A `subscriptions/listen` stream.
#[derive(Clone, Debug)]
pub struct SubscriptionStream {
    /// The id of its request, as JSON text; the client identifies the stream by it.
    id: Box<str>,
    wants: Announces,
    uris: BTreeSet<String>,
}

impl SubscriptionStream {
    /// Parses the changes that a client wants, and leaves out those that the server does not
    /// announce. `id` and `params` are those of the request, and must be valid JSON texts.
    ///
    /// # Errors
    ///
    /// `params.notifications` is missing, invalid, or longer than 64 KiB.
    pub fn open(
        id: &str,
        params: Option<&str>,
        announces: Announces,
    ) -> Result<SubscriptionStream, RpcError> {
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
            prompts: boolean(prompts, "promptsListChanged")? && announces.prompts,
            updates: !uris.is_empty(),
            resources: boolean(resources, "resourcesListChanged")? && announces.resources,
            tools: boolean(tools, "toolsListChanged")? && announces.tools,
        };
        Ok(SubscriptionStream { id: id.into(), wants, uris })
    }

    /// Removes the resources whose changes are not announced.
    pub(in crate::server) fn retain(&mut self, is_told: impl FnMut(&String) -> bool) {
        self.uris.retain(is_told);
        self.wants.updates = !self.uris.is_empty();
    }

    /// Returns the id of the request, as JSON text.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns whether the client wants this change.
    pub fn wants(&self, change: Change<'_>) -> bool {
        match change {
            Change::Resource(uri) => self.uris.contains(uri),
            change => self.wants.has(change),
        }
    }

    /// Iterates over the URIs of the resources that the client wants changes of.
    pub fn uris(&self) -> impl Iterator<Item = &str> {
        self.uris.iter().map(String::as_str)
    }

    /// Writes the first message, the changes that are granted. Every message ends in a newline.
    pub fn acknowledge(&self, buffer: &mut Vec<u8>) {
        encode::notification(buffer, "notifications/subscriptions/acknowledged", |params| {
            self.write_id(params);
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

    /// Writes a change that the client [wants][SubscriptionStream::wants].
    pub(crate) fn write_change(&self, change: Change<'_>, buffer: &mut Vec<u8>) {
        encode::change(buffer, change, |params| self.write_id(params));
    }

    /// Writes the result, which ends the stream.
    pub fn finish(&self, catalog: &Catalog, out: &mut dyn MessageSink) {
        encode::answer(out, &self.id, |result| {
            begin(result, "complete", catalog, |meta| {
                push(meta.member(SUBSCRIPTION_ID), &[&self.id]);
            });
        });
    }

    /// Marks a notification with the id of its stream.
    fn write_id(&self, params: &mut Object<'_>) {
        params.nest("_meta", |meta| push(meta.member(SUBSCRIPTION_ID), &[&self.id]));
    }
}

/// The members of `params.notifications` (schema, `SubscriptionFilter`).
const WANTED: [&str; 4] =
    ["promptsListChanged", "resourcesListChanged", "toolsListChanged", "resourceSubscriptions"];

fn boolean(given: Option<&str>, name: &str) -> Result<bool, RpcError> {
    match given.filter(is_some) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(wrong(&format!("{PATH}.{name}"), "must be true or false")),
    }
}

fn read_uris(given: &str) -> Result<BTreeSet<String>, RpcError> {
    let path = format!("{PATH}.resourceSubscriptions");
    serde_json::from_str(given).map_err(|_| wrong(&path, "must be a list of strings"))
}

const PATH: &str = "params.notifications";

const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

/// The maximum length of `params.notifications`, in bytes of JSON text.
const WANTED_BYTES_MAX: usize = 64 * 1024;
