//! The members of an object, for removing, replacing and adding some.
//!
//! Owns: finding, replacing, adding and removing members; others keep their bytes and their place.
//! Never: checks the grammar. Texts come from a [`super::Message`], so they are JSON on one line.
//!
//! Keys are compared with escapes resolved. Of duplicate keys the last value counts, as in most
//! parsers (RFC 8259, section 4), and an edit keeps only that one.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::json::envelope;
use crate::json::scan::Cursor;
use crate::json::string::{as_str, is_confusable, unescape};

/// An object's members, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object<'t> {
    members: Vec<Member<'t>>,
}

#[derive(Clone, Debug)]
struct Member<'t> {
    /// The text between its quotes.
    key: &'t [u8],
    /// Whether it has escapes.
    has_escapes: bool,
    value: Cow<'t, [u8]>,
}

impl<'t> Object<'t> {
    /// Reads the members of an object, or returns `None` for any other value.
    pub(crate) fn read(text: &'t [u8]) -> Option<Object<'t>> {
        let mut cursor = Cursor::new(text);
        if cursor.peek() != b'{' {
            return None;
        }
        cursor.enter();
        let mut members = Vec::with_capacity(MEMBERS);
        while let Some(key) = cursor.key() {
            let has_escapes = cursor.was_escaped();
            members.push(Member { key, has_escapes, value: Cow::Borrowed(cursor.take()) });
        }
        Some(Object { members })
    }

    /// Reads the members of an object, or returns an empty object for any other value.
    pub(crate) fn read_or_empty(text: Option<&'t [u8]>) -> Object<'t> {
        text.and_then(Object::read).unwrap_or_default()
    }

    /// Returns the JSON text of a member.
    pub(crate) fn get(&self, key: &str) -> Option<&[u8]> {
        self.members.iter().rev().find(|member| member.is(key)).map(|member| &*member.value)
    }

    /// Returns the JSON text of a member that is not null.
    pub(crate) fn some(&self, key: &str) -> Option<&[u8]> {
        self.get(key).filter(|value| *value != b"null")
    }

    /// Returns a member that is a string, with escapes resolved.
    pub(crate) fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key).and_then(text)
    }

