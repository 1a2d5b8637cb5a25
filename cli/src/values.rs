//! Parsers for the values of the command line. Each error describes the required form.

use std::error::Error;
use std::ffi::OsString;
use std::net::IpAddr;
use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use pontoon_config::settings::{HeaderName, VariableName};
use pontoon_core::auth::{Algorithm, Cidr, Resource, ScopeRule, check_endpoint_url};
use pontoon_core::{Duration, HeaderVariable, Revision};
use pontoon_servers::calculator;
use strum::VariantNames;

use crate::runtime::{self, RUNTIMES, Runtime};

/// An environment variable for the wrapped command; without a value it is passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) name: OsString,
    pub(crate) value: Option<OsString>,
}

/// Revisions, without duplicates and in the given order; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revisions(pub(crate) Vec<Revision>);

/// A URL with plain HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProbeUrl {
    /// Whether it is an https URL.
    pub(crate) tls: bool,
    /// The host, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The path and the query.
    pub(crate) target: String,
}

type Read<T> = Result<T, String>;

pub(crate) fn bind_host(text: &str) -> Read<String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if bare.is_empty() || bare.contains(['/', ' ', '@', '[', ']']) {
        return Err("an address to listen on is an IP address or a host name".into());
    }
    if let Some((host, port)) = bare.split_once(':')
        && port.parse::<u16>().is_ok()
    {
        return Err(format!("a host has no port; give --host {host} --port {port}"));
    }
    Ok(bare.to_owned())
}

/// Parses a whole number within these limits.
pub(crate) fn number<T: TryFrom<u64>, const MIN: u64, const MAX: u64>(text: &str) -> Read<T> {
    let number = text.parse().ok().filter(|number| (MIN..=MAX).contains(number));
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| match MAX {
        u64::MAX => format!("must be a whole number of at least {MIN}"),
        _ => format!("must be a whole number from {MIN} to {MAX}"),
    })
}

pub(crate) fn path(text: &str) -> Read<String> {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'%');
    if !text.starts_with('/') || text.contains("//") || !text.bytes().all(plain) {
        return Err("a path begins with / and has no query, blanks or escapes".into());
    }
    let trimmed = text.trim_end_matches('/');
    if ["/health", "/livez", "/metrics", "/readyz"].contains(&trimmed) {
        return Err("this path has a meaning of its own".into());
    }
    Ok(if trimmed.is_empty() { "/".to_owned() } else { trimmed.to_owned() })
}

pub(crate) fn host(text: &str) -> Read<String> {
    let text = text.trim();
    let name = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
    };
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => Ok(format!("[{address}]")),
        Ok(IpAddr::V4(address)) => Ok(address.to_string()),
        Err(_) if text == "*" => Ok(text.to_owned()),
        Err(_) if !text.is_empty() && name(text) => Ok(text.to_ascii_lowercase()),
        Err(_) => Err("a host is a name or an IP address, without scheme and port, or *".into()),
    }
}

pub(crate) fn origin(text: &str) -> Read<String> {
    let text = text.trim().trim_end_matches('/').to_ascii_lowercase();
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#' | b'@');
    if text == "*" {
        return Err(
            "it would admit every site; list the origins that may call: https://example.com".into(),
        );
    }
    if scheme.is_empty() || rest.is_empty() || rest.contains('*') || !rest.bytes().all(plain) {
        return Err("an origin is a scheme and a host, as in https://example.com".into());
    }
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return Ok(text),
    };
    Ok(text.strip_suffix(default_port).unwrap_or(&text).to_owned())
}

pub(crate) fn resource(text: &str) -> Read<String> {
    Resource::new(text).map(|_| text.to_owned()).map_err(str::to_owned)
}

/// Parses the URL of an authorization server, or of one of its endpoints.
pub(crate) fn endpoint_url(text: &str) -> Read<String> {
    check_endpoint_url(text).map(|()| text.to_owned()).map_err(str::to_owned)
}

pub(crate) fn algorithm(text: &str) -> Read<Algorithm> {
    text.parse().map_err(|_| format!("must be one of {}", Algorithm::VARIANTS.join(", ")))
}

