//! Which arguments the callers of a server's tools repeat in headers.

use std::collections::BTreeMap;

use crate::http::McpHead;
use crate::json::Message;
use crate::modern::mirror::MirroredParams;
use crate::reject::Reject;
use crate::server::Catalog;

/// The tools that have such arguments, by name. Most servers have none.
#[derive(Debug, Default)]
pub(crate) struct Mirrors(BTreeMap<Box<str>, MirroredParams>);

impl Mirrors {
    /// Those of a catalog. A tool whose annotations are not valid counts as one that has none.
    pub(crate) fn of(catalog: &Catalog) -> Mirrors {
        let mirrored = catalog.tools.iter().filter_map(|tool| {
            let params = MirroredParams::of(&tool.input.to_json()).ok()?;
            (!params.is_empty()).then(|| (tool.name.as_str().into(), params))
        });
        Mirrors(mirrored.collect())
    }

    /// Compares the arguments of a call with the headers it came with.
    ///
    /// # Errors
    ///
    /// [`Reject::HeaderMismatch`].
    pub(super) fn check(&self, head: &McpHead, message: &Message) -> Result<(), Reject> {
        if self.0.is_empty() || message.method() != Some("tools/call") {
            return Ok(());
        }
        let name = message.name_text().and_then(|json| serde_json::from_slice::<String>(json).ok());
        let Some(params) = name.and_then(|name| self.0.get(&*name)) else { return Ok(()) };
        let headers = head.mirrored.as_deref().map_or(&[][..], |mirrored| &mirrored.params);
        params.check(message.arguments(), headers)
    }
}
