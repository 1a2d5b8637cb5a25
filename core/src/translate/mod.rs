//! Translations between the eras: what one side says, in the words of the other.
//!
//! Owns: the shape of every request, result, error and question on either side of a bridge.
//! Never: state. Everything here is a function of JSON texts; who asked, which process answers and
//! what waits for what is the bridge's to know.
//!
//! ```text
//!   modern client ◄──── legacy_child ────► legacy child      initialize, sessions
//!   legacy client ◄──── modern_child ────► modern child      every request describes itself
//! ```
//!
//! Texts come in as [`crate::json::Message`] gives them: valid JSON on one line. They go out on one
//! line too. A member that no rule names is kept as it is written, byte for byte, numbers above all;
//! white space between members may go.
//!
//! Of a child null counts as absent. A legacy client, which might take it amiss, is not told of a
//! null member of a question, of a result that the protocol has, and of what such a result lists.
//! Further down null stays.
//!
//! | | modern client, legacy child | legacy client, modern child |
//! |---|---|---|
//! | who are you | [`legacy_child::initialize`], [`legacy_child::discover`] | [`modern_child::probe`], [`modern_child::initialize`] |
//! | params of a request | [`legacy_child::params`] | [`modern_child::params`], [`modern_child::retry`] |
//! | its result | [`legacy_child::result`] | [`modern_child::result`] |
//! | its error | [`legacy_child::error`] | [`modern_child::error`] |
//! | the server asks | [`legacy_child::question`], [`legacy_child::input_required`] | [`modern_child::question`] |
//! | the client answers | [`legacy_child::answer`], [`legacy_child::give_up`] | [`modern_child::answer`] |
//! | something changed | [`subscription::tag`] | [`subscription::untag`] |
//!
//! Sources: MCP 2026-07-28, basic/versioning, basic/index, basic/patterns/mrtr, server/utilities/caching;
//! the changelogs and schemas of all revisions.

pub mod capability;
mod code;
mod content;
pub mod legacy_child;
pub mod line;
mod meta;
pub mod modern_child;
mod shape;
pub mod subscription;

pub use crate::reject::Capability;
pub(crate) use code::INTERNAL_ERROR;
pub use line::Answer;
pub(crate) use meta::may_require_input;

#[cfg(test)]
mod tests;
