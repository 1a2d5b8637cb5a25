//! Features that not every revision has, and the first revision with them (changelogs of the
//! revisions).

use super::Revision;

/// Hints about the behaviour of a tool.
pub(crate) const ANNOTATIONS: Revision = Revision::V2025_03_26;
pub(crate) const AUDIO: Revision = Revision::V2025_03_26;
/// As a capability; the method is older.
pub(crate) const COMPLETIONS: Revision = Revision::V2025_03_26;
pub(crate) const ELICITATION: Revision = Revision::V2025_06_18;
pub(crate) const EXTENSIONS: Revision = Revision::V2026_07_28;
/// Also descriptions and websites of programs.
pub(crate) const ICONS: Revision = Revision::V2025_11_25;
pub(crate) const LINKS: Revision = Revision::V2025_06_18;
pub(crate) const PROGRESS_MESSAGES: Revision = Revision::V2025_03_26;
/// Options of an elicitation with titles, and multiple choice.
pub(crate) const RICH_OPTIONS: Revision = Revision::V2025_11_25;
/// Also messages of several blocks.
pub(crate) const SAMPLING_TOOLS: Revision = Revision::V2025_11_25;
/// Also output schemas.
pub(crate) const STRUCTURED_CONTENT: Revision = Revision::V2025_06_18;
pub(crate) const TITLES: Revision = Revision::V2025_06_18;
pub(crate) const URL_ELICITATION: Revision = Revision::V2025_11_25;
