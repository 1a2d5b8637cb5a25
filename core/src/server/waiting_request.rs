//! Requests whose answers wait for an event.

use std::sync::Arc;

use super::pending_answers::PendingAnswers;
use super::rounds::{Rounds, Subject};
use super::{Client, HttpRequestHead, Task};
use crate::principal::Principal;
use crate::time::Instant;

/// A request in progress.
#[derive(Debug)]
pub(super) struct RequestInProgress<'a> {
    /// Its id, as JSON text.
    pub(super) id: &'a str,
    /// The progress token, as JSON text.
    pub(super) token: Option<&'a str>,
    /// The time at which it arrived.
    pub(super) arrived: Instant,
    /// The HTTP request that carried it.
    pub(super) http: Option<&'a Arc<HttpRequestHead>>,
    /// The principal of the sender.
    pub(super) principal: Principal,
    /// The value of [`super::MessageContext::random`] at its arrival.
    pub(super) random: u64,
    /// The last progress value sent for it.
    pub(super) reached: Option<f64>,
    /// The self-contained data of a modern request, or `None` in the legacy era.
    pub(super) modern: Option<Box<Modern>>,
    /// Its target, if its method may ask the client for input.
    pub(super) subject: Option<Subject<'a>>,
}

/// The data that a modern request carries itself, since no connection keeps it.
#[derive(Debug)]
pub(super) struct Modern {
    pub(super) client: Client,
    pub(super) rounds: Rounds,
}

/// A request that waits.
#[derive(Debug)]
pub(super) struct WaitingRequest {
    pub(super) request: OwnedRequest,
    pub(super) on: WaitsFor,
    pub(super) task: Box<dyn Task>,
}

/// The event that a task waits for.
#[derive(Debug)]
pub(super) enum WaitsFor {
    /// Answers of the client.
    Answers(PendingAnswers),
    /// Facts.
    Stats,
    /// A point in time.
    Until(Instant),
}

impl WaitingRequest {
    pub(super) fn new(asked: RequestInProgress<'_>, on: WaitsFor, task: Box<dyn Task>) -> Self {
        let request = OwnedRequest {
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
        WaitingRequest { request, on, task }
    }

    /// Returns the id of the request, as JSON text.
    pub(super) fn id(&self) -> &str {
        &self.request.id
    }

    /// Returns when it is due, or `None` if it does not wait for a time.
    pub(super) fn due(&self) -> Option<Instant> {
        match self.on {
            WaitsFor::Until(moment) => Some(moment),
            WaitsFor::Answers(_) | WaitsFor::Stats => None,
        }
    }

    /// Returns whether it waits for facts.
    pub(super) fn wants_stats(&self) -> bool {
        matches!(self.on, WaitsFor::Stats)
    }
}

/// The owned parts of a request, kept beyond the message that it came in.
#[derive(Debug)]
pub(super) struct OwnedRequest {
    id: Box<str>,
    token: Option<Box<str>>,
    arrived: Instant,
    http: Option<Arc<HttpRequestHead>>,
    principal: Principal,
    random: u64,
    reached: Option<f64>,
    modern: Option<Box<Modern>>,
    subject: Option<Box<Subject<'static>>>,
}

impl OwnedRequest {
    /// Borrows the request in order to continue it.
    pub(super) fn asked(&mut self) -> RequestInProgress<'_> {
        RequestInProgress {
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
