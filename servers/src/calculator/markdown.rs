//! Common parts of the prompts: a message in Markdown, and quotation of a client's text in it.

use pontoon_core::server::{Content, Message, Outcome, Reply, Role};

/// Returns a prompt of one message. It is the user's, so that a host can pass it to a model
/// unchanged.
pub(super) fn prompt(description: String, markdown: String) -> Outcome {
    let messages = vec![Message { role: Role::User, content: Content::Text(markdown) }];
    Outcome::Done(Ok(Reply::Prompt { description: Some(description), messages }))
}

/// Quotes a text of the client: on one line, truncated, and without Markdown.
pub(super) fn quoted(text: &str) -> String {
    let harmless = |it: char| match it {
        '`' => '\'',
        it if it.is_control() || it.is_whitespace() => ' ',
        it => it,
    };
    let mut quoted: String = text.trim().chars().take(QUOTED_MAX).map(harmless).collect();
    if text.trim().chars().nth(QUOTED_MAX).is_some() {
        quoted.push('…');
    }
    format!("`{quoted}`")
}

/// Formats lines as a numbered list.
pub(super) fn numbered(lines: impl IntoIterator<Item = String>) -> String {
    let lines = lines.into_iter().enumerate();
    lines.map(|(at, line)| format!("{}. {line}\n", at + 1)).collect()
}

/// The maximum number of characters of a client's text.
const QUOTED_MAX: usize = 80;
