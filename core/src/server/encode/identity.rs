//! The server's identity and capabilities.

use serde_json::{Map, Value, json};

use super::Object;
use crate::protocol::{Revision, since};
use crate::server::Catalog;

/// Writes a member with the server's identity (schema, `Implementation`).
pub(in crate::server) fn server(
    object: &mut Object<'_>,
    key: &'static str,
    catalog: &Catalog,
    revision: Revision,
) {
    object.nest(key, |server| {
        server.text("name", catalog.name);
        if let Some(title) = catalog.title.filter(|_| revision >= since::TITLES) {
            server.text("title", title);
        }
        server.text("version", catalog.version);
    });
}

/// Returns exactly the server's capabilities in a revision (schema, `ServerCapabilities`).
pub(in crate::server) fn capabilities(catalog: &Catalog, revision: Revision) -> Value {
    let mut lists = Map::new();
    if catalog.list_changed {
        lists.insert("listChanged".to_owned(), true.into());
    }
    let mut all = Map::new();
    if catalog.completions && revision >= since::COMPLETIONS {
        all.insert("completions".to_owned(), json!({}));
    }
    if !catalog.extensions.is_empty() && revision >= since::EXTENSIONS {
        let extensions = catalog.extensions.iter();
        let extensions = extensions.map(|it| (it.name.to_owned(), it.settings.clone()));
        all.insert("extensions".to_owned(), Value::Object(extensions.collect()));
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
