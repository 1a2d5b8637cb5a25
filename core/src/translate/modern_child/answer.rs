//! A legacy client's answer, for the modern child that required it.

use crate::reject::Capability;
use crate::translate::{Answer, shape};

/// The entry of `inputResponses`. Absent if there is no form for it, because the client answered
/// with an error or with what is no answer to this: the call is to be cancelled. An elicitation
/// always has a form: it is cancelled by the user.
pub fn answer(needs: Capability, answer: &Answer<'_>) -> Option<Vec<u8>> {
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
