//! Changes of a server that it announces to clients with notifications.

use super::{Catalog, Notification};

/// A change of a server's features or resources.
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

/// An owned [`Change`], kept until it can be announced.
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
    /// Returns an owned copy.
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
    /// Borrows the change.
    pub(crate) fn as_change(&self) -> Change<'_> {
        match self {
            Changed::Prompts => Change::Prompts,
            Changed::Resource(uri) => Change::Resource(uri),
            Changed::Resources => Change::Resources,
            Changed::Tools => Change::Tools,
        }
    }
}

/// The kinds of changes that a server announces.
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
    /// Returns the kinds that a catalog declares.
    pub fn of(catalog: &Catalog) -> Self {
        Announces {
            prompts: catalog.list_changed && catalog.has_prompts(),
            updates: catalog.subscriptions && catalog.has_resources(),
            resources: catalog.list_changed && catalog.has_resources(),
            tools: catalog.list_changed,
        }
    }

    /// Returns whether this kind of change is announced.
    pub fn has(self, change: Change<'_>) -> bool {
        match change {
            Change::Prompts => self.prompts,
            Change::Resource(_) => self.updates,
            Change::Resources => self.resources,
            Change::Tools => self.tools,
        }
    }
}

impl Notification {
    /// Returns the change that this notification announces, if it announces one.
    pub(super) fn change(&self) -> Option<Change<'_>> {
        match self {
            Notification::PromptsChanged => Some(Change::Prompts),
            Notification::ResourceUpdated { uri } => Some(Change::Resource(uri)),
            Notification::ResourcesChanged => Some(Change::Resources),
            Notification::ToolsChanged => Some(Change::Tools),
            Notification::Disconnect { .. }
            | Notification::Log { .. }
            | Notification::Progress { .. }
            | Notification::Unrelated { .. } => None,
        }
    }
}
