//! Messages of the backend: answers, requests for the client, notifications.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

use crate::auth::ListFilter;
use crate::bridge::{Child, ClientRequest, ClientRequests, Consequence, consequence};
use crate::chunk::Chunk;
use crate::cx::Cx;
use crate::json::line::cancelled;
use crate::json::object::Object;
use crate::json::{
    self, Answer, Field, InvalidLine, Kind, LineSubject, Message, error_words, line, parse_number,
};
use crate::legacy_facade::RelatesTo;
use crate::log_text::truncate_for_log;
use crate::modern::probe;
use crate::observe::{Dropped, Event, SessionEnd};
use crate::protocol::Revision;
use crate::reject::{Flaw, Reject};
use crate::session::{QueuedMessage, Session, extend};

impl Session {
    /// Handles a line of the child's standard output. Returns the reason if the session ends
    /// because of it.
    pub(crate) fn child_line(
        &mut self,
        line: Result<Message, InvalidLine>,
        cx: &mut Cx<'_>,
    ) -> Option<SessionEnd> {
        let message = match line {
            Ok(message) => message,
            Err(mut line) => {
                let only = self.only_call();
                let consequence = consequence(&mut line, only);
                self.on_invalid_line(&line, cx);
                match consequence {
                    Consequence::None => return None,
                    Consequence::Fails(number) => {
                        return self.on_failure(number, Reject::BadAnswer(line.flaw), cx);
                    }
                    Consequence::Message(message) => {
                        match self.filter_of(&message).map(|it| it.message(&message)) {
                            None | Some(Ok(None)) => *message,
                            Some(Ok(Some(filtered))) => filtered,
                            Some(Err(flaw)) => {
                                return self.on_failure(only?, Reject::BadAnswer(flaw), cx);
                            }
                        }
                    }
                }
            }
        };
        self.backend.on_line(cx);
        self.on_backend_message(&message, RelatesTo::Unknown, cx)
    }

    /// Returns the filter of an answer of the child, if it needs one.
    pub(crate) fn filter_of(&self, answer: &Message) -> Option<&ListFilter> {
        if answer.kind() != Kind::Result {
            return None;
        }
        let number = match answer.id() {
            Some(id) => parse_number(id),
            None => self.only_call(),
        };
        self.client_requests.get(number?)?.filter.as_ref()
    }

    /// Returns the number of the request in flight, if an answer without an id can only belong to
    /// that.
    fn only_call(&self) -> Option<u64> {
        let number = match self.is_restoring() {
            true => ClientRequests::FIRST,
            false => self.client_requests.only()?,
        };
        self.backend.child().is_some_and(Child::is_settled).then_some(number)
    }

    /// Handles a question or a notification that was made in this process, and counts it in the
    /// memory budget for as long as it is kept. Without room for it, a question is refused and a
    /// notification is dropped.
    pub(super) fn on_local_message(&mut self, message: Message, about: RelatesTo, cx: &mut Cx<'_>) {
        let made = cx.memory.made();
        if made.has_room(message.bytes().len()) {
            self.on_backend_message(&message.hold(&made), about, cx);
            return;
        }
        match message.kind() {
            Kind::Request => self.refuse_server_request(message.id().unwrap_or_default(), cx),
            _ => self.dropped(Dropped::Overflow, cx),
        }
    }

    /// Handles a message. Returns the reason if the session ends because of it.
    pub(super) fn on_backend_message(
        &mut self,
        message: &Message,
        about: RelatesTo,
        cx: &mut Cx<'_>,
    ) -> Option<SessionEnd> {
        match message.kind() {
            Kind::Result | Kind::Error => return self.on_child_answer(message, cx),
            Kind::Request => self.on_server_request(message, about, cx),
            Kind::Notification => self.on_child_notification(message, about, cx),
        }
        None
    }

    fn on_invalid_line(&mut self, line: &InvalidLine, cx: &mut Cx<'_>) {
        if let Some(child) = self.backend.child_mut() {
            child.on_invalid_line(line, cx);
        }
    }

