//! The body of an answer: the engine's bytes, in frames for hyper.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame, SizeHint};
use pontoon_core::Chunk;

use crate::exchange::Exchange;
use crate::http::checkpoint::Checkpoint;

/// The body of an answer, for hyper. Tells the connection's guard once hyper has all of it.
pub(crate) struct ReplyBody {
    parts: VecDeque<Bytes>,
    left: Left,
    /// The exchange whose progress is reported.
    exchange: Option<Exchange>,
    checkpoint: Arc<Checkpoint>,
}

/// The rest of a body.
enum Left {
    Bytes(usize),
    Unknown,
}

impl ReplyBody {
    /// Creates a body that is complete.
    pub(crate) fn whole(
        body: Chunk,
        receipt: Option<Exchange>,
        checkpoint: Arc<Checkpoint>,
    ) -> Self {
        let left = Left::Bytes(body.len());
        ReplyBody { parts: body.into_iter().collect(), left, exchange: receipt, checkpoint }
    }

    /// Creates a body that is streamed.
    pub(crate) fn stream(exchange: Exchange, checkpoint: Arc<Checkpoint>) -> Self {
        checkpoint.streaming();
        let parts = VecDeque::new();
        ReplyBody { parts, left: Left::Unknown, exchange: Some(exchange), checkpoint }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let body = &mut *self;
        if let (true, Left::Unknown, Some(exchange)) =
            (body.parts.is_empty(), &body.left, &mut body.exchange)
            && !ready!(exchange.poll_parts(cx, &mut body.parts))
        {
            return Poll::Ready(None);
        }
        let Some(bytes) = gather(&mut body.parts) else { return Poll::Ready(None) };
        if let Left::Bytes(left) = &mut body.left {
            *left -= bytes.len();
        }
        if let Some(exchange) = &mut body.exchange {
            exchange.taken(bytes.len());
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.left, Left::Bytes(0))
    }

    fn size_hint(&self) -> SizeHint {
        match self.left {
            Left::Bytes(left) => SizeHint::with_exact(left as u64),
            Left::Unknown => SizeHint::default(),
        }
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        self.checkpoint.responded();
    }
}

/// Returns the next frame: as many parts as are worth copying into one, or else the first part, as
/// far as it fits into a frame.
fn gather(parts: &mut VecDeque<Bytes>) -> Option<Bytes> {
    let mut bytes = 0;
    let joined = parts
        .iter()
        .take_while(|part| {
            bytes += part.len();
            bytes <= JOINED_BYTES_MAX
        })
        .count();
    if joined < 2 {
        let first = parts.front_mut()?;
        return match first.len() > FRAME_BYTES_MAX {
            true => Some(first.split_to(FRAME_BYTES_MAX)),
            false => parts.pop_front(),
        };
    }
    let mut whole = BytesMut::with_capacity(parts.iter().take(joined).map(Bytes::len).sum());
    parts.drain(..joined).for_each(|part| whole.extend_from_slice(&part));
    Some(whole.freeze())
}

/// The maximum length of a frame. hyper buffers a frame of any length, and only bytes that it was
/// not given count as unsent.
const FRAME_BYTES_MAX: usize = 64 * 1024;

/// The length up to which one copy costs less than another frame.
const JOINED_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
mod tests;
