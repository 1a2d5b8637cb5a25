//! A POST that belongs to no session, from its messages to the last byte of its answer.
//!
//! Owns: its connection with the server, and its answer ([`Exchange`]).
//! Never: a lock, a timer or a transport; the caller has those.

use core::net::IpAddr;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::auth::Grant;
use crate::chunk::Chunk;
use crate::config::{EventFormat, Native};
use crate::exchange::Exchange;
use crate::frame;
use crate::host_stats::HostStats;
use crate::http::{ClientSlot, ContentType, Holder, McpHead, ReplyHead, refusal};
use crate::json::{self, Body, Kind, Message, ParseRules, Peer};
use crate::memory::Account;
use crate::modern::status;
use crate::native::output::{Recorder, StatelessOutput};
use crate::native::sender::{Sender, StatelessCx};
use crate::observe::{Answered, Event, Level, RequestLog, RequestMetrics, SeriesId, client_name};
use crate::protocol::Era;
use crate::reject::Reject;
use crate::server::{
    Change, Changed, MessageSink, Relation, Response, ServerConnection, request_id,
};
use crate::time::{Duration, Instant};

/// A POST that a connection of its own answers.
#[derive(Debug)]
pub struct StatelessRequest {
    connection: ServerConnection,
    sender: Sender,
    exchange: Exchange,
    /// `Mcp-Session-Id` as received; it has no meaning here and is sent back unchanged.
    session: Option<Box<str>>,
    event_format: Option<Arc<dyn EventFormat>>,
    /// The client's address.
    peer: Option<IpAddr>,
    /// The grant of the client, if there is authentication.
    grant: Option<Arc<Grant>>,
    /// The client's name, if requests are logged.
    client: Option<Box<str>>,
    is_logged: bool,
    said: OutputBuffer,
    /// The client's account, which its answers count against, or `None` without a memory budget.
    account: Option<Account>,
    /// Its place among the requests of its client in progress, if there is a limit.
    _slot: Option<Arc<ClientSlot>>,
    /// Whether it was given up.
    failed: bool,
    /// Whether an error replaced an answer for which there was no memory.
    is_short: bool,
    /// Whether a subscription was ended because its client reads too slowly.
    has_overflowed: bool,
    /// The time limit that ended it, and the histogram of its oldest request then.
    timed_out: Option<(Duration, SeriesId)>,
    /// The output that follows from the last input, until it is taken.
    ready: Option<StatelessOutput>,
}

/// An input of a waiting request.
#[derive(Debug)]
pub(crate) enum StatelessInput {
    /// None: it may have output already.
    Nothing,
    /// The statistics that it waits for.
    Stats(Box<HostStats>),
    /// A timeout.
    Timeout,
    /// A change, for a client that wants it.
    Change(Changed),
    /// The end of a stream that would last until its client disconnects.
    EndListens,
    /// The reason for which it is given up.
    Fail(Reject),
}

impl StatelessInput {
    /// Returns whether it runs code of the server.
    pub(crate) fn is_for_server(&self) -> bool {
        matches!(self, StatelessInput::Stats(_) | StatelessInput::Timeout)
    }
}

impl StatelessRequest {
    /// Creates a request without input.
    pub(super) fn new(
        native: &Native,
        log_level: Level,
        era: Era,
        head: McpHead,
        body: &Body,
    ) -> StatelessRequest {
        let (revision, slot) = (native.revision_of(&head.revision), head.slot());
        // The account of the client limits the bytes of its answers.
        let batch = matches!(body, Body::Batch(_)).then_some(usize::MAX);
        StatelessRequest {
            connection: native.connect(revision, era),
            sender: Sender {
                http: head.http,
                principal: head.principal,
                permissions: head.permissions,
                arrived: head.arrived,
            },
            peer: head.peer,
            exchange: Exchange::new(head.accept, batch, head.arrived),
            grant: head.grant,
            session: head.foreign_session.filter(|_| era == Era::Legacy),
            event_format: native.event_format.clone().filter(|_| era == Era::Legacy),
            client: None,
            is_logged: log_level <= Level::Info,
            said: OutputBuffer { era, ..OutputBuffer::default() },
            account: head.account,
            _slot: slot,
            failed: false,
            is_short: false,
            has_overflowed: false,
            timed_out: None,
            ready: None,
        }
    }