    /// Returns a member that is an object.
    pub(crate) fn object(&self, key: &str) -> Option<Object<'_>> {
        self.get(key).and_then(Object::read)
    }

    /// Returns whether there are no members.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Iterates over the JSON texts of the members.
    pub(crate) fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.members.iter().map(|member| &*member.value)
    }

    /// Iterates over the JSON texts of the members, for changing them.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut Cow<'t, [u8]>> {
        self.members.iter_mut().map(|member| &mut member.value)
    }

    /// Removes a member.
    pub(crate) fn remove(&mut self, key: &str) {
        self.members.retain(|member| !member.is(key));
    }

    /// Removes each member whose key some parsers take for this one, which is in lower case.
    pub(crate) fn remove_confusable(&mut self, key: &[u8]) {
        self.members.retain(|member| !is_confusable(member.key, &[key]));
    }

    /// Removes every member whose value is null.
    pub(crate) fn remove_nulls(&mut self) {
        self.members.retain(|member| *member.value != *b"null");
    }

    /// Replaces a member in its place, or adds it at the end. The key must not need escapes.
    pub(crate) fn put(&mut self, key: &'t str, value: impl Into<Cow<'t, [u8]>>) {
        let value = value.into();
        match self.last(key) {
            Some(member) => member.value = value,
            None => {
                self.members.push(Member { key: key.as_bytes(), has_escapes: false, value });
            }
        }
    }

    /// Adds members at the end, unchanged.
    pub(crate) fn append(&mut self, mut others: Object<'t>) {
        self.members.append(&mut others.members);
    }

    /// Changes a member, if there is one. Without a new value it is removed.
    pub(crate) fn edit(&mut self, key: &str, change: impl FnOnce(&[u8]) -> Option<Vec<u8>>) {
        let Some(member) = self.last(key) else { return };
        match change(&member.value) {
            Some(changed) => member.value = Cow::Owned(changed),
            None => self.remove(key),
        }
    }

    /// Changes a member that is an object, and removes it if it becomes empty. Other members are
    /// unchanged.
    pub(crate) fn edit_object(&mut self, key: &str, change: impl FnOnce(&mut Object<'_>)) {
        self.edit(key, |value| {
            let Some(mut object) = Object::read(value) else { return Some(value.to_vec()) };
            change(&mut object);
            (!object.is_empty()).then(|| object.write())
        });
    }

    /// Changes every element of a member that is an array. Other members are unchanged.
    pub(crate) fn edit_elements(
        &mut self,
        key: &str,
        mut change: impl FnMut(&[u8]) -> Option<Vec<u8>>,
    ) {
        self.edit(key, |value| {
            let Some(elements) = elements(value) else { return Some(value.to_vec()) };
            Some(array(elements.into_iter().filter_map(&mut change)))
        });
    }

    /// Returns the JSON text of the object.
    pub(crate) fn write(&self) -> Vec<u8> {
        let len: usize = self.members.iter().map(|m| m.key.len() + m.value.len() + 4).sum();
        let mut out = Vec::with_capacity(len + 2);
        out.push(b'{');
        for (at, member) in self.members.iter().enumerate() {
            out.extend_from_slice(if at > 0 { b",\"" } else { b"\"" });
            out.extend_from_slice(member.key);
            out.extend_from_slice(b"\":");
            out.extend_from_slice(&member.value);
        }
        out.push(b'}');
        out
    }

    /// Returns the last member of this name after removing its duplicates.
    fn last(&mut self, key: &str) -> Option<&mut Member<'t>> {
        let last = self.members.iter().rposition(|member| member.is(key))?;
        let twins = self.members[..last].iter().filter(|member| member.is(key)).count();
        if twins > 0 {
            let mut at = 0;
            self.members.retain(|member| {
                at += 1;
                at > last || !member.is(key)
            });
        }
        self.members.get_mut(last - twins)
    }
}

impl Member<'_> {
    fn is(&self, key: &str) -> bool {
        match self.has_escapes {
            true => is_key(self.key, key),
            false => *self.key == *key.as_bytes(),
        }
    }
}

/// The initial capacity for members.
const MEMBERS: usize = 6;

/// Returns whether the text between a key's quotes is this key. Most keys have another length,
/// which decides it: escapes only make a key longer.
fn is_key(raw: &[u8], key: &str) -> bool {
    raw.len() >= key.len() && *unescape(raw) == *key.as_bytes()
}

/// Iterates over the members of an object, with the text between each key's quotes, or returns
/// `None` for any other value.
fn entries(text: &[u8]) -> Option<impl Iterator<Item = (&[u8], &[u8])>> {
    let mut cursor = Cursor::new(text);
    if cursor.peek() != b'{' {
        return None;
    }
    cursor.enter();
    Some(std::iter::from_fn(move || Some((cursor.key()?, cursor.value().of_text(text)))))
}

/// A reason why the members of an object are ambiguous.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyError {
    /// A requested member occurs twice.
    Duplicate,
    /// A key holds a lone surrogate.
    LoneSurrogate,
}

/// Returns the values of the members with these names, in one walk over an object. Other members
/// are not checked.
///
/// # Errors
///
/// The first [`KeyError`] key in the text.
pub(crate) fn pick<'t, const N: usize>(
    object: &'t str,
    names: &[&str; N],
) -> Result<[Option<&'t str>; N], KeyError> {
    let mut picked = [None; N];
    for member in named_members(object) {
        let (key, value) = member?;
        let place = names.iter().position(|name| *name.as_bytes() == *key);
        if place.is_some_and(|place| picked[place].replace(value).is_some()) {
            return Err(KeyError::Duplicate);
        }
    }
    Ok(picked)
}

