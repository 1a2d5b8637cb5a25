//! The tools of the extended build, which are not available here: some are listed, others are not.

use pontoon_core::server::{Field, Kind, RpcError, Schema, Tool};

/// Returns the tools that are listed, so that a client learns of the extended build.
pub(super) fn tools() -> [Tool; 3] {
    let tool = |name, description, argument, meaning| {
        // Not required, so that a call without it gets the explanation too.
        let field = Field::new(argument, Kind::String, meaning);
        Tool::new(name, description, Schema::open().field(field))
    };
    [
        tool(
            "solve_math_problem",
            "Solves a problem given in words. Only available in the extended build.",
            "problem",
            "The problem.",
        ),
        tool(
            "explain_formula",
            "Explains a formula. Only available in the extended build.",
            "formula",
            "The formula.",
        ),
        tool(
            "calculator_assistant",
            "Answers questions about calculating. Only available in the extended build.",
            "query",
            "The question.",
        ),
    ]
}

/// Returns the answer to a call of any of [`tools`].
pub(super) fn unavailable() -> RpcError {
    RpcError::new(UNAVAILABLE, "Available in extended build")
}

/// Returns the answer to a call of a tool that is not listed.
pub(super) fn unknown(name: &str) -> RpcError {
    match MISSING.contains(&name) {
        true => {
            RpcError::method_not_found(format!("Tool {name} is not part of this stateless server"))
        }
        false => RpcError::invalid_params(format!("Unknown tool: {name}")),
    }
}

/// Tools of the extended build that are not listed: calling them is an unknown method.
pub(super) const MISSING: &[&str] = &["advanced_calculate", "batch_calculate"];

const UNAVAILABLE: i32 = -32004;
