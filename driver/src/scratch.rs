//! A buffer per thread for all reads, so that a silent socket or pipe needs none.

use std::cell::RefCell;
use std::io;
use std::task::{Context, Poll, ready};

use crate::io::Source;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Reads once, up to a maximum number of bytes, and passes them on; nothing at the end.
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
