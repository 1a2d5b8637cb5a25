//! `x-mcp-header`: arguments of a tool that its callers repeat in headers.
//!
//! Owns: which arguments those are, as far as a schema says it right; whether a call has repeated
//! them; what clients are told of a tool whose schema says it wrong.
//! Never: follows a `$ref`, or checks arguments in any other way.
//!
//! | argument | header `Mcp-Param-…` | verdict |
//! |---|---|---|
//! | string, number, boolean | says the same | taken |
//! | string, number, boolean | says something else, cannot be read, is missing, is given twice | refused |
//! | none, `null`, array, object | none | taken |
//! | none, `null`, array, object | any | refused: who routes by it sees what the call does not say |
//! | given twice | any or none | refused: who is to say which one counts |
//! | whatever | of no argument | ignored |
//!
//! Sources: 2026-07-28, server/tools (x-mcp-header), basic/transports/streamable-http (Custom Headers
//! from Tool Parameters).

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use memchr::memmem;
use serde::Deserialize;
use serde::de::{Deserializer as _, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::field;
use crate::reject::Reject;

/// The arguments of a tool that its callers repeat in headers; of most tools, none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MirroredParams(Vec<MirroredParam>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MirroredParam {
    /// The name of the header in lower case, without `mcp-param-`.
    header: Box<str>,
    /// The names of the properties that lead to it.
    path: Box<[Box<str>]>,
}

/// Why an annotation is not valid, and with it the definition of its tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// The name of another header too, if not for case.
    Duplicate,
    /// No name at all.
    Empty,
    /// A name with characters that no header's has, or something that is no string.
    NotAToken,
    /// On something other than a string, an integer or a boolean.
    NotPrimitive,
    /// On what is no property, or a property that only a `$ref`, a condition, a composition, or an
    /// array leads to.
    Unreachable,
}

impl MirroredParams {
    /// Those that the schema of a tool's arguments annotates.
    ///
    /// # Errors
    ///
    /// What is wrong with the first annotation that is not valid.
    pub fn of(schema: &Value) -> Result<MirroredParams, Invalid> {
        let mut reading = Reading { path: Some(Vec::new()), params: Vec::new() };
        reading.schema(schema)?;
        Ok(MirroredParams(reading.params))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Compares the arguments of a call, as JSON text, with the headers it came with: names in lower
    /// case without `mcp-param-`, and values.
    ///
    /// # Errors
    ///
    /// [`Reject::HeaderMismatch`] as in the table of this module.
    pub fn check<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        arguments: Option<&[u8]>,
        headers: &[(N, V)],
    ) -> Result<(), Reject> {
        let arguments = str::from_utf8(arguments.unwrap_or(b"{}")).unwrap_or_default();
        let is_same = |param: &MirroredParam| {
            let mut values = headers.iter().filter(|(name, _)| *name.as_ref() == *param.header);
            match (param.value(arguments), values.next(), values.next()) {
                (Ok(None), None, _) => true,
                (Ok(Some(json)), Some((_, value)), None) => {
                    field::matches(value.as_ref(), json.as_bytes())
                }
                _ => false,
            }
        };
        if self.0.iter().all(is_same) { Ok(()) } else { Err(Reject::HeaderMismatch) }
    }
}

impl MirroredParam {
    /// The JSON text of the argument, if it has one that a header can repeat.
    fn value<'a>(&self, arguments: &'a str) -> Result<Option<&'a str>, serde_json::Error> {
        let mut json = arguments;
        for name in &self.path {
            if !json.starts_with('{') {
                return Ok(None);
            }
            match serde_json::Deserializer::from_str(json).deserialize_map(Member(name))? {
                Some(value) => json = value.get(),
                None => return Ok(None),
            }
        }
        Ok(Some(json).filter(|json| !json.starts_with(['n', '[', '{'])))
    }
}

/// Finds the one member of an object that has this name.
struct Member<'n>(&'n str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object in which no name is given twice")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Text(name)) = map.next_key()? {
            if name != self.0 {
                map.next_value::<IgnoredAny>()?;
            } else if found.replace(map.next_value()?).is_some() {
                return Err(A::Error::custom("a name is given twice"));
            }
        }
        Ok(found)
    }
}

/// A string that is borrowed unless it holds escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A walk through a schema.
#[derive(Debug)]
struct Reading<'s> {
    /// The names of the properties that lead to this place; none if anything else does.
    path: Option<Vec<&'s str>>,
    params: Vec<MirroredParam>,
}

impl<'s> Reading<'s> {
    fn schema(&mut self, schema: &'s Value) -> Result<(), Invalid> {
        let Value::Object(keywords) = schema else { return Ok(()) };
        if let Some(name) = keywords.get(ANNOTATION) {
            let param = self.param(name, keywords.get("type"))?;
            self.params.push(param);
        }
        for (keyword, value) in keywords {
            match (Holds::of(keyword), value) {
                (Some(Holds::Properties), Value::Object(properties)) => {
                    self.properties(properties)?;
                }
                (Some(_), value) => self.others(value)?,
                (None, _) => {}
            }
        }
        Ok(())
    }

    fn properties(&mut self, properties: &'s serde_json::Map<String, Value>) -> Result<(), Invalid> {
        for (name, schema) in properties {
            self.path.iter_mut().for_each(|path| path.push(name));
            self.schema(schema)?;
            self.path.iter_mut().for_each(|path| path.truncate(path.len() - 1));
        }
        Ok(())
    }

    /// Schemas that say nothing about a property at a known place: one, or several by name or in a
    /// list.
    fn others(&mut self, value: &'s Value) -> Result<(), Invalid> {
        todo!()
    }

    fn param(&self, name: &Value, kind: Option<&Value>) -> Result<MirroredParam, Invalid> {
        let path = self.path.as_ref().filter(|path| !path.is_empty()).ok_or(Invalid::Unreachable)?;
        let name = name.as_str().ok_or(Invalid::NotAToken)?;
        if name.is_empty() {
            return Err(Invalid::Empty);
        }
        if !name.bytes().all(is_token_char) {
            return Err(Invalid::NotAToken);
        }
        if !matches!(kind.and_then(Value::as_str), Some("boolean" | "integer" | "string")) {
            return Err(Invalid::NotPrimitive);
        }
        let header = name.to_ascii_lowercase().into_boxed_str();
        if self.params.iter().any(|other| other.header == header) {
            return Err(Invalid::Duplicate);
        }
        Ok(MirroredParam { header, path: path.iter().map(|&name| name.into()).collect() })
    }
}
