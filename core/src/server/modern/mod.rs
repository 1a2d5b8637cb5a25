//! Messages that only the modern era has, revision 2026-07-28: results with a type and the server's
//! identity, `server/discover`, results that ask for input, and streams of changes.
//!
//! Owns: their encoding. Never: decides what is answered.
//!
//! Source: 2026-07-28, basic/index (Responses), server/utilities/caching, basic/patterns/mrtr.

mod discover;
mod subscription;

use serde_json::Value;

pub(super) use discover::discovery;
pub use subscription::SubscriptionStream;

use super::encode::{self, Object};
use super::{CacheScope, Catalog, MessageSink, Question, Reply, RpcError};
use crate::protocol::Revision;
use crate::time::Duration;

/// The revision in use.
pub(super) const REVISION: Revision = Revision::V2026_07_28;

/// The cache lifetime and scope of a result.
#[derive(Clone, Copy, Debug)]
pub(super) struct CacheTtl {
    pub(super) lasts: Duration,
    pub(super) scope: CacheScope,
}

impl CacheTtl {
    /// For the server's description and its lists.
    pub(super) fn of(catalog: &Catalog) -> Self {
        CacheTtl { lasts: catalog.cache_ttl, scope: catalog.cache_scope }
    }

    /// For results that may differ the next time.
    const NEVER: CacheTtl = CacheTtl { lasts: Duration::ZERO, scope: CacheScope::Private };
}

/// Writes a complete result; `fresh` is given for results that declare a cache lifetime.
pub(super) fn answer(
    out: &mut dyn MessageSink,
    id: &str,
    catalog: &Catalog,
    fresh: Option<CacheTtl>,
    write: impl FnOnce(&mut Object<'_>),
) {
    encode::answer(out, id, |result| {
        begin(result, "complete", catalog, |_| {});
        if let Some(fresh) = fresh {
            keep(result, fresh);
        }
        write(result);
    });
}

/// Writes the response with a server's reply.
pub(super) fn reply(out: &mut dyn MessageSink, id: &str, catalog: &Catalog, reply: &Reply) {
    let kind = match reply {
        Reply::Extended(members) => members.get("resultType").and_then(Value::as_str),
        _ => None,
    };
    encode::answer(out, id, |result| {
        begin(result, kind.unwrap_or("complete"), catalog, |meta| {
            if let Some(members) = encode::meta_of(reply) {
                meta.fill(members, &[SERVER_INFO]);
            }
        });
        if let Reply::Resource(_) = reply {
            keep(result, CacheTtl::NEVER);
        }
        encode::reply(result, reply, REVISION);
    });
}

/// Writes a result that asks for input, with the state that the client returns with its answers.
pub(super) fn questions(
    out: &mut dyn MessageSink,
    id: &str,
    catalog: &Catalog,
    questions: &[Question],
    state: &str,
) {
    encode::answer(out, id, |result| {
        begin(result, "input_required", catalog, |_| {});
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

/// Writes an error.
pub(super) fn error(out: &mut dyn MessageSink, id: &str, mut fault: RpcError) {
    // The modern era has no code of its own for an unknown resource (server/resources, Error
    // Handling).
    if fault.code == RpcError::RESOURCE_NOT_FOUND {
        fault.code = RpcError::INVALID_PARAMS;
    }
    encode::error(out, Some(id), &fault);
}

/// Writes the members that every result has. `more` adds to `_meta`.
fn begin(
    result: &mut Object<'_>,
    kind: &str,
    catalog: &Catalog,
    more: impl FnOnce(&mut Object<'_>),
) {
    result.text("resultType", kind);
    result.nest("_meta", |meta| {
        encode::server(meta, SERVER_INFO, catalog, REVISION);
        more(meta);
    });
}

fn keep(result: &mut Object<'_>, fresh: CacheTtl) {
    result.put("ttlMs", &u64::try_from(fresh.lasts.as_millis()).unwrap_or(u64::MAX));
    let scope = match fresh.scope {
        CacheScope::Private => "private",
        CacheScope::Public => "public",
    };
    result.text("cacheScope", scope);
}

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
