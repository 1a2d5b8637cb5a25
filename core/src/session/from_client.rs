//! The client's messages: requests, notifications, answers to the child's requests.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::auth::ListFilter;
use crate::bridge::{ClientRequest, ClientRequests, IdText, ServerRequests};
use crate::chunk::Chunk;
use crate::cx::Cx;
use crate::http::{ClientSlot, LastEvent, McpHead, ReplyHead};
use crate::ids::{ExchangeId, SessionId};
use crate::json::{self, Body, Field, Invalid, Kind, Message};
use crate::observe::{Dropped, tool_of};
use crate::protocol::{Revision, known_method};
use crate::reject::Reject;
use crate::session::hold::Outgoing;
use crate::session::{Backend, Initialize, Queue, Session, Streams};
use crate::time::Instant;

/// The arrival of a POST.
struct Arrival {
    since: Instant,
    /// The time limit of its requests.
    due: Instant,
    /// Its place among the requests of its client in progress, if there is a limit.
    slot: Option<Arc<ClientSlot>>,
}

impl Session {
    /// Creates a session without messages.
    pub(super) fn new(id: SessionId, head: &McpHead, backend: Backend, cx: &Cx<'_>) -> Session {
        Session {
            id,
            principal: head.principal,
            permissions: head.permissions.clone(),
            backend,
            client_requests: ClientRequests::default(),
            server_requests: ServerRequests::default(),
            quarantined_until: Instant::ZERO,
            held: None,
            queue: Queue::default(),
            streams: Streams::new(id),
            unknown_revision: None,
            client: None,
            peer: head.peer,
            initialize: None,
            keeps_messages: false,
            since: cx.now,
            used_at: cx.now,
            indexed: None,
            wake_at: Instant::FAR,
        }
    }

    /// Opens a session with the client's `initialize`.
    pub(crate) fn open(
        id: SessionId,
        backend: Backend,
        (exchange, head): (ExchangeId, &McpHead),
        initialize: &Message,
        since: Instant,
        cx: &mut Cx<'_>,
    ) -> Session {
        let mut session = Session::new(id, head, backend, cx);
        session.initialize((exchange, head), initialize, since, cx);
        session
    }

    /// Passes the client's `initialize` to the backend, unchanged. It arrived at `since`.
    pub(super) fn initialize(
        &mut self,
        (exchange, head): (ExchangeId, &McpHead),
        initialize: &Message,
        since: Instant,
        cx: &mut Cx<'_>,
    ) {
        self.set_sender(head);
        self.client.clone_from(&head.client);
        self.peer = head.peer;
        self.initialize = self.backend.native().is_none().then(|| {
            let (message, digest) = (initialize.clone(), head.params_digest.clone());
            Box::new(Initialize { message, digest, restore: None })
        });
        let stream = self.streams.open_call(exchange, head.accept, 1, false, cx);
        let due = since + cx.startup_time();
        self.request(initialize, stream, &Arrival { since, due, slot: head.slot() }, cx);
        self.on_post_done();
    }

    /// Opens a session for a client that has not sent `initialize`, in this revision until it does.
    pub(crate) fn open_without_initialize(
        id: SessionId,
        backend: Backend,
        head: &McpHead,
        revision: Revision,
        cx: &mut Cx<'_>,
    ) -> Session {
        let mut session = Session::new(id, head, backend, cx);
        session.streams.revision = Some(revision);
        session.touch(cx);
        session
    }

