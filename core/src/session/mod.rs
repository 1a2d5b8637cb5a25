//! Sessions of the legacy era: `initialize` opens one, and every later message names it.
//!
//! Owns: the connection of one client with a child of its own, with the facade in front of a shared
//! child, or with a server in this process, both directions, and its streams.
//! Never: state of another session; a session is a value without shared parts.
//!
//! ```text
//!   opening ──child answers initialize──► open ──DELETE, idle, evicted, child's end, shutdown──► ended
//!      └──child refuses, is too slow, or ends; client leaves───────────────────────────────────► ended
//! ```
//!
//! An ended child can be replaced instead ([`Limits::child_starts_max`]): see [`restore`].
//!
//! In HTTP+SSE, the transport of 2024-11-05, a session begins with its only stream and ends with
//! it:
//!
//! ```text
//!   vacant ──POST of initialize──► opening ──► open   each ──its stream closes, or is not read──► ended
//! ```
//!
//! Source: 2025-11-25, basic/lifecycle and basic/transports (Session Management); 2024-11-05,
//! basic/transports (HTTP with SSE).

mod backend;
mod facade;
mod from_child;
mod from_client;
mod hold;
mod native_session;
mod queue;
mod replay;
mod restore;
mod sse;
mod stream;
mod streams;

pub(crate) use backend::Backend;
pub(crate) use facade::FacadeBackend;
use hold::{HeldMessages, Outgoing};
pub(crate) use native_session::NativeSession;
use queue::{Queue, QueuedMessage};
use replay::Replay;
use restore::Restore;
use streams::Streams;

use core::net::IpAddr;
use std::mem;
use std::sync::Arc;

use crate::auth::Permissions;
use crate::bridge::{ClientRequest, ClientRequests, ServerRequest, ServerRequests};
use crate::chunk::Chunk;
use crate::cx::{Cx, Evictable, Loss, Transport};
use crate::http::{ContentType, ReplyHead};
use crate::ids::{ExchangeId, SessionId};
use crate::json::line::cancelled;
use crate::json::{self, Message};
use crate::legacy_facade::{BackendEvent, FromWorker, LegacyFacade};
use crate::limits::Limits;
use crate::memory::SMALL_BYTES_MAX;
use crate::observe::{Answered, Dropped, Event, SessionEnd};
use crate::principal::Principal;
use crate::protocol::Revision;
use crate::reject::{ExitStatus, Reject};
use crate::time::{Duration, Instant};

/// A client's connection with its backend.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    /// Its owner: anonymous until it is used with credentials.
    principal: Principal,
    /// The permissions of the sender of the last request; `None` allows everything.
    permissions: Option<Arc<Permissions>>,
    backend: Backend,
    client_requests: ClientRequests,
    server_requests: ServerRequests,
    /// The time until which a question of the child may belong to a cancelled request.
    quarantined_until: Instant,
    /// The messages that wait for the client's `notifications/initialized`.
    held: Option<Box<HeldMessages>>,
    queue: Queue,
    streams: Streams,
    /// The negotiated revision, if it is unknown here.
    unknown_revision: Option<Box<str>>,
    /// The client's name.
    client: Option<Box<str>>,
    /// The address of its last POST.
    peer: Option<IpAddr>,
    /// The `initialize` of its client, until it is answered, and after that if its child can be
    /// replaced.
    initialize: Option<Box<Initialize>>,
    /// Whether messages of its client are kept until it has a backend.
    keeps_messages: bool,
    since: Instant,
    /// The time at which the last request ended.
    used_at: Instant,
    /// Its entry in the engine's index of sessions that can be evicted.
    pub(crate) indexed: Option<Evictable>,
    /// The earliest timer that the engine has set for this session.
    pub(crate) wake_at: Instant,
}

/// An `initialize`.
#[derive(Debug)]
struct Initialize {
    message: Message,
    /// The digest of its parameters, if it was computed.
    digest: Option<Box<[u8; 32]>>,
    /// The state for replacing the child that has answered it.
    restore: Option<Restore>,
}

impl Session {
    /// Returns whether a revision is in use: `initialize` was answered, or is not needed.
    pub(crate) fn is_open(&self) -> bool {
        self.streams.revision.is_some()
    }

