//! The requests whose answers wait for something.

use std::sync::Arc;

use super::asking::Asking;
use super::{HttpScene, Task};
use crate::time::Instant;

/// A request that is being answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// Its id, as JSON text.
    pub(super) id: &'a str,
    /// The token its progress is told under, as JSON text.
    pub(super) token: Option<&'a str>,
    /// When it had arrived.
    pub(super) arrived: Instant,
    /// What it came with.
    pub(super) http: Option<&'a Arc<HttpScene>>,
    /// The last progress told of it.
    pub(super) reached: Option<f64>,
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
            reached: asked.reached,
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
    reached: Option<f64>,
}

impl Kept {
    pub(super) fn asked(&self) -> Asked<'_> {
        Asked {
            id: &self.id,
            token: self.token.as_deref(),
            arrived: self.arrived,
            http: self.http.as_ref(),
            reached: self.reached,
        }
    }
}
