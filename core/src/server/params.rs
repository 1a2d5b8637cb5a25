//! The known fields of a request: found by name, and validated when they are used.

use std::borrow::Cow;

use serde_json::Value;

use super::incoming::text_of;
use super::rpc_error::{unclear, wrong};
use super::{Arguments, Client, LogLevel, RpcError, check};
use crate::json::object::pick;
use crate::reject::Reject;

/// The known fields of `params`, for every request and notification served here, as JSON text. A
/// `null` counts as missing, except in fields that are documented as unchanged.
#[derive(Debug, Default)]
pub(super) struct Params<'a> {
    argument: Option<&'a str>,
    /// Unchanged, so that `null` is kept.
    pub(super) arguments: Option<&'a str>,
    capabilities: Option<&'a str>,
    client_info: Option<&'a str>,
    context: Option<&'a str>,
    cursor: Option<&'a str>,
    /// Unchanged, so that `null` is kept.
    pub(super) input_responses: Option<&'a str>,
    pub(super) level: Option<&'a str>,
    meta: Option<Result<Meta<'a>, RpcError>>,
    pub(super) name: Option<&'a str>,
    /// Unchanged, so that `null` is kept.
    protocol_version: Option<&'a str>,
    reference: Option<&'a str>,
    /// Unchanged, so that `null` is kept.
    pub(super) request_state: Option<&'a str>,
    pub(super) uri: Option<&'a str>,
}

/// `_meta` of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Meta<'a> {
    /// Unchanged, so that `null` is kept.
    capabilities: Option<&'a str>,
    client_info: Option<&'a str>,
    log_level: Option<&'a str>,
    /// Unchanged, so that `null` is kept.
    version: Option<&'a str>,
}

/// The parameters of `completion/complete`.
#[derive(Debug)]
pub(super) struct Completed<'a> {
    /// The prompt or template, identified by its name or URI.
    pub(super) of: Reference<'a>,
    /// The argument.
    pub(super) argument: Cow<'a, str>,
    /// The part of the value typed so far.
    pub(super) value: Cow<'a, str>,
    /// The values of other arguments.
    pub(super) others: Arguments<'a>,
}

/// The prompt or template that the argument belongs to.
#[derive(Debug)]
pub(super) enum Reference<'a> {
    Prompt(Cow<'a, str>),
    Template(Cow<'a, str>),
}

impl<'a> Params<'a> {
    pub(super) fn parse(params: Option<&'a str>) -> Result<Self, RpcError> {
        let Some(json) = params else { return Ok(Params::default()) };
        let [
            argument,
            arguments,
            capabilities,
            client_info,
            context,
            cursor,
            input_responses,
            level,
            meta,
            name,
            protocol_version,
            reference,
            request_state,
            uri,
        ] = fields(json, "params", &PARAMS)?;
        Ok(Params {
            argument: argument.filter(is_some),
            arguments,
            capabilities: capabilities.filter(is_some),
            client_info: client_info.filter(is_some),
            context: context.filter(is_some),
            cursor: cursor.filter(is_some),
            input_responses,
            level: level.filter(is_some),
            meta: meta.filter(is_some).map(Meta::parse),
            name: name.filter(is_some),
            protocol_version,
            reference: reference.filter(is_some),
            request_state,
            uri: uri.filter(is_some),
        })
    }

    /// Parses `_meta`.
    pub(super) fn meta(&self) -> Result<Meta<'a>, RpcError> {
        self.meta.clone().unwrap_or(Ok(Meta::default()))
    }

    /// Refuses a cursor: lists have one page.
    pub(super) fn no_cursor(&self) -> Result<(), RpcError> {
        match self.cursor {
            Some(_) => Err(wrong("params.cursor", "is unknown: there is only one page")),
            None => Ok(()),
        }
    }

    pub(super) fn protocol_version(&self) -> Result<Option<Cow<'a, str>>, RpcError> {
        optional(self.protocol_version, "params.protocolVersion")
    }

    /// Parses the client's description in `initialize`. Extensions are left out because the legacy
    /// era has none.
    pub(super) fn client(&self) -> Result<Client, RpcError> {
        let info = self.client_info;
        let (name, version) = named(info, "params.clientInfo")?;
        let mut capabilities = capabilities(self.capabilities, "params.capabilities")?;
        if let Some(Value::Object(members)) = &mut capabilities {
            members.remove("extensions");
        }
        Ok(Client { name, version, capabilities, ..Client::default() })
    }

    /// Parses the parameters of `completion/complete`.
    pub(super) fn completed(&self) -> Result<Completed<'a>, RpcError> {
        let of = self.reference()?;
        let argument = required(self.argument, "params.argument")?;
        let [name, value] = fields(argument, "params.argument", &["name", "value"])?;
        Ok(Completed {
            of,
            argument: string(name, "params.argument.name")?,
            value: string(value, "params.argument.value")?,
            others: self.other_arguments()?,
        })
    }

    fn other_arguments(&self) -> Result<Arguments<'a>, RpcError> {
        let Some(context) = self.context else { return Ok(Arguments::default()) };
        let [given] = fields(context, "params.context", &["arguments"])?;
        let Some(given) = given.filter(is_some) else { return Ok(Arguments::default()) };
        let others = check::members(given, "params.context.arguments")?;
        if others.iter().any(|(_, value)| text_of(value).is_none()) {
            return Err(wrong("params.context.arguments", "must be an object of strings"));
        }
        Ok(others)
    }

    fn reference(&self) -> Result<Reference<'a>, RpcError> {
        let reference = required(self.reference, "params.ref")?;
        let [name, kind, uri] = fields(reference, "params.ref", &["name", "type", "uri"])?;
        match &*string(kind, "params.ref.type")? {
            "ref/prompt" => Ok(Reference::Prompt(string(name, "params.ref.name")?)),
            "ref/resource" => Ok(Reference::Template(string(uri, "params.ref.uri")?)),
            _ => Err(wrong("params.ref.type", "must be \"ref/prompt\" or \"ref/resource\"")),
        }
    }
}

