//! Request state: what a client is handed when it is asked something, and brings back with the
//! answers.
//!
//! Owns: the seal, what it binds a state to, and when a state expires.
//! Never: says what a payload means, keeps it secret, or remembers that it was used. Whoever has a
//! state can read it, and use it until it expires; what may be used once needs a memory elsewhere.
//!
//! ```text
//! base64url( version | expires         | digest of the params | HMAC-SHA256 | payload )
//!            1 byte    8 bytes, millis   32 bytes               32 bytes
//!
//! HMAC over  label | principal | length of the method | method
//!            | version | expires | digest of the params | payload
//! ```
//!
//! The digest of the params takes time, so it stands in the state: a forgery is found out before
//! the params of its request are looked at.
//!
//! Every field before the payload has a fixed length or tells it, so no two bindings run together.
//! Any instance with the same key can open what another has sealed. A key is for one server: two
//! servers with a tool of the same name would take each other's states.
//!
//! Sources: 2026-07-28, basic/patterns/mrtr (Server Requirements); RFC 2104 (HMAC); RFC 4648,
//! section 5 (base64url, without padding).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::json::{Message, canonical};
use crate::session::Principal;
use crate::time::Duration;

/// Bytes of a payload that can be sealed and opened again.
pub const PAYLOAD_BYTES_MAX: usize = 1024 * 1024;

/// The key that states are sealed with.
#[derive(Clone)]
pub struct StateKey(Hmac<Sha256>);

/// What a state is bound to besides its expiry: it can be opened for a request only that has all of
/// this in common with the one it was sealed for.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// Who sent the request.
    pub principal: &'a Principal,
    /// Its method.
    pub method: &'a str,
    /// What it asks for: [`SalientParams::digest`].
    pub params_digest: [u8; 32],
}

/// The parameters that say what a request asks for: members of `params`, as JSON text.
///
/// `_meta`, `inputResponses` and `requestState` are none of them: they change from one round to the
/// next.
#[derive(Clone, Copy, Debug, Default)]
pub struct SalientParams<'a> {
    /// `name`, of `tools/call` and `prompts/get`.
    pub name: Option<&'a [u8]>,
    /// `uri`, of `resources/read`.
    pub uri: Option<&'a [u8]>,
    /// `arguments`, of `tools/call` and `prompts/get`.
    pub arguments: Option<&'a [u8]>,
}

/// Why a state was not opened. Whoever sent it learns nothing but that; what is wrong is for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It was opened in time once, and no longer is.
    Expired,
    /// Its seal is not from this key, or not for this principal, method and these parameters.
    Forged,
    /// It is no state of this version at all, or too long.
    Malformed,
}

impl StateKey {
    /// The key of these bytes, which are secret and chosen at random.
    pub fn new(bytes: [u8; 32]) -> Self {
        StateKey(Hmac::new_from_slice(&bytes).expect("HMAC takes keys of any length"))
    }

    /// Seals a payload of at most [`PAYLOAD_BYTES_MAX`] bytes; a longer one is never opened. The
    /// text is one word of letters, digits, `-` and `_`, a third longer than the payload and 98
    /// bytes more.
    ///
    /// It can be opened before `expires`, a time since 1970-01-01 00:00 UTC to the millisecond.
    pub fn seal(&self, binding: &Binding<'_>, expires: Duration, payload: &[u8]) -> String {
        debug_assert!(payload.len() <= PAYLOAD_BYTES_MAX, "a payload too long to be opened");
        let Binding { principal, method, params_digest } = *binding;
        let head = Head { expires: millis(expires), params_digest }.to_bytes();
        let seal = self.mac(principal, method, &head, payload).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([&head, &seal[..], payload].concat())
    }

    /// The payload of a text that was sealed with this key for the same binding, and has not expired
    /// at the time `now` since 1970-01-01 00:00 UTC.
    ///
    /// # Errors
    ///
    /// [`Refused`], for a text that is anything else. How long it takes does not depend on how much
    /// of a seal is right.
    pub fn open(
        &self,
        binding: &Binding<'_>,
        now: Duration,
        text: &[u8],
    ) -> Result<Vec<u8>, Refused> {
        self.check(binding.principal, binding.method, now, text)?.open(binding.params_digest)
    }

    /// The same but for the parameters, which [`Unsealed::open`] compares: their digest need not be
    /// computed for a text that is refused here.
    ///
    /// # Errors
    ///
    /// As [`StateKey::open`].
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

    /// A name that nobody can foresee who has not the key: the same for the same bytes, and another
    /// for others.
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

/// A state with a valid seal, for a request of some parameters.
#[derive(Debug)]
pub struct Unsealed {
    params_digest: [u8; 32],
    payload: Vec<u8>,
}

impl Unsealed {
    /// The payload, for a request whose parameters have this digest.
    ///
    /// # Errors
    ///
    /// [`Refused::Forged`] for a request of other parameters.
    pub fn open(self, params_digest: [u8; 32]) -> Result<Vec<u8>, Refused> {
        match self.params_digest == params_digest {
            true => Ok(self.payload),
            false => Err(Refused::Forged),
        }
    }
}

/// Nothing of the key.
impl fmt::Debug for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateKey(…)")
    }
}

impl<'a> SalientParams<'a> {
    /// Those of a request.
    pub(crate) fn of(request: &'a Message) -> Self {
        let (name, uri, arguments) = (request.name(), request.uri(), request.arguments());
        SalientParams { name, uri, arguments }
    }

    pub(crate) fn bytes(&self) -> usize {
        [self.name, self.uri, self.arguments].into_iter().flatten().map(<[u8]>::len).sum()
    }

    /// A digest that is the same for all ways to write the same parameters: white space, the order
    /// of an object's members, escapes in strings and the notation of numbers (`1`, `1.0`, `1e0`)
    /// do not count. Everything else does: the order of an array's elements, every digit of a
    /// number, all values of a key that is given twice, in their order, and whether `arguments` are
    /// `{}`, `null` or not there.
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

/// What stands in front of the seal.
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

/// The bytes of a text that is neither too short nor too long. Each state has one text only: a
/// character that carries spare bits has to have them zero.
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

/// So that the key seals nothing that is taken for something else.
const LABEL: &[u8] = b"pontoon requestState\0";

/// So that no name is a seal; neither label is the beginning of the other.
const NAME_LABEL: &[u8] = b"pontoon name\0";

const VERSION: u8 = 2;

const HEAD_BYTES: usize = 1 + 8 + 32;

const SEAL_BYTES: usize = 32;

const TEXT_BYTES_MAX: usize = (HEAD_BYTES + SEAL_BYTES + PAYLOAD_BYTES_MAX).div_ceil(3) * 4;

#[cfg(test)]
mod tests;
