//! The requests whose answers wait for something.

use std::sync::Arc;

use super::asking::Asking;
use super::rounds::{Rounds, Subject};
use super::{Client, HttpScene, Task};
use crate::session::Principal;
use crate::time::Instant;

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// Its id, as JSON text.
    pub(super) id: &'a str,
    /// The token its progress is told under, as JSON text.
    pub(super) token: Option<&'a str>,
    /// When it had arrived.
    pub(super) arrived: Instant,
    /// What it came with.
    pub(super) http: Option<&'a Arc<HttpScene>>,
    /// Who sent it.
    pub(super) principal: Principal,
    /// What [`super::Circumstances::random`] was when it came.
    pub(super) random: u64,
    /// The last progress told of it.
    pub(super) reached: Option<f64>,
    /// What a request of the modern era says of itself; none of the legacy era.
    pub(super) modern: Option<Box<Modern>>,
    /// What it asks for, if the modern era lets it ask back.
    pub(super) subject: Option<Subject<'a>>,
}

/// What a request of the modern era brings along, instead of a conversation that remembers it.
#[derive(Debug)]
pub(super) struct Modern {
    pub(super) client: Client,
    pub(super) rounds: Rounds,
}

/// A request that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) request: Kept,
    pub(super) on: On,
    pub(super) task: Box<dyn Task>,
}

/// What a task waits for.
#[derive(Debug)]
pub(super) enum On {
    /// The client's answers.
    Answers(Asking),
    /// Facts.
    Facts,
    /// A moment.
    Until(Instant),
}

impl Waiting {
    pub(super) fn new(asked: Asked<'_>, on: On, task: Box<dyn Task>) -> Self {
        let request = Kept {
            id: asked.id.into(),
            token: asked.token.map(Into::into),
            arrived: asked.arrived,
            http: asked.http.cloned(),
            principal: asked.principal,
            random: asked.random,
            reached: asked.reached,
            modern: asked.modern,
            subject: asked.subject.map(|subject| Box::new(subject.kept())),
        };
        Waiting { request, on, task }
    }

    /// The id of the request, as JSON text.
    pub(super) fn id(&self) -> &str {
        &self.request.id
    }

    /// When it is due; none if it does not wait for a moment.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.on {
            On::Until(moment) => Some(moment),
            On::Answers(_) | On::Facts => None,
        }
    }

    /// Whether it waits for facts.
    pub(super) fn wants_facts(&self) -> bool {
        matches!(self.on, On::Facts)
    }
}

/// What is kept of a request beyond the message it came in.
#[derive(Debug)]
pub(super) struct Kept {
    id: Box<str>,
    token: Option<Box<str>>,
    arrived: Instant,
    http: Option<Arc<HttpScene>>,
    principal: Principal,
    random: u64,
    reached: Option<f64>,
    modern: Option<Box<Modern>>,
    subject: Option<Box<Subject<'static>>>,
}

impl Kept {
    /// The request, which goes on.
    pub(super) fn asked(&mut self) -> Asked<'_> {
        Asked {
            id: &self.id,
            token: self.token.as_deref(),
            arrived: self.arrived,
            http: self.http.as_ref(),
            principal: self.principal,
            random: self.random,
            reached: self.reached,
            modern: self.modern.take(),
            subject: self.subject.as_deref().copied(),
        }
    }
}