/// Returns the members of an object, with escapes in keys resolved.
///
/// # Errors
///
/// [`KeyError::LoneSurrogate`] before [`KeyError::Duplicate`].
pub(crate) fn members(object: &str) -> Result<Vec<(Cow<'_, str>, &str)>, KeyError> {
    let mut members = Vec::new();
    for member in named_members(object) {
        let (key, value) = member?;
        members.push((to_text(key), value));
    }
    match has_duplicate(&members) {
        true => Err(KeyError::Duplicate),
        false => Ok(members),
    }
}

/// Iterates over the members of an object, with escapes in keys resolved.
fn named_members(object: &str) -> impl Iterator<Item = Result<(Cow<'_, [u8]>, &str), KeyError>> {
    let mut cursor = Cursor::new(object.as_bytes());
    cursor.enter();
    std::iter::from_fn(move || {
        let key = cursor.name()?;
        if cursor.take_lone_surrogates() {
            return Some(Err(KeyError::LoneSurrogate));
        }
        let value = &object[cursor.value().range()];
        cursor.take_lone_surrogates();
        Some(Ok((key, value)))
    })
}

/// Returns whether two members have the same name. Many members are sorted first, because a client
/// may send as many as fit into a message.
fn has_duplicate(members: &[(Cow<'_, str>, &str)]) -> bool {
    if members.len() <= FEW {
        let is_before = |at: usize| members[..at].iter().any(|(name, _)| *name == members[at].0);
        return (1..members.len()).any(is_before);
    }
    let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

const FEW: usize = 8;

/// Returns the members of an object with escapes in keys resolved, or `None` for any other value
/// and for duplicate keys.
pub(crate) fn map(text: &[u8]) -> Option<Vec<(String, &[u8])>> {
    let mut keys = BTreeSet::new();
    let mut members = Vec::new();
    for (key, value) in entries(text)? {
        let key = unescape(key);
        members.push((as_str(&key).to_owned(), value));
        if !keys.insert(key) {
            return None;
        }
    }
    Some(members)
}

/// Returns the JSON text of an object whose keys may be any text.
pub(crate) fn write_map<'m>(members: impl IntoIterator<Item = (&'m str, &'m [u8])>) -> Vec<u8> {
    let mut out = vec![b'{'];
    for (at, (key, value)) in members.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.append(&mut quoted(key));
        out.push(b':');
        out.extend_from_slice(value);
    }
    out.push(b'}');
    out
}

/// Returns a member of an object without reading the others, or `None` for any other value.
pub(crate) fn member<'t>(text: &'t [u8], key: &str) -> Option<&'t [u8]> {
    entries(text)?.filter_map(|(other, value)| is_key(other, key).then_some(value)).last()
}

/// Returns the elements of an array, or `None` for any other value.
pub(crate) fn elements(value: &[u8]) -> Option<Vec<&[u8]>> {
    let mut cursor = Cursor::new(value);
    if cursor.peek() != b'[' {
        return None;
    }
    let mut elements = Vec::new();
    cursor.enter();
    while cursor.element() {
        elements.push(cursor.value().of_text(value));
    }
    Some(elements)
}

/// Returns the JSON text of an array.
pub(crate) fn array<T: AsRef<[u8]>>(elements: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut out = vec![b'['];
    for (at, element) in elements.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(element.as_ref());
    }
    out.push(b']');
    out
}

/// Returns the text of a string with escapes resolved, or `None` for any other value.
pub(crate) fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    if !envelope::is_string(value) {
        return None;
    }
    Some(to_text(unescape(&value[1..value.len() - 1])))
}

fn to_text(unescaped: Cow<'_, [u8]>) -> Cow<'_, str> {
    match unescaped {
        Cow::Borrowed(text) => Cow::Borrowed(as_str(text)),
        Cow::Owned(text) => Cow::Owned(as_str(&text).to_owned()),
    }
}

/// Returns the JSON text of a string.
pub(crate) fn quoted(text: &str) -> Vec<u8> {
    serde_json::to_vec(text).expect("a string always has a JSON text")
}

#[cfg(test)]
mod tests;
