//! The fields a request may hold: found by name, and checked when they are used.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::Fault;
use super::incoming::{is_id, present, text_of};

/// `params` of every request and notification served here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) capabilities: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) cursor: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) level: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "_meta")]
    pub(super) meta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) name: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) protocol_version: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) request_id: Option<&'a RawValue>,
}

impl<'a> Params<'a> {
    pub(super) fn parse(params: Option<&'a RawValue>) -> Result<Self, Fault> {
        params.map_or(Ok(Params::default()), |value| object(value, "params"))
    }

    /// The JSON text of the token under which progress is wanted.
    pub(super) fn progress_token(&self) -> Result<Option<&'a str>, Fault> {
        let Some(meta) = self.meta else { return Ok(None) };
        let meta: Meta<'a> = object(meta, "params._meta")?;
        match meta.progress_token.map(RawValue::get) {
            Some(token) if !is_id(token) => {
                Err(wrong("params._meta.progressToken", "must be a string or a whole number"))
            }
            token => Ok(token),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(borrow, default)]
    progress_token: Option<&'a RawValue>,
}

/// `params.arguments` of every tool.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Arguments<'a> {
    #[serde(borrow, default)]
    pub(super) a: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) b: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) interval_ms: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) question: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) steps: Option<&'a RawValue>,
}

impl<'a> Arguments<'a> {
    pub(super) fn parse(params: &Params<'a>) -> Result<Self, Fault> {
        params.arguments.map_or(Ok(Arguments::default()), |value| object(value, "params.arguments"))
    }
}

/// The fields of a JSON object; what else it holds is passed over.
pub(super) fn object<'a, T: Deserialize<'a>>(
    value: &'a RawValue,
    path: &'static str,
) -> Result<T, Fault> {
    if !value.get().starts_with('{') {
        return Err(wrong(path, "must be an object"));
    }
    // All that can be wrong with an object of raw values is a key given twice.
    serde_json::from_str(value.get()).map_err(|_| wrong(path, "holds a key twice"))
}

/// A field that must be a string.
pub(super) fn string<'a>(
    value: Option<&'a RawValue>,
    path: &'static str,
) -> Result<Cow<'a, str>, Fault> {
    value.and_then(text_of).ok_or_else(|| wrong(path, "must be a string"))
}

/// The JSON text of a field that must be a string.
pub(super) fn string_json<'a>(
    value: Option<&'a RawValue>,
    path: &'static str,
) -> Result<&'a str, Fault> {
    let json = value.map(RawValue::get).filter(|json| json.starts_with('"'));
    json.ok_or_else(|| wrong(path, "must be a string"))
}

/// The JSON text of a field that must be a number.
pub(super) fn number_json<'a>(
    value: Option<&'a RawValue>,
    path: &'static str,
) -> Result<&'a str, Fault> {
    let is_number = |json: &&str| json.starts_with(|c: char| c == '-' || c.is_ascii_digit());
    value.map(RawValue::get).filter(is_number).ok_or_else(|| wrong(path, "must be a number"))
}

/// A field that must be a whole number in a range, where it is there.
pub(super) fn whole_or(
    default: u64,
    value: Option<&RawValue>,
    path: &'static str,
    range: RangeInclusive<u64>,
) -> Result<u64, Fault> {
    let Some(value) = value else { return Ok(default) };
    value.get().parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let (min, max) = range.into_inner();
        wrong(path, &format!("must be a whole number from {min} to {max}"))
    })
}

fn wrong(path: &str, must: &str) -> Fault {
    Fault::invalid_params(format!("{path} {must}"))
}