    /// Sends the child's answer to a request, with the client's own id.
    fn on_child_answer(&mut self, message: &Message, cx: &mut Cx<'_>) -> Option<SessionEnd> {
        let number = match message.id() {
            Some(id) => parse_number(id),
            None => self.only_call(),
        };
        if self.is_restoring() && number == Some(ClientRequests::FIRST) {
            return self.on_restore_answer(message, cx);
        }
        let Some((number, call)) = number.and_then(|it| Some((it, self.client_requests.take(it)?)))
        else {
            self.unknown_answer(message, number, cx);
            return None;
        };
        let refused = match message.kind() {
            Kind::Result if call.method == "initialize" => {
                self.opened(message.result_revision(), cx);
                self.prepare_restore(message, cx);
                false
            }
            Kind::Result => false,
            _ => self.is_refused_by(&call),
        };
        self.child_works();
        if let Some(child) = self.backend.child_mut() {
            child.answered(number);
        }
        if let (true, Some(child), Some(error)) = (refused, self.backend.child(), message.error()) {
            let words = error_words(error).into();
            cx.log(Event::InitializeRefused { child: child.id, words });
        }
        let error = if message.kind() == Kind::Result { "" } else { "error" };
        let answer = line::answer_of(message, &call.id);
        self.deliver(&call, Some(answer), error, cx);
        refused.then_some(SessionEnd::Refused)
    }

    /// Drops an answer to no request in flight. A late one is harmless; one to a request that was
    /// never sent is an error of the child.
    fn unknown_answer(&mut self, message: &Message, number: Option<u64>, cx: &mut Cx<'_>) {
        if number.is_some_and(|number| self.was_repeated(number)) {
            return;
        }
        self.dropped(Dropped::UnknownAnswer, cx);
        let is_late = number.is_some_and(|number| self.client_requests.has_been(number));
        if message.id().is_some() && !is_late && !probe::is_answer(message) {
            let line = InvalidLine::new(Flaw::UnknownId, LineSubject::Nothing, message.bytes());
            self.on_invalid_line(&line, cx);
        }
    }

    /// Handles an answer that was made in this process. Returns the reason if the session was not
    /// opened by it and ends.
    pub(super) fn on_answer(
        &mut self,
        number: u64,
        answer: Answer<'static>,
        cx: &mut Cx<'_>,
    ) -> Option<SessionEnd> {
        let Some(call) = self.client_requests.take(number) else {
            self.dropped(Dropped::UnknownAnswer, cx);
            return None;
        };
        let revision = match &answer {
            Answer::Result(result) if call.method == "initialize" => Some(
                Object::read_or_empty(Some(result)).text("protocolVersion").map(Cow::into_owned),
            ),
            _ => None,
        };
        let (line, error) = match answer {
            Answer::Result(text) => (line::result_line(text.into_owned(), &call.id), ""),
            Answer::Error(text) => (line::error_line(text.into_owned(), &call.id), "error"),
        };
        let line = cx.memory.made().admit_chunk(line);
        if let Some(revision) = revision.filter(|_| line.is_some()) {
            self.initialize = None;
            self.opened(revision, cx);
        }
        self.deliver(&call, line, error, cx);
        self.is_refused_by(&call).then_some(SessionEnd::Refused)
    }

    /// Fails a request. Returns the reason if the session ends because of it.
    pub(super) fn on_failure(
        &mut self,
        number: u64,
        reject: Reject,
        cx: &mut Cx<'_>,
    ) -> Option<SessionEnd> {
        if self.is_restoring() && number == ClientRequests::FIRST {
            return Some(SessionEnd::Refused);
        }
        let call = self.client_requests.take(number)?;
        let end = self.is_refused_by(&call).then_some(SessionEnd::Refused);
        self.fail(call, reject, cx);
        end
    }

    /// Returns whether the session cannot open, because this request has failed to open it.
    fn is_refused_by(&self, call: &ClientRequest) -> bool {
        !self.is_open() && call.method == "initialize"
    }