    /// Processes the messages of the body, in order.
    pub(super) fn take(&mut self, body: &Body, moment: StatelessCx<'_>, tally: &RequestMetrics) {
        match body {
            Body::One(message) => self.message(message, moment, tally),
            Body::Batch(messages) => {
                for message in messages {
                    match message {
                        Ok(message) => self.message(message, moment, tally),
                        Err(invalid) => {
                            let answer = json::error(invalid.request_id(), &invalid.reject.wire());
                            self.said.answer(&answer);
                        }
                    }
                }
            }
        }
    }

    fn message(&mut self, message: &Message, moment: StatelessCx<'_>, tally: &RequestMetrics) {
        let random = moment.rng.next_u64();
        if message.kind() == Kind::Request {
            if self.is_logged && self.client.is_none() {
                self.client = message.client_info().and_then(client_name);
            }
            let series = tally.series(message.method().unwrap_or_default(), message.name());
            let id = SmallVec::from_slice(message.id().unwrap_or_default());
            self.said.owed.push(PendingResponse { id, of: RequestLabels { series, random } });
        }
        let format = self.event_format.as_deref();
        let rewritten = format.and_then(|format| format.rewrite_request(message, random));
        let at = self.sender.context(moment, random);
        // Most answers are not much longer than their request.
        self.said.text.reserve(message.len() + ANSWER_BYTES);
        match rewritten {
            Some(request) => {
                self.connection.handle_message(request.as_bytes(), &at, &mut self.said);
            }
            None => self.connection.handle_parsed(message, &at, &mut self.said),
        }
    }

    /// Returns whether it waits for facts.
    pub(crate) fn wants_stats(&self) -> bool {
        !self.failed && self.connection.wants_stats()
    }

    /// Handles an input, and makes the output that follows. A client that reads too slowly gets
    /// answers only, and loses a subscription.
    pub(crate) fn advance(
        &mut self,
        input: StatelessInput,
        is_slow: bool,
        moment: StatelessCx<'_>,
    ) {
        match input {
            StatelessInput::Nothing => {}
            StatelessInput::Stats(facts) => self.on_stats(&facts, moment),
            StatelessInput::Timeout => self.timeout(moment),
            StatelessInput::Change(change) => self.change(&change),
            StatelessInput::EndListens => self.end_subscription(),
            StatelessInput::Fail(reject) => self.fail(reject),
        }
        if is_slow && self.is_subscription() && !self.said.lines.is_empty() {
            // Its client must not take old changes for new ones.
            self.has_overflowed = true;
            self.end_subscription();
        }
        self.make_ready(is_slow, moment.now);
    }

    /// Returns the output that follows from the last input, once.
    pub(crate) fn take_ready(&mut self) -> Option<StatelessOutput> {
        self.ready.take()
    }

    /// Returns the number of bytes of output that was not made ready yet.
    pub(crate) fn said_bytes(&self) -> usize {
        self.said.text.len()
    }

    /// Continues with the facts that it waits for.
    pub(super) fn on_stats(&mut self, facts: &HostStats, moment: StatelessCx<'_>) {
        let random = moment.rng.next_u64();
        let at = self.sender.context(moment, random);
        self.connection.handle_stats(facts, &at, &mut self.said);
    }

    /// Continues what is due.
    fn timeout(&mut self, moment: StatelessCx<'_>) {
        let random = moment.rng.next_u64();
        let at = self.sender.context(moment, random);
        self.connection.handle_timeout(&at, &mut self.said);
    }

    /// Returns when something is due.
    pub(crate) fn next_due(&self) -> Instant {
        self.connection.poll_timeout().unwrap_or(Instant::FAR)
    }

    /// Returns when the request arrived.
    pub(crate) fn arrived(&self) -> Instant {
        self.sender.arrived
    }

    /// Returns whether it is complete.
    pub(crate) fn is_over(&self) -> bool {
        self.failed || self.connection.is_idle() && !self.connection.has_subscriptions()
    }

    /// Returns the client that holds the connection.
    pub(crate) fn holder(&self) -> Holder {
        let holder = Holder::new(self.peer, self.sender.principal, self.is_subscription());
        holder.with_grant(self.grant.as_ref())
    }

