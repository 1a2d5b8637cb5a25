//! The values of settings.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// An address to listen on: `127.0.0.1:8620`, `[::1]:8620`, `localhost:8620`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The host, without brackets.
    pub host: String,
    /// The port; 0 for any free port.
    pub port: u16,
}

/// A time: seconds, or a number with the unit `ms`, `s` or `m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Duration);

/// A size: bytes, or a number with the unit `KiB` or `MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// The name of a header of a request, in lower case. `Authorization` is none: a client's token is
/// never handed to a child.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeaderName(pub String);

/// The name of a variable of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableName(pub String);

/// The longest time: a year.
const TIME_MAX: f64 = 365.0 * 24.0 * 3600.0;

/// The largest size: 1 TiB.
const SIZE_MAX: f64 = (1_u64 << 40) as f64;

/// The text of a value that is a number or a string.
struct NumberOrText(&'static str);

impl Visitor<'_> for NumberOrText {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_u64<E>(self, value: u64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E>(self, value: i64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_f64<E>(self, value: f64) -> Result<String, E> {
        Ok(value.to_string())
    }

    fn visit_str<E>(self, value: &str) -> Result<String, E> {
        Ok(value.to_owned())
    }
}

/// Reads an object. A derived reader would also take a list of the values.
pub(super) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    deserializer.deserialize_map(Object(PhantomData))
}

/// Reads a number with a unit; the units with their factors.
fn quantity(text: &str, units: &[(&str, f64)], max: f64) -> Option<f64> {
    let at = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..at], text[at..].trim_start());
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    let value = number.parse::<f64>().ok()? * factor;
    (value <= max).then_some(value)
}

const A_TIME: &str = "a time of at most a year: 30, 1.5, \"500ms\", \"10s\", \"2m\"";
const A_SIZE: &str = "a size: 65536, \"512KiB\", \"4MiB\"";

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const UNITS: [(&str, f64); 4] = [("", 1.0), ("ms", 0.001), ("s", 1.0), ("m", 60.0)];
        let text = deserializer.deserialize_any(NumberOrText(A_TIME))?;
        let seconds = quantity(&text, &UNITS, TIME_MAX).filter(|seconds| *seconds >= 0.001);
        let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        time.map(Time).ok_or_else(|| D::Error::custom(format!("must be {A_TIME}")))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const UNITS: [(&str, f64); 8] = [
            ("", 1.0),
            ("b", 1.0),
            ("k", 1024.0),
            ("kb", 1024.0),
            ("kib", 1024.0),
            ("m", 1_048_576.0),
            ("mb", 1_048_576.0),
            ("mib", 1_048_576.0),
        ];
        let text = deserializer.deserialize_any(NumberOrText(A_SIZE))?;
        let bytes = quantity(&text, &UNITS, SIZE_MAX).filter(|bytes| *bytes >= 1.0);
        let bytes = bytes.filter(|bytes| bytes.fract() == 0.0);
        // Whole and within the limits, so that it is exact.
        bytes
            .map(|bytes| Size(bytes as u64))
            .ok_or_else(|| D::Error::custom(format!("must be {A_SIZE}")))
    }
}

impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Listen::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Listen {
    /// Parses an address with a port.
    ///
    /// # Errors
    ///
    /// It is none; the text says how one is written.
    pub fn parse(text: &str) -> Result<Listen, &'static str> {
        let is_host = |host: &str| !host.is_empty() && !host.contains(['/', ' ', '@', '[', ']']);
        let listen = text.rsplit_once(':').and_then(|(host, port)| {
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
            // An IPv6 address has brackets, so that its end is clear.
            let host = bare.or_else(|| (!host.contains(':')).then_some(host))?;
            let host = Some(host).filter(|host| is_host(host))?.to_owned();
            Some(Listen { host, port: port.parse().ok()? })
        });
        listen.ok_or("must be an address with a port: 127.0.0.1:8620, [::1]:8620")
    }
}

/// The headers that carry credentials of a client.
const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// The headers that belong to a connection or to a message, beside `mcp-…` and `content-…`.
const OF_MESSAGES: [&str; 12] = [
    "accept",
    "accept-encoding",
    "connection",
    "expect",
    "host",
    "keep-alive",
    "last-event-id",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl HeaderName {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// The text says what is wrong.
    pub fn parse(name: &str) -> Result<HeaderName, &'static str> {
        let name = name.to_ascii_lowercase();
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err("must be the name of a header");
        }
        if CREDENTIALS.contains(&name.as_str()) {
            return Err("the token of a client is never handed to a child");
        }
        let is_of_messages = name.starts_with("mcp-")
            || name.starts_with("content-")
            || OF_MESSAGES.contains(&name.as_str());
        match is_of_messages {
            true => Err("this header belongs to HTTP or MCP, and is not the client's to choose"),
            false => Ok(HeaderName(name)),
        }
    }
}

impl VariableName {
    /// Reads a name.
    ///
    /// # Errors
    ///
    /// The text says what is wrong.
    pub fn parse(name: &str) -> Result<VariableName, &'static str> {
        if !crate::placeholder::is_name(name) {
            return Err("must be the name of a variable");
        }
        match name == "PATH" || name.starts_with("LD_") {
            true => Err("a client must not choose which program or library is loaded"),
            false => Ok(VariableName(name.to_owned())),
        }
    }
}

impl<'de> Deserialize<'de> for HeaderName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        HeaderName::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for VariableName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        VariableName::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Defines the schema of a value.
macro_rules! schema {
    ($type:ident, $schema:tt) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

schema!(Listen, { "type": "string", "pattern": r"^[^/ @]+:[0-9]{1,5}$", "examples": ["127.0.0.1:8620"] });
schema!(Time, {
    "description": "Seconds, or a number with the unit ms, s or m",
    "type": ["number", "string"],
    "exclusiveMinimum": 0,
    "pattern": r"^[0-9]*\.?[0-9]+ *(ms|s|m)?$",
});
schema!(Size, {
    "description": "Bytes, or a number with the unit KiB or MiB",
    "type": ["integer", "string"],
    "minimum": 1,
    "pattern": r"^[0-9]*\.?[0-9]+ *([kKmM]([iI]?[bB])?|[bB])?$",
});
schema!(HeaderName, {
    "type": "string",
    "pattern": r"^(?!(?:[Pp]roxy-)?[Aa]uthorization$|[Cc]ookie$|[Hh]ost$|[Mm][Cc][Pp]-|[Cc]ontent-)[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
});
schema!(VariableName, { "type": "string", "pattern": r"^(?!PATH$|LD_)[A-Za-z_][A-Za-z0-9_]*$" });
