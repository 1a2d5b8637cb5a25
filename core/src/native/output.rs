//! The output of a request without a session, until the engine or its adapter sends it.

use std::sync::Arc;

use crate::chunk::Chunk;
use crate::config::EventFormat;
use crate::exchange::ResponseWriter;
use crate::frame;
use crate::http::ReplyHead;
use crate::time::Instant;

/// An output of a request.
#[derive(Debug)]
pub(crate) enum StatelessOutput {
    /// The whole answer.
    Reply(ReplyHead, Chunk),
    /// A part of a stream.
    Stream { begin: Option<ReplyHead>, events: Chunk, finish: bool },
}

impl StatelessOutput {
    /// Returns the bytes without a head.
    pub(super) fn into_bytes(self) -> Chunk {
        match self {
            StatelessOutput::Reply(_, bytes) | StatelessOutput::Stream { events: bytes, .. } => {
                bytes
            }
        }
    }
}

/// Records the output of an exchange.
pub(super) struct Recorder<'a> {
    pub(super) now: Instant,
    /// The client's own session id, for a head.
    pub(super) session: &'a Option<Box<str>>,
    pub(super) event_format: &'a Option<Arc<dyn EventFormat>>,
    pub(super) ready: &'a mut Option<StatelessOutput>,
}

impl Recorder<'_> {
    fn head(&self, mut head: ReplyHead) -> ReplyHead {
        head.foreign_session.clone_from(self.session);
        head
    }

    /// Adds to the part of a stream that is ready, or to a new one.
    fn add(&mut self, bytes: Chunk, is_end: bool) {
        let part = || StatelessOutput::Stream { begin: None, events: Chunk::new(), finish: false };
        if let StatelessOutput::Stream { events, finish, .. } = self.ready.get_or_insert_with(part)
        {
            events.append(bytes);
            *finish |= is_end;
        }
    }
}

impl ResponseWriter for Recorder<'_> {
    fn now(&self) -> Instant {
        self.now
    }

    fn reply(&mut self, head: ReplyHead, body: Chunk) {
        *self.ready = Some(StatelessOutput::Reply(self.head(head), body));
    }

    fn begin(&mut self, head: ReplyHead) {
        let (begin, events) = (Some(self.head(head)), Chunk::new());
        *self.ready = Some(StatelessOutput::Stream { begin, events, finish: false });
    }

    fn event(&mut self, message: Chunk) {
        self.write(match self.event_format {
            Some(format) => format.event(message.into_bytes()),
            None => frame::event(None, message),
        });
    }

    fn write(&mut self, bytes: Chunk) {
        self.add(bytes, false);
    }

    fn finish(&mut self) {
        self.add(Chunk::new(), true);
    }
}
