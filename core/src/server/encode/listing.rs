//! The lists of a server's features; each is one page.

use serde_json::{Value, json};

use super::Object;
use crate::protocol::{Revision, since};
use crate::server::{Catalog, Prompt, Resource, Template, Tool};

/// Writes the result of a list method.
pub(in crate::server) fn list(
    result: &mut Object<'_>,
    method: &str,
    catalog: &Catalog,
    revision: Revision,
) {
    match method {
        "prompts/list" => {
            put(result, "prompts", &catalog.prompts, |prompt| self::prompt(prompt, revision));
        }
        "resources/list" => put(result, "resources", &catalog.resources, resource),
        "resources/templates/list" => {
            put(result, "resourceTemplates", &catalog.templates, template);
        }
        _ => put(result, "tools", &catalog.tools, |tool| self::tool(tool, revision)),
    }
}

fn put<T>(result: &mut Object<'_>, key: &'static str, items: &[T], write: impl Fn(&T) -> Value) {
    result.put(key, &items.iter().map(write).collect::<Vec<_>>());
}

fn tool(tool: &Tool, revision: Revision) -> Value {
    let mut listed = named(&tool.name, tool.title, revision);
    listed["description"] = tool.description.into();
    listed["inputSchema"] = tool.input.to_json();
    if let Some(output) = tool.output.as_ref().filter(|_| revision >= since::STRUCTURED_CONTENT) {
        listed["outputSchema"] = output.clone();
    }
    if let Some(annotations) = tool.annotations.as_ref().filter(|_| revision >= since::ANNOTATIONS)
    {
        listed["annotations"] = annotations.clone();
    }
    listed
}

fn prompt(prompt: &Prompt, revision: Revision) -> Value {
    let mut listed = named(prompt.name, prompt.title, revision);
    listed["description"] = prompt.description.into();
    let arguments = prompt.arguments.iter().map(|argument| {
        json!({
            "name": argument.name,
            "description": argument.description,
            "required": argument.required,
        })
    });
    listed["arguments"] = arguments.collect();
    listed
}

fn resource(resource: &Resource) -> Value {
    json!({
        "uri": resource.uri,
        "name": resource.name,
        "description": resource.description,
        "mimeType": resource.mime_type,
    })
}

fn template(template: &Template) -> Value {
    json!({
        "uriTemplate": template.uri_template,
        "name": template.name,
        "description": template.description,
        "mimeType": template.mime_type,
    })
}

fn named(name: &str, title: Option<&str>, revision: Revision) -> Value {
    match title.filter(|_| revision >= since::TITLES) {
        Some(title) => json!({"name": name, "title": title}),
        None => json!({"name": name}),
    }
}
