//! The differences of a session of HTTP+SSE, the transport of 2024-11-05.

use crate::cx::Cx;
use crate::http::McpHead;
use crate::ids::{ExchangeId, SessionId};
use crate::json::Message;
use crate::limits::Limits;
use crate::session::{Backend, Session};
use crate::time::Instant;

impl Session {
    /// Opens a session with its only stream, without a backend. Many clients of this kind reconnect
    /// whenever their stream ends, and not all of them send anything.
    pub(crate) fn open_sse(
        id: SessionId,
        exchange: ExchangeId,
        head: &McpHead,
        cx: &mut Cx<'_>,
    ) -> Session {
        let mut session = Session::new(id, head, Backend::None, cx);
        session.streams.open_single_stream(exchange, cx);
        session.touch(cx);
        session
    }

    /// Returns whether it is one of this transport.
    pub(crate) fn is_sse(&self) -> bool {
        self.streams.single_stream
    }

    /// Returns whether its client has to read before it may send another request, because a POST
    /// here does not wait for its answer. With a child of its own, the answer waits in the child.
    pub(super) fn is_backpressured(&self, limits: &Limits) -> bool {
        let is_held_back = self.backend.child().is_some();
        self.is_sse() && !is_held_back && self.streams.outbound() >= limits.outbound_bytes_high
    }

    /// Returns whether it has no backend because it waits for `initialize`.
    pub(crate) fn has_no_backend(&self) -> bool {
        matches!(self.backend, Backend::None) && !self.is_open()
    }

    /// Records whether its `initialize` waits for the era of the command, which counts as a use.
    pub(crate) fn set_keeps_messages(&mut self, is_awaited: bool, cx: &mut Cx<'_>) {
        self.keeps_messages = is_awaited;
        self.touch(cx);
    }

    /// Sets its backend, and passes it the client's `initialize`.
    pub(crate) fn attach_backend(
        &mut self,
        backend: Backend,
        (exchange, head): (ExchangeId, &McpHead),
        initialize: &Message,
        since: Instant,
        cx: &mut Cx<'_>,
    ) {
        debug_assert!(self.has_no_backend(), "a session keeps its backend");
        self.backend = backend;
        self.initialize((exchange, head), initialize, since, cx);
        self.accepted(exchange, cx);
    }
}
