//! The tools of the extended build: what is offered there, and what is not even announced here.

use pontoon_core::server::{Fault, Field, Kind, Schema, Tool};

/// Listed, so that a client can tell what an extended build would add.
pub(super) fn tools() -> [Tool; 3] {
    let tool = |name, description, argument, meaning| {
        // Not required: a call without it learns what is the matter, too.
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

/// What a call of each of [`tools`] is answered.
pub(super) fn unavailable() -> Fault {
    Fault::new(UNAVAILABLE, "Available in extended build")
}

/// What is said to the call of a tool that is not listed.
pub(super) fn unknown(name: &str) -> Fault {
    match MISSING.contains(&name) {
        true => {
            Fault::method_not_found(format!("Tool {name} is not part of this stateless server"))
        }
        false => Fault::invalid_params(format!("Unknown tool: {name}")),
    }
}

/// Tools of the extended build that are not even listed here: calling them is calling a method
/// there is not.
pub(super) const MISSING: &[&str] = &["advanced_calculate", "batch_calculate"];

const UNAVAILABLE: i32 = -32004;
