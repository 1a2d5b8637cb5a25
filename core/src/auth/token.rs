//! Static tokens: named, and known by their digests only.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::auth::Scopes;

/// The SHA-256 of a token.
///
/// Two digests are compared in a time that does not depend on where they differ. An attacker could
/// not use such a time anyway, because a chosen token does not choose its digest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// Returns the digest of a token.
    pub fn of(token: &[u8]) -> TokenDigest {
        TokenDigest(Sha256::digest(token).into())
    }

    /// Parses 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<TokenDigest> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return None;
        }
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(digits.chunks(2)) {
            let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
            *byte = (high? << 4 | low?) as u8;
        }
        Some(TokenDigest(digest))
    }

    pub(super) fn is(&self, other: &TokenDigest) -> bool {
        let difference = self.0.iter().zip(&other.0).fold(0, |sum, (one, two)| sum | one ^ two);
        std::hint::black_box(difference) == 0
    }
}

/// Writes 64 hexadecimal digits, as a token file has them.
impl fmt::Display for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Shows nothing, because the digest of a weak token reveals it.
impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(…)")
    }
}

/// A token that an operator has given to a client.
#[derive(Clone, Debug)]
pub struct StaticToken {
    /// The name of its owner. Two tokens of one name are the same principal, so that a token can be
    /// replaced without ending sessions.
    pub name: Box<str>,
    /// The digest of the token.
    pub digest: TokenDigest,
    /// The scopes.
    pub scopes: Scopes,
}

impl StaticToken {
    /// Parses the lines of a token file: `NAME SHA256 [SCOPE…]`. Blank lines, and those that begin
    /// with `#`, are ignored. A token without scopes may do everything.
    ///
    /// # Errors
    ///
    /// The number of the first bad line, and the reason. The text does not show the line, which may
    /// hold a token.
    pub fn parse_file(text: &str) -> Result<Vec<StaticToken>, (usize, &'static str)> {
        let mut tokens: Vec<StaticToken> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let token = StaticToken::parse_line(line).map_err(|reason| (at + 1, reason))?;
            if tokens.iter().any(|other| other.digest.is(&token.digest)) {
                return Err((at + 1, "the token is listed twice"));
            }
            tokens.push(token);
        }
        Ok(tokens)
    }

    fn parse_line(line: &str) -> Result<StaticToken, &'static str> {
        let mut words = line.split_ascii_whitespace();
        let (name, digest) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let digest = TokenDigest::parse(digest)
            .ok_or("expected NAME SHA256 [SCOPE…], with the SHA-256 of the token in 64 digits")?;
        let scopes: Vec<&str> = words.collect();
        let scopes = if scopes.is_empty() { Scopes::All } else { Scopes::parse(&scopes.join(" ")) };
        Ok(StaticToken { name: name.into(), digest, scopes })
    }
}
