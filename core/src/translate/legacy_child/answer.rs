//! A modern client's answers, translated for a legacy child.

use crate::json::{Answer, object};
use crate::protocol::Revision;
use crate::reject::{Capability, Reject};
use crate::translate::{content, shape};

/// Returns the entries of `inputResponses`: keys with escapes resolved, and answers (JSON text).
/// Returns `None` if it is not an object or has a duplicate key, which is the client's error
/// (-32602).
pub(crate) fn responses(input_responses: &[u8]) -> Option<Vec<(String, &[u8])>> {
    object::map(input_responses)
}

/// Returns the result for the child's request, from an answer in `inputResponses`; `revision` is
/// the child's. Returns `None` if the answer does not have the required shape, which is the
/// client's error (-32602).
pub(crate) fn answer(
    needs: Capability,
    response: &[u8],
    revision: Revision,
) -> Option<Answer<'static>> {
    let mut answer = shape::answer(needs, response)?;
    if matches!(needs, Capability::Sampling | Capability::SamplingTools) {
        answer.edit("content", |blocks| Some(content::one(blocks, revision)));
    }
    Some(Answer::result(answer.write()))
}

/// Returns the answer for the child if the client gives none: an elicitation is cancelled, anything
/// else fails.
pub(crate) fn give_up(needs: Capability) -> Answer<'static> {
    match needs {
        Capability::Elicitation | Capability::ElicitationUrl => {
            Answer::result(br#"{"action":"cancel"}"#.to_vec())
        }
        Capability::Roots | Capability::Sampling | Capability::SamplingTools => {
            let wire = Reject::ServerRequestTimeout.wire();
            Answer::error(wire.code, &wire.message)
        }
    }
}

#[cfg(test)]
mod tests;
