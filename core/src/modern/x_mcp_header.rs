//! `x-mcp-header`: arguments of a tool that clients repeat in headers, so that intermediaries can
//! route a call without reading its body.
//!
//! Owns: which arguments a valid schema annotates; whether a call repeats them; how an invalid
//! schema is corrected.
//! Never: follows a `$ref`, or validates arguments in any other way.
//!
//! | the argument | its header `Mcp-Param-…` | verdict |
//! |---|---|---|
//! | a string, a number, `true`, `false` | has the same value | accepted |
//! | | has another value, is invalid, missing, or repeated | refused |
//! | an array, an object, `null`, or missing | missing | accepted |
//! | | present: intermediaries would act on a value that the call does not have | refused |
//! | a duplicate: parsers may take either | any | refused |
//!
//! A header that belongs to no argument is ignored.
//!
//! Source: 2026-07-28, server/tools (x-mcp-header), basic/transports/streamable-http (Custom
//! Headers from Tool Parameters).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use memchr::memmem;
use serde::Deserialize;
use serde::de::{Deserializer as _, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::field;
use crate::http::is_token_byte;
use crate::reject::{MirroredValue, Reject};

/// The arguments of a tool that clients repeat in headers; most tools have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderParams {
    /// Keyed by the header's name, in lower case and without `mcp-param-`.
    paths: BTreeMap<Box<str>, Path>,
}

/// The property names that lead to an argument.
type Path = Box<[Box<str>]>;

/// The reason why an annotation, and so its tool's definition, is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// It names the same header as another annotation, ignoring case.
    Duplicate,
    /// It is an empty string.
    Empty,
    /// It is not a string, or has characters that a header name cannot have.
    NotAToken,
    /// The type of its property is not exactly `string`, `integer` or `boolean`.
    NotPrimitive,
    /// It is not on a property, or its property is inside an array, a composition, a condition or a
    /// definition.
    Unreachable,
}

impl HeaderParams {
    /// Reads the annotations of an argument schema.
    ///
    /// # Errors
    ///
    /// The reason why one of the annotations is invalid.
    pub fn of(schema: &Value) -> Result<HeaderParams, Invalid> {
        let mut reading = Reading { path: Some(Vec::new()), paths: BTreeMap::new() };
        reading.schema(schema)?;
        Ok(HeaderParams { paths: reading.paths })
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Returns the number of these arguments.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Compares the arguments of a call, as JSON text, with its headers: names in lower case
    /// without `mcp-param-`, and values.
    ///
    /// # Errors
    ///
    /// [`Reject::HeaderMismatch`], by the table of this module.
    pub fn check<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        arguments: Option<&[u8]>,
        headers: &[(N, V)],
    ) -> Result<(), Reject> {
        let arguments = str::from_utf8(arguments.unwrap_or_default()).unwrap_or_default();
        for (header, path) in &self.paths {
            let mut values = headers.iter().filter(|(name, _)| name.as_ref() == &**header);
            let is_repeated = match (value_at(arguments, path), values.next(), values.next()) {
                (Ok(None), None, _) => true,
                (Ok(Some(json)), Some((_, value)), None) => {
                    field::matches(value.as_ref(), json.as_bytes())
                }
                _ => false,
            };
            if !is_repeated {
                return Err(Reject::HeaderMismatch(MirroredValue::Argument));
            }
        }
        Ok(())
    }
}

/// Returns the JSON text of an argument, if a header can repeat it.
fn value_at<'a>(arguments: &'a str, path: &Path) -> Result<Option<&'a str>, serde_json::Error> {
    #[cfg(test)]
    crate::json::walked::add(arguments.len());
    let mut json = arguments.trim_ascii_start();
    for name in path {
        if !json.starts_with('{') {
            return Ok(None);
        }
        match serde_json::Deserializer::from_str(json).deserialize_map(Member(name))? {
            Some(value) => json = value.get(),
            None => return Ok(None),
        }
    }
    Ok(Some(json).filter(|json| !json.starts_with(['[', '{', 'n'])))
}

/// Finds the member of an object with this name.
#[derive(Debug)]
struct Member<'n>(&'n str);

