//! Request state: sealed data that a client receives with a request for input, and returns with its
//! answers.
//!
//! Owns: the seal, the data a state is bound to, and its expiry.
//! Never: interprets a payload, keeps it secret, or records its use. A state can be read and used
//! by anyone who has it until it expires; single use needs memory elsewhere.
//!
//! ```text
//! base64url( version | expires         | digest of the params | HMAC-SHA256 | payload )
//!            1 byte    8 bytes, millis   32 bytes               32 bytes
//!
//! HMAC over  label | principal | length of the method | method
//!            | version | expires | digest of the params | payload
//! ```
//!
//! The digest of the params is expensive, so the state holds it: a forgery is detected before the
//! params of its request are read.
//!
//! Every field before the payload has a fixed length or a length prefix, so different bindings never
//! give the same bytes. Any instance with the same key can open the states of another. A key is for
//! one server: two servers with a tool of the same name would accept each other's states.
//!
//! Sources: 2026-07-28, basic/patterns/mrtr (Server Requirements); RFC 2104 (HMAC); RFC 4648,
//! section 5 (base64url, without padding).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::json::{Message, canonical};
use crate::principal::Principal;
use crate::time::Duration;

/// The maximum length of a payload, in bytes.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;

/// The key that states are sealed with.
#[derive(Clone)]
pub struct StateKey(Hmac<Sha256>);

/// The data that a state is bound to besides its expiry. It can only be opened for a request with
/// equal data.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The sender of the request.
    pub principal: &'a Principal,
    /// Its method.
    pub method: &'a str,
    /// The digest of its target and arguments: [`SalientParams::digest`].
    pub params_digest: [u8; 32],
}

/// The parameters that identify a request's target and arguments: members of `params`, as JSON
/// text.
///
/// `_meta`, `inputResponses` and `requestState` are not among them, because they change from one
/// round to the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct SalientParams<'a> {
    /// `name`, of `tools/call` and `prompts/get`.
    pub name: Option<&'a [u8]>,
    /// `uri`, of `resources/read`.
    pub uri: Option<&'a [u8]>,
    /// `arguments`, of `tools/call` and `prompts/get`.
    pub arguments: Option<&'a [u8]>,
}

/// The reason why a state was not opened. It is for logs; the client learns only that the state was
/// refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It was valid, and has expired.
    Expired,
    /// It was not sealed by this key, or not for this principal, method and parameters.
    Forged,
    /// It is not a state of this version, or it is too long.
    Malformed,
}

impl StateKey {
    /// Creates a key from random secret bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        StateKey(Hmac::new_from_slice(&bytes).expect("HMAC takes keys of any length"))
    }

    /// Seals a payload of at most 1 MiB; a longer one cannot be opened. The
    /// text consists of letters, digits, `-` and `_`, and is 98 bytes and a third longer than the
    /// payload.
    ///
    /// It can be opened before `expires`, a time since 1970-01-01 00:00 UTC to the millisecond.
    pub fn seal(&self, binding: &Binding<'_>, expires: Duration, payload: &[u8]) -> String {
        debug_assert!(payload.len() <= PAYLOAD_BYTES_MAX, "a payload too long to be opened");
        let Binding { principal, method, params_digest } = *binding;
        let head = Head { expires: millis(expires), params_digest }.to_bytes();
        let seal = self.mac(principal, method, &head, payload).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([&head, &seal[..], payload].concat())
    }

    /// Returns the payload of a text that was sealed with this key for the same binding, and has
    /// not expired at the time `now` since 1970-01-01 00:00 UTC.
    ///
    /// # Errors
    ///
    /// [`Refused`] for any other text. The time taken does not depend on how much of a seal is
    /// right.
    pub fn open(
        &self,
        binding: &Binding<'_>,
        now: Duration,
        text: &[u8],
    ) -> Result<Vec<u8>, Refused> {
        self.check(binding.principal, binding.method, now, text)?.open(binding.params_digest)
    }

    /// Checks everything but the parameters, which [`Unsealed::open`] compares. Their digest need
    /// not be computed for a text that is refused here.
    ///
    /// # Errors
    ///
    /// Those of [`StateKey::open`].
    pub fn check(
        &self,
        principal: &Principal,
        method: &str,
        now: Duration,
        text: &[u8],
    ) -> Result<Unsealed, Refused> {
        let mut state = decode(text).ok_or(Refused::Malformed)?;
        let payload = state.split_off(HEAD_BYTES + SEAL_BYTES);
        let (bytes, seal) = state.split_at(HEAD_BYTES);
        let head = Head::of(bytes).ok_or(Refused::Malformed)?;
        let mac = self.mac(principal, method, bytes, &payload);
        mac.verify_slice(seal).map_err(|_| Refused::Forged)?;
        if millis(now) >= head.expires {
            return Err(Refused::Expired);
        }
        Ok(Unsealed { params_digest: head.params_digest, payload })
    }

    /// Returns a name that cannot be predicted without the key: the same for the same bytes, and
    /// different for others.
    pub fn name(&self, of: &[u8]) -> [u8; 16] {
        let mac = self.0.clone().chain_update(NAME_LABEL).chain_update(of).finalize().into_bytes();
        mac.first_chunk().copied().unwrap_or_default()
    }

    fn mac(
        &self,
        principal: &Principal,
        method: &str,
        head: &[u8],
        payload: &[u8],
    ) -> Hmac<Sha256> {
        let method_bytes = (method.len() as u64).to_be_bytes();
        self.0
            .clone()
            .chain_update(LABEL)
            .chain_update(principal.to_bytes())
            .chain_update(method_bytes)
            .chain_update(method)
            .chain_update(head)
            .chain_update(payload)
    }
}

