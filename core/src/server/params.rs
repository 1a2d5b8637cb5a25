//! The fields a request may hold: found by name, and checked when they are used.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::incoming::{present, text_of};
use super::{Arguments, Client, Fault, LogLevel, check};
use crate::json::is_id;
use crate::reject::Reject;

/// `params` of every request and notification served here.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params<'a> {
    #[serde(borrow, default)]
    argument: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow, default)]
    capabilities: Option<&'a RawValue>,
    #[serde(borrow, default)]
    client_info: Option<&'a RawValue>,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cursor: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) level: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) input_responses: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    pub(super) request_state: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "_meta")]
    meta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) name: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    protocol_version: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "ref")]
    reference: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) request_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) uri: Option<&'a RawValue>,
}

/// `_meta` of a request.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Meta<'a> {
    #[serde(borrow, default, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/clientCapabilities")]
    #[serde(deserialize_with = "present")]
    capabilities: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/clientInfo")]
    client_info: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/logLevel")]
    log_level: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "io.modelcontextprotocol/protocolVersion")]
    #[serde(deserialize_with = "present")]
    version: Option<&'a RawValue>,
}

/// Who a client says it is.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Named<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    version: Option<&'a RawValue>,
}

/// What is to be completed.
#[derive(Debug)]
pub(super) struct Completed<'a> {
    /// The prompt or template, by its name or its URI.
    pub(super) of: Reference<'a>,
    /// The argument.
    pub(super) argument: Cow<'a, str>,
    /// What has been typed of its value.
    pub(super) value: Cow<'a, str>,
    /// The strings that other arguments have been given.
    pub(super) others: Arguments<'a>,
}

/// What an argument that is to be completed belongs to.
#[derive(Debug)]
pub(super) enum Reference<'a> {
    Prompt(Cow<'a, str>),
    Template(Cow<'a, str>),
}

impl<'a> Params<'a> {
    pub(super) fn parse(params: Option<&'a str>) -> Result<Self, Fault> {
        params.map_or(Ok(Params::default()), |json| object(json, "params"))
    }

    /// What is said about the request.
    pub(super) fn meta(&self) -> Result<Meta<'a>, Fault> {
        self.meta.map_or(Ok(Meta::default()), |meta| object(meta.get(), "params._meta"))
    }

    /// Lists have one page, and no cursor leads to another.
    pub(super) fn no_cursor(&self) -> Result<(), Fault> {
        match self.cursor {
            Some(_) => Err(wrong("params.cursor", "is unknown: there is only one page")),
            None => Ok(()),
        }
    }

    pub(super) fn protocol_version(&self) -> Result<Option<Cow<'a, str>>, Fault> {
        optional(self.protocol_version, "params.protocolVersion")
    }

    /// The client, as `initialize` describes it. Extensions are left out: what they add has no form
    /// in the legacy era.
    pub(super) fn client(&self) -> Result<Client, Fault> {
        let info = self.client_info;
        let (name, version) = named(info, "params.clientInfo")?;
        let mut capabilities = capabilities(self.capabilities, "params.capabilities")?;
        if let Some(Value::Object(members)) = &mut capabilities {
            members.remove("extensions");
        }
        Ok(Client { name, version, capabilities, ..Client::default() })
    }

    /// What is to be completed.
    pub(super) fn completed(&self) -> Result<Completed<'a>, Fault> {
        #[derive(Deserialize)]
        struct Argument<'a> {
            #[serde(borrow, default)]
            name: Option<&'a RawValue>,
            #[serde(borrow, default)]
            value: Option<&'a RawValue>,
        }
        let of = self.reference()?;
        let argument: Argument<'a> = required_object(self.argument, "params.argument")?;
        Ok(Completed {
            of,
            argument: string(argument.name, "params.argument.name")?,
            value: string(argument.value, "params.argument.value")?,
            others: self.other_arguments()?,
        })
    }

    fn other_arguments(&self) -> Result<Arguments<'a>, Fault> {
        #[derive(Deserialize)]
        struct Context<'a> {
            #[serde(borrow, default)]
            arguments: Option<&'a RawValue>,
        }
        let Some(context) = self.context else { return Ok(Arguments::default()) };
        let context: Context<'a> = object(context.get(), "params.context")?;
        let Some(given) = context.arguments else { return Ok(Arguments::default()) };
        let others = check::members(given.get(), "params.context.arguments")?;
        if others.iter().any(|(_, value)| !value.get().starts_with('"')) {
            return Err(wrong("params.context.arguments", "must be an object of strings"));
        }
        Ok(others)
    }

    fn reference(&self) -> Result<Reference<'a>, Fault> {
        #[derive(Deserialize)]
        struct Ref<'a> {
            #[serde(borrow, default)]
            name: Option<&'a RawValue>,
            #[serde(borrow, default, rename = "type")]
            kind: Option<&'a RawValue>,
            #[serde(borrow, default)]
            uri: Option<&'a RawValue>,
        }
        let reference: Ref<'a> = required_object(self.reference, "params.ref")?;
        match &*string(reference.kind, "params.ref.type")? {
            "ref/prompt" => Ok(Reference::Prompt(string(reference.name, "params.ref.name")?)),
            "ref/resource" => Ok(Reference::Template(string(reference.uri, "params.ref.uri")?)),
            _ => Err(wrong("params.ref.type", "must be \"ref/prompt\" or \"ref/resource\"")),
        }
    }
}

