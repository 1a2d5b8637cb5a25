//! The HTTP status of error responses in the modern era.

use serde::Deserialize;

use crate::json::object::member;

/// Returns the status of an error response, given as the JSON text of its error object. The codes
/// of the modern era have one each; any other error has status 200 (2026-07-28,
/// basic/transports/streamable-http, and basic/index, Error Codes).
pub(crate) fn of_error(error: &[u8]) -> u16 {
    #[derive(Deserialize)]
    struct Error {
        code: i64,
    }
    match serde_json::from_slice(error) {
        Ok(Error { code: -32601 }) => 404,
        Ok(Error { code: -32022..=-32020 }) => 400,
        _ => 200,
    }
}

/// The status of an answer, given as the JSON text of the whole message.
pub(crate) fn of_answer(answer: &[u8]) -> u16 {
    member(answer, "error").map_or(200, of_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_errors_have_a_status_of_their_own() {
        let status = |code: &str| {
            of_answer(format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":{code}}}}}"#).as_bytes())
        };
        assert_eq!(status("-32601"), 404);
        for code in ["-32020", "-32021", "-32022"] {
            assert_eq!(status(code), 400, "{code}");
        }
        for code in ["-32602", "-32603", "-32000", "0", "\"-32601\""] {
            assert_eq!(status(code), 200, "{code}");
        }
        assert_eq!(of_answer(br#"{"jsonrpc":"2.0","id":1,"result":{}}"#), 200);
    }
}
