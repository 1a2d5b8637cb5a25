//! Turns an outcome into the answer of its request, across all waits in between.

use serde::Deserialize;
use serde_json::Value;

use super::{MessageContext, ServerConnection};
use crate::host_stats::HostStats;
use crate::json;
use crate::protocol::{Era, Revision};
use crate::server::incoming::text_of;
use crate::server::pending_answers::{KeysFull, PendingAnswers};
use crate::server::waiting_request::{OwnedRequest, RequestInProgress, WaitingRequest, WaitsFor};
use crate::server::{
    Announces, Answers, Change, Client, Event, LogLevel, MessageSink, Notification, Notifications,
    Outcome, Question, Reply, RequestContext, RpcError, SessionInfo, Task, Wait, encode, legacy,
    modern,
};

impl ServerConnection {
    /// Handles an outcome, and continues for as long as the request does not have to wait.
    pub(super) fn on_outcome(
        &mut self,
        mut asked: RequestInProgress<'_>,
        mut outcome: Outcome,
        mut notifications: Notifications,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        let (mut turns, mut told) = (0, 0);
        loop {
            for notice in notifications.drain() {
                self.notify(&mut asked, notice, out);
            }
            let (wait, task) = match outcome {
                Outcome::Done(answer) => return self.answer(&asked, answer, out),
                Outcome::Wait(wait, task) => (wait, task),
            };
            let event = match wait {
                Wait::Until(moment) if moment <= at.now && turns < TURNS_MAX => {
                    turns += 1;
                    Event::Due
                }
                Wait::Answers(questions) if told < TURNS_MAX => {
                    told += 1;
                    let next = match asked.modern {
                        None => self.ask_client(&asked, questions, out),
                        Some(_) => self.require_input(&mut asked, questions, at, out),
                    };
                    match next {
                        Ok(Next::Go(answers)) => Event::Answered(answers),
                        Ok(Next::Wait(asking)) => {
                            return self.wait(asked, WaitsFor::Answers(asking), task, out);
                        }
                        Ok(Next::Over) => return,
                        Err(fault) => return self.answer(&asked, Err(fault), out),
                    }
                }
                Wait::Answers(_) => {
                    let fault = RpcError::internal("The server asks what cannot be answered");
                    return self.answer(&asked, Err(fault), out);
                }
                Wait::Stats => return self.wait(asked, WaitsFor::Stats, task, out),
                Wait::Until(moment) => return self.wait(asked, WaitsFor::Until(moment), task, out),
            };
            outcome = task.resume(event, &self.context(&asked, at), &mut notifications);
        }
    }

    /// Writes the answer in the format of the request's era.
    fn answer(
        &self,
        asked: &RequestInProgress<'_>,
        answer: Result<Reply, RpcError>,
        out: &mut dyn MessageSink,
    ) {
        match (answer, &asked.modern) {
            (Ok(reply), None) => legacy::reply(out, asked.id, &reply, self.revision),
            (Err(fault), None) => encode::error(out, Some(asked.id), &fault),
            (Ok(reply), Some(_)) => {
                modern::reply(out, asked.id, self.server.modern_catalog(), &reply);
            }
            (Err(fault), Some(_)) => modern::error(out, asked.id, fault),
        }
    }

    /// Sends questions to a legacy client as server requests.
    fn ask_client(
        &mut self,
        asked: &RequestInProgress<'_>,
        questions: Vec<Question>,
        out: &mut dyn MessageSink,
    ) -> Result<Next, RpcError> {
        let send = |id: &str, question: &Question| legacy::question(out, asked.id, id, question);
        let asking = PendingAnswers::send(questions, &self.client, &mut self.keys, send);
        let asking =
            asking.map_err(|KeysFull| RpcError::internal("The server asks under too many keys"))?;
        Ok(match asking.is_open() {
            true => Next::Wait(asking),
            false => Next::Go(asking.into_answers()),
        })
    }

    fn wait(
        &mut self,
        asked: RequestInProgress<'_>,
        on: WaitsFor,
        task: Box<dyn Task>,
        out: &mut dyn MessageSink,
    ) {
        if self.waiting.len() >= WAITING_MAX {
            let fault = RpcError::internal("Too many requests are waiting");
            return self.answer(&asked, Err(fault), out);
        }
        self.waiting.push(WaitingRequest::new(asked, on, task));
    }

