//! Packing answers, where the core says so.

use std::io::Write;

use bytes::{BufMut, Bytes, BytesMut};
use flate2::Compression;
use flate2::write::GzEncoder;
use pontoon_core::http::{Coding, ReplyHead};
use pontoon_core::machine::Chunk;
use pontoon_core::memory::Account;

/// A whole body in the form in which it is sent, given what its client takes; the head says which.
/// Bytes that are made here are counted in `account`.
pub fn encode(head: &mut ReplyHead, taken: Coding, body: Chunk, account: &Account) -> Chunk {
    head.encode(taken, body.len());
    match head.coding {
        Coding::Fixed | Coding::Identity => body,
        Coding::Gzip => Chunk::from(account.hold(gzip(&body))),
    }
}

/// Packs at once, on the thread that answers, so as fast as it goes: others wait for that thread.
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