    /// Returns whether the client has sent `initialize` successfully. Only with a server in this
    /// process is there a session without it.
    fn is_initialized(&self) -> bool {
        self.backend.native().is_none_or(|seated| seated.facts.initialized)
    }

    /// Returns whether this principal may use it: it is the owner, or there is none yet.
    pub(crate) fn admits(&self, principal: &Principal) -> bool {
        self.principal == *principal || self.principal == Principal::Anonymous
    }

    /// Records its use by an admitted principal. The first with credentials becomes its owner.
    pub(crate) fn used_by(&mut self, principal: Principal) {
        if self.principal == Principal::Anonymous {
            self.principal = principal;
        }
    }

    /// Returns whether the negotiated revision has this name.
    pub(crate) fn speaks(&self, revision: &str) -> bool {
        match &self.unknown_revision {
            Some(unknown) => **unknown == *revision,
            None => self.streams.revision.is_some_and(|known| known.as_str() == revision),
        }
    }

    /// Returns the negotiated revision, or the nearest known one.
    pub(crate) fn revision(&self) -> Option<Revision> {
        self.streams.revision
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.backend
    }

    pub(crate) fn backend_mut(&mut self) -> &mut Backend {
        &mut self.backend
    }

    /// Lets a backend in this process continue, and handles its output. Returns the reason if the
    /// session ends because of it.
    pub(crate) fn poll_backend(&mut self, cx: &mut Cx<'_>) -> Option<SessionEnd> {
        if self.backend.child().is_some() {
            return None;
        }
        loop {
            if let Some(end) = self.on_backend_events(cx) {
                return Some(end);
            }
            while let Some(what) =
                self.backend.facade_mut().and_then(LegacyFacade::next_upstream_output)
            {
                cx.send(self.id, what);
            }
            if !self.backend.advance(self.id, cx) {
                break;
            }
        }
        cx.wake(self.backend.next_due(cx.now));
        None
    }

    /// Handles output of this process. Returns the reason if the session ends because of it.
    fn on_backend_events(&mut self, cx: &mut Cx<'_>) -> Option<SessionEnd> {
        while let Some(saying) = self.backend.next_event() {
            let end = match saying {
                BackendEvent::Answer(number, answer) => self.on_answer(number, answer, cx),
                BackendEvent::Failure(number, reject) => self.on_failure(number, reject, cx),
                BackendEvent::Changed(change) => {
                    cx.changes.push(change);
                    None
                }
                BackendEvent::Disconnect(call, come_back) => {
                    self.disconnect(call, come_back, cx);
                    None
                }
                BackendEvent::Progress(number) => {
                    self.on_progress(number, cx);
                    None
                }
                BackendEvent::Message(message, about) => {
                    self.on_local_message(message, about, cx);
                    None
                }
            };
            if end.is_some() {
                return end;
            }
        }
        None
    }

    /// Handles an event of a request at the shared child.
    pub(crate) fn on_upstream_event(&mut self, heard: FromWorker) {
        self.backend.on_upstream_event(heard);
    }

    fn disconnect(&mut self, call: u64, come_back: Duration, cx: &mut Cx<'_>) {
        if let Some(call) = self.client_requests.get(call) {
            self.streams.disconnect(call.stream, come_back, cx);
        }
    }

    /// Returns whether it has been unused for too long.
    pub(crate) fn has_expired(&self, now: Instant, limits: &Limits) -> bool {
        self.expires_at(limits) <= now
    }

    /// Returns when it ends unless it is used. An open session of HTTP+SSE lives as long as its
    /// stream.
    fn expires_at(&self, limits: &Limits) -> Instant {
        match self.idle_since() {
            Some(since) if !(self.is_sse() && self.is_open()) => since + self.idle_max(limits),
            _ => Instant::FAR,
        }
    }

    /// Returns its idle timeout. Before it is open, which only HTTP+SSE allows it to be while
    /// unused, it is the time limit of a child's start.
    fn idle_max(&self, limits: &Limits) -> Duration {
        match self.is_open() {
            true => limits.session_idle_max,
            false => limits.session_idle_max.min(limits.startup_time_max),
        }
    }

