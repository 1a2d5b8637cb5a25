//! The HTTP status of error responses in the modern era.

use serde::Deserialize;

/// Returns the status of an error response, given as the JSON text of its error object. The codes
/// of the modern era have one each; any other error has status 200 (2026-07-28,
/// basic/transports/streamable-http, and basic/index, Error Codes).
pub(crate) fn of_error(error: &[u8]) -> u16 {
    #[derive(Deserialize)]
    struct Error {
        code: i64,
    }
    serde_json::from_slice(error).map_or(200, |Error { code }| of_code(code))
}

/// Returns the status of an error response with this code.
pub(crate) fn of_code(code: i64) -> u16 {
    match code {
        -32601 => 404,
        -32022..=-32020 => 400,
        _ => 200,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_errors_have_a_status_of_their_own() {
        let status = |code: &str| of_error(format!(r#"{{"code":{code}}}"#).as_bytes());
        assert_eq!(status("-32601"), 404);
        for code in ["-32020", "-32021", "-32022"] {
            assert_eq!(status(code), 400, "{code}");
        }
        for code in ["-32602", "-32603", "-32000", "0", "\"-32601\""] {
            assert_eq!(status(code), 200, "{code}");
        }
    }
}
