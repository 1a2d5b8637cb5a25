//! What clients may want to be told of a server without asking: that something about it changed.

use super::{Catalog, Notice};

/// A change of what a server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// The list of prompts: `notifications/prompts/list_changed`.
    Prompts,
    /// The resource with this URI: `notifications/resources/updated`.
    Resource(&'a str),
    /// The list of resources: `notifications/resources/list_changed`.
    Resources,
    /// The list of tools: `notifications/tools/list_changed`.
    Tools,
}

/// Which changes a server tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Announces {
    /// [`Change::Prompts`].
    pub prompts: bool,
    /// [`Change::Resource`].
    pub updates: bool,
    /// [`Change::Resources`].
    pub resources: bool,
    /// [`Change::Tools`].
    pub tools: bool,
}

impl Announces {
    /// Those that a catalog promises.
    pub fn of(catalog: &Catalog) -> Self {
        Announces {
            prompts: catalog.list_changed && catalog.has_prompts(),
            updates: catalog.subscriptions && catalog.has_resources(),
            resources: catalog.list_changed && catalog.has_resources(),
            tools: catalog.list_changed,
        }
    }

    /// Whether it is told.
    pub fn has(self, change: Change<'_>) -> bool {
        match change {
            Change::Prompts => self.prompts,
            Change::Resource(_) => self.updates,
            Change::Resources => self.resources,
            Change::Tools => self.tools,
        }
    }
}

impl Notice {
    /// The change that it is about, if it is about one.
    pub(super) fn change(&self) -> Option<Change<'_>> {
        match self {
            Notice::PromptsChanged => Some(Change::Prompts),
            Notice::ResourceUpdated { uri } => Some(Change::Resource(uri)),
            Notice::ResourcesChanged => Some(Change::Resources),
            Notice::ToolsChanged => Some(Change::Tools),
            Notice::HangUp { .. }
            | Notice::Log { .. }
            | Notice::Progress { .. }
            | Notice::Unrelated { .. } => None,
        }
    }
}
