//! A legacy client's answer, translated for a modern child.

use crate::json::Answer;
use crate::reject::Capability;
use crate::translate::shape;

/// Returns the entry of `inputResponses`, or `None` if the client answered with an error or an
/// invalid result: the call is then to be cancelled. An elicitation always has an entry: it is
/// cancelled by the user.
pub(crate) fn answer(needs: Capability, answer: &Answer<'_>) -> Option<Vec<u8>> {
    let shaped = match answer {
        Answer::Result(result) => shape::answer(needs, result).map(|answer| answer.write()),
        Answer::Error(_) => None,
    };
    match needs {
        Capability::Elicitation | Capability::ElicitationUrl => {
            Some(shaped.unwrap_or_else(|| br#"{"action":"cancel"}"#.to_vec()))
        }
        Capability::Roots | Capability::Sampling | Capability::SamplingTools => shaped,
    }
}

#[cfg(test)]
mod tests;
