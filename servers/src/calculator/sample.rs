//! The sample tool: a minimal one, with a configured name.

use pontoon_core::server::{Arguments, Field, Kind, Outcome, RpcError, Schema, Tool};

pub(super) fn tool(name: &str) -> Tool {
    let message = Field::new("message", Kind::String, "What to send.").required();
    Tool::new(
        name,
        "Answers with the message it is given. For learning.",
        Schema::open().field(message),
    )
}

pub(super) fn call(name: &str, arguments: &Arguments<'_>) -> Outcome {
    match arguments.string("message") {
        Some(message) => Outcome::text(format!("Sample tool \"{name}\" received: {message}")),
        None => {
            Outcome::error(RpcError::invalid_params("params.arguments.message must be a string"))
        }
    }
}
