//! Bodies, read from a connection part by part.

use super::Wire;
use crate::response::{Broken, Framing, chunk_size};

impl Framing {
    /// Reads the next bytes of the body, `None` at its end.
    pub(super) fn read(&mut self, wire: &mut Wire) -> Result<Option<Vec<u8>>, Broken> {
        match self {
            Framing::Ended | Framing::Length(0) => {
                *self = Framing::Ended;
                Ok(None)
            }
            Framing::Length(left) => {
                let part = wire.some(*left)?;
                *left -= part.len();
                Ok(Some(part))
            }
            Framing::UntilClosed => match wire.some(usize::MAX) {
                Ok(part) => Ok(Some(part)),
                Err(Broken::Closed) => {
                    *self = Framing::Ended;
                    Ok(None)
                }
                Err(broken) => Err(broken),
            },
            Framing::Chunked { left: 0, next } => {
                // A chunk's data is followed by a line end of its own. The next chunk may arrive
                // later.
                if !*next && !wire.line()?.is_empty() {
                    return Err(Broken::Malformed("chunk data without an end".into()));
                }
                *next = true;
                let size = chunk_size(&wire.line()?)?;
                if size == 0 {
                    while !wire.line()?.is_empty() {}
                    *self = Framing::Ended;
                    return Ok(None);
                }
                *self = Framing::Chunked { left: size, next: false };
                self.read(wire)
            }
            Framing::Chunked { left, .. } => {
                let part = wire.some(*left)?;
                *left -= part.len();
                Ok(Some(part))
            }
        }
    }
}
