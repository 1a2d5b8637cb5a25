//! The few members of `params` that rules need.
//!
//! Owns: which members these are, and whether one of them is a duplicate. Never: their meaning,
//! which depends on the method, and that may come after them.

use crate::json::scan::{Cursor, Span};
use crate::json::string;

/// Members of `params`; all empty if it is not an object.
#[derive(Debug, Default)]
pub(super) struct Params {
    pub(super) meta: Option<Span>,
    pub(super) progress_token: Option<Span>,
    protocol_version: Option<Span>,
    pub(super) request_id: Option<Span>,
    pub(super) arguments: Option<Span>,
    pub(super) input_responses: Option<Span>,
    pub(super) name: Option<Span>,
    pub(super) request_state: Option<Span>,
    pub(super) task_id: Option<Span>,
    pub(super) uri: Option<Span>,
    pub(super) in_meta: Meta,
    /// Whether some parsers take another key for `requestState` or `taskId`.
    pub(super) is_confusable: bool,
    twice: bool,
}

/// Members of `params._meta`; all empty if it is not an object.
#[derive(Debug, Default)]
pub(super) struct Meta {
    pub(super) client_capabilities: Option<Span>,
    pub(super) client_info: Option<Span>,
    pub(super) log_level: Option<Span>,
    pub(super) progress_token: Option<Span>,
    pub(super) protocol_version: Option<Span>,
    twice: bool,
}

impl Params {
    /// Moves past the value of `params`. Keys are compared with escapes resolved.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Params {
        let mut params = Params::default();
        if cursor.peek() != b'{' {
            cursor.value();
            return params;
        }
        cursor.enter();
        while let Some(name) = cursor.name() {
            let slot = match &*name {
                b"_meta" => {
                    let (in_meta, span) = cursor.span(Meta::read);
                    params.twice |= in_meta.twice | fill(&mut params.meta, span);
                    params.in_meta = in_meta;
                    continue;
                }
                b"arguments" => &mut params.arguments,
                b"inputResponses" => &mut params.input_responses,
                b"name" => &mut params.name,
                b"progressToken" => &mut params.progress_token,
                b"protocolVersion" => &mut params.protocol_version,
                b"requestId" => &mut params.request_id,
                b"requestState" => &mut params.request_state,
                b"taskId" => &mut params.task_id,
                b"uri" => &mut params.uri,
                other => {
                    params.is_confusable |= string::is_confusable(other, &BOUND_KEYS);
                    cursor.value();
                    continue;
                }
            };
            params.twice |= fill(slot, cursor.value());
        }
        params
    }

    /// Returns whether one of these members, or of those of `_meta`, is a duplicate.
    pub(super) fn has_twice(&self) -> bool {
        self.twice
    }
}

impl Meta {
    fn read(cursor: &mut Cursor<'_>) -> Meta {
        let mut meta = Meta::default();
        if cursor.peek() != b'{' {
            cursor.value();
            return meta;
        }
        cursor.enter();
        while let Some(name) = cursor.name() {
            let value = cursor.value();
            let slot = match &*name {
                b"io.modelcontextprotocol/clientCapabilities" => &mut meta.client_capabilities,
                b"io.modelcontextprotocol/clientInfo" => &mut meta.client_info,
                b"io.modelcontextprotocol/logLevel" => &mut meta.log_level,
                b"io.modelcontextprotocol/protocolVersion" => &mut meta.protocol_version,
                b"progressToken" => &mut meta.progress_token,
                _ => continue,
            };
            meta.twice |= fill(slot, value);
        }
        meta
    }
}

/// The keys of what belongs to one principal, in lower case.
pub(super) const BOUND_KEYS: [&[u8]; 2] = [b"requeststate", b"taskid"];

/// Records the position of a member's value. Returns whether it is a duplicate, of which parsers
/// may take either (RFC 8259, section 4).
pub(super) fn fill(slot: &mut Option<Span>, value: Span) -> bool {
    slot.replace(value).is_some()
}
