//! One POST without a session that a worker answers.
//!
//! Owns: the form of the answer: one body or a stream.
//! Never: the meaning of a message.
//!
//! ```text
//!   waiting ──its answer is here──► replied     (one JSON body; the status says what kind it is)
//!      └──a message comes first, or only event-stream is accepted──► begun ──► finished
//! ```
//!
//! Source: 2026-07-28, basic/transports/streamable-http (Sending Messages to the Server).

use core::net::IpAddr;
use std::sync::Arc;

use crate::auth::ListFilter;
use crate::bridge::IdText;
use crate::chunk::Chunk;
use crate::cx::Cx;
use crate::frame;
use crate::http::{Accept, ClientSlot, ContentType, McpHead, McpRequestHeaders, ReplyHead};
use crate::ids::{ChildId, ExchangeId};
use crate::job::Prepared;
use crate::json::{self, Answer, Message};
use crate::limits::Limits;
use crate::modern::{Exclusivity, exclusivity_of};
use crate::observe::{Answered, client_name, tool_of};
use crate::principal::Principal;
use crate::protocol::{Era, Revision, known_method};
use crate::reject::Reject;
use crate::seal::SalientParams;
use crate::time::Instant;
use crate::translate::subscription;

/// A pending request.
#[derive(Debug)]
pub(crate) struct Post {
    exchange: ExchangeId,
    pub(crate) principal: Principal,
    /// The request, unchanged.
    pub(crate) request: Message,
    /// The revision of a legacy client without a session; `None` for a modern client.
    pub(crate) legacy: Option<Revision>,
    /// The worker, and its number for the request; `None` while it waits.
    pub(crate) assigned: Option<(ChildId, u64)>,
    /// The filter of its answer, if it asks for a list of which its sender may not see all.
    pub(crate) filter: Option<ListFilter>,
    /// Its subscription, if it has one at a legacy child.
    pub(crate) subscription: Option<Box<Subscription>>,
    /// The requests it can share a legacy child with.
    pub(crate) exclusivity: Exclusivity,
    /// Whether it returns a state, which is read once the work on it is done.
    pub(crate) is_long_retry: bool,
    /// Whether it is sent again with the data of an earlier refusal.
    pub(crate) comes_again: bool,
    /// The results of the work that was done on it.
    pub(crate) prepared: Prepared,
    /// Whether a job does such work.
    pub(crate) is_preparing: bool,
    /// The digest of its parameters, if it was computed before.
    params_digest: Option<Box<[u8; 32]>>,
    /// The values of it that its headers repeat.
    pub(crate) mirrored: Option<Box<McpRequestHeaders>>,
    accept: Accept,
    /// The client's address.
    peer: Option<IpAddr>,
    /// Its place among the requests of its client in progress, if there is a limit.
    slot: Option<Arc<ClientSlot>>,
    started: bool,
    pub(crate) since: Instant,
    /// The time of the last output.
    last_sent: Instant,
}

/// The changes of a subscription.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// The notifications that a list has changed.
    pub(crate) lists: Vec<&'static str>,
    /// URIs of resources, as JSON texts.
    pub(crate) uris: Vec<Vec<u8>>,
}

impl Post {
    /// Creates a request without a worker.
    pub(crate) fn new(
        exchange: ExchangeId,
        head: &McpHead,
        request: Message,
        legacy: Option<Revision>,
        now: Instant,
    ) -> Post {
        Post {
            exchange,
            principal: head.principal,
            filter: ListFilter::of(request.method().unwrap_or_default(), head.permissions.as_ref()),
            exclusivity: exclusivity_of(&request),
            request,
            legacy,
            assigned: None,
            subscription: None,
            is_long_retry: false,
            comes_again: false,
            prepared: Prepared::default(),
            is_preparing: false,
            params_digest: head.params_digest.clone(),
            mirrored: head.request_headers.clone(),
            accept: head.accept,
            peer: head.peer,
            slot: head.slot(),
            started: false,
            since: now,
            last_sent: now,
        }
    }

    /// Returns the era of its client.
    pub(crate) fn era(&self) -> Era {
        if self.legacy.is_some() { Era::Legacy } else { Era::Modern }
    }

    /// Returns whether its client wants log messages.
    pub(crate) fn wants_logs(&self) -> bool {
        self.legacy.is_some() || self.request.log_level().is_some()
    }

    /// Returns its method.
    pub(crate) fn method(&self) -> &str {
        self.request.method().unwrap_or_default()
    }

    /// Returns its id, as the client wrote it.
    pub(crate) fn id(&self) -> &[u8] {
        self.request.id().unwrap_or_default()
    }

    /// Returns the digest of its parameters. It is computed here only if it is cheap, or the
    /// adapter has not done it.
    pub(crate) fn params_digest(&self) -> [u8; 32] {
        match &self.params_digest {
            Some(digest) => **digest,
            None => SalientParams::of(&self.request).digest(),
        }
    }

    /// Returns its progress token, as the client wrote it.
    pub(crate) fn token(&self) -> Option<IdText> {
        self.request.progress_token().map(IdText::from_slice)
    }

