//! Why a request cannot be served.

use std::borrow::Cow;

/// A JSON-RPC error: code and message (JSON-RPC 2.0, section 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) code: i32,
    pub(super) message: Cow<'static, str>,
}

impl Fault {
    pub(super) fn parse_error() -> Self {
        Fault { code: -32700, message: "not JSON".into() }
    }

    pub(super) fn invalid_request(message: &'static str) -> Self {
        Fault { code: -32600, message: message.into() }
    }

    pub(super) fn unknown_method(method: &str) -> Self {
        Fault { code: -32601, message: format!("unknown method: {method}").into() }
    }

    pub(super) fn invalid_params(message: impl Into<Cow<'static, str>>) -> Self {
        Fault { code: -32602, message: message.into() }
    }
}
