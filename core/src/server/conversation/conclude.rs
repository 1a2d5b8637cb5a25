//! From an outcome to the answer, through every wait in between.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::{Circumstances, Conversation};
use crate::protocol::Revision;
use crate::server::asking::{Asking, KeysFull, undeclared};
use crate::server::incoming::{Answer, text_of};
use crate::server::params::Params;
use crate::server::waiting::{Asked, Kept, On, Waiting};
use crate::server::{
    Client, Event, Facts, Fault, LogLevel, Notice, Outbox, Outcome, Question, Scene, Sink, Task,
    Wait, legacy,
};

impl Conversation {
    /// Writes what an outcome says, and goes on for as long as nothing has to be waited for.
    pub(super) fn conclude(
        &mut self,
        mut asked: Asked<'_>,
        mut outcome: Outcome,
        mut outbox: Outbox,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) {
        let mut turns = 0;
        loop {
            for notice in outbox.drain() {
                self.tell(&mut asked, notice, out);
            }
            let (wait, task) = match outcome {
                Outcome::Done(Ok(reply)) => {
                    return legacy::reply(out, asked.id, &reply, self.revision);
                }
                Outcome::Done(Err(fault)) => return legacy::error(out, Some(asked.id), &fault),
                Outcome::Wait(wait, task) => (wait, task),
            };
            turns += 1;
            let event = match wait {
                Wait::Until(moment) if moment <= at.now && turns <= TURNS_MAX => Event::Due,
                Wait::Answers(questions) if !self.can_answer_any(&questions) => {
                    if turns > TURNS_MAX {
                        let fault = Fault::internal("The server asks what cannot be answered");
                        return legacy::error(out, Some(asked.id), &fault);
                    }
                    Event::Answered(questions.into_iter().map(refused).collect())
                }
                wait => return self.wait(asked, wait, task, out),
            };
            let scene = self.scene(asked, at);
            outcome = task.resume(event, &scene, &mut outbox);
        }
    }

    fn can_answer_any(&self, questions: &[Question]) -> bool {
        questions.iter().any(|question| self.client.can_answer(question))
    }

    fn wait(&mut self, asked: Asked<'_>, wait: Wait, task: Box<dyn Task>, out: &mut dyn Sink) {
        if self.waiting.len() >= WAITING_MAX {
            let fault = Fault::internal("Too many requests are waiting");
            return legacy::error(out, Some(asked.id), &fault);
        }
        let on = match wait {
            Wait::Answers(questions) => {
                let send = |id: &str, question: &Question| {
                    legacy::question(out, asked.id, id, question);
                };
                match Asking::put(questions, &self.client, &mut self.keys, send) {
                    Ok(asking) => On::Answers(asking),
                    Err(KeysFull) => {
                        let fault = Fault::internal("The server asks under too many keys");
                        return legacy::error(out, Some(asked.id), &fault);
                    }
                }
            }
            Wait::Facts => On::Facts,
            Wait::Until(moment) => On::Until(moment),
        };
        self.waiting.push(Waiting::new(asked, on, task));
    }

    /// Goes on with the tasks that wait for what has come; with facts, or because it is time.
    pub(super) fn resume_where(
        &mut self,
        has_come: impl Fn(&Waiting) -> bool,
        facts: Option<&Facts>,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) {
        // All are taken out first: one that waits again waits for another time.
        let come: Vec<_> = self.waiting.extract_if(.., |waiting| has_come(waiting)).collect();
        for waiting in come {
            let event = facts.map_or(Event::Due, Event::Sampled);
            self.resume(&waiting.request, waiting.task, event, at, out);
        }
    }

    fn resume(
        &mut self,
        request: &Kept,
        task: Box<dyn Task>,
        event: Event<'_>,
        at: &Circumstances<'_>,
        out: &mut dyn Sink,
    ) {
        let mut outbox = Outbox::default();
        let scene = self.scene(request.asked(), at);
        let outcome = task.resume(event, &scene, &mut outbox);
        self.conclude(request.asked(), outcome, outbox, at, out);
    }