    /// Counts it as cancelled, because its client has left.
    pub(crate) fn count_cancelled(&self, cx: &mut Cx<'_>) {
        cx.metrics.cancelled(known_method(self.method()), cx.now.since(self.since));
        cx.keep_slot(self.slot.as_ref().filter(|_| self.assigned.is_some()));
    }

    /// Returns whether it opens a stream of notifications.
    pub(crate) fn is_subscription(&self) -> bool {
        self.method() == "subscriptions/listen"
    }

    /// Sends a message that is not an answer, if its client accepts that and has read most of the
    /// earlier output. Returns whether it did.
    pub(crate) fn notify(&mut self, message: Chunk, cx: &mut Cx<'_>) -> bool {
        let unsent = cx.exchanges.get(&self.exchange).map_or(0, |transport| transport.unsent);
        if !(self.started || self.accept.sse) || unsent >= cx.limits.outbound_bytes_high {
            return false;
        }
        self.start_stream(cx);
        self.send(message, cx);
        true
    }

    /// Sends its answer, which ends it. Only an answer before any other output can have a status of
    /// its own.
    pub(crate) fn answer(
        mut self,
        status: u16,
        answer: Chunk,
        error: &'static str,
        cx: &mut Cx<'_>,
    ) {
        let reject = Reject::UnreadAnswers;
        if error != reject.name() && !cx.has_room(self.exchange, answer.len()) {
            cx.metrics.refused(reject);
            return self.fail(reject, cx);
        }
        self.count(if self.started { 200 } else { status }, error, cx);
        if self.started || status == 200 && !self.accept.json {
            self.start_stream(cx);
            self.send(answer, cx);
            cx.finish(self.exchange);
        } else {
            cx.reply(self.exchange, ReplyHead::with_body(status, ContentType::Json), answer);
        }
    }

    /// Answers it with an error of this side. In the legacy era an error of the protocol has no
    /// HTTP status of its own.
    pub(crate) fn fail(self, reject: Reject, cx: &mut Cx<'_>) {
        let status = match reject.wire().status {
            400..500 if self.legacy.is_some() => 200,
            status => status,
        };
        self.fail_with(status, reject, "", cx);
    }

    /// Answers it with an error of this side with this status and this end of the text.
    pub(crate) fn fail_with(self, status: u16, reject: Reject, end: &str, cx: &mut Cx<'_>) {
        let mut wire = reject.wire();
        wire.message += end;
        let answer = json::error(Some(self.id()), &wire);
        cx.log_timeout(reject, known_method(self.method()), None);
        if self.started || status == 200 {
            return self.answer(status, answer, reject.name(), cx);
        }
        self.count(status, reject.name(), cx);
        let mut head = ReplyHead::with_body(status, ContentType::Json);
        head.retry_after = reject.retry_after();
        cx.reply(self.exchange, head, answer);
    }

    /// Counts and logs its answer; `error` is empty for a result.
    fn count(&self, status: u16, error: &'static str, cx: &mut Cx<'_>) {
        let (method, took) = (known_method(self.method()), cx.now.since(self.since));
        cx.metrics.operation(method, error, took, cx.now);
        cx.log_request(|| Answered {
            id: None,
            peer: self.peer,
            client: self.request.client_info().and_then(client_name),
            session: None,
            method,
            tool: tool_of(&self.request),
            status,
            took,
            error: (!error.is_empty()).then_some(error),
        });
    }

    /// Ends a subscription properly (2026-07-28, basic/patterns/subscriptions).
    pub(crate) fn end_subscription(self, cx: &mut Cx<'_>) {
        let result = subscription::tag(Some(br#"{"resultType":"complete"}"#), self.id());
        let answer = Answer::result(result).line(self.id());
        self.answer(200, Chunk::from(answer), "", cx);
    }

    /// Sends an answer that was made here.
    pub(crate) fn answer_own(
        self,
        status: u16,
        answer: Chunk,
        error: &'static str,
        cx: &mut Cx<'_>,
    ) {
        match cx.memory.made().admit_chunk(answer) {
            Some(answer) => self.answer(status, answer, error, cx),
            None => {
                cx.metrics.refused(Reject::UnreadAnswers);
                self.fail(Reject::UnreadAnswers, cx);
            }
        }
    }

    /// Sends a comment after a time without output. A waiting request becomes a stream if its
    /// client accepts one, so that proxies do not time out.
    pub(crate) fn keep_alive(&mut self, cx: &mut Cx<'_>) {
        if self.keep_alive_due(cx.limits) <= cx.now {
            self.start_stream(cx);
            cx.write(self.exchange, Chunk::from(frame::comment()));
            self.last_sent = cx.now;
        }
    }

    /// Returns when the next comment is due.
    pub(crate) fn keep_alive_due(&self, limits: &Limits) -> Instant {
        match self.started || self.accept.sse {
            true => self.last_sent + limits.keep_alive_period,
            false => Instant::FAR,
        }
    }

    pub(crate) fn start_stream(&mut self, cx: &mut Cx<'_>) {
        if !std::mem::replace(&mut self.started, true) {
            cx.begin(self.exchange, ReplyHead::with_body(200, ContentType::EventStream));
        }
    }

    fn send(&mut self, message: Chunk, cx: &mut Cx<'_>) {
        cx.write(self.exchange, frame::event(None, message));
        self.last_sent = cx.now;
    }
}