    /// Resumes the waiting tasks that `has_come` selects, with facts or with [`Event::Due`].
    pub(super) fn resume_where(
        &mut self,
        has_come: impl Fn(&WaitingRequest) -> bool,
        facts: Option<&HostStats>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        // All are taken out before any runs, because one that waits again waits for something else.
        let come: Vec<_> = self.waiting.extract_if(.., |waiting| has_come(waiting)).collect();
        for WaitingRequest { request, task, .. } in come {
            let event = facts.map_or(Event::Due, Event::Sampled);
            self.resume(request, task, event, at, out);
        }
    }

    fn resume(
        &mut self,
        mut request: OwnedRequest,
        task: Box<dyn Task>,
        event: Event<'_>,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        let asked = request.asked();
        let (arrived, is_legacy) = (asked.arrived, asked.modern.is_none());
        let mut notifications = Notifications::default();
        let outcome = task.resume(event, &self.context(&asked, at), &mut notifications);
        self.on_outcome(asked, outcome, notifications, at, out);
        if is_legacy {
            self.used(arrived, at.now);
        }
    }

    /// Handles the client's answer to a question. An answer that no task waits for is dropped.
    pub(super) fn on_answer(
        &mut self,
        id: &str,
        answer: &json::Message,
        at: &MessageContext<'_>,
        out: &mut dyn MessageSink,
    ) {
        let Some(id) = text_of(id) else { return };
        let asks = |waiting: &WaitingRequest| match &waiting.on {
            WaitsFor::Answers(asking) => asking.open().any(|open| open == id),
            WaitsFor::Stats | WaitsFor::Until(_) => false,
        };
        let Some(place) = self.waiting.iter().position(asks) else { return };
        let WaitsFor::Answers(asking) = &mut self.waiting[place].on else { return };
        asking.answer(&id, read(answer));
        if asking.is_open() {
            return;
        }
        let WaitingRequest { request, on, task } = self.waiting.remove(place);
        if let WaitsFor::Answers(asking) = on {
            self.resume(request, task, Event::Answered(asking.into_answers()), at, out);
        }
    }

    /// Handles `notifications/cancelled`: the request gets no answer, its pending questions are
    /// withdrawn, and a `subscriptions/listen` stream ends.
    pub(super) fn on_cancelled(&mut self, id: &str, out: &mut dyn MessageSink) {
        self.listeners.close(id);
        for waiting in self.waiting.extract_if(.., |waiting| waiting.id() == id) {
            if let WaitsFor::Answers(asking) = &waiting.on {
                for question in asking.open() {
                    legacy::withdrawal(out, waiting.id(), question);
                }
            }
        }
    }

    /// Writes a notification, if the client wants it.
    fn notify(
        &self,
        asked: &mut RequestInProgress<'_>,
        notice: Notification,
        out: &mut dyn MessageSink,
    ) {
        match &notice {
            Notification::Log { level, logger, data } if self.wants_log(asked, *level) => {
                encode::log(out, Some(asked.id), *level, *logger, data);
            }
            Notification::Unrelated { level, logger, data } if self.wants_log(asked, *level) => {
                // In the modern era every log message belongs to a request.
                let id = asked.modern.as_ref().map(|_| asked.id);
                encode::log(out, id, *level, *logger, data);
            }
            Notification::Progress { progress, total, message } => {
                let Some(token) = asked.token else { return };
                // Progress must increase with each notification (basic/utilities/progress).
                if progress.is_finite() && asked.reached.is_none_or(|reached| *progress > reached) {
                    asked.reached = Some(*progress);
                    let (progress, total, message) = (*progress, *total, message.as_deref());
                    let progress = encode::Progress { token, progress, total, message };
                    encode::progress(out, asked.id, progress, self.revision_of(asked));
                }
            }
            Notification::Disconnect { come_back } if asked.modern.is_none() => {
                out.disconnect(asked.id, *come_back);
            }
            // Not requested, or without a meaning in this era.
            Notification::Disconnect { .. }
            | Notification::Log { .. }
            | Notification::Unrelated { .. } => {}
            Notification::PromptsChanged
            | Notification::ResourceUpdated { .. }
            | Notification::ResourcesChanged
            | Notification::ToolsChanged => {
                let Some(change) = notice.change() else { return };
                let is_legacy = asked.modern.is_none() || self.is_initialized;
                self.announce_change(change, is_legacy, out);
                if self.announces(Era::Legacy, change) || self.announces(Era::Modern, change) {
                    out.changed(change);
                }
            }
        }
    }

