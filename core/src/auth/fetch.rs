//! A request to an authorization server, as an action, and its result, as a fact.

use std::fmt;

use super::TokenDigest;
use crate::time::Duration;

/// A request that an adapter makes for the core, and whose result it reports.
///
/// It follows no redirect, takes its time and bytes from here, and verifies the certificate of an
/// `https` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The purpose, which comes back with the result.
    pub id: FetchId,
    /// An `https` URL, or an `http` URL of a loopback host.
    pub url: Box<str>,
    /// The method, and what it needs.
    pub method: FetchMethod,
    /// The maximum number of bytes of the body.
    pub bytes_max: usize,
    /// The time limit of the whole request.
    pub time_max: Duration,
}

/// The purpose of a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FetchId {
    /// The keys of the issuer, or the metadata that names their URL.
    Keys,
    /// The introspection of the token with this digest.
    Token(TokenDigest),
}

/// The method of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchMethod {
    /// `GET`.
    Get {
        /// The `ETag` of the known version, for `If-None-Match`.
        etag: Option<Box<str>>,
    },
    /// `POST` of a form (`application/x-www-form-urlencoded`).
    Post {
        /// The body.
        form: Secret,
        /// The value of `Authorization`.
        authorization: Secret,
    },
}

/// A text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<Box<str>>) -> Secret {
        Secret(text.into())
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The answer to a fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// The header `ETag`.
    pub etag: Option<Box<str>>,
    /// The header `Cache-Control`.
    pub cache_control: Option<Box<str>>,
    /// The body.
    pub body: Vec<u8>,
}

/// The reason why a fetch has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// The body is longer than [`Fetch::bytes_max`].
    TooLong,
    /// There was no answer within [`Fetch::time_max`].
    TimedOut,
    /// Anything else: no connection, an untrusted certificate, no HTTP.
    Failed(Box<str>),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FetchError::TooLong => f.write_str("the answer is too long"),
            FetchError::TimedOut => f.write_str("no answer in time"),
            FetchError::Failed(why) => f.write_str(why),
        }
    }
}

/// Whether a fetch may bring something that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prospect {
    /// A fetch is due or in progress: its result is worth waiting for.
    Wait,
    /// A fetch has just brought it.
    Known,
    /// No fetch is allowed at this time.
    None,
}

/// Something about an authorization server, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RemoteEvent {
    /// Keys were fetched that differ from those in use, or for the first time after a failure.
    KeysFetched {
        /// The URL.
        url: Box<str>,
        /// The number of keys.
        keys: usize,
    },
    /// The keys could not be fetched.
    KeysFailed {
        /// The URL that was tried last.
        url: Box<str>,
        /// The reason.
        why: Box<str>,
        /// The time until the next try.
        pause: Duration,
        /// Whether older keys stay in use.
        has_keys: bool,
    },
    /// A token could not be introspected.
    IntrospectionFailed {
        /// The URL.
        url: Box<str>,
        /// The reason.
        why: Box<str>,
    },
}

/// The time limit of a fetch, for which a request waits at most.
pub(super) const FETCH_TIME_MAX: Duration = Duration::from_secs(5);

/// Returns the time for which an answer may be cached by its `Cache-Control` (RFC 9111, section
/// 5.2.2).
pub(super) fn max_age(cache_control: &str) -> Option<Duration> {
    let mut directives = cache_control.split(',').map(str::trim);
    let seconds = directives.find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| value.trim_matches('"').parse().ok())?
    });
    seconds.map(Duration::from_secs)
}
