//! The tools of the extended build: what is offered there, and what is not even announced here.

use crate::server::{Fault, Field, Kind, Schema, Tool};

/// Listed, so that a client can tell what an extended build would add.
pub(super) fn tools() -> [Tool; 3] {
    let tool = |name, description, argument, meaning| {
        let field = Field::new(argument, Kind::String, meaning).required();
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

/// What a call of one of these tools is answered, or of one there is not.
pub(super) fn fault(name: &str) -> Fault {
    let refused = refused().into_iter().find(|(refused, _)| *refused == name);
    match refused {
        Some((_, fault)) => fault,
        None if tools().iter().any(|tool| tool.name == name) => {
            Fault::new(UNAVAILABLE, "Available in extended build")
        }
        None => Fault::invalid_params(format!("unknown tool: {name}")),
    }
}

/// Not listed; a call is answered as that of a missing method.
pub(super) fn refused() -> Vec<(&'static str, Fault)> {
    let refusal = |name| {
        let message = format!("Tool {name} is not part of this stateless server");
        (name, Fault::method_not_found(message))
    };
    vec![refusal("batch_calculate"), refusal("advanced_calculate")]
}

const UNAVAILABLE: i32 = -32004;
