//! A request body that is being read.

use bytes::Bytes;

use crate::memory::{Account, Permit};
use crate::reject::Reject;

/// The bytes of a request body, as far as they have come. Each is counted in its client's account
/// until the last part of the body is dropped, wherever it has gone by then.
#[derive(Debug)]
pub struct BodyBuffer {
    bytes: Vec<u8>,
    /// The bytes that its head announced; 0 if it did not say.
    expected: usize,
    permit: Option<Permit>,
}

/// Up to here the room for a body is made before its bytes have come.
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
    /// [`Reject::MemoryFull`]: there is no room for it.
    pub fn push(&mut self, part: &[u8]) -> Result<(), Reject> {
        if let Some(permit) = &mut self.permit
            && !permit.grow(part.len())
        {
            return Err(Reject::MemoryFull);
        }
        let needed = self.bytes.len() + part.len();
        if needed > self.bytes.capacity() {
            // Doubled, so that many small parts cost linear time, but not beyond what is to come.
            let doubled = 2 * self.bytes.capacity();
            let room = if self.expected >= needed { doubled.min(self.expected) } else { doubled };
            self.bytes.reserve_exact(room.max(needed) - self.bytes.len());
        }
        self.bytes.extend_from_slice(part);
        Ok(())
    }

    /// The whole body.
    pub fn finish(self) -> Bytes {
        let bytes = self.bytes.into_boxed_slice();
        match self.permit {
            Some(permit) => permit.attach(bytes),
            None => bytes.into(),
        }
    }
}
