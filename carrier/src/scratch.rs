//! Where everything that is read lands first: a socket or a pipe that is silent needs no buffer.

use std::cell::RefCell;
use std::io;
use std::task::{Context, Poll, ready};

use crate::io::Source;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Reads once, at most so many bytes, and shows what was read; nothing at the end.
pub(crate) fn poll_read<R>(
    source: &mut impl Source,
    cx: &mut Context<'_>,
    bytes_max: usize,
    show: impl FnOnce(&[u8]) -> R,
) -> Poll<io::Result<R>> {
    SCRATCH.with_borrow_mut(|scratch| {
        if scratch.len() < bytes_max {
            scratch.resize(bytes_max, 0);
        }
        let buf = &mut scratch[..bytes_max];
        let bytes = ready!(source.poll_read(cx, buf))?;
        Poll::Ready(Ok(show(&buf[..bytes])))
    })
}
