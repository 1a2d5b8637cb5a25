//! Compression of answers, where the core decides so.

use std::io::Write;

use bytes::{BufMut, Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use pontoon_core::http::{ContentCoding, ReplyHead};
use pontoon_core::{Account, Chunk};

/// Returns a whole body in the coding for its client, which the head then names. Compressed bytes
/// count in `account`.
pub fn encode(head: &mut ReplyHead, taken: ContentCoding, body: Chunk, account: &Account) -> Chunk {
    head.encode(taken, body.len());
    match head.coding {
        ContentCoding::Uncompressed | ContentCoding::Identity => body,
        ContentCoding::Gzip => Chunk::from(account.hold(gzip(&body))),
    }
}

/// Compresses at the fastest level, because other requests wait for this thread.
fn gzip(body: &Chunk) -> Bytes {
    let out = BytesMut::with_capacity(body.len() / 4).writer();
    let mut encoder = GzEncoder::new(out, Compression::fast());
    for part in body.parts() {
        encoder.write_all(part).expect("memory takes everything");
    }
    encoder.finish().expect("memory takes everything").into_inner().freeze()
}

#[cfg(test)]
mod tests;
