//! Tokens that only their issuer can read: introspection (RFC 7662).
//!
//! Owns: the tokens that wait for an answer. Never: sends a request; it returns a [`Fetch`] and takes
//! its result. A token is kept until it is sent, and then only its digest.
//!
//! Each token that waits gets a verdict: by its answer, or by [`Introspection::poll_expired`].

use core::net::IpAddr;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::TokenDigest;
use super::claims::Claims;
use super::fetch::{
    FETCH_TIME_MAX, Fetch, FetchError, FetchId, FetchMethod, Fetched, Prospect, RemoteEvent, Secret,
};
use crate::time::{Duration, Instant};

/// The introspection endpoint, and the credentials for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntrospectionConfig {
    /// The URL.
    pub url: Box<str>,
    /// The client id of this resource server.
    pub client_id: Box<str>,
    /// Its secret.
    pub client_secret: Secret,
}

/// The tokens that the issuer is asked about.
#[derive(Debug)]
pub(super) struct Introspection {
    url: Box<str>,
    authorization: Secret,
    /// Tokens that are not sent yet, the oldest first.
    waiting: VecDeque<Waiting>,
    /// Tokens that were sent, and the addresses that the first requests with them came from.
    in_flight: BTreeMap<TokenDigest, Option<IpAddr>>,
    /// The time of the last event.
    reported: Option<Duration>,
}

/// The issuer's word about a token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Introspected {
    /// It is valid, and has these claims.
    Active(Claims),
    /// It is not valid.
    Inactive,
    /// The issuer could not be asked.
    Unavailable,
}

/// Something that was learned about a token, and until when it holds, in the time since 1970-01-01
/// 00:00 UTC.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LearnedToken {
    /// The issuer's word.
    pub(super) outcome: Introspected,
    /// The end of its validity.
    pub(super) until: Duration,
}

#[derive(Debug)]
struct Waiting {
    digest: TokenDigest,
    token: Secret,
    /// The address that the first request with it came from.
    peer: Option<IpAddr>,
    since: Instant,
}

impl Introspection {
    /// Creates the machine.
    pub(super) fn new(config: &IntrospectionConfig) -> Introspection {
        let (id, secret) = (encode(&config.client_id), encode(config.client_secret.as_str()));
        let credentials = STANDARD.encode(format!("{id}:{secret}"));
        Introspection {
            url: config.url.clone(),
            authorization: Secret::new(format!("Basic {credentials}")),
            waiting: VecDeque::new(),
            in_flight: BTreeMap::new(),
            reported: None,
        }
    }

    /// Asks about a token, unless it is asked already. There is no prospect of an answer if more
    /// tokens of this address wait than there are free places: so one address takes half of the
    /// places at most, and no number of them takes all.
    pub(super) fn ask(&mut self, token: &[u8], peer: Option<IpAddr>, now: Instant) -> Prospect {
        let digest = TokenDigest::of(token);
        let is_asked = self.in_flight.contains_key(&digest)
            || self.waiting.iter().any(|waiting| waiting.digest == digest);
        if !is_asked {
            let of_peer = self.waiting.iter().filter(|waiting| waiting.peer == peer).count();
            if of_peer >= WAITING_MAX - self.waiting.len() {
                return Prospect::None;
            }
            let token = Secret::new(String::from_utf8_lossy(token));
            self.waiting.push_back(Waiting { digest, token, peer, since: now });
        }
        Prospect::Wait
    }

    /// Returns the time at which the oldest token has waited for too long.
    pub(super) fn poll_timeout(&self) -> Instant {
        self.waiting.front().map_or(Instant::FAR, |waiting| waiting.since + WAIT_TIME_MAX)
    }

    /// Returns a token that has waited for too long, and an event at times.
    pub(super) fn poll_expired(
        &mut self,
        now: Instant,
        unix_time: Duration,
    ) -> Option<(TokenDigest, LearnedToken, Option<RemoteEvent>)> {
        if self.poll_timeout() > now {
            return None;
        }
        let Waiting { digest, .. } = self.waiting.pop_front()?;
        let why = "too many tokens wait for its answer, so that some were not sent";
        let event = self.failed(why.into(), unix_time);
        let until = unix_time + FAILURE_TIME;
        Some((digest, LearnedToken { outcome: Introspected::Unavailable, until }, event))
    }

