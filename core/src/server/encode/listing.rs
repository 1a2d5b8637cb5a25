//! The lists of a server's features; each is one page.

use serde_json::{Value, json};

use super::Object;
use crate::auth::{PROMPT, Permissions, RESOURCE, TOOL};
use crate::protocol::{Revision, since};
use crate::server::{Catalog, Prompt, Resource, Template, Tool};

/// Writes the result of a list method, without the entries that may not be used.
pub(in crate::server) fn list(
    result: &mut Object<'_>,
    method: &str,
    catalog: &Catalog,
    revision: Revision,
    permissions: Option<&Permissions>,
) {
    let may = |method, target: &str| permissions.is_none_or(|it| it.allows_target(method, target));
    let (key, items): (_, Vec<Value>) = match method {
        "prompts/list" => {
            let usable = catalog.prompts.iter().filter(|prompt| may(PROMPT, prompt.name));
            ("prompts", usable.map(|prompt| self::prompt(prompt, revision)).collect())
        }
        "resources/list" => {
            let usable = catalog.resources.iter().filter(|it| may(RESOURCE, it.uri));
            ("resources", usable.map(resource).collect())
        }
        "resources/templates/list" => {
            let usable = catalog.templates.iter().filter(|it| may(RESOURCE, it.uri_template));
            ("resourceTemplates", usable.map(template).collect())
        }
        _ => {
            let usable = catalog.tools.iter().filter(|tool| may(TOOL, &tool.name));
            ("tools", usable.map(|tool| self::tool(tool, revision)).collect())
        }
    };
    result.put(key, &items);
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