    /// Extends the time limit of a request that shows progress. The time limit of the start is
    /// fixed.
    pub(super) fn on_progress(&mut self, number: u64, cx: &Cx<'_>) {
        if self.is_open()
            && let Some(call) = self.client_requests.get_mut(number)
        {
            extend(call, cx);
        }
    }

    /// Handles the revision in the result of `initialize`.
    fn opened(&mut self, answered: Option<String>, cx: &mut Cx<'_>) {
        let answered = answered.unwrap_or_default();
        let revision = Revision::nearest(&answered);
        if revision.as_str() != answered && !answered.is_empty() {
            self.unknown_revision = Some(truncate_for_log(&answered).into());
        }
        if self.streams.revision.replace(revision).is_none() {
            cx.metrics.session_opened();
        }
        if let Some(seated) = self.backend.native_mut() {
            seated.facts.initialized = true;
        }
        self.await_initialized(cx);
        let client = self.client.clone();
        let revision = match &self.unknown_revision {
            Some(unknown) => Cow::Owned(unknown.to_string()),
            None => Cow::Borrowed(revision.as_str()),
        };
        let (session, peer) = (self.id, self.peer);
        cx.log(Event::SessionOpened { session, revision, peer, client });
    }

    /// Handles a request of the child for the client.
    fn on_server_request(&mut self, message: &Message, about: RelatesTo, cx: &mut Cx<'_>) {
        let id = Bytes::copy_from_slice(message.id().unwrap_or_default());
        let stream = self.stream_for(about, true);
        if stream.is_none() && message.method() == Some("ping") {
            // The session is alive, and a child that waits for the answer might do nothing else.
            return self
                .backend
                .write_message(Chunk::from(Answer::result(b"{}".to_vec()).line(&id)), cx);
        }
        if self.server_requests.len() >= cx.limits.child_requests_max {
            return self.refuse_server_request(&id, cx);
        }
        cx.wake(cx.now + cx.limits.request_total_max);
        self.server_requests.insert(id.clone(), self.possible_requests(about, cx), cx.now);
        let waiting = QueuedMessage { message: message.with(&[]), ask: Some(id) };
        match stream {
            Some(stream) => self.send(stream, waiting, cx),
            None => self.enqueue(waiting, cx),
        }
    }

    /// Returns the requests that a question of the child may belong to.
    fn possible_requests(&self, about: RelatesTo, cx: &Cx<'_>) -> Range<u64> {
        match about {
            RelatesTo::Request(number) => number..number + 1,
            RelatesTo::None => 0..0,
            RelatesTo::Unknown if cx.now < self.quarantined_until => 0..0,
            RelatesTo::Unknown => self.client_requests.numbers(),
        }
    }

    /// Sends a message that is not an answer on a stream.
    pub(super) fn send(&mut self, stream: u64, waiting: QueuedMessage, cx: &mut Cx<'_>) {
        self.streams.message(stream, waiting.message, cx);
        if let Some(id) = waiting.ask {
            self.server_requests.sent(&id, stream, self.streams.is_carried(stream));
        }
    }

    /// Fails the requests that the client did not answer in time. Both sides are told (2025-11-25,
    /// basic/lifecycle, Timeouts), the client only if it was sent the request.
    pub(super) fn time_out_server_requests(&mut self, cx: &mut Cx<'_>) {
        while let Some(ask) = self.server_requests.take_due(cx.now, cx.limits.request_total_max) {
            self.dropped(Dropped::UnansweredAsk, cx);
            let (session, limit) = (Some(self.id), cx.limits.request_total_max);
            let method = "question to the client";
            cx.log(Event::TimedOut { method, session, limit, option: None });
            self.answer_server_request(&ask.id, Reject::ServerRequestTimeout, cx);
            if self.queue.remove_request(&ask.id).is_none() {
                self.resume_deadlines(&ask, cx);
                self.notify(cancelled(&ask.id, "Request timeout"), RelatesTo::Unknown, true, cx);
            }
        }
    }

