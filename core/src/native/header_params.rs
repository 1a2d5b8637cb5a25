//! The headers that a server makes clients repeat: arguments of its tools, and names in the methods
//! of its extensions.

use std::collections::BTreeMap;

use crate::http::McpHead;
use crate::json::Message;
use crate::json::object::member;
use crate::modern::field;
use crate::modern::x_mcp_header::HeaderParams;
use crate::reject::{MirroredValue, Reject};
use crate::server::Catalog;

/// The repeated values of a server; most servers have none.
#[derive(Debug, Default)]
pub(crate) struct ServerHeaderParams {
    /// The arguments of tools, by the tool's name.
    params: BTreeMap<Box<str>, HeaderParams>,
    /// The members of `params` that extension methods repeat in `Mcp-Name`.
    names: BTreeMap<&'static str, &'static str>,
}

impl ServerHeaderParams {
    /// Returns those of a catalog. A tool with invalid annotations counts as one without.
    pub(crate) fn of(catalog: &Catalog) -> ServerHeaderParams {
        let params = catalog.tools.iter().filter_map(|tool| {
            let params = HeaderParams::of(&tool.input.to_json()).ok()?;
            (!params.is_empty()).then(|| (tool.name.as_str().into(), params))
        });
        let methods = catalog.extensions.iter().flat_map(|extension| &extension.methods);
        let names = methods.filter_map(|method| Some((method.name, method.named_by?)));
        ServerHeaderParams { params: params.collect(), names: names.collect() }
    }

    /// Compares a request's body with its headers.
    ///
    /// # Errors
    ///
    /// [`Reject::HeaderMismatch`].
    pub(super) fn check(&self, head: &McpHead, message: &Message) -> Result<(), Reject> {
        match message.method() {
            Some("tools/call") if !self.params.is_empty() => self.check_params(head, message),
            Some(method) => match self.names.get(method) {
                Some(named_by) => check_name(named_by, head, message),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    fn check_params(&self, head: &McpHead, message: &Message) -> Result<(), Reject> {
        let name = message.name_text().and_then(|json| serde_json::from_slice::<String>(json).ok());
        let Some(params) = name.and_then(|name| self.params.get(&*name)) else { return Ok(()) };
        let headers = head.request_headers.as_deref().map_or(&[][..], |mirrored| &mirrored.params);
        params.check(message.arguments(), headers)
    }
}

/// Compares the name. One that is missing or not a string is an error of the parameters instead.
fn check_name(named_by: &str, head: &McpHead, message: &Message) -> Result<(), Reject> {
    let name = message.params().and_then(|params| member(params, named_by));
    let Some(name) = name.filter(|json| json.starts_with(b"\"")) else { return Ok(()) };
    let header = head.request_headers.as_ref().and_then(|mirrored| mirrored.name.as_deref());
    match header.is_some_and(|header| field::matches(header, name)) {
        true => Ok(()),
        false => Err(Reject::HeaderMismatch(MirroredValue::Name)),
    }
}
