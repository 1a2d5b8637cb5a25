//! A modern client's answers, for the legacy child that asked.

use crate::protocol::Revision;
use crate::translate::{Answer, Capability};

/// The entries of `inputResponses`: keys, their escapes resolved, and answers (JSON text). Absent if
/// it is no object or has a key twice, which is the client's error (-32602).
pub fn responses(input_responses: &[u8]) -> Option<Vec<(String, &[u8])>> {
    todo!()
}

/// The result of the child's request, from an answer in `inputResponses`; `revision` is the child's.
/// Absent if the answer has not the shape that the question needs, which is the client's error
/// (-32602).
pub fn answer(needs: Capability, response: &[u8], revision: Revision) -> Option<Answer<'static>> {
    todo!()
}

/// What the child is told if no answer will come: an elicitation is cancelled, all else is an error.
pub fn give_up(needs: Capability) -> Answer<'static> {
    todo!()
}
