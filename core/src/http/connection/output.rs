//! The bytes of responses that the transport has not taken.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

/// Bytes on their way to the transport.
#[derive(Debug, Default)]
pub(super) struct Output(VecDeque<Piece>);

#[derive(Debug)]
struct Piece {
    bytes: Bytes,
    /// Whether the bytes are content, and not a head or framing.
    is_content: bool,
}

impl Output {
    pub(super) fn push(&mut self, bytes: impl Into<Bytes>) {
        self.push_piece(bytes.into(), false);
    }

    pub(super) fn push_content(&mut self, bytes: Bytes) {
        self.push_piece(bytes, true);
    }

    fn push_piece(&mut self, bytes: Bytes, is_content: bool) {
        if !bytes.is_empty() {
            self.0.push_back(Piece { bytes, is_content });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|piece| &piece.bytes[..])
    }

    /// Removes this many bytes from the front; returns how many of them were content.
    pub(super) fn remove(&mut self, mut bytes: usize) -> usize {
        let mut content = 0;
        while let (Some(first), true) = (self.0.front_mut(), bytes > 0) {
            let taken = bytes.min(first.bytes.len());
            bytes -= taken;
            content += if first.is_content { taken } else { 0 };
            if taken == first.bytes.len() {
                self.0.pop_front();
            } else {
                first.bytes.advance(taken);
            }
        }
        content
    }
}