pub(crate) fn cidr(text: &str) -> Read<Cidr> {
    Cidr::parse(text.trim()).ok_or_else(|| {
        "must be an address, or a range without bits after its prefix: 10.0.0.5, 10.1.0.0/16".into()
    })
}

pub(crate) fn scope_rule(text: &str) -> Read<ScopeRule> {
    ScopeRule::parse(text).map_err(str::to_owned)
}

/// Parses a scope (RFC 6749, section 3.3).
pub(crate) fn scope(text: &str) -> Read<String> {
    let is_plain = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    match !text.is_empty() && text.bytes().all(is_plain) {
        true => Ok(text.to_owned()),
        false => {
            Err("a scope has no blanks, quotes, backslashes or other than ASCII letters".into())
        }
    }
}

pub(crate) fn header_name(text: &str) -> Read<String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match text.to_ascii_lowercase() {
        name if name == "authorization" => Err("it carries tokens, and names no user".into()),
        name if !name.is_empty() && name.bytes().all(is_token) => Ok(name),
        _ => Err("must be the name of a header".into()),
    }
}

/// Parses a time: seconds, or with the unit `ms`, `s` or `m`.
pub(crate) fn time(text: &str) -> Read<Duration> {
    time_in(text, 1.0)
        .filter(|time| *time >= TIME_MIN)
        .ok_or_else(|| "a time is more than 0 and at most a year: 30, 1.5, 500ms, 10s, 2m".into())
}

/// Parses a time that may be zero: seconds, or with the unit `ms`, `s` or `m`.
pub(crate) fn delay(text: &str) -> Read<Duration> {
    time_in(text, 1.0)
        .ok_or_else(|| "must be a time of at most a year, such as 0, 1.5, 500ms, 10s or 2m".into())
}

/// Parses a time: milliseconds, or with the unit `ms`, `s` or `m`.
pub(crate) fn milliseconds(text: &str) -> Read<Duration> {
    time_in(text, 0.001)
        .filter(|time| *time >= TIME_MIN)
        .ok_or_else(|| "a time is more than 0 and at most a year: 900000, 500ms, 10s, 2m".into())
}

/// Parses a time, in units of `plain` seconds unless it has a unit.
fn time_in(text: &str, plain: f64) -> Option<Duration> {
    let (number, unit) = split_unit(text);
    let seconds = match unit.as_str() {
        "" => plain,
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    let time = Duration::try_from_secs_f64(decimal(number)? * seconds).ok()?;
    (time <= TIME_MAX).then_some(time)
}

/// Parses a size within these limits: bytes, or with a unit. `k`, `kB` and `KiB` are all 1024 bytes.
pub(crate) fn size<const MIN: usize, const MAX: usize>(text: &str) -> Read<usize> {
    let (number, unit) = split_unit(text);
    let scale = match unit.as_str() {
        "" | "b" => Some(1),
        "k" | "kb" | "kib" => Some(KIB),
        "m" | "mb" | "mib" => Some(MIB),
        "g" | "gb" | "gib" => Some(GIB),
        _ => None,
    };
    let size = scale.and_then(|scale| number.parse::<usize>().ok()?.checked_mul(scale));
    size.filter(|size| (MIN..=MAX).contains(size)).ok_or_else(|| {
        let [min, max] = [MIN, MAX].map(written);
        format!("must be a size from {min} to {max}, such as 65536 or 512KiB")
    })
}

/// Returns a size in the largest unit of which it is a multiple.
fn written(size: usize) -> String {
    match size {
        _ if size.is_multiple_of(GIB) => format!("{}GiB", size / GIB),
        _ if size.is_multiple_of(MIB) => format!("{}MiB", size / MIB),
        _ if size.is_multiple_of(KIB) => format!("{}KiB", size / KIB),
        _ => format!("{size} bytes"),
    }
}

/// Returns a parser for one of a few values, ignoring case. Help and completions list them.
pub(crate) fn one_of<T>() -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: Error + Send + Sync> + VariantNames + Clone + Send + Sync + 'static,
{
    let value = |name: &&'static str| match *name {
        "warning" => PossibleValue::new("warning").alias("warn"),
        name => PossibleValue::new(name),
    };
    let values = PossibleValuesParser::new(T::VARIANTS.iter().map(value));
    values.try_map(|text| match text.to_ascii_lowercase().as_str() {
        "warn" => "warning".parse(),
        name => name.parse(),
    })
}

