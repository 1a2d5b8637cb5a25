//! Checks of request state with any payload, of any change to it, and of any other text in its
//! place.
//!
//! Shared by path between the tests of this crate and the fuzz target `request_state`.

use std::fmt;
use std::fmt::Write;

use pontoon_core::testing::{Binding, Refused, SalientParams};
use pontoon_core::{Duration, Principal, StateKey};
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

const EXPIRES: Duration = Duration::from_secs(1_800_000_000);
const IN_TIME: Duration = Duration::from_secs(1_799_999_999);

/// Panics if these bytes are handled wrongly.
pub(crate) fn request_state(bytes: &[u8]) {
    let key = StateKey::new([1; 32]);
    let digest = params(bytes);
    let binding =
        Binding { principal: &Principal::Anonymous, method: "tools/call", params_digest: digest };
    let open = |text: &[u8]| key.open(&binding, IN_TIME, text);
    assert!(matches!(open(bytes), Err(Refused::Malformed | Refused::Forged)));

    let text = key.seal(&binding, EXPIRES, bytes);
    assert_eq!(open(text.as_bytes()).as_deref(), Ok(bytes));
    assert_eq!(key.open(&binding, EXPIRES, text.as_bytes()), Err(Refused::Expired));
    check_binding(&key, &binding, &text);
    check_changes(bytes, &text, open);
    if let Ok(json) = serde_json::from_slice::<&RawValue>(bytes)
        && serde_json::from_slice::<Value>(bytes).is_ok()
    {
        check_spelling(json.get(), digest);
    }
}

fn params(arguments: &[u8]) -> [u8; 32] {
    SalientParams { arguments: Some(arguments), ..SalientParams::default() }.digest()
}

/// Checks that it is refused for another key, principal, method or parameters.
fn check_binding(key: &StateKey, binding: &Binding<'_>, text: &str) {
    let principal = Principal::of(Some(b"Bearer x"));
    let others = [
        Binding { principal: &principal, ..*binding },
        Binding { method: "prompts/get", ..*binding },
        Binding { params_digest: [0; 32], ..*binding },
    ];
    for other in &others {
        assert_eq!(key.open(other, IN_TIME, text.as_bytes()), Err(Refused::Forged));
    }
    let key = StateKey::new([2; 32]);
    assert_eq!(key.open(binding, IN_TIME, text.as_bytes()), Err(Refused::Forged));
}

/// Checks that no part can be changed, added or left out; the bytes choose the place.
fn check_changes(bytes: &[u8], text: &str, open: impl Fn(&[u8]) -> Result<Vec<u8>, Refused>) {
    let sum = bytes
        .iter()
        .fold(0, |sum: usize, &byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    let at = sum % text.len();
    let (before, after) = text.as_bytes().split_at(at);
    let byte = bytes.first().copied().unwrap_or(b'A');
    let changed = [before, &[byte], &after[1..]].concat();
    for other in [[before, &[byte], after].concat(), [before, &after[1..]].concat(), changed] {
        assert!(other == text.as_bytes() || open(&other).is_err(), "{}", other.escape_ascii());
    }
}

/// Checks that the same JSON in another notation has the same digest, and another value has not.
fn check_spelling(json: &str, digest: [u8; 32]) {
    let mut other = String::new();
    respell(json, &mut other);
    assert_eq!(params(other.as_bytes()), digest, "{other}");
    assert_ne!(params(format!("[{json}]").as_bytes()), digest);
}

/// Writes a value with white space, the members of objects in another order, every character of a
/// string as an escape, and every number with an exponent.
fn respell(json: &str, out: &mut String) {
    match json.as_bytes()[0] {
        b'{' => {
            let mut members = serde_json::Deserializer::from_str(json)
                .deserialize_map(Members)
                .expect("an object");
            // The order of duplicate keys is kept.
            members.sort_by_cached_key(|(key, _)| std::cmp::Reverse(text(key.get())));
            out.push_str("{ ");
            for (at, (key, value)) in members.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { " ,\n" });
                respell(key.get(), out);
                out.push_str(" : ");
                respell(value.get(), out);
            }
            out.push('}');
        }
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(json).expect("an array");
            out.push_str("[\t");
            for (at, element) in elements.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "\r\n, " });
                respell(element.get(), out);
            }
            out.push(']');
        }
        b'"' => {
            out.push('"');
            for unit in text(json).encode_utf16() {
                write!(out, "\\u{unit:04x}").expect("a string takes all that is written");
            }
            out.push('"');
        }
        b'n' | b't' | b'f' => out.push_str(json),
        _ if json.contains(['e', 'E']) => out.push_str(json),
        _ => write!(out, "{json}E-00").expect("a string takes all that is written"),
    }
}

fn text(json: &str) -> String {
    serde_json::from_str(json).expect("a string")
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(&'de RawValue, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