    fn refuse_server_request(&mut self, id: &[u8], cx: &mut Cx<'_>) {
        self.dropped(Dropped::Overflow, cx);
        self.answer_server_request(id, Reject::ServerRequestLimit, cx);
    }

    /// Answers a request of the child with an error of this side, unless the child does not read
    /// its input.
    fn answer_server_request(&mut self, id: &[u8], reject: Reject, cx: &mut Cx<'_>) {
        let answer = json::error(Some(id), &reject.wire());
        if self.backend.has_room(answer.len(), cx) {
            self.backend.write_message(answer, cx);
        }
    }

    fn on_child_notification(&mut self, message: &Message, about: RelatesTo, cx: &mut Cx<'_>) {
        match (message.method(), message.correlation_id()) {
            (Some("notifications/progress"), Some(number)) => {
                self.progress(message, number, cx);
            }
            (Some("notifications/cancelled"), Some(id)) => self.on_child_cancelled(message, id, cx),
            (method, _) => {
                let related = method == Some("notifications/message");
                self.notify(message.with(&[]), about, related, cx);
            }
        }
    }

    /// Sends progress on the stream of its request, with the client's own token, and extends the
    /// time limit of the request.
    fn progress(&mut self, message: &Message, number: &[u8], cx: &mut Cx<'_>) {
        // Nothing is sent before the answer to `initialize`, and the time limit of the start is
        // fixed.
        if !self.is_open() {
            return self.dropped(Dropped::UnknownProgress, cx);
        }
        let Some(call) = self.client_requests.by_child(number) else {
            return self.dropped(Dropped::UnknownProgress, cx);
        };
        extend(call, cx);
        let (stream, token) = (call.stream, call.token.clone());
        let Some(token) = token else {
            return self.dropped(Dropped::UnknownProgress, cx);
        };
        // A client that accepts only JSON may have another stream.
        let stream = match self.streams.carries_messages(stream) {
            true => Some(stream),
            false => self.streams.choose(false),
        };
        match stream {
            Some(stream) => {
                let message = message.with(&[(Field::CorrelationId, &token)]);
                self.streams.message(stream, message, cx);
            }
            None => self.dropped(Dropped::UnknownProgress, cx),
        }
    }

    /// Handles the child's cancellation of its request. One that still waits here is removed; for
    /// one that was sent the client is told.
    fn on_child_cancelled(&mut self, message: &Message, id: &[u8], cx: &mut Cx<'_>) {
        if let Some(ask) = self.server_requests.take(id)
            && self.queue.remove_request(&ask.id).is_none()
        {
            self.resume_deadlines(&ask, cx);
            self.notify(message.with(&[]), RelatesTo::Unknown, true, cx);
        }
    }

    pub(super) fn notify(
        &mut self,
        message: Chunk,
        about: RelatesTo,
        related: bool,
        cx: &mut Cx<'_>,
    ) {
        match self.stream_for(about, related) {
            Some(stream) => self.streams.message(stream, message, cx),
            None => self.enqueue(QueuedMessage { message, ask: None }, cx),
        }
    }

    /// Returns the stream for a message that is not an answer. `related` tells whether such
    /// messages are likely to belong to a request, if that is unknown.
    fn stream_for(&self, about: RelatesTo, related: bool) -> Option<u64> {
        match about {
            RelatesTo::Unknown => self.streams.choose(related),
            RelatesTo::None => self.streams.choose(false),
            RelatesTo::Request(number) => {
                let own = self.client_requests.get(number).map(|call| call.stream);
                own.filter(|own| self.streams.carries_messages(*own))
                    .or_else(|| self.streams.choose(false))
            }
        }
    }

    /// Keeps a message until the client opens a stream.
    fn enqueue(&mut self, waiting: QueuedMessage, cx: &mut Cx<'_>) {
        for dropped in self.queue.push(waiting, cx.limits, &cx.memory.kept_elsewhere()) {
            match dropped.ask.and_then(|id| self.server_requests.take(&id)) {
                Some(ask) => self.refuse_server_request(&ask.id, cx),
                None => self.dropped(Dropped::Overflow, cx),
            }
        }
    }
}
