//! An input that a modern child requires, as a request to a legacy client.

use super::{InputRequest, form, sampling};
use crate::json::object::{Object, quoted};
use crate::protocol::{Revision, since};
use crate::reject::Capability;
use crate::translate::meta;

/// The params of the request, in the words of the client's revision; absent if it has none.
/// `elicitation_id` is for a URL elicitation, which must have one that is used for no other. The
/// progress token goes, for nobody could be told, and so does a `_meta` that is none: it would make
/// the request invalid.
///
/// # Errors
///
/// The capability that this needs and the revision does not have.
pub fn question(
    request: &InputRequest,
    revision: Revision,
    elicitation_id: &str,
) -> Result<Option<Vec<u8>>, Capability> {
    if revision < first_with(request.needs) {
        return Err(request.needs);
    }
    let Some(params) = &request.params else { return Ok(None) };
    let Some(mut params) = Object::read(params) else { return Ok(None) };
    params.remove_nulls();
    params.edit("_meta", |meta| Object::read(meta).map(|_| meta.to_vec()));
    params.edit_object("_meta", |meta| meta.remove(meta::PROGRESS_TOKEN));
    match request.needs {
        Capability::Elicitation if revision < since::RICH_OPTIONS => {
            params.remove("mode");
            form::simplify(&mut params).ok_or(request.needs)?;
        }
        Capability::ElicitationUrl => params.put("elicitationId", quoted(elicitation_id)),
        Capability::Sampling | Capability::SamplingTools => {
            sampling::simplify(&mut params, revision);
        }
        Capability::Elicitation | Capability::Roots => {}
    }
    Ok(Some(params.write()))
}

/// The first revision by which a client can be asked this.
fn first_with(capability: Capability) -> Revision {
    match capability {
        Capability::Elicitation => since::ELICITATION,
        Capability::ElicitationUrl => since::URL_ELICITATION,
        Capability::Roots | Capability::Sampling => Revision::V2024_11_05,
        Capability::SamplingTools => since::SAMPLING_TOOLS,
    }
}

#[cfg(test)]
mod tests;
