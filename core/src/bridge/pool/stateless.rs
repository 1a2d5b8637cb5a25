//! Legacy clients without a session ([`crate::config::BridgeOptions::stateless`]).
//!
//! Owns: `initialize`, and the requests that concern a session, which no child gets. A legacy child
//! gets the other requests unchanged except for their numbers, and so do the clients its answers.
//! Never: the translation for a modern child, which is in `job/stateless.rs`.
//!
//! | from the client | becomes |
//! |---|---|
//! | `initialize` | an answer, made of a child's description of itself |
//! | `ping`, `logging/setLevel` | an answer: `{}` |
//! | subscriptions, tasks, methods of the modern era | -32601 |
//! | any other request | a request to a child of the pool |
//!
//! A request of a child for its client is refused, because nothing could return the answer.

use bytes::Bytes;

use super::*;
use crate::job::stateless::{agreed, text_of};
use crate::json::line;
use crate::server::LogLevel;
use crate::translate::stateless;

/// Answers a request of a legacy client that no child gets, or returns the request.
pub(super) fn answer_here(post: Post, cx: &mut Cx<'_>) -> Option<Post> {
    if post.era() == Era::Modern {
        return Some(post);
    }
    let verdict = match post.method() {
        "initialize" if text_of(&post.request, "protocolVersion").is_some() => return Some(post),
        "initialize" => Err(Reject::BadParams),
        "logging/setLevel" => match text_of(&post.request, "level") {
            Some(level) if LogLevel::parse(&level).is_ok() => Ok(()),
            _ => Err(Reject::BadParams),
        },
        "ping" => Ok(()),
        "resources/subscribe" | "resources/unsubscribe" => Err(Reject::UnknownMethod),
        "server/discover" | "subscriptions/listen" => Err(Reject::UnknownMethod),
        method if method.starts_with("tasks/") => Err(Reject::UnknownMethod),
        _ => return Some(post),
    };
    match verdict {
        Ok(()) => {
            let answer = line::result_line(Bytes::from_static(b"{}"), post.id());
            post.answer(200, answer, "", cx);
        }
        Err(reject) => post.fail(reject, cx),
    }
    None
}

impl Pool {
    /// Returns the result of a client's `initialize`, for a legacy child.
    pub(super) fn initialize_result(&self, post: &Post, child: &InitializeResult) -> Option<Bytes> {
        let revision = agreed(&post.request, &self.served);
        stateless::initialize(&child.result, revision).map(Bytes::from)
    }
}
