//! The named values of a transcript.

use std::collections::BTreeMap;

use serde_json::Value;

/// Values by name.
#[derive(Debug, Default)]
pub(super) struct Variables(BTreeMap<String, Value>);

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Literal(&'a str),
    Name(&'a str),
}

impl Variables {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Returns the text of a value, without quotes.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(text_of)
    }

    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    pub(super) fn forget(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Binds a name at its first use, and compares at each other one. `_` is never bound.
    pub(super) fn matches(&mut self, name: &str, value: &Value) -> bool {
        match self.get(name) {
            Some(known) => known == value,
            None if name == "_" => true,
            None => {
                self.set(name, value.clone());
                true
            }
        }
    }

    /// Replaces the names in a text: outside of JSON strings by JSON, inside of them by the text.
    pub(super) fn json(&self, text: &str) -> String {
        self.replaced(text, |value, is_in_string| match (value, is_in_string) {
            (Value::String(text), true) => {
                let quoted = Value::from(text.as_str()).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
            _ => value.to_string(),
        })
    }

    /// Replaces the names in a text that is not JSON.
    pub(super) fn plain(&self, text: &str) -> String {
        self.replaced(text, |value, _| text_of(value))
    }

    fn replaced(&self, text: &str, show: impl Fn(&Value, bool) -> String) -> String {
        let (mut out, mut is_in_string) = (String::new(), false);
        for part in parts(text) {
            match part {
                Part::Literal(literal) => {
                    is_in_string ^= has_odd_quotes(literal);
                    out.push_str(literal);
                }
                Part::Name(name) => {
                    let value = self.get(name).unwrap_or_else(|| panic!("${name} is not bound"));
                    out.push_str(&show(value, is_in_string));
                }
            }
        }
        out
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns whether the quotes in a piece of JSON begin or end a string.
pub(super) fn has_odd_quotes(json: &str) -> bool {
    let (mut odd, mut is_escaped) = (false, false);
    for char in json.chars() {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => odd = !odd,
            _ => {}
        }
    }
    odd
}

/// Splits a text at its names; `$$` is a dollar sign.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find('$') {
        let after = &rest[at + 1..];
        let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_';
        let len = match after.starts_with('_') {
            true => 1,
            false => after.find(|char| !is_part(char)).unwrap_or(after.len()),
        };
        if len == 0 {
            let is_escape = after.starts_with('$');
            parts.push(Part::Literal(&rest[..=at]));
            rest = &after[usize::from(is_escape)..];
            continue;
        }
        if at > 0 {
            parts.push(Part::Literal(&rest[..at]));
        }
        parts.push(Part::Name(&after[..len]));
        rest = &after[len..];
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest));
    }
    parts
}
