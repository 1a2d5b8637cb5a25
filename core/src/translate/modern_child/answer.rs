//! A legacy client's answer, for the modern child that required it.

use crate::translate::{Answer, Capability};

/// The entry of `inputResponses`. Absent if there is no form for it, because the client answered
/// with an error or with what is no answer to this: the call is to be cancelled. An elicitation
/// always has a form: it is cancelled by the user.
pub fn answer(needs: Capability, answer: &Answer<'_>) -> Option<Vec<u8>> {
    todo!()
}
