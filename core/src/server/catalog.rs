//! What a server offers. Fixed for its life.

use serde_json::Value;

use super::Schema;
use crate::time::Duration;

/// Who a server is and what it offers.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Its name, for programs.
    pub name: &'static str,
    /// Its name, for people.
    pub title: Option<&'static str>,
    /// Its version.
    pub version: &'static str,
    /// How a model is best to use it.
    pub instructions: Option<&'static str>,
    /// Its tools, in the order in which they are listed.
    pub tools: Vec<Tool>,
    /// Its prompts.
    pub prompts: Vec<Prompt>,
    /// Its resources.
    pub resources: Vec<Resource>,
    /// Its resource templates.
    pub templates: Vec<Template>,
    /// Whether it can complete arguments.
    pub completions: bool,
    /// Whether it has log messages for the client.
    pub logging: bool,
    /// Whether its resources can be subscribed to.
    pub subscriptions: bool,
    /// Whether it says when a list has changed.
    pub list_changed: bool,
    /// Whether it executes batches in every revision, and not only where the revision has them.
    pub batches: bool,
    /// Its extensions, which the legacy era has no form for.
    pub extensions: Vec<Extension>,
    /// How long a client may keep what it is told of the server and what the lists hold; whole
    /// milliseconds. None at all is always right. Resources are never kept.
    pub fresh_for: Duration,
    /// Who may share what is kept.
    pub cache_scope: CacheScope,
    /// Whether it looks at the head of the HTTP request it is asked with. Tools may say that they
    /// do not ([`Tool::ignores_http`]).
    pub reads_http: bool,
}

impl Catalog {
    /// Whether there is such a method in the modern era: those that are announced, and no others.
    pub fn has_modern(&self, method: &str) -> bool {
        match method {
            "server/discover" | "subscriptions/listen" | "tools/call" | "tools/list" => true,
            "completion/complete" => self.completions,
            "prompts/get" | "prompts/list" => self.has_prompts(),
            "resources/list" | "resources/read" | "resources/templates/list" => {
                self.has_resources()
            }
            method => self.extension_of(method).is_some(),
        }
    }

    /// The tool with this name.
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// The extension that adds a method.
    pub(super) fn extension_of(&self, method: &str) -> Option<&Extension> {
        let has = |extension: &&Extension| extension.methods.iter().any(|it| it.name == method);
        self.extensions.iter().find(has)
    }

    /// Whether there is anything to get with `prompts/get`.
    pub(super) fn has_prompts(&self) -> bool {
        !self.prompts.is_empty()
    }

    /// Whether there is anything to read with `resources/read`.
    pub(super) fn has_resources(&self) -> bool {
        !(self.resources.is_empty() && self.templates.is_empty())
    }
}

/// Who may share an answer that is kept (2026-07-28, server/utilities/caching).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheScope {
    /// Those who ask under the same authorization.
    #[default]
    Private,
    /// Everybody: all are told the same.
    Public,
}

/// An extension of the protocol (2026-07-28, `ServerCapabilities.extensions`).
#[derive(Clone, Debug)]
pub struct Extension {
    /// Its identifier, for example `io.modelcontextprotocol/tasks`.
    pub name: &'static str,
    /// Its settings; an object.
    pub settings: Value,
    /// The methods it adds.
    pub methods: Vec<ExtensionMethod>,
}

/// A method that an extension adds.
#[derive(Clone, Copy, Debug)]
pub struct ExtensionMethod {
    /// The method.
    pub name: &'static str,
    /// The member of `params` that an HTTP request repeats in `Mcp-Name`, if it does so: one that
    /// says something else is refused (2026-07-28, basic/transports/streamable-http, Request
    /// Headers).
    pub named_by: Option<&'static str>,
}

/// A tool (server/tools).
#[derive(Clone, Debug, Default)]
pub struct Tool {
    /// Its name: letters, digits, `_`, `-` and `.`, 128 at most.
    pub name: String,
    /// Its name, for people.
    pub title: Option<&'static str>,
    /// What it does.
    pub description: &'static str,
    /// What it takes.
    pub input: Schema,
    /// What its structured content looks like; none if it has none.
    pub output: Option<Value>,
    /// Hints about what it does, as the schema has them (`ToolAnnotations`).
    pub annotations: Option<Value>,
    /// Whether it never looks at the head of the HTTP request it is called with, which is then not
    /// copied for it.
    pub ignores_http: bool,
}

impl Tool {
    /// A tool.
    pub fn new(name: impl Into<String>, description: &'static str, input: Schema) -> Self {
        Tool { name: name.into(), description, input, ..Tool::default() }
    }

    /// It never looks at the head of an HTTP request.
    pub fn ignoring_http(mut self) -> Self {
        self.ignores_http = true;
        self
    }
}

/// A prompt (server/prompts).
#[derive(Clone, Debug)]
pub struct Prompt {
    /// Its name.
    pub name: &'static str,
    /// Its name, for people.
    pub title: Option<&'static str>,
    /// What it is for.
    pub description: &'static str,
    /// What it takes.
    pub arguments: Vec<PromptArgument>,
}

/// An argument of a prompt; always a string.
#[derive(Clone, Debug)]
pub struct PromptArgument {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub description: &'static str,
    /// Whether it has to be given.
    pub required: bool,
}

/// A resource (server/resources).
#[derive(Clone, Debug)]
pub struct Resource {
    /// Where it is.
    pub uri: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Its media type.
    pub mime_type: &'static str,
}

/// A resource template (server/resources; RFC 6570).
#[derive(Clone, Debug)]
pub struct Template {
    /// The URI template.
    pub uri_template: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What such a resource is.
    pub description: &'static str,
    /// Its media type.
    pub mime_type: &'static str,
}
