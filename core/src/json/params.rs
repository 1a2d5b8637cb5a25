//! The few members of `params` that a rule needs.
//!
//! Owns: which members these are, and that none of them is given twice.
//! Never: says what they mean; that depends on the method, which may come after them.

use crate::json::scan::{Cursor, Span};
use crate::json::string::unescape;
use crate::reject::Reject;

/// Members of `params`; all empty if it is no object.
#[derive(Debug, Default)]
pub(super) struct Params {
    pub(super) meta: Option<Span>,
    pub(super) progress_token: Option<Span>,
    pub(super) protocol_version: Option<Span>,
    pub(super) request_id: Option<Span>,
    name: Option<Span>,
    uri: Option<Span>,
    pub(super) in_meta: Meta,
}

/// Members of `params._meta`; all empty if it is no object.
#[derive(Debug, Default)]
pub(super) struct Meta {
    pub(super) client_capabilities: Option<Span>,
    pub(super) progress_token: Option<Span>,
    pub(super) protocol_version: Option<Span>,
}

impl Params {
    /// Goes past the value of `params`. Keys are the same whatever escapes they are written with.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Params, Reject> {
        let mut params = Params::default();
        if cursor.peek() != b'{' {
            cursor.value();
            return Ok(params);
        }
        cursor.enter();
        while let Some(key) = cursor.key() {
            let slot = match &*unescape(key) {
                b"_meta" => {
                    let (in_meta, span) = cursor.span(Meta::read);
                    params.in_meta = in_meta?;
                    fill(&mut params.meta, span)?;
                    continue;
                }
                b"name" => &mut params.name,
                b"progressToken" => &mut params.progress_token,
                b"protocolVersion" => &mut params.protocol_version,
                b"requestId" => &mut params.request_id,
                b"uri" => &mut params.uri,
                _ => {
                    cursor.value();
                    continue;
                }
            };
            fill(slot, cursor.value())?;
        }
        Ok(params)
    }
}

impl Meta {
    fn read(cursor: &mut Cursor<'_>) -> Result<Meta, Reject> {
        let mut meta = Meta::default();
        if cursor.peek() != b'{' {
            cursor.value();
            return Ok(meta);
        }
        cursor.enter();
        while let Some(key) = cursor.key() {
            let value = cursor.value();
            match &*unescape(key) {
                b"io.modelcontextprotocol/clientCapabilities" => {
                    fill(&mut meta.client_capabilities, value)?;
                }
                b"io.modelcontextprotocol/protocolVersion" => {
                    fill(&mut meta.protocol_version, value)?;
                }
                b"progressToken" => fill(&mut meta.progress_token, value)?,
                _ => {}
            }
        }
        Ok(meta)
    }
}

/// Notes where a member's value is. The second of its name is refused: parsers differ in which of
/// them they take (RFC 8259, section 4).
pub(super) fn fill(slot: &mut Option<Span>, value: Span) -> Result<(), Reject> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Reject::DuplicateKey),
    }
}
