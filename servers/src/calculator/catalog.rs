//! The features of the calculator.

use pontoon_core::server::{Catalog, Tool};

use super::{calculate, demo_progress, explain, extended, problems, resources, sample, tutor};

/// Returns the catalog, with a sample tool if one is wanted under a name.
pub(super) fn catalog(sample_tool: Option<&str>) -> Catalog {
    Catalog {
        name: "calculator-learning-demo-stateless",
        title: Some("Calculator Learning Demo (stateless)"),
        version: "1.0.0",
        instructions: Some(
            "Exact arithmetic. Use calculate for a result with its steps, and the prompts to \
             explain, to practise and to teach.",
        ),
        tools: sample_tool.map(sample::tool).into_iter().chain(tools()).collect(),
        prompts: vec![explain::definition(), problems::definition(), tutor::definition()],
        resources: resources::resources(),
        templates: resources::templates(),
        completions: true,
        logging: true,
        batches: true,
        reads_http: true,
        detailed_health: true,
        ..Catalog::default()
    }
}

/// Returns whether a name is that of a tool, or of one that is known to be missing.
pub(super) fn is_taken(name: &str) -> bool {
    tools().iter().any(|tool| tool.name == name) || extended::MISSING.contains(&name)
}

fn tools() -> Vec<Tool> {
    let mut tools = vec![calculate::tool(), demo_progress::tool()];
    tools.extend(extended::tools());
    tools
}