    /// Handles a POST. If it returns an error, nothing of it has reached the backend.
    pub(crate) fn post(
        &mut self,
        exchange: ExchangeId,
        head: &McpHead,
        body: &Body,
        cx: &mut Cx<'_>,
    ) -> Result<(), Reject> {
        let has_batches = || self.revision().is_some_and(|r| r.has_batches());
        let messages: SmallVec<[_; 1]> = match body {
            Body::One(message) => std::slice::from_ref(message).iter().map(Ok).collect(),
            Body::Batch(messages) if self.backend.takes_batches() || has_batches() => {
                messages.iter().map(Result::as_ref).collect()
            }
            Body::Batch(_) => return Err(Reject::BatchNotAllowed),
        };
        let is_batch = matches!(body, Body::Batch(_));
        let due = self.admit(&messages, is_batch, cx)?;
        let time = match self.is_open() {
            true => cx.limits.request_time_max,
            false => cx.startup_time(),
        };
        let arrival = Arrival { since: cx.now, due: cx.now + time, slot: head.slot() };
        self.set_sender(head);
        self.peer = head.peer;
        self.touch(cx);
        let stream =
            (due > 0).then(|| self.streams.open_call(exchange, head.accept, due, is_batch, cx));
        for message in messages {
            self.on_message(message, stream.unwrap_or_default(), &arrival, cx);
        }
        self.on_post_done();
        if let Some(stream) = stream {
            self.send_queued_requests(stream, cx);
        }
        if stream.is_none() || self.is_sse() {
            self.accepted(exchange, cx);
        }
        Ok(())
    }

    /// Records the sender of the next messages, and tells a server in this process.
    fn set_sender(&mut self, head: &McpHead) {
        self.used_by(head.principal);
        self.permissions.clone_from(&head.permissions);
        let (used_at, queued) = (self.used_at, self.queue.len());
        if let Some(seated) = self.backend.native_mut() {
            seated.set_sender(head, used_at, queued);
        }
    }

    fn on_post_done(&mut self) {
        if let Some(seated) = self.backend.native_mut() {
            seated.on_post_done();
        }
    }

    /// Checks that a POST can be accepted as a whole; returns the number of its answers.
    fn admit(
        &self,
        messages: &[Result<&Message, &Invalid>],
        is_batch: bool,
        cx: &Cx<'_>,
    ) -> Result<usize, Reject> {
        let is_initialize = |m: &Message| m.method() == Some("initialize");
        if messages.iter().flatten().any(|message| is_initialize(message)) {
            if is_batch {
                return Err(Reject::InitializeInBatch);
            }
            if self.is_initialized() {
                return Err(Reject::AlreadyInitialized);
            }
        }
        let requests = messages.iter().flatten().filter(|m| m.kind() == Kind::Request).count();
        if self.client_requests.len() + requests > cx.limits.in_flight_max {
            return Err(Reject::InFlightFull);
        }
        let bytes = messages.iter().flatten().map(|message| message.len()).sum();
        let held = self.held_bytes();
        let is_full = self.is_restoring() && held > 0 && held + bytes > cx.limits.stdin_bytes_max;
        if is_full || !self.backend.has_room(bytes, cx) {
            return Err(Reject::ChildBackpressure);
        }
        let due = requests + messages.iter().filter(|message| message.is_err()).count();
        if due > 0 && self.is_backpressured(cx.limits) {
            return Err(Reject::InFlightFull);
        }
        Ok(due)
    }

    fn on_message(
        &mut self,
        message: Result<&Message, &Invalid>,
        stream: u64,
        arrival: &Arrival,
        cx: &mut Cx<'_>,
    ) {
        match message {
            Err(invalid) => {
                cx.metrics.refused(invalid.reject);
                let id = invalid.request_id();
                let error = json::error(id, &invalid.reject.wire());
                self.streams.answer(stream, id, Some(error), cx);
            }
            Ok(message) => match message.kind() {
                Kind::Request => self.request(message, stream, arrival, cx),
                Kind::Notification => self.notification(message, cx),
                Kind::Result | Kind::Error => self.client_answer(message, cx),
            },
        }
    }

    pub(super) fn accepted(&self, exchange: ExchangeId, cx: &mut Cx<'_>) {
        let mut head = ReplyHead::new(202);
        head.session = (!self.is_sse()).then_some(self.id);
        cx.reply(exchange, head, Chunk::new());
    }