    /// The client answered a question. If nobody waits for it there is no one to tell.
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
        if asking.open().next().is_some() {
            return;
        }
        let Waiting { request, on, task } = self.waiting.remove(place);
        if let On::Answers(asking) = on {
            self.resume(&request, task, Event::Answered(asking.into_answers()), at, out);
        }
    }

    /// A cancelled request gets no answer; what the client was asked for it is withdrawn.
    pub(super) fn on_cancelled(&mut self, params: Option<&str>, out: &mut dyn Sink) {
        let Ok(Params { request_id: Some(id), .. }) = Params::parse(params) else { return };
        for waiting in self.waiting.extract_if(.., |waiting| waiting.id() == id.get()) {
            if let On::Answers(asking) = &waiting.on {
                for question in asking.open() {
                    legacy::withdrawal(out, waiting.id(), question);
                }
            }
        }
    }

    /// Writes a notification, if the client is to have it.
    fn tell(&self, asked: &mut Asked<'_>, notice: Notice, out: &mut dyn Sink) {
        let catalog = self.server.catalog();
        match notice {
            Notice::Log { level, logger, data } if self.listens(level) => {
                legacy::log(out, Some(asked.id), level, logger, &data);
            }
            Notice::Unrelated { level, logger, data } if self.listens(level) => {
                legacy::log(out, None, level, logger, &data);
            }
            Notice::Progress { progress, total, message } => {
                let Some(token) = asked.token else { return };
                // Must rise with each notification (basic/utilities/progress).
                if progress.is_finite() && asked.reached.is_none_or(|reached| progress > reached) {
                    asked.reached = Some(progress);
                    let message = message.as_deref();
                    let progress = legacy::Progress { token, progress, total, message };
                    legacy::progress(out, asked.id, progress, self.revision);
                }
            }
            Notice::HangUp { come_back } => out.hang_up(asked.id, come_back),
            Notice::PromptsChanged if catalog.list_changed => legacy::list_changed(out, "prompts"),
            Notice::ResourcesChanged if catalog.list_changed => {
                legacy::list_changed(out, "resources");
            }
            Notice::ToolsChanged if catalog.list_changed => legacy::list_changed(out, "tools"),
            Notice::ResourceUpdated { uri } if self.subscriptions.contains(&*uri) => {
                legacy::resource_updated(out, &uri);
            }
            // Not announced, or not asked for.
            Notice::Log { .. }
            | Notice::Unrelated { .. }
            | Notice::PromptsChanged
            | Notice::ResourcesChanged
            | Notice::ToolsChanged
            | Notice::ResourceUpdated { .. } => {}
        }
    }

    /// Whether the client wants log messages of a level. Unless it said otherwise it wants all.
    fn listens(&self, level: LogLevel) -> bool {
        let is_enough = self.client.log_level.is_none_or(|least| level >= least);
        self.server.catalog().logging && is_enough
    }

    fn scene<'a>(&'a mut self, asked: Asked<'a>, at: &Circumstances<'a>) -> Scene<'a> {
        self.client.wants_progress = asked.token.is_some();
        scene(&self.client, self.revision, asked, at)
    }
}

/// The answer to a question that cannot be put to the client.
fn refused(question: Question) -> (Cow<'static, str>, Result<Value, String>) {
    let answer = Err(undeclared(&question));
    (question.key, answer)
}

/// What a server may look at while it answers a request.
pub(super) fn scene<'a>(
    client: &'a Client,
    revision: Revision,
    asked: Asked<'a>,
    at: &Circumstances<'a>,
) -> Scene<'a> {
    Scene {
        now: at.now,
        arrived: asked.arrived,
        wall: at.wall,
        revision,
        client,
        http: asked.http,
        session: at.session,
        random: at.random,
    }
}

/// The result, or the message of the error.
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

/// Requests that may wait at once.
const WAITING_MAX: usize = 1000;

/// How often a task may go on before others get their turn.
const TURNS_MAX: usize = 1000;
