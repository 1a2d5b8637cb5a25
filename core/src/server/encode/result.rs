//! Encoding of results for each revision.

use serde_json::{Map, Value, json};

use super::{Object, json, push, quoted};
use crate::protocol::{Revision, since};
use crate::server::{Completion, Content, Contents, Message, Reply, Role, ToolResult};

/// Writes the members of a server's reply, except those that the era writes.
pub(in crate::server) fn reply(result: &mut Object<'_>, reply: &Reply, revision: Revision) {
    match reply {
        Reply::Completion(completion) => result.put("completion", &self::completion(completion)),
        Reply::Empty => {}
        Reply::Extended(members) => result.fill(members, OF_THE_ERA),
        Reply::Prompt { description, messages } => {
            prompt(result, description.as_deref(), messages, revision);
        }
        Reply::Resource(contents) => {
            result.put("contents", &contents.iter().map(resource).collect::<Vec<_>>());
        }
        Reply::Tool(called) => tool(result, called, revision),
    }
}

/// Returns the `_meta` that a server set in its reply.
pub(in crate::server) fn meta_of(reply: &Reply) -> Option<&Map<String, Value>> {
    match reply {
        Reply::Extended(members) => members.get("_meta")?.as_object(),
        Reply::Tool(called) => called.extra.get("_meta")?.as_object(),
        Reply::Completion(_) | Reply::Empty | Reply::Prompt { .. } | Reply::Resource(_) => None,
    }
}

/// Writes the result of a tool straight into the buffer, including its texts.
fn tool(result: &mut Object<'_>, called: &ToolResult, revision: Revision) {
    let buffer = result.member("content");
    push(buffer, &["["]);
    for (at, content) in called.content.iter().enumerate() {
        push(buffer, &[if at > 0 { "," } else { "" }]);
        self::content(buffer, content, revision);
    }
    push(buffer, &["]"]);
    let has_structured = revision >= since::STRUCTURED_CONTENT;
    if let Some(structured) = called.structured.as_ref().filter(|_| has_structured) {
        result.put("structuredContent", structured);
    }
    if called.is_error {
        result.put("isError", &true);
    }
    result.fill(&called.extra, OF_A_CALL);
}

/// Members that the era writes.
const OF_THE_ERA: &[&str] = &["_meta", "resultType"];

/// Members of a tool result that are written separately.
const OF_A_CALL: &[&str] = &["content", "structuredContent", "isError", "_meta", "resultType"];

fn content(buffer: &mut Vec<u8>, content: &Content, revision: Revision) {
    match content {
        Content::Text(text) => text_block(buffer, text),
        Content::Audio { mime_type, .. } if revision < since::AUDIO => {
            text_block(buffer, &format!("[audio: {mime_type}]"));
        }
        Content::Link { uri, name, .. } if revision < since::LINKS => {
            text_block(buffer, &format!("[{name}]({uri})"));
        }
        Content::Audio { data, mime_type } => {
            json(buffer, &json!({"type": "audio", "data": data, "mimeType": mime_type}));
        }
        Content::Image { data, mime_type } => {
            json(buffer, &json!({"type": "image", "data": data, "mimeType": mime_type}));
        }
        Content::Link { uri, name, mime_type } => {
            let mut link = json!({"type": "resource_link", "uri": uri, "name": name});
            if let Some(mime_type) = mime_type {
                link["mimeType"] = mime_type.as_str().into();
            }
            json(buffer, &link);
        }
        Content::Resource(contents) => {
            json(buffer, &json!({"type": "resource", "resource": resource(contents)}));
        }
    }
}

fn text_block(buffer: &mut Vec<u8>, text: &str) {
    push(buffer, &[r#"{"type":"text","text":"#]);
    quoted(buffer, text);
    push(buffer, &["}"]);
}

fn resource(contents: &Contents) -> Value {
    match contents {
        Contents::Blob { uri, mime_type, blob } => {
            json!({"uri": uri, "mimeType": mime_type, "blob": blob})
        }
        Contents::Text { uri, mime_type, text } => {
            json!({"uri": uri, "mimeType": mime_type, "text": text})
        }
    }
}

/// Returns at most the first 100 values (server/utilities/completion).
fn completion(completion: &Completion) -> Value {
    let values = &completion.values[..completion.values.len().min(VALUES_MAX)];
    let has_more = completion.total > values.len();
    json!({"values": values, "total": completion.total, "hasMore": has_more})
}

fn prompt(
    result: &mut Object<'_>,
    description: Option<&str>,
    messages: &[Message],
    revision: Revision,
) {
    if let Some(description) = description {
        result.put("description", description);
    }
    let buffer = result.member("messages");
    push(buffer, &["["]);
    for (at, message) in messages.iter().enumerate() {
        let role = match message.role {
            Role::Assistant => "assistant",
            Role::User => "user",
        };
        let comma = if at > 0 { "," } else { "" };
        push(buffer, &[comma, r#"{"role":""#, role, r#"","content":"#]);
        content(buffer, &message.content, revision);
        push(buffer, &["}"]);
    }
    push(buffer, &["]"]);
}

const VALUES_MAX: usize = 100;
