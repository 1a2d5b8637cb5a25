//! An input that a modern child requires, as a request to a legacy client.

use super::InputRequest;
use crate::protocol::Revision;
use crate::translate::Capability;

/// The params of the request, in the words of the client's revision; absent if it has none.
/// `elicitation_id` is for a URL elicitation, which must have one that is used for no other.
///
/// # Errors
///
/// The capability that this needs and the revision does not have.
pub fn question(
    request: &InputRequest,
    revision: Revision,
    elicitation_id: &str,
) -> Result<Option<Vec<u8>>, Capability> {
    todo!()
}
