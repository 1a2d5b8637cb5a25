//! An input request of a modern child, translated to a server request for a legacy client.

use super::{InputRequest, form, sampling};
use crate::json::object::{Object, quoted};
use crate::protocol::{Revision, since};
use crate::reject::Capability;
use crate::translate::meta;

/// Returns the params of the request in the client's revision, or `None` if there are none.
/// `elicitation_id` is for a URL elicitation, whose id must be unique. The progress token is
/// removed, because progress could not be delivered, and so is a `_meta` that is not an object,
/// because it would make the request invalid.
///
/// # Errors
///
/// The capability that this needs, if the revision does not have it.
pub(crate) fn question(
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

/// Returns the first revision with this capability.
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
