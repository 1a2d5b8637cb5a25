//! The features that a server offers. They are fixed for its lifetime.

use serde_json::Value;

use super::Schema;
use crate::time::Duration;

/// The identity of a server and the features it offers.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// Its name, for programs.
    pub name: &'static str,
    /// Its name, for people.
    pub title: Option<&'static str>,
    /// Its version.
    pub version: &'static str,
    /// Instructions for the model.
    pub instructions: Option<&'static str>,
    /// Its tools, in the order in which `tools/list` returns them.
    pub tools: Vec<Tool>,
    /// Its prompts.
    pub prompts: Vec<Prompt>,
    /// Its resources.
    pub resources: Vec<Resource>,
    /// Its resource templates.
    pub templates: Vec<Template>,
    /// Whether it completes arguments.
    pub completions: bool,
    /// Whether it sends log messages.
    pub logging: bool,
    /// Whether clients can subscribe to its resources.
    pub subscriptions: bool,
    /// Whether it announces changes of its lists.
    pub list_changed: bool,
    /// Whether it accepts batches in every revision, and not only in those that define them.
    pub batches: bool,
    /// Its extensions. They apply to the modern era only.
    pub extensions: Vec<Extension>,
    /// How long a client may cache the server's description and its lists, in whole milliseconds.
    /// Zero is always correct. Resources are never cached.
    pub cache_ttl: Duration,
    /// The scope in which cached results may be shared.
    pub cache_scope: CacheScope,
    /// Whether it reads the head of HTTP requests. Single tools can opt out with
    /// [`Tool::ignores_http`].
    pub reads_http: bool,
    /// Whether `/health/detailed` is served, with
    /// [`Server::detailed_health`](super::Server::detailed_health).
    pub detailed_health: bool,
}

impl Catalog {
    /// Returns whether the modern era has a method: only announced methods exist.
    pub(crate) fn has_modern(&self, method: &str) -> bool {
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

    /// Returns the tool with this name.
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// Returns the extension that defines a method.
    pub(super) fn extension_of(&self, method: &str) -> Option<&Extension> {
        let has = |extension: &&Extension| extension.methods.iter().any(|it| it.name == method);
        self.extensions.iter().find(has)
    }

    /// Returns whether `prompts/get` is available.
    pub(super) fn has_prompts(&self) -> bool {
        !self.prompts.is_empty()
    }

    /// Returns whether `resources/read` is available.
    pub(super) fn has_resources(&self) -> bool {
        !(self.resources.is_empty() && self.templates.is_empty())
    }
}

/// The scope in which a cached result may be shared (2026-07-28, server/utilities/caching).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheScope {
    /// Only under the same authorization.
    #[default]
    Private,
    /// Without restriction: the result is the same for all clients.
    Public,
}

/// An extension of the protocol (2026-07-28, `ServerCapabilities.extensions`).
#[derive(Clone, Debug)]
pub struct Extension {
    /// Its identifier, for example `io.modelcontextprotocol/tasks`.
    pub name: &'static str,
    /// Its settings; a JSON object.
    pub settings: Value,
    /// The methods that it adds.
    pub methods: Vec<ExtensionMethod>,
}

/// A method that an extension adds.
#[derive(Clone, Copy, Debug)]
pub struct ExtensionMethod {
    /// The method.
    pub name: &'static str,
    /// The member of `params` that an HTTP request repeats in `Mcp-Name`, or `None`. A request
    /// whose header differs from the member is refused (2026-07-28,
    /// basic/transports/streamable-http, Request Headers).
    pub named_by: Option<&'static str>,
}

/// A tool (server/tools).
#[derive(Clone, Debug, Default)]
pub struct Tool {
    /// Its name: letters, digits, `_`, `-` and `.`, at most 128 characters.
    pub name: String,
    /// Its name, for people.
    pub title: Option<&'static str>,
    /// A description for the model.
    pub description: &'static str,
    /// The schema of its arguments.
    pub input: Schema,
    /// The schema of its structured content, or `None` if it returns none.
    pub output: Option<Value>,
    /// Hints about its behaviour, in the form of the schema's `ToolAnnotations`.
    pub annotations: Option<Value>,
    /// Whether it never reads the head of the HTTP request. The head is not copied for it then.
    pub ignores_http: bool,
}

impl Tool {
    /// Creates a tool without title, output schema or annotations.
    pub fn new(name: impl Into<String>, description: &'static str, input: Schema) -> Self {
        Tool { name: name.into(), description, input, ..Tool::default() }
    }

    /// Declares that the tool never reads the head of an HTTP request.
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
    /// A description of its purpose.
    pub description: &'static str,
    /// Its arguments.
    pub arguments: Vec<PromptArgument>,
}

/// An argument of a prompt; the value is always a string.
#[derive(Clone, Debug)]
pub struct PromptArgument {
    /// Its name.
    pub name: &'static str,
    /// A description of its purpose.
    pub description: &'static str,
    /// Whether it is required.
    pub required: bool,
}

/// A resource (server/resources).
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its URI.
    pub uri: &'static str,
    /// Its name.
    pub name: &'static str,
    /// A description of its content.
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
    /// A description of the resources that it matches.
    pub description: &'static str,
    /// Its media type.
    pub mime_type: &'static str,
}
