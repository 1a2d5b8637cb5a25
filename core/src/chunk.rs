//! Bytes to be written, in parts.

use bytes::Bytes;
use smallvec::SmallVec;

/// Bytes in a few parts, written one after the other: a payload is sent as a slice of the buffer
/// that it was received in, between the parts around it.
#[derive(Clone, Debug, Default)]
pub struct Chunk(SmallVec<[Bytes; 4]>);

impl Chunk {
    /// Creates an empty chunk.
    pub fn new() -> Self {
        Chunk::default()
    }

    /// Appends a part.
    pub fn push(&mut self, part: impl Into<Bytes>) {
        let part = part.into();
        if !part.is_empty() {
            self.0.push(part);
        }
    }

    /// Appends every part of another chunk.
    pub fn append(&mut self, other: Chunk) {
        self.0.extend(other.0);
    }

    /// Changes the last part, if there is one.
    pub(crate) fn with_last(mut self, change: impl FnOnce(Bytes) -> Bytes) -> Chunk {
        let last = self.0.pop().map(change);
        self.0.extend(last);
        self
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    /// Returns the parts, none of them empty.
    pub fn parts(&self) -> &[Bytes] {
        &self.0
    }

    /// Returns whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the bytes in one piece; copies unless there is only one part.
    pub fn into_bytes(mut self) -> Bytes {
        match self.0.len() {
            0 => Bytes::new(),
            1 => self.0.remove(0),
            _ => self.to_vec().into(),
        }
    }

    /// Returns a copy of the bytes.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len());
        for part in &self.0 {
            out.extend_from_slice(part);
        }
        out
    }
}

impl<B: Into<Bytes>> From<B> for Chunk {
    fn from(bytes: B) -> Self {
        let mut chunk = Chunk::new();
        chunk.push(bytes);
        chunk
    }
}

impl IntoIterator for Chunk {
    type Item = Bytes;
    type IntoIter = smallvec::IntoIter<[Bytes; 4]>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