impl<'a> Meta<'a> {
    fn parse(json: &'a str) -> Result<Self, RpcError> {
        let [capabilities, client_info, log_level, version] = fields(json, "params._meta", &META)?;
        Ok(Meta {
            capabilities,
            client_info: client_info.filter(is_some),
            log_level: log_level.filter(is_some),
            version,
        })
    }

    /// Returns whether the request belongs to the modern era (2026-07-28, basic/versioning).
    pub(super) fn is_modern(&self) -> bool {
        self.version.is_some() || self.capabilities.is_some()
    }

    /// Returns the revision that a modern request declares.
    ///
    /// # Errors
    ///
    /// It declares no revision, or no client capabilities.
    pub(super) fn version(&self) -> Result<Cow<'a, str>, RpcError> {
        let version = self.version.and_then(text_of);
        let has_capabilities = self.capabilities.is_some_and(|it| it.starts_with('{'));
        version.filter(|_| has_capabilities).ok_or_else(|| RpcError::of(Reject::MissingMeta))
    }

    /// Parses the client's description in a modern request.
    pub(super) fn client(&self) -> Result<Client, RpcError> {
        let (name, version) = named(self.client_info, CLIENT_INFO)?;
        let capabilities = capabilities(self.capabilities, CLIENT_CAPABILITIES)?;
        let log_level = optional(self.log_level, LOG_LEVEL)?;
        let log_level = log_level.map(|name| LogLevel::parse(&name));
        let log_level = log_level.transpose().map_err(|_| wrong(LOG_LEVEL, "is no log level"))?;
        Ok(Client { name, version, capabilities, log_level, ..Client::default() })
    }
}

/// Parses the name and version of a client.
fn named(info: Option<&str>, path: &str) -> Result<(Option<String>, Option<String>), RpcError> {
    let Some(info) = info else { return Ok((None, None)) };
    let [name, version] = fields(info, path, &["name", "version"])?;
    Ok((kept(name, path, "name")?, kept(version, path, "version")?))
}

/// Parses the capabilities of a client; an object, if present.
fn capabilities(given: Option<&str>, path: &str) -> Result<Option<Value>, RpcError> {
    let Some(given) = given else { return Ok(None) };
    if !given.starts_with('{') {
        return Err(wrong(path, "must be an object"));
    }
    if given.len() > CAPABILITIES_BYTES_MAX {
        return Err(wrong(path, "is too long"));
    }
    serde_json::from_str(given).map(Some).map_err(|_| wrong(path, "cannot be read"))
}

/// Returns the fields of a JSON object by name; unknown fields are ignored.
pub(super) fn fields<'a, const N: usize>(
    json: &'a str,
    path: &str,
    names: &[&str; N],
) -> Result<[Option<&'a str>; N], RpcError> {
    if !json.starts_with('{') {
        return Err(wrong(path, "must be an object"));
    }
    pick(json, names).map_err(|it| unclear(path, it))
}

/// Returns a field that must be an object.
pub(super) fn required<'a>(value: Option<&'a str>, path: &str) -> Result<&'a str, RpcError> {
    value.ok_or_else(|| wrong(path, "must be an object"))
}

/// Returns whether a field is not `null`.
pub(super) fn is_some(json: &&str) -> bool {
    *json != "null"
}

/// Returns a field that must be a string.
pub(super) fn string<'a>(value: Option<&'a str>, path: &str) -> Result<Cow<'a, str>, RpcError> {
    value.and_then(text_of).ok_or_else(|| wrong(path, "must be a string"))
}

/// Returns an optional field that must be a string if present.
fn optional<'a>(value: Option<&'a str>, path: &str) -> Result<Option<Cow<'a, str>>, RpcError> {
    value.map(|value| string(Some(value), path)).transpose()
}

/// Returns a string field that is stored for the length of a connection and must be short.
fn kept(value: Option<&str>, path: &str, name: &str) -> Result<Option<String>, RpcError> {
    let fault = |must| wrong(&format!("{path}.{name}"), must);
    let Some(value) = value.filter(is_some) else { return Ok(None) };
    let text = text_of(value).ok_or_else(|| fault("must be a string"))?;
    match text.len() > KEPT_BYTES_MAX {
        true => Err(fault("is too long")),
        false => Ok(Some(text.into_owned())),
    }
}

/// The field names of [`Params`], in the same order.
const PARAMS: [&str; 14] = [
    "argument",
    "arguments",
    "capabilities",
    "clientInfo",
    "context",
    "cursor",
    "inputResponses",
    "level",
    "_meta",
    "name",
    "protocolVersion",
    "ref",
    "requestState",
    "uri",
];

/// The field names of [`Meta`], in the same order.
const META: [&str; 4] = [
    "io.modelcontextprotocol/clientCapabilities",
    "io.modelcontextprotocol/clientInfo",
    "io.modelcontextprotocol/logLevel",
    "io.modelcontextprotocol/protocolVersion",
];

const CLIENT_INFO: &str = "params._meta.io.modelcontextprotocol/clientInfo";

const CLIENT_CAPABILITIES: &str = "params._meta.io.modelcontextprotocol/clientCapabilities";

const LOG_LEVEL: &str = "params._meta.io.modelcontextprotocol/logLevel";

/// The maximum length of each stored field of the client's description, in bytes.
const KEPT_BYTES_MAX: usize = 1024;

/// The maximum length of the client's capabilities, in bytes of JSON text.
const CAPABILITIES_BYTES_MAX: usize = 64 * 1024;
