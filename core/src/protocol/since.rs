//! What not every revision has, and the first that has it (changelogs of the revisions).

use super::Revision;

/// How a tool behaves.
pub(crate) const ANNOTATIONS: Revision = Revision::V2025_03_26;
pub(crate) const AUDIO: Revision = Revision::V2025_03_26;
/// As a capability; the method is older.
pub(crate) const COMPLETIONS: Revision = Revision::V2025_03_26;
pub(crate) const ELICITATION: Revision = Revision::V2025_06_18;
pub(crate) const EXTENSIONS: Revision = Revision::V2026_07_28;
/// And descriptions and websites of programs.
pub(crate) const ICONS: Revision = Revision::V2025_11_25;
pub(crate) const LINKS: Revision = Revision::V2025_06_18;
pub(crate) const PROGRESS_MESSAGES: Revision = Revision::V2025_03_26;
/// Options of an elicitation that have titles, or of which several can be chosen.
pub(crate) const RICH_OPTIONS: Revision = Revision::V2025_11_25;
/// And messages of several blocks.
pub(crate) const SAMPLING_TOOLS: Revision = Revision::V2025_11_25;
/// And the output schemas that go with it.
pub(crate) const STRUCTURED_CONTENT: Revision = Revision::V2025_06_18;
pub(crate) const TITLES: Revision = Revision::V2025_06_18;
pub(crate) const URL_ELICITATION: Revision = Revision::V2025_11_25;
