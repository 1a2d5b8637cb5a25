//! `initialize`: which revision is spoken, and what the server says of itself.

use serde_json::{Map, Value, json};

use super::since;
use crate::protocol::{Era, Revision};
use crate::server::params::shown;
use crate::server::{Catalog, Fault};

/// The revision to speak with a client that asks for one; `allowed` narrows the choice.
///
/// A revision that nobody here knows is answered with the newest (basic/lifecycle, Version
/// Negotiation). A client that asks for a known one that is not allowed may know older ones, but
/// none newer.
///
/// # Errors
///
/// Every allowed revision is newer than the one asked for.
pub(in crate::server) fn agree(
    wanted: Option<&str>,
    allowed: Option<&[Revision]>,
) -> Result<Revision, Fault> {
    let choice = allowed.unwrap_or(&Revision::LEGACY);
    let choice = choice.iter().copied().filter(|revision| revision.era() == Era::Legacy);
    let newest = choice.clone().max().unwrap_or(Revision::NEWEST_LEGACY);
    let Some(wanted) = wanted else { return Ok(newest) };
    let not_newer = choice.filter(|revision| revision.as_str() <= wanted).max();
    match (not_newer, allowed) {
        (Some(agreed), _) if Revision::parse(wanted.as_bytes()).is_some() => Ok(agreed),
        (None, Some(allowed)) => Err(unsupported(wanted, allowed)),
        _ => Ok(newest),
    }
}

fn unsupported(wanted: &str, allowed: &[Revision]) -> Fault {
    let supported: Vec<_> = allowed.iter().map(|revision| revision.as_str()).collect();
    let data = Some(json!({"supported": supported, "requested": shown(wanted)}));
    Fault { data, ..Fault::invalid_params("Unsupported protocol version") }
}

/// The result of `initialize`.
pub(in crate::server) fn introduction(catalog: &Catalog, revision: Revision) -> Value {
    let mut server = json!({"name": catalog.name});
    if let Some(title) = catalog.title.filter(|_| revision >= since::TITLES) {
        server["title"] = title.into();
    }
    server["version"] = catalog.version.into();
    let mut result = json!({
        "protocolVersion": revision.as_str(),
        "capabilities": capabilities(catalog, revision),
        "serverInfo": server,
    });
    if let Some(instructions) = catalog.instructions {
        result["instructions"] = instructions.into();
    }
    result
}

/// What the server can do, and nothing else.
fn capabilities(catalog: &Catalog, revision: Revision) -> Value {
    let mut lists = Map::new();
    if catalog.list_changed {
        lists.insert("listChanged".to_owned(), true.into());
    }
    let mut all = Map::new();
    if catalog.completions && revision >= since::COMPLETIONS {
        all.insert("completions".to_owned(), json!({}));
    }
    if catalog.logging {
        all.insert("logging".to_owned(), json!({}));
    }
    if catalog.has_prompts() {
        all.insert("prompts".to_owned(), lists.clone().into());
    }
    if catalog.has_resources() {
        let mut resources = lists.clone();
        if catalog.subscriptions {
            resources.insert("subscribe".to_owned(), true.into());
        }
        all.insert("resources".to_owned(), resources.into());
    }
    all.insert("tools".to_owned(), lists.into());
    all.into()
}
