//! The arguments of a call: parsed once, validated once, then read by name.

use std::borrow::Cow;

use super::check;
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
        check::integer(self.json(name)?)
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
