//! Expected JSON and expected texts, with names for values.

use serde_json::Value;

use super::steps::Text;
use super::variables::{Part, Variables, has_odd_quotes, parts};

impl Text {
    /// Returns why a text is not the expected one; binds names.
    pub(super) fn expect(&self, actual: &str, known: &mut Variables) -> Result<(), String> {
        let wrong = |why: String| format!("{why}\n    in {actual}");
        match self {
            Text::Exact(pattern) => {
                let equal = is_text(pattern, actual, known);
                equal.then_some(()).ok_or_else(|| wrong(format!("not exactly {pattern}")))
            }
            Text::Json(pattern) => {
                let actual = serde_json::from_str(actual);
                let actual = actual.map_err(|error| wrong(error.to_string()))?;
                is_json(&pattern_of(pattern), &actual, known, "").map_err(wrong)
            }
        }
    }
}

/// Reads a pattern as JSON whose names are strings.
fn pattern_of(text: &str) -> Value {
    let (mut quoted, mut is_in_string) = (String::new(), false);
    for part in parts(text) {
        match part {
            Part::Literal(literal) => {
                is_in_string ^= has_odd_quotes(literal);
                quoted.push_str(literal);
                // It was a dollar sign alone, or an escaped one.
                if literal.ends_with('$') {
                    quoted.push('$');
                }
            }
            Part::Name(name) if is_in_string => {
                quoted.push('$');
                quoted.push_str(name);
            }
            Part::Name(name) => quoted.push_str(&format!("\"${name}\"")),
        }
    }
    serde_json::from_str(&quoted).unwrap_or_else(|error| panic!("{error} in {quoted}"))
}

/// Compares by value; `place` is the path to the value.
fn is_json(
    pattern: &Value,
    actual: &Value,
    known: &mut Variables,
    place: &str,
) -> Result<(), String> {
    let differs = || Err(format!("{place}: expected {pattern}, not {actual}"));
    match (pattern, actual) {
        (Value::String(text), _) if text.contains('$') => {
            let is_equal = match (&parts(text)[..], actual) {
                ([Part::Name(name)], _) => known.matches(name, actual),
                (_, Value::String(actual)) => is_text(text, actual, known),
                _ => false,
            };
            if is_equal { Ok(()) } else { differs() }
        }
        (Value::Object(pattern), Value::Object(actual)) => {
            let mut others: Vec<&String> = actual.keys().collect();
            for (key, value) in pattern.iter().filter(|(key, _)| *key != ANY_OTHERS) {
                let place = format!("{place}.{key}");
                let fits = |actual: &&String| is_text(key, actual, known);
                let at = others.iter().position(fits);
                let at = at.ok_or_else(|| format!("{place} is missing"))?;
                is_json(value, &actual[others.remove(at)], known, &place)?;
            }
            match others.first().filter(|_| !pattern.contains_key(ANY_OTHERS)) {
                Some(key) => Err(format!("{place}.{key} is not expected")),
                None => Ok(()),
            }
        }
        (Value::Array(pattern), Value::Array(actual)) if pattern.len() == actual.len() => {
            for (at, (pattern, actual)) in pattern.iter().zip(actual).enumerate() {
                is_json(pattern, actual, known, &format!("{place}[{at}]"))?;
            }
            Ok(())
        }
        _ if pattern == actual => Ok(()),
        _ => differs(),
    }
}

/// The key in an expected object that admits other keys.
const ANY_OTHERS: &str = "...";

/// Compares texts. An unbound name is bound to the shortest text that fits.
pub(super) fn is_text(pattern: &str, mut actual: &str, known: &mut Variables) -> bool {
    let parts = parts(pattern);
    let mut parts = parts.iter().peekable();
    while let Some(part) = parts.next() {
        let literal = match part {
            Part::Literal(literal) => (*literal).to_owned(),
            Part::Name(name) => match known.text(name) {
                Some(text) => text,
                None => {
                    let len = match parts.peek() {
                        None => Some(actual.len()),
                        Some(Part::Literal(next)) => actual.find(next),
                        Some(Part::Name(next)) => {
                            known.text(next).and_then(|next| actual.find(&next))
                        }
                    };
                    let Some(len) = len else { return false };
                    let (text, rest) = actual.split_at(len);
                    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
                    known.matches(name, &value);
                    actual = rest;
                    continue;
                }
            },
        };
        match actual.strip_prefix(&literal) {
            Some(rest) => actual = rest,
            None => return false,
        }
    }
    actual.is_empty()
}

#[cfg(test)]
mod tests;
