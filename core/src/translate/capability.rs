//! What a client must be able to do to be asked something, and whether it says that it can.
//!
//! Source: MCP 2026-07-28, schema, `ClientCapabilities`; 2025-11-25, client/elicitation and
//! client/sampling, Capabilities.

/// What a client must be able to do to be asked something; it tells the kind of question too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Show its user a form.
    Elicitation,
    /// Send its user to a URL.
    ElicitationUrl,
    /// List its roots.
    Roots,
    /// Ask its model.
    Sampling,
    /// Ask its model, and offer it tools.
    SamplingTools,
}

/// Whether client capabilities (JSON text) have this one. `elicitation` without modes means forms.
pub fn is_declared(client_capabilities: &[u8], capability: Capability) -> bool {
    todo!()
}

/// The method that asks for it.
pub fn method(capability: Capability) -> &'static str {
    todo!()
}

/// The client capabilities (JSON text) that these questions need: `data.requiredCapabilities` of
/// the error -32021 (2026-07-28, basic/index).
pub fn required(capabilities: &[Capability]) -> Vec<u8> {
    todo!()
}