impl<'de> Visitor<'de> for Member<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object that has the name once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Text(name)) = map.next_key()? {
            if name != self.0 {
                map.next_value::<IgnoredAny>()?;
            } else if found.replace(map.next_value()?).is_some() {
                return Err(A::Error::custom("the name is given twice"));
            }
        }
        Ok(found)
    }
}

/// A string, borrowed unless it holds escapes.
#[derive(Debug, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Invalid::Duplicate => "x-mcp-header names a header that is taken",
            Invalid::Empty => "x-mcp-header is empty",
            Invalid::NotAToken => "x-mcp-header is not the name of a header",
            Invalid::NotPrimitive => "x-mcp-header is not on a string, an integer or a boolean",
            Invalid::Unreachable => "x-mcp-header is not on a property, or not by properties alone",
        })
    }
}

/// A walk through a schema.
#[derive(Debug)]
struct Reading<'s> {
    /// The properties that lead here; `None` if the way has anything else in it.
    path: Option<Vec<&'s str>>,
    paths: BTreeMap<Box<str>, Path>,
}

impl<'s> Reading<'s> {
    fn schema(&mut self, schema: &'s Value) -> Result<(), Invalid> {
        let Value::Object(keywords) = schema else { return Ok(()) };
        if let Some(annotation) = keywords.get(ANNOTATION) {
            self.annotation(annotation, keywords.get("type"))?;
        }
        for (keyword, value) in keywords {
            match (Holds::of(keyword), value) {
                (None, _) => {}
                (Some(Holds::Properties), Value::Object(properties)) => {
                    self.properties(properties)?;
                }
                (Some(holds), value) => self.others(holds, value)?,
            }
        }
        Ok(())
    }

    fn annotation(&mut self, annotation: &Value, kind: Option<&Value>) -> Result<(), Invalid> {
        let path = self.path.as_deref().filter(|path| !path.is_empty());
        let path = path.ok_or(Invalid::Unreachable)?;
        let name = annotation.as_str().ok_or(Invalid::NotAToken)?;
        if name.is_empty() {
            return Err(Invalid::Empty);
        }
        if !name.bytes().all(is_token_byte) {
            return Err(Invalid::NotAToken);
        }
        if !matches!(kind.and_then(Value::as_str), Some("boolean" | "integer" | "string")) {
            return Err(Invalid::NotPrimitive);
        }
        let path = path.iter().map(|&name| name.into()).collect();
        match self.paths.insert(name.to_ascii_lowercase().into(), path) {
            Some(_) => Err(Invalid::Duplicate),
            None => Ok(()),
        }
    }

    fn properties(&mut self, properties: &'s Map<String, Value>) -> Result<(), Invalid> {
        for (name, schema) in properties {
            if let Some(path) = &mut self.path {
                path.push(name);
            }
            self.schema(schema)?;
            if let Some(path) = &mut self.path {
                path.pop();
            }
        }
        Ok(())
    }

    /// Walks the schemas that do not describe a property at a fixed place.
    fn others(&mut self, holds: Holds, value: &'s Value) -> Result<(), Invalid> {
        let path = self.path.take();
        match value {
            Value::Array(schemas) => schemas.iter().try_for_each(|schema| self.schema(schema))?,
            Value::Object(named) if holds != Holds::Schemas => {
                named.values().try_for_each(|schema| self.schema(schema))?;
            }
            schema => self.schema(schema)?,
        }
        self.path = path;
        Ok(())
    }
}

/// The kind of schemas that the value of a keyword holds. The value of an unknown keyword is data,
/// in which the annotation's name has no meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    /// Schemas keyed by property names.
    Properties,
    /// Schemas keyed by other names.
    Named,
    /// A schema, or a list of them.
    Schemas,
}

