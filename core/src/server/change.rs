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

/// A change that is kept until those are there who are to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// [`Change::Prompts`].
    Prompts,
    /// [`Change::Resource`].
    Resource(Box<str>),
    /// [`Change::Resources`].
    Resources,
    /// [`Change::Tools`].
    Tools,
}

impl Change<'_> {
    /// To be kept.
    pub fn keep(self) -> Changed {
        match self {
            Change::Prompts => Changed::Prompts,
            Change::Resource(uri) => Changed::Resource(uri.into()),
            Change::Resources => Changed::Resources,
            Change::Tools => Changed::Tools,
        }
    }
}

impl Changed {
    /// To be told.
    pub fn told(&self) -> Change<'_> {
        match self {
            Changed::Prompts => Change::Prompts,
            Changed::Resource(uri) => Change::Resource(uri),
            Changed::Resources => Change::Resources,
            Changed::Tools => Change::Tools,
        }
    }
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
