//! The keys of an issuer, fetched from a URL.
//!
//! Owns: the keys, the time of the next fetch, and the unknown keys that were looked for. Never:
//! fetches; it returns a [`Fetch`] and takes its result.
//!
//! ```text
//!              200, issuer and jwks_uri valid          200 or 304
//!   Metadata ─────────────────────────────► Keys ───────────────────► Keys, after the period
//!       ▲  other: the next URL, then a pause  │ other: a pause
//!       └─────────────────────────────────────┘ if the issuer was given in place of the URL
//! ```

use std::collections::VecDeque;

use serde::Deserialize;

use super::endpoint_url::{check_endpoint_url, metadata_urls};
use super::fetch::{
    FETCH_TIME_MAX, Fetch, FetchError, FetchId, FetchMethod, Fetched, Prospect, RemoteEvent,
    max_age,
};
use super::{Algorithm, JwtKeys, TokenDigest};
use crate::time::{Duration, Instant};

/// The place that the keys of an issuer come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeysUrl {
    /// The JWK set is at this URL.
    Jwks(Box<str>),
    /// The metadata of this issuer names the URL.
    Issuer(Box<str>),
}

/// The keys of an issuer that are kept up to date.
#[derive(Debug)]
pub(super) struct RemoteKeys {
    source: KeysUrl,
    step: Step,
    /// The keys, or an empty set before the first successful fetch.
    keys: JwtKeys,
    etag: Option<Box<str>>,
    /// The time of the last successful fetch.
    fetched_at: Instant,
    next_fetch: Instant,
    in_flight: bool,
    /// Failed fetches in a row.
    failures: u32,
    /// The ids of unknown keys that caused a fetch, with its time, the oldest first.
    looked_for: VecDeque<(TokenDigest, Instant)>,
    /// The time until which the allowed fetches for unknown keys are used up, at their average rate.
    used_until: Instant,
}

/// The next URL to fetch.
#[derive(Debug)]
enum Step {
    /// One of the URLs at which the metadata of the issuer may be, by its index; and the failure to
    /// report if none is: the first one that is not 404.
    Metadata(usize, Option<(Box<str>, Box<str>)>),
    /// The JWK set.
    Keys(Box<str>),
}

/// The result of a successful fetch.
enum Progress {
    /// The JWK set is at this URL.
    Located(Box<str>),
    /// The keys are current for this time. With whether they differ from those before.
    Current(Duration, bool),
}

impl RemoteKeys {
    /// Creates the machine; its first fetch is due at once.
    pub(super) fn new(source: KeysUrl) -> RemoteKeys {
        RemoteKeys {
            step: Step::first(&source),
            source,
            keys: JwtKeys::default(),
            etag: None,
            fetched_at: Instant::ZERO,
            next_fetch: Instant::ZERO,
            in_flight: false,
            failures: 0,
            looked_for: VecDeque::new(),
            used_until: Instant::ZERO,
        }
    }

    /// Returns the keys, which are none if the last ones are too old; `None` if there never were any.
    pub(super) fn learned(&self, now: Instant) -> Option<JwtKeys> {
        (!self.keys.is_empty()).then(|| match now.since(self.fetched_at) < STALE_TIME_MAX {
            true => self.keys.clone(),
            false => JwtKeys::default(),
        })
    }

    /// Returns the fetch that is due.
    pub(super) fn poll_fetch(&mut self, now: Instant) -> Option<Fetch> {
        if self.in_flight || now < self.next_fetch {
            return None;
        }
        self.in_flight = true;
        let etag = match self.step {
            Step::Metadata(..) => None,
            Step::Keys(_) => self.etag.clone(),
        };
        Some(Fetch {
            id: FetchId::Keys,
            url: self.url(),
            method: FetchMethod::Get { etag },
            bytes_max: KEYS_BYTES_MAX,
            time_max: FETCH_TIME_MAX,
        })
    }

    /// Returns the time at which [`RemoteKeys::poll_fetch`] has something.
    pub(super) fn poll_timeout(&self) -> Instant {
        if self.in_flight { Instant::FAR } else { self.next_fetch }
    }

    /// Records that a token could not be verified, because its key (`kid`) is unknown or there are
    /// no keys. One unknown id causes one fetch, and all of them together only so many that a flood
    /// of such tokens does not become a flood of fetches.
    pub(super) fn handle_unknown_key(
        &mut self,
        algorithm: Algorithm,
        id: Option<&str>,
        now: Instant,
    ) -> Prospect {
        let keys = self.learned(now).unwrap_or_default();
        if keys.fitting(algorithm, id).next().is_some() {
            return Prospect::Known;
        }
        if !self.in_flight && now < self.next_fetch {
            if self.failures > 0 || !self.allows_fetch_for(id, now) {
                return Prospect::None;
            }
            self.next_fetch = now;
        }
        Prospect::Wait
    }

    fn allows_fetch_for(&mut self, id: Option<&str>, now: Instant) -> bool {
        let digest = TokenDigest::of(id.unwrap_or_default().as_bytes());
        self.looked_for.retain(|(_, at)| now.since(*at) < REFETCH_PERIOD);
        let was_looked_for = self.looked_for.iter().any(|(known, _)| *known == digest);
        let used_until = self.used_until.max(now) + REFETCH_PERIOD;
        if was_looked_for || used_until.since(now) > REFETCH_PERIOD * REFETCHES_AT_ONCE {
            return false;
        }
        self.used_until = used_until;
        self.looked_for.push_back((digest, now));
        true
    }