impl Holds {
    /// Returns the kind for the keywords of JSON Schema 2020-12, core, section 10 and validation,
    /// section 8, and for those of draft 7 (`definitions`, `dependencies`, `additionalItems`).
    fn of(keyword: &str) -> Option<Holds> {
        Some(match keyword {
            "properties" => Holds::Properties,
            "$defs" | "definitions" | "dependencies" | "dependentSchemas" | "patternProperties" => {
                Holds::Named
            }
            "additionalItems"
            | "additionalProperties"
            | "allOf"
            | "anyOf"
            | "contains"
            | "contentSchema"
            | "else"
            | "if"
            | "items"
            | "not"
            | "oneOf"
            | "prefixItems"
            | "propertyNames"
            | "then"
            | "unevaluatedItems"
            | "unevaluatedProperties" => Holds::Schemas,
            _ => return None,
        })
    }
}

/// The annotations in a page of `tools/list`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolsPage {
    /// The annotated tools by name.
    pub mirrored: Vec<(String, HeaderParams)>,
    /// The tools with invalid annotations, and the reason. Their annotations are ignored.
    pub invalid: Vec<(String, Invalid)>,
    /// The result without the annotations of those tools, or `None` if there are no such tools.
    pub rewritten: Option<Vec<u8>>,
}

/// Reads a result of `tools/list`, a JSON text.
///
/// A client must drop a tool whose annotations are invalid. The tool is valid without them, and its
/// server reads no headers, so the annotations are removed. The rest of the result is unchanged.
/// Values that are not a result or a tool are ignored, as are schemas nested deeper than 127
/// levels.
pub fn read_tools_page(result: &[u8]) -> ToolsPage {
    let mut listed = ToolsPage::default();
    let mut edits = Vec::new();
    for tool in tools(result) {
        let Ok(mut schema) = serde_json::from_str::<Value>(tool.schema.get()) else { continue };
        match HeaderParams::of(&schema) {
            Ok(params) if params.is_empty() => {}
            Ok(params) => listed.mirrored.push((tool.name.into(), params)),
            Err(invalid) => {
                strip(&mut schema);
                edits.push((place(tool.schema, result), schema.to_string()));
                listed.invalid.push((tool.name.into(), invalid));
            }
        }
    }
    listed.rewritten = (!edits.is_empty()).then(|| edited(result, &edits));
    listed
}

/// Returns the tools of a result that may have annotations.
fn tools(result: &[u8]) -> Vec<ListedTool<'_>> {
    // Any character can be written as an escape; most results have neither.
    #[cfg(test)]
    crate::json::walked::add(result.len());
    let has = |part: &str| memmem::find(result, part.as_bytes()).is_some();
    if !has(ANNOTATION) && !has(r"\u00") {
        return Vec::new();
    }
    let tools = serde_json::from_slice(result).map_or(Vec::new(), |page: Page<'_>| page.tools);
    tools.into_iter().filter_map(|tool| serde_json::from_str(tool.get()).ok()).collect()
}

#[derive(Debug, Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    tools: Vec<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct ListedTool<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, rename = "inputSchema")]
    schema: &'a RawValue,
}

/// Removes every annotation from a schema.
fn strip(schema: &mut Value) {
    let Value::Object(keywords) = schema else { return };
    keywords.shift_remove(ANNOTATION);
    for (keyword, value) in keywords {
        match (Holds::of(keyword), value) {
            (None, _) => {}
            (Some(_), Value::Array(schemas)) => schemas.iter_mut().for_each(strip),
            (Some(Holds::Named | Holds::Properties), Value::Object(named)) => {
                named.values_mut().for_each(strip);
            }
            (Some(_), schema) => strip(schema),
        }
    }
}

/// Returns the position of a value in the text that it was borrowed from.
fn place(value: &RawValue, text: &[u8]) -> Range<usize> {
    let start = value.get().as_ptr() as usize - text.as_ptr() as usize;
    start..start + value.get().len()
}

/// Returns the text with replacements at these positions, given in order.
fn edited(text: &[u8], edits: &[(Range<usize>, String)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for (place, new) in edits {
        out.extend_from_slice(&text[at..place.start]);
        out.extend_from_slice(new.as_bytes());
        at = place.end;
    }
    out.extend_from_slice(&text[at..]);
    out
}

const ANNOTATION: &str = "x-mcp-header";

#[cfg(test)]
mod tests;
