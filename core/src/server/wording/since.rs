//! What not every revision has, and the first that has it (changelogs of the revisions).

use crate::protocol::Revision;

pub(in crate::server) const ANNOTATIONS: Revision = Revision::V2025_03_26;
pub(in crate::server) const AUDIO: Revision = Revision::V2025_03_26;
/// As a capability; the method is older.
pub(in crate::server) const COMPLETIONS: Revision = Revision::V2025_03_26;
pub(in crate::server) const EXTENSIONS: Revision = Revision::V2026_07_28;
pub(in crate::server) const LINKS: Revision = Revision::V2025_06_18;
pub(in crate::server) const PROGRESS_MESSAGES: Revision = Revision::V2025_03_26;
/// And the output schemas that go with it.
pub(in crate::server) const STRUCTURED_CONTENT: Revision = Revision::V2025_06_18;
pub(in crate::server) const TITLES: Revision = Revision::V2025_06_18;
