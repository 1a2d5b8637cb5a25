//! Turns an outcome into the answer of its request, across all waits in between.

use serde::Deserialize;
use serde_json::Value;

use super::{Circumstances, Conversation};
use crate::facts::Facts;
use crate::protocol::{Era, Revision};
use crate::server::asking::{Asking, KeysFull};
use crate::server::incoming::{Answer, text_of};
use crate::server::params::Params;
use crate::server::waiting::{Asked, Kept, On, Waiting};
use crate::server::{
    Announces, Answers, Change, Client, Event, Fault, LogLevel, Notice, Outbox, Outcome, Question,
    Reply, Scene, SessionFacts, Sink, Task, Wait, legacy, modern, wording,
};

impl Conversation {
    /// Handles an outcome, and continues for as long as the request does not have to wait.
    pub(super) fn conclude(
        &mut self,
        mut asked: Asked<'_>,
        mut outcome: Outcome,
        mut outbox: Outbox,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) {
        let (mut turns, mut told) = (0, 0);
        loop {
            for notice in outbox.drain() {
                self.tell(&mut asked, notice, out);
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
                        None => self.put(&asked, questions, out),
                        Some(_) => self.put_back(&mut asked, questions, at, out),
                    };
                    match next {
                        Ok(Next::Go(answers)) => Event::Answered(answers),
                        Ok(Next::Wait(asking)) => {
                            return self.wait(asked, On::Answers(asking), task, out);
                        }
                        Ok(Next::Over) => return,
                        Err(fault) => return self.answer(&asked, Err(fault), out),
                    }
                }
                Wait::Answers(_) => {
                    let fault = Fault::internal("The server asks what cannot be answered");
                    return self.answer(&asked, Err(fault), out);
                }
                Wait::Facts => return self.wait(asked, On::Facts, task, out),
                Wait::Until(moment) => return self.wait(asked, On::Until(moment), task, out),
            };
            outcome = task.resume(event, &self.scene(&asked, at), &mut outbox);
        }
    }

    /// Writes the answer in the format of the request's era.
    fn answer(&self, asked: &Asked<'_>, answer: Result<Reply, Fault>, out: &mut dyn Sink) {
        match (answer, &asked.modern) {
            (Ok(reply), None) => legacy::reply(out, asked.id, &reply, self.revision),
            (Err(fault), None) => wording::error(out, Some(asked.id), &fault),
            (Ok(reply), Some(_)) => {
                modern::reply(out, asked.id, self.server.modern_catalog(), &reply);
            }
            (Err(fault), Some(_)) => modern::error(out, asked.id, fault),
        }
    }

    /// Sends questions to a legacy client as server requests.
    fn put(
        &mut self,
        asked: &Asked<'_>,
        questions: Vec<Question>,
        out: &mut dyn Sink,
    ) -> Result<Next, Fault> {
        let send = |id: &str, question: &Question| legacy::question(out, asked.id, id, question);
        let asking = Asking::put(questions, &self.client, &mut self.keys, send);
        let asking =
            asking.map_err(|KeysFull| Fault::internal("The server asks under too many keys"))?;
        Ok(match asking.is_open() {
            true => Next::Wait(asking),
            false => Next::Go(asking.into_answers()),
        })
    }

    fn wait(&mut self, asked: Asked<'_>, on: On, task: Box<dyn Task>, out: &mut dyn Sink) {
        if self.waiting.len() >= WAITING_MAX {
            let fault = Fault::internal("Too many requests are waiting");
            return self.answer(&asked, Err(fault), out);
        }
        self.waiting.push(Waiting::new(asked, on, task));
    }

    /// Resumes the waiting tasks that `has_come` selects, with facts or with [`Event::Due`].
    pub(super) fn resume_where(
        &mut self,
        has_come: impl Fn(&Waiting) -> bool,
        facts: Option<&Facts>,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) {
        // All are taken out before any runs, because one that waits again waits for something else.
        let come: Vec<_> = self.waiting.extract_if(.., |waiting| has_come(waiting)).collect();
        for Waiting { request, task, .. } in come {
            let event = facts.map_or(Event::Due, Event::Sampled);
            self.resume(request, task, event, at, out);
        }
    }

    fn resume(
        &mut self,
        mut request: Kept,
        task: Box<dyn Task>,
        event: Event<'_>,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) {
        let asked = request.asked();
        let (arrived, is_legacy) = (asked.arrived, asked.modern.is_none());
        let mut outbox = Outbox::default();
        let outcome = task.resume(event, &self.scene(&asked, at), &mut outbox);
        self.conclude(asked, outcome, outbox, at, out);
        if is_legacy {
            self.used(arrived, at.now);
        }
    }

    /// Handles the client's answer to a question. An answer that no task waits for is dropped.
    pub(super) fn on_answer(
        &mut self,
        id: &str,
        answer: Answer<'_>,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) {
        let Some(id) = text_of(id) else { return };
        let asks = |waiting: &Waiting| match &waiting.on {
            On::Answers(asking) => asking.open().any(|open| open == id),
            On::Facts | On::Until(_) => false,
        };
        let Some(place) = self.waiting.iter().position(asks) else { return };
        let On::Answers(asking) = &mut self.waiting[place].on else { return };
        asking.answer(&id, read(answer));
        if asking.is_open() {
            return;
        }
        let Waiting { request, on, task } = self.waiting.remove(place);
        if let On::Answers(asking) = on {
            self.resume(request, task, Event::Answered(asking.into_answers()), at, out);
        }
    }

    /// Handles `notifications/cancelled`: the request gets no answer, its pending questions are
    /// withdrawn, and a `subscriptions/listen` stream ends.
    pub(super) fn on_cancelled(&mut self, params: Option<&str>, out: &mut dyn Sink) {
        let Ok(Params { request_id: Some(id), .. }) = Params::parse(params) else { return };
        self.listeners.close(id);
        for waiting in self.waiting.extract_if(.., |waiting| waiting.id() == id) {
            if let On::Answers(asking) = &waiting.on {
                for question in asking.open() {
                    legacy::withdrawal(out, waiting.id(), question);
                }
            }
        }
    }

    /// Writes a notification, if the client wants it.
    fn tell(&self, asked: &mut Asked<'_>, notice: Notice, out: &mut dyn Sink) {
        match &notice {
            Notice::Log { level, logger, data } if self.listens(asked, *level) => {
                wording::log(out, Some(asked.id), *level, *logger, data);
            }
            Notice::Unrelated { level, logger, data } if self.listens(asked, *level) => {
                // In the modern era every log message belongs to a request.
                let id = asked.modern.as_ref().map(|_| asked.id);
                wording::log(out, id, *level, *logger, data);
            }
            Notice::Progress { progress, total, message } => {
                let Some(token) = asked.token else { return };
                // Progress must increase with each notification (basic/utilities/progress).
                if progress.is_finite() && asked.reached.is_none_or(|reached| *progress > reached) {
                    asked.reached = Some(*progress);
                    let (progress, total, message) = (*progress, *total, message.as_deref());
                    let progress = wording::Progress { token, progress, total, message };
                    wording::progress(out, asked.id, progress, self.revision_of(asked));
                }
            }
            Notice::HangUp { come_back } if asked.modern.is_none() => {
                out.hang_up(asked.id, *come_back);
            }
            // Not requested, or without a meaning in this era.
            Notice::HangUp { .. } | Notice::Log { .. } | Notice::Unrelated { .. } => {}
            Notice::PromptsChanged
            | Notice::ResourceUpdated { .. }
            | Notice::ResourcesChanged
            | Notice::ToolsChanged => {
                let Some(change) = notice.change() else { return };
                let is_legacy = asked.modern.is_none() || self.is_initialized;
                self.tell_change(change, is_legacy, out);
                if self.announces(Era::Legacy, change) || self.announces(Era::Modern, change) {
                    out.changed(change);
                }
            }
        }
    }

    /// Announces a change on the streams that want it, and to the legacy client if `is_legacy`.
    pub(super) fn tell_change(&self, change: Change<'_>, is_legacy: bool, out: &mut dyn Sink) {
        let is_subscribed = match change {
            Change::Resource(uri) => self.listeners.is_subscribed(uri),
            Change::Prompts | Change::Resources | Change::Tools => true,
        };
        if is_legacy && is_subscribed && self.announces(Era::Legacy, change) {
            legacy::changed(out, change);
        }
        if self.announces(Era::Modern, change) {
            self.listeners.tell(change, out);
        }
    }

    fn announces(&self, era: Era, change: Change<'_>) -> bool {
        Announces::of(self.offers(era)).has(change)
    }

    /// Returns whether the client wants log messages of a level. In the legacy era it gets all
    /// unless it set a level; in the modern era none unless the request asks for them.
    fn listens(&self, asked: &Asked<'_>, level: LogLevel) -> bool {
        let is_enough = match &asked.modern {
            None => self.client.log_level.is_none_or(|least| level >= least),
            Some(modern) => modern.client.log_level.is_some_and(|least| level >= least),
        };
        self.catalog(asked).logging && is_enough
    }

    fn revision_of(&self, asked: &Asked<'_>) -> Revision {
        if asked.modern.is_some() { modern::REVISION } else { self.revision }
    }

    fn scene<'a>(&'a mut self, asked: &'a Asked<'_>, at: &'a Circumstances<'_>) -> Scene<'a> {
        self.client.wants_progress = asked.token.is_some();
        scene((&self.client, self.revision, self.connection.as_ref()), asked, at)
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
    Wait(Asking),
}

/// Builds the context that a server sees while it answers a request. The client, the revision and
/// the connection are those of the legacy era.
pub(super) fn scene<'a>(
    (client, revision, connection): (&'a Client, Revision, Option<&'a SessionFacts>),
    asked: &'a Asked<'_>,
    at: &'a Circumstances<'_>,
) -> Scene<'a> {
    let (client, revision, random) = match &asked.modern {
        None => (client, revision, asked.random),
        Some(modern) => (&modern.client, modern::REVISION, modern.rounds.random()),
    };
    Scene {
        now: at.now,
        arrived: asked.arrived,
        wall: at.wall,
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
fn read(answer: Answer<'_>) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Error {
        message: String,
    }
    match answer {
        Ok(result) => serde_json::from_str(result.get())
            .map_err(|_| "The client's answer cannot be read".to_owned()),
        Err(error) => Err(serde_json::from_str::<Error>(error.get())
            .map_or_else(|_| "The client gave no reason".to_owned(), |error| error.message)),
    }
}

/// The maximum number of requests that wait at the same time.
const WAITING_MAX: usize = 1000;

/// The maximum number of steps that a task runs before the other requests get a turn.
const TURNS_MAX: usize = 1000;
