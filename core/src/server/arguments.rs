//! The arguments of a call: read once, checked once, then taken by name.

use std::borrow::Cow;

use super::check;
use super::incoming::text_of;

/// The members of `params.arguments`, as they came; no name is given twice.
#[derive(Clone, Debug, Default)]
pub struct Arguments<'a> {
    members: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a> Arguments<'a> {
    /// The JSON text of an argument.
    pub fn json(&self, name: &str) -> Option<&'a str> {
        self.members.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// A string; none if it was not given, or is something else.
    pub fn string(&self, name: &str) -> Option<String> {
        self.text(name).map(Cow::into_owned)
    }

    /// A string, borrowed from the message unless it holds escapes; none if it was not given, or is
    /// something else.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        text_of(self.json(name)?)
    }

    /// Whether a switch was given as `true`.
    pub fn is_set(&self, name: &str) -> bool {
        self.json(name) == Some("true")
    }

    /// A whole number, also one that is written with a point or an exponent; none if it was not
    /// given, or is something else.
    pub fn integer(&self, name: &str) -> Option<i64> {
        check::integer(self.json(name)?)
    }

    /// The members, in order, and the JSON text of each.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().map(|(name, value)| (&**name, *value))
    }
}

/// From names and JSON texts. No name may be given twice.
impl<'a> FromIterator<(Cow<'a, str>, &'a str)> for Arguments<'a> {
    fn from_iter<T: IntoIterator<Item = (Cow<'a, str>, &'a str)>>(members: T) -> Self {
        Arguments { members: members.into_iter().collect() }
    }
}