pub(crate) fn revision(text: &str) -> Read<Revision> {
    Revision::parse(text.trim().as_bytes()).ok_or_else(unknown_revision)
}

/// Parses revisions, separated by commas. Unknown ones are ignored as long as one is known, so that
/// a list can include those of other servers and of later times.
pub(crate) fn revisions(text: &str) -> Read<Revisions> {
    let mut known = Vec::new();
    for found in text.split(',').filter_map(|date| revision(date).ok()) {
        if !known.contains(&found) {
            known.push(found);
        }
    }
    if known.is_empty() { Err(unknown_revision()) } else { Ok(Revisions(known)) }
}

fn unknown_revision() -> String {
    let served = Revision::ALL.map(Revision::as_str).join(", ");
    format!("known revisions: {served}")
}

/// Returns the settings of a calculator with a tool of this name added.
pub(crate) fn sample_tool(name: &str) -> Read<calculator::Settings> {
    calculator::Settings::default().sample_tool(name).map_err(|invalid| invalid.to_string())
}

pub(crate) fn probe_url(text: &str) -> Read<ProbeUrl> {
    let why = || "a URL to request is http://host:port/path, or https://…".to_owned();
    let (tls, rest) = match text.strip_prefix("https://") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix("http://").ok_or_else(why)?),
    };
    let (authority, target) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| why())?),
        _ => (authority, if tls { 443 } else { 80 }),
    };
    let target = if target.is_empty() { "/" } else { target };
    if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(why());
    }
    let host = bind_host(host).map_err(|_| why())?;
    Ok(ProbeUrl { tls, host, port, target: target.to_owned() })
}

pub(crate) fn runtime(text: &str) -> Read<Runtime> {
    let named = RUNTIMES.iter().find(|runtime| runtime.name.eq_ignore_ascii_case(text));
    named.copied().ok_or_else(|| format!(
            "the runtimes built into this program are: {}; others need cargo install --features NAME",
            runtime::names()
        ))
}

/// Parses the variable of a flag without a value.
pub(crate) fn bool_value(text: &str) -> Read<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "on" | "t" | "true" | "y" | "yes" => Ok(true),
        "0" | "f" | "false" | "n" | "no" | "off" => Ok(false),
        _ => Err("a switch is true or false, yes or no, on or off, 1 or 0".into()),
    }
}

/// Parses `NAME=VALUE`, or `NAME`.
pub(crate) fn assignment(text: OsString) -> Read<Assignment> {
    use std::os::unix::ffi::OsStringExt;
    let mut name = text.into_vec();
    let value = name.iter().position(|&byte| byte == b'=').map(|at| {
        let value = name.split_off(at + 1);
        name.pop();
        OsString::from_vec(value)
    });
    if name.is_empty() {
        return Err("a variable is NAME or NAME=VALUE".into());
    }
    Ok(Assignment { name: OsString::from_vec(name), value })
}

/// Parses `HEADER=NAME`.
pub(crate) fn header_variable(text: &str) -> Read<HeaderVariable> {
    let (header, variable) = text.split_once('=').ok_or("must be HEADER=NAME")?;
    let header = HeaderName::parse(header)?.0;
    Ok(HeaderVariable { header, variable: VariableName::parse(variable)?.0.into() })
}

/// Splits off the digits of a number, and returns its unit in lower case.
fn split_unit(text: &str) -> (&str, String) {
    let text = text.trim();
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    (text[..end].trim_end(), text[end..].to_ascii_lowercase())
}

/// Parses a number of digits and a point: no sign, no exponent, no `inf`.
fn decimal(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if plain { text.parse().ok() } else { None }
}

pub(crate) const KIB: usize = 1024;
pub(crate) const MIB: usize = 1024 * KIB;
pub(crate) const GIB: usize = 1024 * MIB;
const TIME_MIN: Duration = Duration::from_millis(1);
const TIME_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

#[cfg(test)]
mod tests;
