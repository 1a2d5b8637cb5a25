//! Headers in which a gateway names the user that it has authenticated.
//!
//! They count only from listed addresses. In every other request they are removed, so that neither
//! a server nor a child takes them for the gateway's.

use core::net::IpAddr;

use crate::auth::{Credentials, Identity, Proof, Scopes};
use crate::principal::Principal;
use crate::reject::{Reject, TokenFlaw};

/// The settings for headers of a gateway.
#[derive(Clone, Debug)]
pub struct TrustedHeaders {
    /// The addresses of gateways.
    pub peers: Vec<Cidr>,
    /// The header with the user, in lower case.
    pub user: Box<str>,
    /// The header with the scopes, in lower case, if the gateway sends one. Without, the user may
    /// do everything.
    pub scopes: Option<Box<str>>,
    /// Further headers that only the gateway may send, in lower case.
    pub others: Vec<Box<str>>,
}

impl TrustedHeaders {
    /// Creates the settings for gateways at these addresses, with the usual names.
    pub fn from(peers: Vec<Cidr>) -> TrustedHeaders {
        let others = ["x-user-email", "x-user-name", "x-user-roles", "x-user-groups"];
        TrustedHeaders {
            peers,
            user: "x-user-id".into(),
            scopes: None,
            others: others.map(Box::from).into(),
        }
    }

    /// Returns whether a header is one of them. `name` is in any case.
    pub(super) fn names(&self, name: &str) -> bool {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        is(&self.user)
            || self.scopes.as_deref().is_some_and(is)
            || self.others.iter().any(|other| is(other))
    }

    /// Returns whether requests from this address may have these headers.
    pub(super) fn is_trusted(&self, peer: Option<IpAddr>) -> bool {
        peer.is_some_and(|peer| self.peers.iter().any(|range| range.contains(peer)))
    }

    /// Returns the identity that a gateway has set, or `None` if it has set none.
    pub(super) fn identity(
        &self,
        credentials: &Credentials<'_>,
    ) -> Result<Option<Identity>, Reject> {
        if !self.is_trusted(credentials.peer) {
            return Ok(None);
        }
        let user = match &*(credentials.header)(&self.user) {
            [] => return Ok(None),
            // A gateway that adds its line to one of the client would let the client choose.
            [user] => user.to_vec(),
            _ => return Err(Reject::BadToken(TokenFlaw::RepeatedHeader)),
        };
        let Some(user) = String::from_utf8(user).ok().filter(|user| !user.is_empty()) else {
            return Err(Reject::BadToken(TokenFlaw::Malformed));
        };
        let scopes = match self.scopes.as_deref().map(credentials.header).as_deref() {
            None => Scopes::All,
            Some([]) => Scopes::parse(""),
            Some([list]) => Scopes::parse(&String::from_utf8_lossy(list).replace(',', " ")),
            Some(_) => return Err(Reject::BadToken(TokenFlaw::RepeatedHeader)),
        };
        let principal = Principal::verified("header", &user);
        let proof = Proof::Gateway(credentials.peer);
        Ok(Some(Identity { principal, scopes, audiences: None, expires: None, proof }))
    }
}

/// A range of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    base: u128,
    bits: u32,
}

impl Cidr {
    /// Parses a range. An IPv4 address is the same as its IPv6-mapped form.
    pub fn parse(text: &str) -> Option<Cidr> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let of_v6 = match address {
            IpAddr::V4(_) => 96,
            IpAddr::V6(_) => 0,
        };
        let bits = bits.map_or(128, |bits| bits.saturating_add(of_v6));
        let base = mapped(address);
        let is_valid = bits <= 128 && base & !mask(bits) == 0;
        is_valid.then_some(Cidr { base, bits })
    }

    pub(super) fn contains(self, address: IpAddr) -> bool {
        mapped(address) & mask(self.bits) == self.base
    }
}

fn mapped(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn mask(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits).unwrap_or(0)
}
