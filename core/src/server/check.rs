//! Validation of arguments against the published schema. Each fault is an invalid-params error that
//! names the path.
//!
//! | wrong is | the message |
//! |---|---|
//! | all of them | `params.arguments must be an object` |
//! | a key | `params.arguments holds a key twice` |
//! | a type, or a required argument is missing | `params.arguments.message must be a string` |
//! | a value | `params.arguments.count must be a whole number from 1 to 10` |
//! | a name, where the schema is closed | `params.arguments.mesage is unknown` |

use std::borrow::Cow;

use super::arguments::integer;
use super::incoming::text_of;
use super::rpc_error::{unclear, wrong};
use super::{Arguments, Field, Kind, Prompt, RpcError, Schema};
use crate::json::object;
use crate::log_text::truncate_for_log;

const PATH: &str = "params.arguments";

/// Parses `params.arguments`. Missing arguments parse as an empty object; `null` is an error.
pub(super) fn arguments(given: Option<&str>) -> Result<Arguments<'_>, RpcError> {
    let Some(given) = given else { return Ok(Arguments::default()) };
    members(given, PATH)
}

/// Parses an object that may have any members.
pub(super) fn members<'a>(json: &'a str, path: &str) -> Result<Arguments<'a>, RpcError> {
    if !json.starts_with('{') {
        return Err(wrong(path, "must be an object"));
    }
    let members = object::members(json).map_err(|it| unclear(path, it))?;
    Ok(Arguments::from_iter(members))
}

/// Validates the arguments of a tool.
pub(super) fn tool(schema: &Schema, arguments: &Arguments<'_>) -> Result<(), RpcError> {
    for field in schema.fields() {
        match arguments.json(field.name) {
            Some(json) => value(field, json)?,
            None if field.required => return Err(refusal(field)),
            None => {}
        }
    }
    let is_known = |name: &str| schema.fields().iter().any(|field| field.name == name);
    match arguments.iter().find(|(name, _)| schema.is_closed() && !is_known(name)) {
        Some((name, _)) => Err(wrong(&path(&truncate_for_log(name)), "is unknown")),
        None => Ok(()),
    }
}

/// Validates the arguments of a prompt; all of them are strings.
pub(super) fn prompt(prompt: &Prompt, arguments: &Arguments<'_>) -> Result<(), RpcError> {
    let must_be_string = |name: &str| wrong(&path(&truncate_for_log(name)), "must be a string");
    for argument in &prompt.arguments {
        if argument.required && arguments.json(argument.name).is_none() {
            return Err(must_be_string(argument.name));
        }
    }
    match arguments.iter().find(|(_, value)| text_of(value).is_none()) {
        Some((name, _)) => Err(must_be_string(name)),
        None => Ok(()),
    }
}

fn value(field: &Field, json: &str) -> Result<(), RpcError> {
    let fits = match &field.kind {
        Kind::Boolean => matches!(json, "true" | "false"),
        Kind::Choice(values) => text_of(json).is_some_and(|given| values.contains(&&*given)),
        Kind::Integer(min, max) => {
            integer(json).is_some_and(|number| (*min..=*max).contains(&number))
        }
        Kind::Number => json.starts_with(|first: char| first == '-' || first.is_ascii_digit()),
        Kind::String => text_of(json).is_some(),
    };
    if fits { Ok(()) } else { Err(refusal(field)) }
}

fn refusal(field: &Field) -> RpcError {
    let must = match &field.kind {
        Kind::Boolean => "must be true or false".into(),
        Kind::Choice(values) => format!("must be one of {}", values.join(", ")).into(),
        Kind::Integer(i64::MIN, i64::MAX) => "must be a whole number".into(),
        Kind::Integer(min, max) => Cow::from(format!("must be a whole number from {min} to {max}")),
        Kind::Number => "must be a number".into(),
        Kind::String => "must be a string".into(),
    };
    wrong(&path(field.name), &must)
}

fn path(name: &str) -> String {
    format!("{PATH}.{name}")
}
