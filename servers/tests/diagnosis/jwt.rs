//! Checks of `bearerDecode` for any text.
//!
//! Shared by path between the tests of this crate and the fuzz target `jwt`.

#[path = "headers.rs"]
pub(crate) mod headers;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use self::headers::{call, data, servers};

/// Panics if the tool handles this text wrongly, as an argument and as a header.
pub(crate) fn jwt(bytes: &[u8]) {
    let token = String::from_utf8_lossy(bytes);
    for server in servers() {
        let data = data(&call(server, "bearerDecode", Some(("token", &token)), None));
        assert_eq!(data["verified"], false);
        match beyond_doubt(token.trim()) {
            Some((header, payload)) => {
                assert_eq!((&data["header"], &data["payload"]), (&header, &payload));
            }
            // Padding, and the name of the scheme, are accepted.
            None if data["decoded"] == true => {
                assert!(data["header"].is_object() && data["payload"].is_object(), "{data}");
            }
            None => assert!(data["problem"].is_string() && data["payload"].is_null(), "{data}"),
        }
    }
    headers::headers(&[b"authorization: Bearer ", bytes].concat());
}

/// Returns the parts of a valid token: base64url without padding, the first two of them JSON
/// objects.
fn beyond_doubt(token: &str) -> Option<(Value, Value)> {
    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, _] = parts[..] else { return None };
    let object = |part: &str| -> Option<Value> {
        let json = URL_SAFE_NO_PAD.decode(part).ok()?;
        serde_json::from_slice(&json).ok().filter(Value::is_object)
    };
    Some((object(header)?, object(payload)?))
}
