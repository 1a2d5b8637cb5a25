//! The result of authentication, checked again while a stream is open.
//!
//! Never: a token; only its digest.

use core::net::IpAddr;
use std::sync::Arc;

use super::{Algorithm, KeyMaterial, Keys, Scopes, TokenDigest};
use crate::principal::Principal;
use crate::reject::TokenFlaw;
use crate::time::Duration;

/// The proof of an identity.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A static token of this digest.
    Token(TokenDigest),
    /// A signature.
    Signature(Arc<Signer>),
    /// The issuer's answer to introspection.
    Introspection,
    /// The header of a gateway at this address.
    Gateway(Option<IpAddr>),
}

/// The key that has signed a token, and the issuer that it belonged to.
#[derive(Debug)]
pub struct Signer {
    pub(super) issuer: Box<str>,
    pub(super) algorithm: Algorithm,
    pub(super) key: KeyMaterial,
}

/// The identity and the scopes of a client, and their proof.
#[derive(Clone, Debug)]
pub struct Grant {
    pub(super) principal: Principal,
    pub(super) scopes: Scopes,
    pub(super) proof: Proof,
    pub(super) expires: Option<Duration>,
}

impl Grant {
    /// Returns whether it has expired at a time since 1970-01-01 00:00 UTC.
    pub(crate) fn has_expired(&self, unix_time: Duration) -> bool {
        self.expires.is_some_and(|expires| expires <= unix_time)
    }

    /// Returns why it does not hold any more with these keys, or `None` if it does.
    pub(crate) fn flaw(&self, keys: &Keys, unix_time: Duration) -> Option<TokenFlaw> {
        if self.has_expired(unix_time) {
            return Some(TokenFlaw::Expired);
        }
        let jwt = keys.jwt.as_ref();
        match &self.proof {
            Proof::Token(digest) => {
                let token = keys.of_token(digest);
                let is_same = |it: &super::Identity| {
                    it.principal == self.principal && it.scopes == self.scopes
                };
                (!token.as_ref().is_some_and(is_same)).then_some(TokenFlaw::Unknown)
            }
            Proof::Signature(signer) => match jwt.filter(|it| it.issuer == signer.issuer) {
                None => Some(TokenFlaw::Issuer),
                Some(jwt) if !jwt.algorithms.contains(&signer.algorithm) => {
                    Some(TokenFlaw::Algorithm)
                }
                Some(jwt) => (!jwt.keys.has(&signer.key)).then_some(TokenFlaw::Key),
            },
            Proof::Introspection => (!keys.introspects).then_some(TokenFlaw::Unknown),
            Proof::Gateway(peer) => {
                let is_trusted = keys.trusted.as_ref().is_some_and(|it| it.is_trusted(*peer));
                (!is_trusted).then_some(TokenFlaw::Unknown)
            }
        }
    }
}

#[cfg(test)]
mod tests;
