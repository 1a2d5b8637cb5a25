//! One POST without a session that a worker answers.
//!
//! Owns: its answer ([`Exchange`]), and what is known of it until then.
//! Never: the meaning of a message.

use core::net::IpAddr;
use std::sync::Arc;

use crate::auth::ListFilter;
use crate::bridge::IdText;
use crate::chunk::Chunk;
use crate::cx::Cx;
use crate::exchange::Exchange;
use crate::frame;
use crate::http::{ClientSlot, ContentType, McpHead, McpRequestHeaders, ReplyHead};
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
    id: ExchangeId,
    exchange: Exchange,
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
    /// The client's address.
    peer: Option<IpAddr>,
    /// Its place among the requests of its client in progress, if there is a limit.
    slot: Option<Arc<ClientSlot>>,
    pub(crate) since: Instant,
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
        id: ExchangeId,
        head: &McpHead,
        request: Message,
        legacy: Option<Revision>,
        now: Instant,
    ) -> Post {
        Post {
            id,
            exchange: Exchange::new(head.accept, None, now),
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
            peer: head.peer,
            slot: head.slot(),
            since: now,
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
        let takes = self.exchange.takes_messages() && !cx.reads_slowly(self.id);
        if takes {
            self.exchange.message(message, &mut cx.writer(self.id));
        }
        takes
    }

    /// Sends its answer, which ends it.
    pub(crate) fn answer(self, status: u16, answer: Chunk, error: &'static str, cx: &mut Cx<'_>) {
        let answer = Some(answer).filter(|answer| cx.has_room(self.id, answer.len()));
        self.send(ReplyHead::with_body(status, ContentType::Json), answer, error, cx);
    }

    fn send(
        mut self,
        head: ReplyHead,
        answer: Option<Chunk>,
        error: &'static str,
        cx: &mut Cx<'_>,
    ) {
        let mut out = cx.writer(self.id);
        let sent = self.exchange.answer(self.request.id(), head, answer, &mut out);
        self.exchange.finish(&mut out);
        if let Some(reject) = sent.replaced {
            cx.metrics.refused(reject);
        }
        self.count(sent.status, sent.replaced.map_or(error, Reject::name), cx);
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
        let mut head = ReplyHead::with_body(status, ContentType::Json);
        head.retry_after = reject.retry_after().filter(|_| status != 200);
        self.send(head, Some(answer), reject.name(), cx);
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
        let head = ReplyHead::with_body(status, ContentType::Json);
        let answer = cx.memory.made().admit_chunk(answer);
        let answer = answer.filter(|answer| cx.has_room(self.id, answer.len()));
        self.send(head, answer, error, cx);
    }

    /// Sends a comment after a time without output.
    pub(crate) fn keep_alive(&mut self, cx: &mut Cx<'_>) {
        let period = cx.limits.keep_alive_period;
        self.exchange.keep_alive(period, frame::comment(), &mut cx.writer(self.id));
    }

    /// Returns when the next comment is due.
    pub(crate) fn keep_alive_due(&self, limits: &Limits) -> Instant {
        self.exchange.keep_alive_due(limits.keep_alive_period)
    }

    /// Begins its stream, unless that has begun.
    pub(crate) fn begin(&mut self, cx: &mut Cx<'_>) {
        self.exchange.begin(&mut cx.writer(self.id));
    }
}
