//! What only the modern era has to say, revision 2026-07-28: results that tell their type and who
//! made them, what a server is without having been asked first, questions that are answers, and
//! streams of changes.
//!
//! Owns: how all that is written.
//! Never: decides what is answered.
//!
//! Source: 2026-07-28, basic/index (Responses), server/utilities/caching, basic/patterns/mrtr.

mod discovery;
mod listen;

use serde_json::Value;

pub(super) use discovery::discovery;
pub use listen::Listen;

use super::wording::{self, Object};
use super::{CacheScope, Catalog, Fault, Question, Reply, Sink};
use crate::protocol::Revision;
use crate::time::Duration;

/// The revision that is spoken.
pub(super) const REVISION: Revision = Revision::V2026_07_28;

/// How long an answer may be kept, and by whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fresh {
    pub(super) lasts: Duration,
    pub(super) scope: CacheScope,
}

impl Fresh {
    /// Of what the server says of itself and lists.
    pub(super) fn of(catalog: &Catalog) -> Self {
        Fresh { lasts: catalog.fresh_for, scope: catalog.cache_scope }
    }

    /// Of what may be another thing the next time.
    const NEVER: Fresh = Fresh { lasts: Duration::ZERO, scope: CacheScope::Private };
}

/// Answers with a result that is complete; `fresh` says whether it is one that has to say how long.
pub(super) fn answer(
    out: &mut dyn Sink,
    id: &str,
    catalog: &Catalog,
    fresh: Option<Fresh>,
    write: impl FnOnce(&mut Object<'_>),
) {
    wording::answer(out, id, |result| {
        begin(result, "complete", Some(catalog), |_| {});
        if let Some(fresh) = fresh {
            keep(result, fresh);
        }
        write(result);
    });
}

/// Answers with what a server replied.
pub(super) fn reply(out: &mut dyn Sink, id: &str, catalog: &Catalog, reply: &Reply) {
    let kind = match reply {
        Reply::Extended(members) => members.get("resultType").and_then(Value::as_str),
        _ => None,
    };
    wording::answer(out, id, |result| {
        begin(result, kind.unwrap_or("complete"), Some(catalog), |meta| {
            if let Some(members) = wording::meta_of(reply) {
                meta.fill(members, &[SERVER_INFO]);
            }
        });
        if let Reply::Resource(_) = reply {
            keep(result, Fresh::NEVER);
        }
        wording::reply(result, reply, REVISION);
    });
}

/// Answers with questions, and with what is to come back with their answers.
pub(super) fn questions(
    out: &mut dyn Sink,
    id: &str,
    catalog: &Catalog,
    questions: &[Question],
    state: &str,
) {
    wording::answer(out, id, |result| {
        begin(result, "input_required", Some(catalog), |_| {});
        result.nest("inputRequests", |requests| {
            for Question { key, method, params } in questions {
                requests.nest(key, |request| {
                    request.put("method", method);
                    request.put("params", params);
                });
            }
        });
        result.text("requestState", state);
    });
}

/// Answers with an error.
pub(super) fn error(out: &mut dyn Sink, id: &str, mut fault: Fault) {
    // An unknown resource has no code of its own any more (server/resources, Error Handling).
    if fault.code == Fault::RESOURCE_NOT_FOUND {
        fault.code = Fault::INVALID_PARAMS;
    }
    wording::error(out, Some(id), &fault);
}

/// The members that every result has. `more` writes into `_meta`.
fn begin(
    result: &mut Object<'_>,
    kind: &str,
    catalog: Option<&Catalog>,
    more: impl FnOnce(&mut Object<'_>),
) {
    result.text("resultType", kind);
    result.nest("_meta", |meta| {
        if let Some(catalog) = catalog {
            wording::server(meta, SERVER_INFO, catalog, REVISION);
        }
        more(meta);
    });
}

fn keep(result: &mut Object<'_>, fresh: Fresh) {
    result.put("ttlMs", &u64::try_from(fresh.lasts.as_millis()).unwrap_or(u64::MAX));
    let scope = match fresh.scope {
        CacheScope::Private => "private",
        CacheScope::Public => "public",
    };
    result.text("cacheScope", scope);
}

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