    /// Returns whether it lasts until its client disconnects.
    pub(crate) fn is_subscription(&self) -> bool {
        self.connection.has_subscriptions()
    }

    /// Announces a change, if its client wants it.
    fn change(&mut self, change: &Changed) {
        self.connection.handle_change(change.as_change(), &mut self.said);
    }

    /// Ends a stream that would last until its client disconnects. Over HTTP its result ends it,
    /// and no other message is needed (2026-07-28, schema, `CancelledNotification`).
    fn end_subscription(&mut self) {
        self.connection.end_subscriptions(&mut self.said);
    }

    /// Returns the changes it made since the last call, for other clients.
    pub(crate) fn take_changes(&mut self) -> Vec<Changed> {
        mem::take(&mut self.said.changes)
    }

    /// Makes a comment ready after a time without output.
    pub(crate) fn keep_alive(&mut self, period: Duration, now: Instant) {
        let StatelessRequest { exchange, session, event_format, ready, .. } = self;
        let mut out = Recorder { now, session, event_format, ready };
        exchange.keep_alive(period, frame::comment(), &mut out);
    }

    /// Returns when the next comment is due.
    pub(crate) fn keep_alive_due(&self, period: Duration) -> Instant {
        self.exchange.keep_alive_due(period)
    }

    /// Returns the number of requests in progress.
    pub(crate) fn pending_responses(&self) -> usize {
        self.said.owed.len()
    }

    /// Returns the time limit that ended it, and the histogram of its oldest request then, once.
    pub(crate) fn take_timeout(&mut self) -> Option<(Duration, SeriesId)> {
        self.timed_out.take()
    }

    /// Answers all requests in progress with an error, and ends.
    fn fail(&mut self, reject: Reject) {
        self.failed = true;
        if let (Some((limit, _)), Some(owed)) = (reject.timeout(), self.said.owed.first()) {
            self.timed_out = Some((limit, owed.of.series));
        }
        for owed in mem::take(&mut self.said.owed) {
            self.said.answer(&json::error(Some(&owed.id), &reject.wire()));
            self.said.answered.push((owed.of, false));
        }
    }

    /// Returns the answer to a request that is refused.
    pub(crate) fn refuse(mut self, reject: Reject) -> (ReplyHead, Chunk) {
        self.fail(reject);
        self.exchange.refuse_stream();
        let (mut head, _) = refusal(reject);
        self.said.status = Some(head.status);
        self.make_ready(false, self.sender.arrived);
        head.foreign_session = self.session;
        (head, self.ready.map_or_else(Chunk::new, StatelessOutput::into_bytes))
    }

    /// Returns whether a subscription was ended by a slow client since the last call.
    pub(crate) fn take_overflow(&mut self) -> bool {
        mem::take(&mut self.has_overflowed)
    }

    /// Counts the answers since the last call, and logs at most `max` of them per second with
    /// `log`.
    pub(crate) fn count(
        &mut self,
        (tally, requests): (&RequestMetrics, &RequestLog),
        (now, max): (Instant, usize),
        mut log: impl FnMut(Event),
    ) {
        let took = now.since(self.sender.arrived);
        let status = self.said.status.filter(|_| !self.exchange.has_begun()).unwrap_or(200);
        for (RequestLabels { series, random }, ok) in self.said.answered.drain(..) {
            tally.answered(series, ok, took, now);
            let describe = || {
                let (method, tool) = tally.name(series);
                Answered {
                    id: Some(request_id(random)),
                    peer: self.peer,
                    client: self.client.clone(),
                    session: None,
                    method,
                    tool: tool.map(|tool| (*tool).into()),
                    status,
                    took,
                    error: (!ok).then_some("error"),
                }
            };
            if self.is_logged {
                requests.write(now, max, describe, &mut log);
            }
        }
    }