    /// Takes the result of the fetch.
    pub(super) fn handle_fetched(
        &mut self,
        result: Result<Fetched, FetchError>,
        now: Instant,
    ) -> Option<RemoteEvent> {
        self.in_flight = false;
        let url = self.url();
        let is_missing = result.as_ref().is_ok_and(|answer| answer.status == 404);
        let outcome = match (result, &self.step) {
            (Err(error), _) => Err(error.to_string().into()),
            (Ok(answer), Step::Metadata(..)) => self.read_metadata(&answer),
            (Ok(answer), Step::Keys(_)) => self.read_keys(answer),
        };
        match outcome {
            Ok(Progress::Located(jwks)) => {
                self.step = Step::Keys(jwks);
                self.next_fetch = now;
                None
            }
            Ok(Progress::Current(period, is_changed)) => {
                let is_news = is_changed || self.failures > 0;
                self.failures = 0;
                self.fetched_at = now;
                self.next_fetch = now + period;
                is_news.then(|| RemoteEvent::KeysFetched { url, keys: self.keys.len() })
            }
            Err(why) => self.handle_failure(url, why, is_missing, now),
        }
    }

    fn handle_failure(
        &mut self,
        mut url: Box<str>,
        mut why: Box<str>,
        is_missing: bool,
        now: Instant,
    ) -> Option<RemoteEvent> {
        if let (Step::Metadata(at, failure), KeysUrl::Issuer(issuer)) =
            (&mut self.step, &self.source)
        {
            if !is_missing && failure.is_none() {
                *failure = Some((url.clone(), why.clone()));
            }
            if *at + 1 < metadata_urls(issuer).len() {
                *at += 1;
                self.next_fetch = now;
                return None;
            }
            (url, why) = failure.take().unwrap_or((url, why));
        }
        self.step = Step::first(&self.source);
        self.etag = None;
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(self.failures.min(16));
        let pause = pause.min(PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        self.next_fetch = now + pause;
        let has_keys = self.learned(now).is_some_and(|keys| !keys.is_empty());
        Some(RemoteEvent::KeysFailed { url, why, pause, has_keys })
    }

    fn read_metadata(&self, answer: &Fetched) -> Result<Progress, Box<str>> {
        #[derive(Deserialize)]
        struct Metadata {
            issuer: String,
            jwks_uri: Option<String>,
        }
        let KeysUrl::Issuer(issuer) = &self.source else { return Err("not an issuer".into()) };
        if answer.status != 200 {
            return Err(status_text(answer.status));
        }
        let metadata: Metadata =
            serde_json::from_slice(&answer.body).map_err(|_| "it is no metadata of an issuer")?;
        // RFC 8414, section 3.3.
        if *metadata.issuer != **issuer {
            return Err("the issuer in it is not exactly --auth-issuer".into());
        }
        let jwks = metadata.jwks_uri.ok_or("it has no jwks_uri: give --auth-jwks-url")?;
        check_endpoint_url(&jwks).map_err(|why| format!("its jwks_uri cannot be used: {why}"))?;
        Ok(Progress::Located(jwks.into()))
    }

    fn read_keys(&mut self, answer: Fetched) -> Result<Progress, Box<str>> {
        let period = answer.cache_control.as_deref().and_then(max_age);
        let period = period.unwrap_or(PERIOD).clamp(PERIOD_MIN, PERIOD_MAX);
        match answer.status {
            304 if !self.keys.is_empty() => Ok(Progress::Current(period, false)),
            200 => {
                let keys = JwtKeys::parse_public(&answer.body)?;
                let is_changed = self.keys != keys;
                self.etag = answer.etag;
                self.keys = keys;
                Ok(Progress::Current(period, is_changed))
            }
            status => Err(status_text(status)),
        }
    }

    fn url(&self) -> Box<str> {
        match (&self.step, &self.source) {
            (Step::Keys(url), _) | (Step::Metadata(..), KeysUrl::Jwks(url)) => url.clone(),
            (Step::Metadata(at, _), KeysUrl::Issuer(issuer)) => {
                metadata_urls(issuer).swap_remove(*at).into()
            }
        }
    }
}

impl Step {
    fn first(source: &KeysUrl) -> Step {
        match source {
            KeysUrl::Jwks(url) => Step::Keys(url.clone()),
            KeysUrl::Issuer(_) => Step::Metadata(0, None),
        }
    }
}

fn status_text(status: u16) -> Box<str> {
    match status {
        300..=399 => format!("it answered with status {status}; redirects are not followed"),
        _ => format!("it answered with status {status}"),
    }
    .into()
}

/// The maximum number of bytes of a JWK set or of metadata.
const KEYS_BYTES_MAX: usize = 256 * 1024;

/// The time between two fetches, unless `Cache-Control` has another.
const PERIOD: Duration = Duration::from_secs(300);
const PERIOD_MIN: Duration = Duration::from_secs(60);
const PERIOD_MAX: Duration = Duration::from_secs(3600);

/// The average time between two fetches for unknown keys, and the time for which one of them causes
/// no other fetch.
const REFETCH_PERIOD: Duration = Duration::from_secs(10);

/// The number of fetches for unknown keys that may follow each other at once.
const REFETCHES_AT_ONCE: u32 = 4;

/// The pause after a failed fetch, which doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The time for which keys stay in use while they cannot be fetched.
const STALE_TIME_MAX: Duration = Duration::from_secs(24 * 3600);

#[cfg(test)]
mod tests;
