//! The output of an exchange whose events have no ids.

use crate::chunk::Chunk;
use crate::cx::Cx;
use crate::exchange::ResponseWriter;
use crate::frame;
use crate::http::ReplyHead;
use crate::ids::ExchangeId;
use crate::time::Instant;

/// Sends the output of an exchange.
pub(crate) struct ExchangeWriter<'a, 'b> {
    exchange: ExchangeId,
    cx: &'a mut Cx<'b>,
}

impl<'b> Cx<'b> {
    /// Returns the writer of an exchange.
    pub(crate) fn writer(&mut self, exchange: ExchangeId) -> ExchangeWriter<'_, 'b> {
        ExchangeWriter { exchange, cx: self }
    }
}

impl ResponseWriter for ExchangeWriter<'_, '_> {
    fn now(&self) -> Instant {
        self.cx.now
    }

    fn reply(&mut self, head: ReplyHead, body: Chunk) {
        self.cx.reply(self.exchange, head, body);
    }

    fn begin(&mut self, head: ReplyHead) {
        self.cx.begin(self.exchange, head);
    }

    fn event(&mut self, message: Chunk) {
        self.write(frame::event(None, message));
    }

    fn write(&mut self, bytes: Chunk) {
        self.cx.write(self.exchange, bytes);
    }

    fn finish(&mut self) {
        self.cx.finish(self.exchange);
    }
}
