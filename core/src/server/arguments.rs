//! The arguments of a call: parsed once, validated once, then read by name.

use std::borrow::Cow;

use super::incoming::text_of;

/// The members of `params.arguments`, unchanged; each name occurs once.
#[derive(Clone, Debug, Default)]
pub struct Arguments<'a> {
    members: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a> Arguments<'a> {
    /// Returns the JSON text of an argument.
    pub fn json(&self, name: &str) -> Option<&'a str> {
        self.members.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// Returns a string argument, or `None` if it is missing or not a string.
    pub fn string(&self, name: &str) -> Option<String> {
        self.text(name).map(Cow::into_owned)
    }

    /// Returns a string argument, borrowed from the message unless it holds escapes, or `None` if
    /// it is missing or not a string.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        text_of(self.json(name)?)
    }

    /// Returns whether a boolean argument was given as `true`.
    pub fn is_set(&self, name: &str) -> bool {
        self.json(name) == Some("true")
    }

    /// Returns an integer argument, including one written with a fraction of zero or an exponent,
    /// or `None` if it is missing or not an integer.
    pub fn integer(&self, name: &str) -> Option<i64> {
        integer(self.json(name)?)
    }

    /// Iterates over the members in order, as names and JSON texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().map(|(name, value)| (&**name, *value))
    }
}

/// Collects names and JSON texts. Names must not repeat.
impl<'a> FromIterator<(Cow<'a, str>, &'a str)> for Arguments<'a> {
    fn from_iter<T: IntoIterator<Item = (Cow<'a, str>, &'a str)>>(members: T) -> Self {
        Arguments { members: members.into_iter().collect() }
    }
}

/// Returns the value of a JSON number without a fraction, in any notation: `10`, `10.0`, `1e1`
/// (JSON Schema 2020-12, validation, section 6.1.1).
pub(super) fn integer(json: &str) -> Option<i64> {
    json.parse().ok().or_else(|| {
        let number: f64 = json.parse().ok()?;
        let is_whole = number.fract() == 0.0 && number.abs() < I64_END;
        (is_whole && json.contains(['.', 'e', 'E'])).then_some(number as i64)
    })
}

/// 2^63: any `f64` below it fits into an `i64`.
const I64_END: f64 = 9_223_372_036_854_775_808.0;
