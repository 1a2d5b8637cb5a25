//! Hosts that requests are addressed to.
//!
//! A page of a name that an attacker points at this machine (DNS rebinding) sends its own name in
//! `Host`. `localhost` and IP addresses need no listing, because DNS cannot change where they lead:
//! health checks, load balancers and Prometheus use the machine's address. Other names have to be
//! listed, including those below `localhost`, which only some resolvers keep on this machine.

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::reject::Reject;

/// The host of an authority (RFC 3986, section 3.2.2), without its port.
#[derive(Clone, Copy, Debug)]
pub(super) enum Host<S> {
    /// A registered name, in any case.
    Name(S),
    /// `127.0.0.1`.
    V4(Ipv4Addr),
    /// `[::1]`.
    V6(Ipv6Addr),
}

impl<'a> Host<&'a str> {
    /// Parses a host and an optional port. Refuses user information, percent escapes and anything
    /// else that a DNS name cannot have.
    pub(super) fn with_port(authority: &'a str) -> Option<(Host<&'a str>, Port)> {
        if let Some(rest) = authority.strip_prefix('[') {
            let (address, rest) = rest.split_once(']')?;
            return Some((Host::V6(address.parse().ok()?), Port::parse(rest)?));
        }
        let (name, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
        let host = match name.parse() {
            Ok(address) => Host::V4(address),
            Err(_) if is_name(name) => Host::Name(name),
            Err(_) => return None,
        };
        Some((host, Port::parse(port)?))
    }
}

impl<S: AsRef<str>> Host<S> {
    /// Returns whether this is the machine itself, regardless of DNS: `localhost`, `127.0.0.0/8` or
    /// `::1`. `0.0.0.0` reaches it too on most systems, but it is not a server's address.
    pub(super) fn is_loopback(&self) -> bool {
        match self {
            Host::Name(name) => name.as_ref().eq_ignore_ascii_case("localhost"),
            Host::V4(address) => address.is_loopback(),
            Host::V6(address) => address.is_loopback(),
        }
    }

    /// Returns whether this is the same host, ignoring case.
    pub(super) fn is<T: AsRef<str>>(&self, other: &Host<T>) -> bool {
        match (self, other) {
            (Host::Name(one), Host::Name(two)) => one.as_ref().eq_ignore_ascii_case(two.as_ref()),
            (Host::V4(one), Host::V4(two)) => one == two,
            (Host::V6(one), Host::V6(two)) => one == two,
            _ => false,
        }
    }

    /// Returns an owned copy.
    pub(super) fn to_owned(&self) -> Host<Box<str>> {
        match self {
            Host::Name(name) => Host::Name(name.as_ref().into()),
            Host::V4(address) => Host::V4(*address),
            Host::V6(address) => Host::V6(*address),
        }
    }
}

/// The text after a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Port {
    /// Nothing.
    Absent,
    /// A colon without a number, which is allowed (RFC 3986, section 3.2.3).
    Empty,
    /// A port.
    Number(u16),
}

impl Port {
    fn parse(text: &str) -> Option<Port> {
        let Some(digits) = text.strip_prefix(':') else {
            return text.is_empty().then_some(Port::Absent);
        };
        if digits.is_empty() {
            return Some(Port::Empty);
        }
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().ok().map(Port::Number)).flatten()
    }
}

fn is_name(text: &str) -> bool {
    const NAME_BYTES_MAX: usize = 253;
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

/// The allowed hosts.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    any: bool,
    listed: Vec<Host<Box<str>>>,
}

impl Hosts {
    /// Allows `localhost`, IP addresses and these entries; entries that [`Hosts::entry`] cannot
    /// parse allow nothing.
    pub(super) fn new(entries: &[String]) -> Hosts {
        Hosts {
            any: entries.iter().any(|entry| entry == "*"),
            listed: entries.iter().filter_map(|entry| Hosts::entry(entry)).collect(),
        }
    }

    /// Returns whether this entry is valid.
    pub(super) fn understands(entry: &str) -> bool {
        entry == "*" || Hosts::entry(entry).is_some()
    }

    fn entry(entry: &str) -> Option<Host<Box<str>>> {
        // An IPv6 address needs no brackets here, where no port can follow it.
        if let Ok(address) = entry.parse() {
            return Some(Host::V6(address));
        }
        match Host::with_port(entry)? {
            (host, Port::Absent) => Some(host.to_owned()),
            _ => None,
        }
    }

    /// Checks the values of `Host`: exactly one, and allowed (RFC 9112, section 3.2).
    pub(super) fn check<'a>(&self, values: impl Iterator<Item = &'a [u8]>) -> Result<(), Reject> {
        let host = only(values).ok_or(Reject::BadHost)?;
        let host = std::str::from_utf8(host).map_err(|_| Reject::BadHost)?;
        let (host, _) = Host::with_port(host).ok_or(Reject::BadHost)?;
        let is_address = matches!(host, Host::V4(_) | Host::V6(_));
        let listed = || self.listed.iter().any(|it| it.is(&host));
        let allowed = self.any || is_address || host.is_loopback() || listed();
        if allowed { Ok(()) } else { Err(Reject::ForbiddenHost) }
    }
}

/// Returns a value of `Host` without its port, in the form of an entry of [`Hosts`].
pub(super) fn without_port(host: &[u8]) -> &[u8] {
    let end = host.iter().rposition(|byte| !byte.is_ascii_digit());
    match end {
        Some(end) if host[end] == b':' => &host[..end],
        _ => host,
    }
}

fn only<T>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests;