impl<'a> Meta<'a> {
    /// Whether it is that of a request of the modern era (2026-07-28, basic/versioning).
    pub(super) fn is_modern(&self) -> bool {
        self.version.is_some() || self.capabilities.is_some()
    }

    /// The JSON text of the token under which progress is wanted.
    pub(super) fn progress_token(&self) -> Result<Option<&'a str>, Fault> {
        match self.progress_token.map(RawValue::get) {
            Some(token) if !is_id(token.as_bytes()) => {
                Err(wrong("params._meta.progressToken", "must be a string or a whole number"))
            }
            token => Ok(token),
        }
    }

    /// The revision that a request of the modern era is of.
    ///
    /// # Errors
    ///
    /// It does not say so, or not what the client can do.
    pub(super) fn version(&self) -> Result<Cow<'a, str>, Fault> {
        let version = self.version.map(RawValue::get).and_then(text_of);
        let has_capabilities = self.capabilities.is_some_and(|it| it.get().starts_with('{'));
        version.filter(|_| has_capabilities).ok_or_else(|| Fault::of(Reject::MissingMeta))
    }

    /// The client, as a request of the modern era describes it.
    pub(super) fn client(&self) -> Result<Client, Fault> {
        let (name, version) = named(self.client_info, CLIENT_INFO)?;
        let capabilities = capabilities(self.capabilities, CLIENT_CAPABILITIES)?;
        let wants_progress = self.progress_token.is_some();
        let log_level = optional(self.log_level, LOG_LEVEL)?;
        let log_level = log_level.map(|name| LogLevel::parse(&name));
        let log_level = log_level.transpose().map_err(|_| wrong(LOG_LEVEL, "is no log level"))?;
        Ok(Client { name, version, capabilities, wants_progress, log_level })
    }
}

/// The name and the version of a client.
fn named(info: Option<&RawValue>, path: &str) -> Result<(Option<String>, Option<String>), Fault> {
    let Some(info) = info else { return Ok((None, None)) };
    let info: Named<'_> = object(info.get(), path)?;
    let member = |value, name| kept(value, &format!("{path}.{name}"));
    Ok((member(info.name, "name")?, member(info.version, "version")?))
}

/// What a client can do; an object, if anything.
fn capabilities(given: Option<&RawValue>, path: &str) -> Result<Option<Value>, Fault> {
    let Some(given) = given else { return Ok(None) };
    if !given.get().starts_with('{') {
        return Err(wrong(path, "must be an object"));
    }
    if given.get().len() > CAPABILITIES_BYTES_MAX {
        return Err(wrong(path, "is too long"));
    }
    serde_json::from_str(given.get()).map(Some).map_err(|_| wrong(path, "cannot be read"))
}

/// The fields of a JSON object; what else it holds is passed over.
pub(super) fn object<'a, T: Deserialize<'a>>(json: &'a str, path: &str) -> Result<T, Fault> {
    if !json.starts_with('{') {
        return Err(wrong(path, "must be an object"));
    }
    serde_json::from_str(json).map_err(|error| {
        let is_twice = error.is_data();
        wrong(path, if is_twice { "holds a key twice" } else { "holds a key that is no text" })
    })
}

pub(super) fn required_object<'a, T: Deserialize<'a>>(
    value: Option<&'a RawValue>,
    path: &str,
) -> Result<T, Fault> {
    value.map_or_else(|| Err(wrong(path, "must be an object")), |value| object(value.get(), path))
}

/// A field that must be a string.
pub(super) fn string<'a>(value: Option<&'a RawValue>, path: &str) -> Result<Cow<'a, str>, Fault> {
    value.map(RawValue::get).and_then(text_of).ok_or_else(|| wrong(path, "must be a string"))
}

/// A field that must be a string if it is there.
fn optional<'a>(value: Option<&'a RawValue>, path: &str) -> Result<Option<Cow<'a, str>>, Fault> {
    value.map(|value| string(Some(value), path)).transpose()
}

/// A field that is kept for as long as its conversation lasts, and must not be long.
fn kept(value: Option<&RawValue>, path: &str) -> Result<Option<String>, Fault> {
    let text = optional(value, path)?;
    match text {
        Some(text) if text.len() > KEPT_BYTES_MAX => Err(wrong(path, "is too long")),
        text => Ok(text.map(Cow::into_owned)),
    }
}

/// The fault of a field.
pub(super) fn wrong(path: &str, must: &str) -> Fault {
    Fault::invalid_params(format!("{path} {must}"))
}

const CLIENT_INFO: &str = "params._meta.io.modelcontextprotocol/clientInfo";

const CLIENT_CAPABILITIES: &str = "params._meta.io.modelcontextprotocol/clientCapabilities";

const LOG_LEVEL: &str = "params._meta.io.modelcontextprotocol/logLevel";

/// Bytes of what a client says of itself, each of it.
const KEPT_BYTES_MAX: usize = 1024;

/// Bytes of the JSON text of what a client can do.
const CAPABILITIES_BYTES_MAX: usize = 64 * 1024;
