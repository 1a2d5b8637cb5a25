//! A modern client's answers, for the legacy child that asked.

use crate::json::object;
use crate::protocol::Revision;
use crate::reject::{Capability, Reject};
use crate::translate::{Answer, content, shape};

/// The entries of `inputResponses`: keys, their escapes resolved, and answers (JSON text). Absent if
/// it is no object or has a key twice, which is the client's error (-32602).
pub fn responses(input_responses: &[u8]) -> Option<Vec<(String, &[u8])>> {
    object::map(input_responses)
}

/// The result of the child's request, from an answer in `inputResponses`; `revision` is the child's.
/// Absent if the answer has not the shape that the question needs, which is the client's error
/// (-32602).
pub fn answer(needs: Capability, response: &[u8], revision: Revision) -> Option<Answer<'static>> {
    let mut answer = shape::answer(needs, response)?;
    if matches!(needs, Capability::Sampling | Capability::SamplingTools) {
        answer.edit("content", |blocks| Some(content::one(blocks, revision)));
    }
    Some(Answer::result(answer.write()))
}

/// What the child is told if no answer will come: an elicitation is cancelled, all else is an error.
pub fn give_up(needs: Capability) -> Answer<'static> {
    match needs {
        Capability::Elicitation | Capability::ElicitationUrl => {
            Answer::result(br#"{"action":"cancel"}"#.to_vec())
        }
        Capability::Roots | Capability::Sampling | Capability::SamplingTools => {
            let wire = Reject::AskExpired.wire();
            Answer::error(wire.code, &wire.message)
        }
    }
}

#[cfg(test)]
mod tests;