    /// Makes the output that follows from what the server wrote. A status other than 200 takes
    /// precedence over other messages, as long as no head was sent.
    pub(super) fn make_ready(&mut self, only_answers: bool, now: Instant) {
        let is_over = self.is_over();
        let status = self.said.status.unwrap_or(200);
        let has_status = is_over && status != 200 && !self.exchange.has_begun();
        let lines = self.said.take();
        let StatelessRequest { exchange, session, event_format, ready, account, .. } = self;
        let mut out = Recorder { now, session, event_format, ready };
        for (line, is_answer) in lines {
            if !is_answer && (only_answers || has_status || !exchange.takes_messages()) {
                continue;
            }
            let admitted = match account {
                Some(account) => account.made().admit(line.clone()),
                None => Some(line.clone()),
            };
            self.is_short |= admitted.is_none();
            let admitted = admitted.map(Chunk::from);
            if is_answer {
                let refused = admitted.is_none().then(|| parse_answer(line)).flatten();
                let id = refused.as_ref().and_then(Message::id);
                let head = ReplyHead::with_body(status, ContentType::Json);
                exchange.answer(id, head, admitted, &mut out);
            } else if let Some(message) = admitted {
                exchange.message(message, &mut out);
            }
        }
        if is_over {
            exchange.finish(&mut out);
        }
    }

    /// Returns whether there was no room for an answer since the last call.
    pub(crate) fn take_memory_shortage(&mut self) -> bool {
        mem::take(&mut self.is_short)
    }

    /// Returns the account of its client.
    pub(crate) fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }
}

/// The space that an answer needs around the text that it repeats.
const ANSWER_BYTES: usize = 128;

/// Reads an answer of the server.
fn parse_answer(answer: Bytes) -> Option<Message> {
    let rules = ParseRules { depth_max: 1024, batch_len_max: 0, sender: Peer::Child };
    Message::parse(answer, rules).ok()
}

/// The output of a connection, and the requests in progress.
#[derive(Debug, Default)]
struct OutputBuffer {
    text: Vec<u8>,
    lines: SmallVec<[OutputLine; 2]>,
    owed: SmallVec<[PendingResponse; 1]>,
    /// Requests that were answered and not counted yet, and whether with a result.
    answered: SmallVec<[(RequestLabels, bool); 1]>,
    era: Era,
    /// The HTTP status of the answer, if it is not 200.
    status: Option<u16>,
    changes: Vec<Changed>,
}

/// A line of the output.
#[derive(Clone, Copy, Debug)]
struct OutputLine {
    /// The position after its line break.
    end: usize,
    is_answer: bool,
}

/// A request in progress.
#[derive(Debug)]
struct PendingResponse {
    id: SmallVec<[u8; 24]>,
    of: RequestLabels,
}

/// The labels of a request for metrics and logs.
#[derive(Clone, Copy, Debug)]
struct RequestLabels {
    series: SeriesId,
    /// The random number of its context.
    random: u64,
}

impl MessageSink for OutputBuffer {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    fn ended(&mut self, line: Relation<'_>) {
        let is_answer = matches!(line, Relation::Answer(_));
        if let Relation::Answer(Response { id: Some(id), error, .. }) = line {
            if let (Era::Modern, Some(code)) = (self.era, error) {
                self.status = Some(status::of_code(code.into()));
            }
            if let Some(place) = self.owed.iter().position(|owed| *owed.id == *id.as_bytes()) {
                let owed = self.owed.remove(place);
                self.answered.push((owed.of, error.is_none()));
            }
        }
        self.lines.push(OutputLine { end: self.text.len(), is_answer });
    }

    fn changed(&mut self, change: Change<'_>) {
        self.changes.push(change.keep());
    }
}

impl OutputBuffer {
    /// Adds an answer of this side.
    fn answer(&mut self, answer: &Chunk) {
        answer.parts().iter().for_each(|part| self.text.extend_from_slice(part));
        self.text.push(b'\n');
        self.lines.push(OutputLine { end: self.text.len(), is_answer: true });
    }

    /// Takes every line without its line break, and whether it is an answer.
    fn take(&mut self) -> SmallVec<[(Bytes, bool); 2]> {
        let text = Bytes::from(mem::take(&mut self.text));
        let mut start = 0;
        let lines = mem::take(&mut self.lines);
        let cut = |line: OutputLine| {
            let line_start = mem::replace(&mut start, line.end);
            (text.slice(line_start..line.end - 1), line.is_answer)
        };
        lines.into_iter().map(cut).collect()
    }
}
