//! What the prompts have in common: a message of Markdown, and how a text of the client's is quoted
//! in it.

use pontoon_core::server::{Content, Message, Outcome, Reply, Role};

/// A prompt of one message. It is the user's, so that a host can hand it to a model as it is.
pub(super) fn prompt(description: String, markdown: String) -> Outcome {
    let messages = vec![Message { role: Role::User, content: Content::Text(markdown) }];
    Outcome::Done(Ok(Reply::Prompt { description: Some(description), messages }))
}

/// A text of the client's within a line: one line, not long, and nothing that Markdown acts upon.
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

/// Lines as a numbered list.
pub(super) fn numbered(lines: impl IntoIterator<Item = String>) -> String {
    let lines = lines.into_iter().enumerate();
    lines.map(|(at, line)| format!("{}. {line}\n", at + 1)).collect()
}

/// Characters of a client's text that are repeated.
const QUOTED_MAX: usize = 80;
