//! Messages that only the legacy era has, revisions 2024-11-05 to 2025-11-25: the result of
//! `initialize`, and server requests.

mod initialize;

pub(super) use initialize::{agree, introduction};

use super::encode::{self, json, push};
use super::{Change, MessageSink, Question, Relation, Reply};
use crate::protocol::Revision;

/// Writes the response with a server's reply.
pub(super) fn reply(out: &mut dyn MessageSink, id: &str, reply: &Reply, revision: Revision) {
    encode::answer(out, id, |result| {
        encode::reply(result, reply, revision);
        if let Some(meta) = encode::meta_of(reply) {
            result.put("_meta", meta);
        }
    });
}

/// Writes a server request, with an id of this side.
pub(super) fn question(out: &mut dyn MessageSink, asker: &str, id: &str, question: &Question) {
    let buffer = out.buffer();
    push(buffer, &[r#"{"jsonrpc":"2.0","id":"#]);
    json(buffer, id);
    push(buffer, &[r#","method":""#, question.method, r#"","params":"#]);
    json(buffer, &question.params);
    push(buffer, &["}\n"]);
    out.ended(Relation::Related(asker));
}

/// Writes `notifications/cancelled` for a server request.
pub(super) fn withdrawal(out: &mut dyn MessageSink, asker: &str, id: &str) {
    encode::notification(out.buffer(), "notifications/cancelled", |params| {
        params.put("requestId", id);
        params.put("reason", "the request was cancelled");
    });
    out.ended(Relation::Related(asker));
}

/// Writes the notification of a change, which belongs to no request.
pub(super) fn changed(out: &mut dyn MessageSink, change: Change<'_>) {
    encode::change(out.buffer(), change, |_| {});
    out.ended(Relation::Unrelated);
}
