//! Results, as a revision has them.

use serde_json::{Value, json};

use super::{begin_result, json, push, quoted, since};
use crate::protocol::Revision;
use crate::server::{Completion, Content, Contents, Line, Message, Reply, Role, Sink, ToolResult};

/// Answers with what a server replied.
pub(in crate::server) fn reply(out: &mut dyn Sink, id: &str, reply: &Reply, revision: Revision) {
    let buffer = out.buffer();
    begin_result(buffer, id);
    match reply {
        Reply::Completion(completion) => json(buffer, &self::completion(completion)),
        Reply::Empty => push(buffer, &["{}"]),
        Reply::Extended(members) => json(buffer, members),
        Reply::Prompt { description, messages } => {
            prompt(buffer, description.as_deref(), messages, revision);
        }
        Reply::Resource(contents) => {
            let contents: Vec<_> = contents.iter().map(resource).collect();
            json(buffer, &json!({ "contents": contents }));
        }
        Reply::Tool(result) => tool(buffer, result, revision),
    }
    push(buffer, &["}\n"]);
    out.ended(Line::Answer(Some(id)));
}

/// The result of a call goes straight into the buffer, a text in it too.
fn tool(buffer: &mut Vec<u8>, result: &ToolResult, revision: Revision) {
    push(buffer, &[r#"{"content":["#]);
    for (at, content) in result.content.iter().enumerate() {
        push(buffer, &[if at > 0 { "," } else { "" }]);
        self::content(buffer, content, revision);
    }
    push(buffer, &["]"]);
    if let Some(structured) =
        result.structured.as_ref().filter(|_| revision >= since::STRUCTURED_CONTENT)
    {
        push(buffer, &[r#","structuredContent":"#]);
        json(buffer, structured);
    }
    if result.is_error {
        push(buffer, &[r#","isError":true"#]);
    }
    for (key, value) in result.extra.iter().filter(|(key, _)| !is_of_protocol(key)) {
        push(buffer, &[","]);
        json(buffer, key);
        push(buffer, &[":"]);
        json(buffer, value);
    }
    push(buffer, &["}"]);
}

/// Members that are written for themselves.
fn is_of_protocol(key: &str) -> bool {
    matches!(key, "content" | "structuredContent" | "isError")
}

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

/// The first 100 values (server/utilities/completion).
fn completion(completion: &Completion) -> Value {
    let values = &completion.values[..completion.values.len().min(VALUES_MAX)];
    let has_more = completion.total > values.len();
    json!({"completion": {"values": values, "total": completion.total, "hasMore": has_more}})
}

fn prompt(
    buffer: &mut Vec<u8>,
    description: Option<&str>,
    messages: &[Message],
    revision: Revision,
) {
    push(buffer, &["{"]);
    if let Some(description) = description {
        push(buffer, &[r#""description":"#]);
        json(buffer, description);
        push(buffer, &[","]);
    }
    push(buffer, &[r#""messages":["#]);
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
    push(buffer, &["]}"]);
}

const VALUES_MAX: usize = 100;