    /// Returns the number of messages that wait for a stream.
    pub(crate) fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Returns the number of pending requests of the client.
    pub(crate) fn in_flight(&self) -> usize {
        self.client_requests.len()
    }

    /// Returns the number of open exchanges.
    pub(crate) fn open_streams(&self) -> usize {
        self.streams.open()
    }

    /// Returns the number of bytes that wait for the client or the child.
    pub(crate) fn queue_bytes(&self) -> usize {
        self.queue.bytes()
            + self.held_bytes()
            + self.streams.outbound()
            + self.backend.pending_bytes()
    }

    /// Returns when the session became idle, or `None` while it is in use. In HTTP+SSE an open
    /// stream does not count as use, because nothing else could show that a session is not needed.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        let is_asked = self.keeps_messages || !self.client_requests.is_empty();
        let idle = !is_asked && (self.is_sse() || self.streams.open() == 0);
        idle.then_some(self.used_at)
    }

    /// Returns the loss if it is evicted; `None` while a request is in flight.
    pub(crate) fn evictable(&self) -> Option<Evictable> {
        let loss = match self.idle_since() {
            _ if self.keeps_messages || !self.client_requests.is_empty() => return None,
            None => Loss::Streams,
            Some(_) if self.is_open() => Loss::Idle,
            Some(_) => Loss::Unopened,
        };
        Some(Evictable { loss, since: self.used_at, principal: self.principal })
    }

    /// Records bytes that the transport accepted of an exchange of this session.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.streams.sent(bytes);
    }

    /// Handles the end of an exchange of this session. The client may resume, so nothing is
    /// cancelled (2025-11-25, basic/transports: "Disconnection SHOULD NOT be interpreted as the
    /// client cancelling its request"). Returns the reason if the session ends because of it: a
    /// session whose id was never sent, or whose stream of HTTP+SSE has ended, cannot be used
    /// again.
    pub(crate) fn closed(
        &mut self,
        exchange: ExchangeId,
        transport: &Transport,
        cx: &mut Cx<'_>,
    ) -> Option<SessionEnd> {
        self.streams.closed(exchange, transport, cx);
        self.touch(cx);
        match (self.is_open(), self.is_sse()) {
            (false, _) => Some(SessionEnd::Abandoned),
            (true, true) => Some(SessionEnd::Deleted),
            (true, false) => None,
        }
    }

    /// Ends the streams without pending answers, because the server is stopping, or too much waits
    /// there.
    pub(crate) fn end_listeners(&mut self, cx: &mut Cx<'_>) {
        if !self.is_sse() {
            self.streams.end_listeners(cx);
        }
    }

    /// Ends the connection that carries a stream.
    pub(crate) fn end_connection(&mut self, stream: Option<u64>, cx: &mut Cx<'_>) {
        if let Some(number) = stream {
            self.streams.end_connection(number, cx);
        }
    }

    fn touch(&mut self, cx: &mut Cx<'_>) {
        self.used_at = cx.now;
        cx.wake(cx.now + self.idle_max(cx.limits));
    }

    /// Reads the child only as fast as the client reads its output. Output of a shared child, of a
    /// server in this process, or of this side waits in memory, so streams that may get such output
    /// end at a limit. Returns the reason if the session ends because of it.
    pub(crate) fn apply_backpressure(&mut self, cx: &mut Cx<'_>) -> Option<SessionEnd> {
        let outbound = self.streams.outbound();
        let high = cx.limits.outbound_bytes_high;
        // When memory is short, a child is paused as soon as its client has something large to
        // read.
        let high = if cx.memory.is_short() { high.min(SMALL_BYTES_MAX) } else { high };
        if outbound >= high {
            self.backend.set_read_enabled(false, cx);
        } else if outbound <= cx.limits.outbound_bytes_low {
            self.backend.set_read_enabled(true, cx);
        }
        if outbound < self.streams.outbound_max(cx) {
            return None;
        }
        self.end_listeners(cx);
        self.is_sse().then_some(SessionEnd::Overflow)
    }

    /// Handles timeouts. Returns the reason if the session ends because of it.
    pub(crate) fn handle_timeout(&mut self, cx: &mut Cx<'_>) -> Option<SessionEnd> {
        self.backend.handle_timeout(cx);
        if self.held_until() <= cx.now {
            self.release(cx);
        }
        self.streams.keep_alive(cx);
        let refused = self.time_out_calls(cx);
        self.time_out_server_requests(cx);
        let expired = self.has_expired(cx.now, cx.limits);
        match (refused, expired) {
            (true, _) => Some(SessionEnd::Refused),
            (_, true) => Some(SessionEnd::Expired),
            _ => None,
        }
    }

    /// Returns when something is due again.
    pub(crate) fn next_due(&self, cx: &Cx<'_>) -> Instant {
        self.expires_at(cx.limits)
            .min(self.client_requests.next_due())
            .min(self.held_until())
            .min(self.restore_due())
            .min(self.server_requests.next_due(cx.limits.request_total_max))
            .min(self.backend.next_due(cx.now))
            .min(self.streams.next_due(cx.limits.keep_alive_period))
    }

    /// Fails the requests that the child did not answer in time. Returns whether `initialize` was
    /// one of them.
    fn time_out_calls(&mut self, cx: &mut Cx<'_>) -> bool {
        if !self.is_open() {
            return self.time_out_start(cx);
        }
        self.pause_deadlines(cx);
        while let Some((number, call)) = self.client_requests.take_due(cx.now) {
            if let Some(child) = self.backend.child_mut() {
                child.timed_out();
            }
            let number = number.to_string();
            let notice = cancelled(number.as_bytes(), "Request timeout");
            self.forward(Outgoing::Notification(notice), cx);
            self.quarantined_until = cx.now + cx.limits.cancel_time_max;
            let reject = self.request_timeout(&call, cx);
            self.fail(call, reject, cx);
        }
        false
    }

    /// Returns the refusal of a request whose time is over, with its time limit and the option for
    /// it.
    fn request_timeout(&self, call: &ClientRequest, cx: &Cx<'_>) -> Reject {
        let option = self.backend.native().is_none().then_some("--request-timeout");
        let limit = match call.since + cx.limits.request_total_max <= cx.now {
            true => cx.limits.request_total_max,
            false => cx.limits.request_time_max,
        };
        Reject::RequestTimeout { limit, option }
    }

    /// Fails a slow `initialize`. The child is not told, because `initialize` must not be cancelled
    /// (2025-11-25, basic/utilities/cancellation). Nothing extends its time limit: the client
    /// cannot be asked anything yet.
    fn time_out_start(&mut self, cx: &mut Cx<'_>) -> bool {
        let Some((_, call)) = self.client_requests.take_due(cx.now) else { return false };
        let limit = call.due.since(call.since);
        self.fail(call, Reject::StartupTimeout { limit }, cx);
        true
    }

    /// Extends the time limits of the requests that may wait for an answer of the client.
    ///
    /// A question of the child suspends the time limit of its request, once the client has been
    /// sent the question. If the child does not name the request, the question suspends each one
    /// that was in flight when it came: a request that hangs meanwhile fails later, but a user who
    /// takes a minute for a dialog does not lose the call. Right after a request was cancelled the
    /// question may belong to that one, and suspends none.
    fn pause_deadlines(&mut self, cx: &Cx<'_>) {
        let due = self
            .client_requests
            .range_mut(self.client_requests.numbers())
            .filter(|(_, it)| it.due <= cx.now);
        for (_, call) in due.filter(|(number, _)| self.server_requests.may_block(*number)) {
            extend(call, cx);
        }
    }

    /// Resumes the time limits of the requests that may have waited for a question of the child,
    /// which is over.
    fn resume_deadlines(&mut self, ask: &ServerRequest, cx: &Cx<'_>) {
        for (_, call) in self.client_requests.range_mut(ask.calls.clone()) {
            extend(call, cx);
        }
    }

    /// Answers a request with an error of this side.
    fn fail(&mut self, call: ClientRequest, reject: Reject, cx: &mut Cx<'_>) {
        let mut wire = reject.wire();
        if let (false, Some(child)) = (self.is_open(), self.backend.child())
            && matches!(reject, Reject::ChildExited(_) | Reject::StartupTimeout { .. })
        {
            wire.message += &child.other_output();
        }
        if self.has_lost_child() {
            wire.message += "; the session goes on, and the next request starts a new process";
        }
        cx.log_timeout(reject, call.method, Some(self.id));
        let answer = json::error(Some(&call.id), &wire);
        if self.is_open() || self.is_sse() {
            self.deliver(&call, Some(answer), reject.name(), cx);
        } else {
            // No session was opened, so HTTP can report the error.
            let took = call.count(reject.name(), cx);
            let mut head = ReplyHead::with_body(wire.status.max(502), ContentType::Json);
            self.log_request(&call, (head.status, reject.name()), took, cx);
            head.retry_after = reject.retry_after();
            self.streams.refuse(call.stream, head, answer, cx);
        }
    }

    /// Sends an answer to its exchange, and counts it; `None` if there is no room for it.
    fn deliver(
        &mut self,
        call: &ClientRequest,
        answer: Option<Chunk>,
        error: &'static str,
        cx: &mut Cx<'_>,
    ) {
        let sent = self.streams.answer(call.stream, Some(&call.id), answer, cx);
        let replaced = sent.and_then(|sent| sent.replaced);
        let status = sent.map_or(200, |sent| sent.status);
        let error = replaced.map_or(error, Reject::name);
        let took = call.count(error, cx);
        if let Some(seated) = self.backend.native_mut() {
            seated.facts.took += took;
        }
        self.log_request(call, (status, error), took, cx);
        if sent.is_none() {
            self.dropped(Dropped::UndeliverableAnswer, cx);
        }
        self.touch(cx);
    }

    fn log_request(
        &self,
        call: &ClientRequest,
        (status, error): (u16, &'static str),
        took: Duration,
        cx: &mut Cx<'_>,
    ) {
        cx.log_request(|| Answered {
            id: None,
            peer: self.peer,
            client: self.client.clone(),
            session: Some(self.id),
            method: call.method,
            tool: call.tool.clone(),
            status,
            took,
            error: (!error.is_empty()).then_some(error),
        });
    }

    fn dropped(&self, what: Dropped, cx: &mut Cx<'_>) {
        cx.metrics.dropped(what);
        cx.log(Event::Dropped { what, session: self.id });
    }

    /// Ends the session: every request in flight gets `reject`, every stream ends. Returns the
    /// backend; a child may still run.
    pub(crate) fn end(mut self, why: SessionEnd, reject: Reject, cx: &mut Cx<'_>) -> Backend {
        while let Some(call) = self.client_requests.take_first() {
            self.fail(call, reject, cx);
        }
        self.streams.end_listeners(cx);
        let lived = cx.now.since(self.since);
        if self.is_open() {
            cx.metrics.session_ended(why, lived);
        }
        cx.log(Event::SessionClosed { session: self.id, why, lived });
        self.backend
    }

    /// Returns the `initialize` that can be sent to another backend instead: nothing else has
    /// passed between the client and this one.
    pub(crate) fn repeatable(&self) -> Option<&Message> {
        let is_first = !self.is_open()
            && self.client_requests.is_first_only()
            && self.server_requests.len() == 0;
        self.initialize.as_ref().filter(|_| is_first).map(|initialize| &initialize.message)
    }

    /// Returns the digest of that `initialize`, if it was computed.
    pub(crate) fn initialize_digest(&self) -> Option<Box<[u8; 32]>> {
        self.repeatable().and(self.initialize.as_ref()?.digest.clone())
    }

    /// Replaces its backend and returns the old one. The client's `initialize` is sent to the new
    /// one.
    pub(crate) fn restart(&mut self, backend: Backend, cx: &mut Cx<'_>) -> Backend {
        let old = mem::replace(&mut self.backend, backend);
        if let Some(initialize) = &self.initialize {
            self.backend.request(ClientRequests::FIRST, &initialize.message, None, cx);
        }
        old
    }

    /// Returns the status of its child, once nothing more can come from it.
    pub(crate) fn child_end(&self, now: Instant) -> Option<ExitStatus> {
        self.backend.end(now)
    }
}

/// Restarts the time limit of a request, up to the total limit.
fn extend(call: &mut ClientRequest, cx: &Cx<'_>) {
    let limits = cx.limits;
    call.due = (cx.now + limits.request_time_max).min(call.since + limits.request_total_max);
}

#[cfg(test)]
mod tests;
