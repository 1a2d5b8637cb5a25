//! A request body that is being received.

use bytes::Bytes;

use crate::memory::{Account, Permit};
use crate::reject::Reject;

/// The received bytes of a request body. They count against its client's account until the last
/// slice of the body is dropped.
#[derive(Debug)]
pub struct BodyBuffer {
    bytes: Vec<u8>,
    /// The announced length, or 0 without one.
    expected: usize,
    permit: Option<Permit>,
}

/// The maximum capacity that is reserved before the bytes arrive.
const BYTES_RESERVED_MAX: usize = 64 * 1024;

impl BodyBuffer {
    pub(crate) fn new(account: Option<&Account>, expected: usize) -> BodyBuffer {
        let bytes = Vec::with_capacity(expected.min(BYTES_RESERVED_MAX));
        BodyBuffer { bytes, expected, permit: account.map(Account::permit) }
    }

    /// Appends the next part.
    ///
    /// # Errors
    ///
    /// [`Reject::MemoryFull`] if the account has no room for it.
    pub fn push(&mut self, part: &[u8]) -> Result<(), Reject> {
        if let Some(permit) = &mut self.permit
            && !permit.grow(part.len())
        {
            return Err(Reject::MemoryFull);
        }
        let needed = self.bytes.len() + part.len();
        if needed > self.bytes.capacity() {
            // Capacity doubles so that many small parts take linear time, but not beyond the
            // announced length.
            let doubled = 2 * self.bytes.capacity();
            let room = if self.expected >= needed { doubled.min(self.expected) } else { doubled };
            self.bytes.reserve_exact(room.max(needed) - self.bytes.len());
        }
        self.bytes.extend_from_slice(part);
        Ok(())
    }

    /// Returns the whole body.
    pub fn finish(self) -> Bytes {
        let bytes = self.bytes.into_boxed_slice();
        match self.permit {
            Some(permit) => permit.attach(bytes),
            None => bytes.into(),
        }
    }
}
