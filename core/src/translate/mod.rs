//! Translations between the eras: functions from JSON texts of one era to those of the other.
//!
//! Owns: the shape of every request, result, error and question on either side of a bridge.
//! Never: state. The caller knows the client, the process that answers, and what waits for what.
//!
//! ```text
//!   modern client ◄──── legacy_child ────► legacy child      initialize, sessions
//!   legacy client ◄──── modern_child ────► modern child      every request describes itself
//! ```
//!
//! Texts are given as in [`crate::json::Message`]: valid JSON on one line. They are returned on one
//! line too. A member that no rule names keeps its bytes, above all its numbers; white space
//! between members may be removed.
//!
//! From a child, null counts as absent. A legacy client might refuse a null member, so null members
//! are removed from a question, from a result that the protocol defines, and from the items that
//! such a result lists. Deeper in the text null stays.
//!
//! | | modern client, legacy child | legacy client, modern child |
//! |---|---|---|
//! | handshake | [`legacy_child::initialize`], [`legacy_child::discover`] | [`modern_child::probe`], [`modern_child::initialize`] |
//! | params of a request | [`legacy_child::params`] | [`modern_child::params`], [`modern_child::retry`] |
//! | its result | [`legacy_child::result`] | [`modern_child::result`] |
//! | its error | [`legacy_child::error`] | [`modern_child::error`] |
//! | a question of the server | [`legacy_child::question`], [`legacy_child::input_required`] | [`modern_child::question`] |
//! | the client's answer | [`legacy_child::answer`], [`legacy_child::give_up`] | [`modern_child::answer`] |
//! | a change notification | [`subscription::tag`] | [`subscription::untag`] |
//!
//! Sources: MCP 2026-07-28, basic/versioning, basic/index, basic/patterns/mrtr, server/utilities/caching;
//! the changelogs and schemas of all revisions.

pub(crate) mod capability;
mod code;
mod content;
pub(crate) mod error_data;
pub(crate) mod legacy_child;
mod meta;
pub(crate) mod modern_child;
mod shape;
pub(crate) mod stateless;
pub(crate) mod subscription;

pub(crate) use meta::may_require_input;

#[cfg(test)]
mod tests;