    /// Sends a request to the child, under a number of this side.
    fn request(&mut self, message: &Message, stream: u64, arrival: &Arrival, cx: &mut Cx<'_>) {
        let (mut since, due) = (arrival.since, arrival.due);
        cx.wake(due);
        self.record_for_restore(message);
        if let Some(seated) = self.backend.native_mut() {
            seated.facts.requests += 1;
            // Most are answered in the turn that accepts them, and their time is counted from here.
            since = seated.arrived();
        }
        let method = message.method().unwrap_or_default();
        let filter = ListFilter::of(method, self.permissions.as_ref());
        let number = self.client_requests.insert(ClientRequest {
            stream,
            id: IdText::from_slice(message.id().unwrap_or_default()),
            token: message.progress_token().map(IdText::from_slice),
            method: known_method(method),
            tool: cx.logs_info().then(|| tool_of(message)).flatten(),
            filter,
            series: cx.series(message),
            slot: arrival.slot.clone(),
            since,
            due,
        });
        match (&self.held, message.method()) {
            (None, _) | (_, Some("ping")) => self.pass_request(number, message, cx),
            _ => self.forward(Outgoing::Request(number, message.clone()), cx),
        }
    }

    fn notification(&mut self, message: &Message, cx: &mut Cx<'_>) {
        match (message.method(), message.correlation_id()) {
            (Some("notifications/cancelled"), Some(id)) => self.cancel(message, id, cx),
            // A new child is not concerned by what the client told the one before it.
            _ if self.has_lost_child() => {}
            (Some("notifications/initialized"), _) if self.is_restoring() => {}
            (Some("notifications/initialized"), _) => {
                self.backend.write_message(message.with(&[]), cx);
                self.release(cx);
            }
            _ => self.forward(Outgoing::Notification(message.with(&[])), cx),
        }
    }

    /// Handles a cancellation: the child is told, and the exchange of the request ends without an
    /// answer (2025-11-25, basic/utilities/cancellation).
    fn cancel(&mut self, message: &Message, id: &[u8], cx: &mut Cx<'_>) {
        let Some((number, call)) = self.client_requests.take_by_client(id) else {
            return self.dropped(Dropped::UnknownCancel, cx);
        };
        let text = number.to_string();
        let notice = message.with(&[(Field::CorrelationId, text.as_bytes())]);
        self.forward(Outgoing::Notification(notice), cx);
        self.quarantined_until = cx.now + cx.limits.cancel_time_max;
        call.count_cancelled(cx);
        self.streams.skip_answer(call.stream, cx);
    }

    /// Handles the client's answer to a request of the child.
    fn client_answer(&mut self, message: &Message, cx: &mut Cx<'_>) {
        match message.id().and_then(|id| self.server_requests.take(id)) {
            Some(ask) => {
                self.backend.write_message(message.with(&[(Field::Id, &ask.id)]), cx);
                self.resume_deadlines(&ask, cx);
            }
            None => self.dropped(Dropped::UnknownClientAnswer, cx),
        }
    }

    /// Handles a GET: a new stream, or a resumed one.
    pub(crate) fn listen(
        &mut self,
        exchange: ExchangeId,
        last: LastEvent,
        cx: &mut Cx<'_>,
    ) -> Result<(), Reject> {
        let stream = match last {
            LastEvent::Absent => self.streams.listen(exchange, cx),
            LastEvent::Foreign => return Err(Reject::UnknownStream),
            LastEvent::Id(event) => self.streams.resume(exchange, event, cx)?,
        };
        self.touch(cx);
        self.server_requests.resumed(stream);
        if self.streams.listens(stream) {
            while let Some(waiting) = self.queue.pop() {
                self.send(stream, waiting, cx);
            }
        } else {
            self.send_queued_requests(stream, cx);
        }
        Ok(())
    }

    /// Sends the child's waiting questions on the stream of a call, because the call itself, or the
    /// next one, may depend on the answers. Notifications wait for a GET.
    fn send_queued_requests(&mut self, stream: u64, cx: &mut Cx<'_>) {
        while self.streams.carries_messages(stream)
            && let Some(waiting) = self.queue.pop_request()
        {
            self.send(stream, waiting, cx);
        }
    }
}