/// A state with a valid seal, whose parameters are not compared yet.
#[derive(Debug)]
pub struct Unsealed {
    params_digest: [u8; 32],
    payload: Vec<u8>,
}

impl Unsealed {
    /// Returns the payload, for a request whose parameters have this digest.
    ///
    /// # Errors
    ///
    /// [`Refused::Forged`] for other parameters.
    pub fn open(self, params_digest: [u8; 32]) -> Result<Vec<u8>, Refused> {
        match self.params_digest == params_digest {
            true => Ok(self.payload),
            false => Err(Refused::Forged),
        }
    }
}

/// Omits the key.
impl fmt::Debug for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateKey(…)")
    }
}

impl<'a> SalientParams<'a> {
    /// Returns those of a request.
    pub(crate) fn of(request: &'a Message) -> Self {
        let (name, uri, arguments) = (request.name(), request.uri(), request.arguments());
        SalientParams { name, uri, arguments }
    }

    pub(crate) fn bytes(&self) -> usize {
        [self.name, self.uri, self.arguments].into_iter().flatten().map(<[u8]>::len).sum()
    }

    /// Returns a digest that is the same for all notations of the same parameters: white space, the
    /// order of an object's members, escapes in strings and the notation of numbers (`1`, `1.0`,
    /// `1e0`) do not count. Everything else does: the order of an array's elements, every digit of
    /// a number, all values of a duplicate key in their order, and whether `arguments` are `{}`,
    /// `null` or missing.
    ///
    /// A text that is not JSON counts byte for byte.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for param in [self.name, self.uri, self.arguments] {
            hash.update([u8::from(param.is_some())]);
            let text = canonical(param.unwrap_or_default());
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
        hash.finalize().into()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Expired => "the request state has expired",
            Refused::Forged => "the request state was not sealed for this request",
            Refused::Malformed => "the request state cannot be read",
        })
    }
}

/// The fields before the seal.
#[derive(Debug)]
struct Head {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    expires: u64,
    params_digest: [u8; 32],
}

impl Head {
    fn to_bytes(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [VERSION; HEAD_BYTES];
        bytes[1..9].copy_from_slice(&self.expires.to_be_bytes());
        bytes[9..].copy_from_slice(&self.params_digest);
        bytes
    }

    fn of(bytes: &[u8]) -> Option<Head> {
        let (&version, rest) = bytes.split_first()?;
        let (expires, params_digest) = rest.split_first_chunk()?;
        let expires = u64::from_be_bytes(*expires);
        let params_digest = params_digest.try_into().ok()?;
        (version == VERSION).then_some(Head { expires, params_digest })
    }
}

/// Decodes a text within the length limits. Each state has one text only, so spare bits in the last
/// character must be zero.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    (bytes.len() >= HEAD_BYTES + SEAL_BYTES).then_some(bytes)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Separates seals from other uses of the key.
const LABEL: &[u8] = b"pontoon requestState\0";

/// Separates names from seals; neither label is a prefix of the other.
const NAME_LABEL: &[u8] = b"pontoon name\0";

const VERSION: u8 = 2;

const HEAD_BYTES: usize = 1 + 8 + 32;

const SEAL_BYTES: usize = 32;

const TEXT_BYTES_MAX: usize = (HEAD_BYTES + SEAL_BYTES + PAYLOAD_BYTES_MAX).div_ceil(3) * 4;

#[cfg(test)]
mod tests;
