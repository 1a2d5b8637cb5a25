//! Origins: the page that a browser sends a request for.
//!
//! Every revision requires servers to check `Origin` (2025-11-25, basic/transports, Security
//! Warning). A request without one does not come from a page.

use crate::reject::Reject;

use super::host::{Host, Port};

/// An origin other than `null` (RFC 6454, section 6.2).
#[derive(Clone, Copy, Debug)]
struct Origin<S> {
    scheme: S,
    host: Host<S>,
    /// `None` for the default port of the scheme.
    port: Option<u16>,
}

impl<'a> Origin<&'a str> {
    /// Parses `scheme://host` or `scheme://host:port` without a path.
    fn parse(text: &'a str) -> Option<Origin<&'a str>> {
        let (scheme, authority) = text.split_once("://")?;
        if !is_scheme(scheme) {
            return None;
        }
        let (host, port) = Host::with_port(authority)?;
        let port = match port {
            Port::Absent => None,
            Port::Empty => return None,
            Port::Number(port) => Some(port).filter(|port| default_port(scheme) != Some(*port)),
        };
        Some(Origin { scheme, host, port })
    }

    fn is_loopback_page(&self) -> bool {
        default_port(self.scheme).is_some() && self.host.is_loopback()
    }

    fn to_owned(self) -> Origin<Box<str>> {
        Origin { scheme: self.scheme.into(), host: self.host.to_owned(), port: self.port }
    }
}

impl Origin<Box<str>> {
    fn is(&self, other: &Origin<&str>) -> bool {
        self.scheme.eq_ignore_ascii_case(other.scheme)
            && self.host.is(&other.host)
            && self.port == other.port
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn default_port(scheme: &str) -> Option<u16> {
    if scheme.eq_ignore_ascii_case("http") {
        Some(80)
    } else if scheme.eq_ignore_ascii_case("https") {
        Some(443)
    } else {
        None
    }
}

/// The allowed origins.
#[derive(Clone, Debug)]
pub(super) struct Origins {
    listed: Vec<Origin<Box<str>>>,
}

impl Origins {
    /// Allows pages of loopback hosts and these entries; invalid entries allow nothing.
    pub(super) fn new(entries: &[String]) -> Origins {
        let listed = entries.iter().filter_map(|entry| Origin::parse(entry));
        Origins { listed: listed.map(Origin::to_owned).collect() }
    }

    /// Returns whether this entry is valid.
    pub(super) fn understands(entry: &str) -> bool {
        Origin::parse(entry).is_some()
    }

    /// Checks the values of `Origin`: at most one, and allowed. Returns it for the CORS headers
    /// that let its pages read the answer.
    pub(super) fn check<'a>(
        &self,
        mut values: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Option<&'a str>, Reject> {
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Reject::ForbiddenOrigin);
        }
        let text = std::str::from_utf8(value).map_err(|_| Reject::ForbiddenOrigin)?;
        let origin = Origin::parse(text).ok_or(Reject::ForbiddenOrigin)?;
        if origin.is_loopback_page() || self.listed.iter().any(|it| it.is(&origin)) {
            Ok(Some(text))
        } else {
            Err(Reject::ForbiddenOrigin)
        }
    }
}

#[cfg(test)]
mod tests;
