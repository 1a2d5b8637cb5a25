//! The answers of a server.

use serde_json::{Map, Value};

/// The result of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// The result of `completion/complete`.
    Completion(Completion),
    /// An empty result.
    Empty,
    /// The whole result of an extension's method, or of a protocol method whose result an extension
    /// defines; its `resultType` is among the members.
    Extended(Map<String, Value>),
    /// The result of `prompts/get`.
    Prompt {
        /// A description of the prompt.
        description: Option<String>,
        /// Its messages.
        messages: Vec<Message>,
    },
    /// The result of `resources/read`.
    Resource(Vec<Contents>),
    /// The result of `tools/call`.
    Tool(ToolResult),
}

/// The result of a tool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolResult {
    /// The content, for the model.
    pub content: Vec<Content>,
    /// The structured content, in the form of the tool's output schema. Revisions before 2025-06-18
    /// do not have it and are not sent it.
    pub structured: Option<Value>,
    /// Whether the tool failed. The content then holds the reason, so that a model can correct its
    /// call.
    pub is_error: bool,
    /// Further members of the result, besides those of the protocol.
    pub extra: Map<String, Value>,
}

impl ToolResult {
    /// Creates a result with one text.
    pub fn text(text: impl Into<String>) -> Self {
        ToolResult { content: vec![Content::Text(text.into())], ..ToolResult::default() }
    }

    /// Creates a failed result with one text.
    pub fn failure(text: impl Into<String>) -> Self {
        ToolResult { is_error: true, ..ToolResult::text(text) }
    }

    /// Adds structured content that repeats the text as data.
    pub fn with(mut self, structured: Value) -> Self {
        self.structured = Some(structured);
        self
    }
}

/// A piece of content (schema, `ContentBlock`).
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// `audio`.
    Audio {
        /// The bytes, in base64.
        data: String,
        /// Their media type.
        mime_type: String,
    },
    /// `image`.
    Image {
        /// The bytes, in base64.
        data: String,
        /// Their media type.
        mime_type: String,
    },
    /// `resource_link`: a link to a resource.
    Link {
        /// Its URI.
        uri: String,
        /// Its name.
        name: String,
        /// Its media type.
        mime_type: Option<String>,
    },
    /// `resource`: an embedded resource.
    Resource(Contents),
    /// `text`.
    Text(String),
}

/// The content of a resource (schema, `ResourceContents`).
#[derive(Clone, Debug, PartialEq)]
pub enum Contents {
    /// Binary content.
    Blob {
        /// The URI of the resource.
        uri: String,
        /// Its media type.
        mime_type: String,
        /// The bytes, in base64.
        blob: String,
    },
    /// Text content.
    Text {
        /// The URI of the resource.
        uri: String,
        /// Its media type.
        mime_type: String,
        /// The text.
        text: String,
    },
}

/// A message of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its role.
    pub role: Role,
    /// Its content.
    pub content: Content,
}

/// The role of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The model.
    Assistant,
    /// The user.
    User,
}

/// Completions of an argument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// At most the first 100 values.
    pub values: Vec<String>,
    /// The total number of values.
    pub total: usize,
}
