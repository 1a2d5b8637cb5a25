//! What not every revision has, and the first that has it (changelogs of the revisions).

use crate::protocol::Revision;

pub(super) const ANNOTATIONS: Revision = Revision::V2025_03_26;
pub(super) const AUDIO: Revision = Revision::V2025_03_26;
/// As a capability; the method is older.
pub(super) const COMPLETIONS: Revision = Revision::V2025_03_26;
pub(super) const LINKS: Revision = Revision::V2025_06_18;
pub(super) const PROGRESS_MESSAGES: Revision = Revision::V2025_03_26;
/// And the output schemas that go with it.
pub(super) const STRUCTURED_CONTENT: Revision = Revision::V2025_06_18;
pub(super) const TITLES: Revision = Revision::V2025_06_18;
