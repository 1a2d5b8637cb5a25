//! What a server answers.

use serde_json::{Map, Value};

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To `completion/complete`.
    Completion(Completion),
    /// To what is only acknowledged.
    Empty,
    /// The whole result, of the method of an extension or as an extension has it for a method of the
    /// protocol; its `resultType` is among the members.
    Extended(Map<String, Value>),
    /// To `prompts/get`.
    Prompt {
        /// What the prompt is for.
        description: Option<String>,
        /// Its messages.
        messages: Vec<Message>,
    },
    /// To `resources/read`.
    Resource(Vec<Contents>),
    /// To `tools/call`.
    Tool(ToolResult),
}

/// What a tool answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolResult {
    /// For the reader.
    pub content: Vec<Content>,
    /// For the program, as the tool's output schema has it; revisions before 2025-06-18 have no
    /// such thing and are not sent it.
    pub structured: Option<Value>,
    /// Whether the tool failed. The content says why, so that a model can do better.
    pub is_error: bool,
    /// More members of the result, beside those of the protocol.
    pub extra: Map<String, Value>,
}

impl ToolResult {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        ToolResult { content: vec![Content::Text(text.into())], ..ToolResult::default() }
    }

    /// The text of a failure.
    pub fn failure(text: impl Into<String>) -> Self {
        ToolResult { is_error: true, ..ToolResult::text(text) }
    }

    /// Adds what the text says as data.
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
    /// `resource_link`: where a resource is.
    Link {
        /// The resource.
        uri: String,
        /// Its name.
        name: String,
        /// Its media type.
        mime_type: Option<String>,
    },
    /// `resource`: a resource itself.
    Resource(Contents),
    /// `text`.
    Text(String),
}

/// A resource's content (schema, `ResourceContents`).
#[derive(Clone, Debug, PartialEq)]
pub enum Contents {
    /// Bytes.
    Blob {
        /// The resource.
        uri: String,
        /// Its media type.
        mime_type: String,
        /// The bytes, in base64.
        blob: String,
    },
    /// A text.
    Text {
        /// The resource.
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
    /// Whose it is.
    pub role: Role,
    /// What it says.
    pub content: Content,
}

/// Whose a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The model's.
    Assistant,
    /// The user's.
    User,
}

/// Values an argument may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The first 100 at most.
    pub values: Vec<String>,
    /// How many there are.
    pub total: usize,
}
