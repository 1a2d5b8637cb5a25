//! What not every revision has, and the first that has it (changelogs of the revisions).

use crate::protocol::Revision;

pub(super) const AUDIO: Revision = Revision::V2025_03_26;
/// As a capability; the method is older.
pub(super) const COMPLETIONS: Revision = Revision::V2025_03_26;
/// How a tool behaves.
pub(super) const ANNOTATIONS: Revision = Revision::V2025_03_26;
pub(super) const ELICITATION: Revision = Revision::V2025_06_18;
pub(super) const LINKS: Revision = Revision::V2025_06_18;
/// And the output schemas that go with it.
pub(super) const STRUCTURED_CONTENT: Revision = Revision::V2025_06_18;
pub(super) const TITLES: Revision = Revision::V2025_06_18;
/// And descriptions and websites of programs.
pub(super) const ICONS: Revision = Revision::V2025_11_25;
/// Options of an elicitation that have titles, or of which several can be chosen.
pub(super) const RICH_OPTIONS: Revision = Revision::V2025_11_25;
/// And messages of several blocks.
pub(super) const SAMPLING_TOOLS: Revision = Revision::V2025_11_25;
pub(super) const URL_ELICITATION: Revision = Revision::V2025_11_25;