    /// Announces a change on the streams that want it, and to the legacy client if `is_legacy`.
    pub(super) fn announce_change(
        &self,
        change: Change<'_>,
        is_legacy: bool,
        out: &mut dyn MessageSink,
    ) {
        let is_subscribed = match change {
            Change::Resource(uri) => self.listeners.is_subscribed(uri),
            Change::Prompts | Change::Resources | Change::Tools => true,
        };
        if is_legacy && is_subscribed && self.announces(Era::Legacy, change) {
            legacy::changed(out, change);
        }
        if self.announces(Era::Modern, change) {
            self.listeners.announce(change, out);
        }
    }

    fn announces(&self, era: Era, change: Change<'_>) -> bool {
        Announces::of(self.catalog_of(era)).has(change)
    }

    /// Returns whether the client wants log messages of a level. In the legacy era it gets all
    /// unless it set a level; in the modern era none unless the request asks for them.
    fn wants_log(&self, asked: &RequestInProgress<'_>, level: LogLevel) -> bool {
        let is_enough = match &asked.modern {
            None => self.client.log_level.is_none_or(|least| level >= least),
            Some(modern) => modern.client.log_level.is_some_and(|least| level >= least),
        };
        self.catalog(asked).logging && is_enough
    }

    fn revision_of(&self, asked: &RequestInProgress<'_>) -> Revision {
        if asked.modern.is_some() { modern::REVISION } else { self.revision }
    }

    fn context<'a>(
        &'a mut self,
        asked: &'a RequestInProgress<'_>,
        at: &'a MessageContext<'_>,
    ) -> RequestContext<'a> {
        self.client.wants_progress = asked.token.is_some();
        request_context((&self.client, self.revision, self.connection.as_ref()), asked, at)
    }
}

/// The next step of a request that asked the client something.
#[derive(Debug)]
pub(super) enum Next {
    /// It continues with these answers.
    Go(Answers),
    /// It has been answered.
    Over,
    /// It waits for these answers.
    Wait(PendingAnswers),
}

/// Builds the context that a server sees while it answers a request. The client, the revision and
/// the connection are those of the legacy era.
pub(super) fn request_context<'a>(
    (client, revision, connection): (&'a Client, Revision, Option<&'a SessionInfo>),
    asked: &'a RequestInProgress<'_>,
    at: &'a MessageContext<'_>,
) -> RequestContext<'a> {
    let (client, revision, random) = match &asked.modern {
        None => (client, revision, asked.random),
        Some(modern) => (&modern.client, modern::REVISION, modern.rounds.random()),
    };
    RequestContext {
        now: at.now,
        arrived: asked.arrived,
        unix_time: at.unix_time,
        revision,
        client,
        http: asked.http,
        session: at.session.or(connection.filter(|_| asked.modern.is_none())),
        principal: &asked.principal,
        random,
        seal: at.seal,
    }
}

/// Returns the result, or the message of the error.
fn read(answer: &json::Message) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Error {
        message: String,
    }
    if let Some(result) = answer.result() {
        return serde_json::from_slice(result)
            .map_err(|_| "The client's answer cannot be read".to_owned());
    }
    let error = serde_json::from_slice::<Error>(answer.error().unwrap_or_default());
    Err(error.map_or_else(|_| "The client gave no reason".to_owned(), |error| error.message))
}

/// The maximum number of requests that wait at the same time.
const WAITING_MAX: usize = 1000;

/// The maximum number of steps that a task runs before the other requests get a turn.
const TURNS_MAX: usize = 1000;