    /// Returns the next request to the issuer: about a token of the address with the fewest
    /// requests in progress.
    pub(super) fn poll_fetch(&mut self) -> Option<Fetch> {
        if self.in_flight.len() >= IN_FLIGHT_MAX {
            return None;
        }
        let of_peer =
            |waiting: &Waiting| self.in_flight.values().filter(|it| **it == waiting.peer).count();
        let (next, _) = self.waiting.iter().enumerate().min_by_key(|(_, it)| of_peer(it))?;
        let Waiting { digest, token, peer, .. } = self.waiting.remove(next)?;
        self.in_flight.insert(digest, peer);
        let form = format!("token={}&token_type_hint=access_token", encode(token.as_str()));
        Some(Fetch {
            id: FetchId::Token(digest),
            url: self.url.clone(),
            method: FetchMethod::Post {
                form: Secret::new(form),
                authorization: self.authorization.clone(),
            },
            bytes_max: ANSWER_BYTES_MAX,
            time_max: FETCH_TIME_MAX,
        })
    }

    /// Takes the result of a request. Returns what it says about the token, and an event if the
    /// issuer has not answered.
    pub(super) fn handle_fetched(
        &mut self,
        digest: TokenDigest,
        result: Result<Fetched, FetchError>,
        unix_time: Duration,
    ) -> (LearnedToken, Option<RemoteEvent>) {
        self.in_flight.remove(&digest);
        let answer = result.map_err(|error| error.to_string().into()).and_then(|it| read(&it));
        let (outcome, time, why) = match answer {
            Ok(Some(claims)) => {
                let left = claims.expires().map_or(ACTIVE_TIME, |at| at.saturating_sub(unix_time));
                match left.is_zero() {
                    true => (Introspected::Inactive, INACTIVE_TIME, None),
                    false => (Introspected::Active(claims), left.min(ACTIVE_TIME), None),
                }
            }
            Ok(None) => (Introspected::Inactive, INACTIVE_TIME, None),
            Err(why) => (Introspected::Unavailable, FAILURE_TIME, Some(why)),
        };
        let event = why.and_then(|why| self.failed(why, unix_time));
        (LearnedToken { outcome, until: unix_time + time }, event)
    }

    /// Returns the event of a failure, unless there was one a moment ago.
    fn failed(&mut self, why: Box<str>, unix_time: Duration) -> Option<RemoteEvent> {
        let is_recent = |at: Duration| unix_time.saturating_sub(at) < EVENT_PERIOD;
        if self.reported.is_some_and(is_recent) {
            return None;
        }
        self.reported = Some(unix_time);
        Some(RemoteEvent::IntrospectionFailed { url: self.url.clone(), why })
    }
}

/// Reads the answer of the issuer: the claims of an active token, or `None` for another.
fn read(answer: &Fetched) -> Result<Option<Claims>, Box<str>> {
    #[derive(Deserialize)]
    struct State {
        active: bool,
        token_type: Option<String>,
    }
    if answer.status != 200 {
        return Err(format!("it answered with status {}", answer.status).into());
    }
    let state: State =
        serde_json::from_slice(&answer.body).map_err(|_| "its answer has no member active")?;
    // A token that is bound to a key is not one that its bearer may use.
    let is_bearer = state.token_type.is_none_or(|it| it.eq_ignore_ascii_case("bearer"));
    if !state.active || !is_bearer {
        return Ok(None);
    }
    let claims = Claims::read(&answer.body);
    claims.map(Some).ok_or_else(|| "its answer has members of other types".into())
}

/// Encodes a value for a form (RFC 6749, appendix B).
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                encoded.push(char::from(byte));
            }
            _ => _ = write!(encoded, "%{byte:02X}"),
        }
    }
    encoded
}

/// The maximum number of requests to the issuer at the same time.
pub(super) const IN_FLIGHT_MAX: usize = 4;

/// The number of places for tokens that wait to be sent.
const WAITING_MAX: usize = 256;

/// The time for which a token waits to be sent at most.
const WAIT_TIME_MAX: Duration = Duration::from_secs(5);

/// The maximum number of bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The time between two events about failures.
const EVENT_PERIOD: Duration = Duration::from_secs(5);

/// The times for which answers hold. The first is also the time after which a revoked token is
/// refused.
const ACTIVE_TIME: Duration = Duration::from_secs(30);
const INACTIVE_TIME: Duration = Duration::from_secs(10);
const FAILURE_TIME: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
