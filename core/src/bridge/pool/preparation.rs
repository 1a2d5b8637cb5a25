//! The work on a request before a worker gets it.
//!
//! A job does it outside the engine's lock ([`crate::job`]); only this request waits meanwhile.

use super::input_required::open_state;
use super::*;
use crate::bridge::pending_input::RequestState;
use crate::job::{Job, OpenQuestion, Prepared, Preparing, Work, translated};
use crate::machine::Action;
use crate::modern::ownership::Presented;
use crate::modern::x_mcp_header::HeaderParams;

/// Returns the state of the modern child that a request returns (JSON text), if it does.
/// Without authentication it is passed on unchanged.
///
/// # Errors
///
/// The state, or a task that it names, does not belong to its principal.
pub(super) fn own_state(post: &mut Post, cx: &Cx<'_>) -> Result<Option<Vec<u8>>, Reject> {
    let Some(owners) = cx.task_owners.as_deref().filter(|_| post.era() == Era::Modern) else {
        return Ok(None);
    };
    let presented = post.prepared.presented.take().unwrap_or_else(|| {
        Presented::read(&post.request, &cx.rng.seal, &post.principal, cx.unix_time)
    })?;
    match owners.are_own(&post.principal, &presented.tasks) {
        true => Ok(presented.state),
        false => Err(Reject::UnknownTask),
    }
}

/// Returns a request for a child of this era. It still needs its number as the id and the progress
/// token.
pub(super) fn request_for(post: &mut Post, child: Era) -> Result<Message, Reject> {
    match post.prepared.translated.take() {
        Some(translated) => translated,
        None if post.era() == child => Ok(post.request.clone()),
        None => translated(&post.request, child),
    }
}

impl Pool {
    /// Starts a job for the work that a request needs, if it is long or the work is. Returns
    /// whether the request has to wait for it.
    pub(super) fn prepare(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) -> bool {
        let Some(post) = self.posts.get(&exchange) else { return false };
        let (bytes, inline_max) = (post.request.len(), cx.limits.inline_bytes_max);
        let params = self.mirrored_params(post).cloned();
        // Each of the arguments is searched for.
        let header_bytes = bytes * params.as_ref().map_or(0, |params| params.len());
        if post.is_preparing || bytes.max(header_bytes) <= inline_max {
            return post.is_preparing;
        }
        let is_ready =
            post.is_subscription() || post.is_long_retry || post.prepared.translated.is_some();
        let child = self.era.filter(|era| !is_ready && *era != post.era());
        let is_checked = |params: &Arc<HeaderParams>| {
            post.prepared.headers.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, params))
        };
        let headers = params.filter(|params| !is_checked(params));
        let headers = headers.map(|params| (params, post.mirrored.clone()));
        let answers_any = post.is_long_retry && post.request.input_responses().is_some();
        let questions = match post.prepared.answers.is_none() && answers_any {
            true => self.open_questions(post, cx),
            false => None,
        };
        let is_modern = self.era == Some(Era::Modern) && post.era() == Era::Modern;
        let needs_owner =
            is_modern && cx.task_owners.is_some() && post.prepared.presented.is_none();
        let owner = (needs_owner && Presented::is_possible(&post.request))
            .then(|| (post.principal, cx.rng.clone(), cx.unix_time));
        if child.is_none() && headers.is_none() && questions.is_none() && owner.is_none() {
            return false;
        }
        let request = post.request.clone();
        let work = Preparing { exchange, request, child, headers, questions, owner };
        cx.out.push(Action::Work(Job(Work::Prepare(Box::new(work)))));
        if let Some(post) = self.posts.get_mut(&exchange) {
            post.is_preparing = true;
        }
        true
    }

    /// Handles the results of the work on a request, if its client still waits.
    pub(crate) fn prepared(&mut self, exchange: ExchangeId, done: Prepared) {
        let Some(post) = self.posts.get_mut(&exchange) else { return };
        post.is_preparing = false;
        let known = &mut post.prepared;
        known.translated = done.translated.or(known.translated.take());
        known.headers = done.headers.or(known.headers.take());
        known.answers = done.answers.or(known.answers.take());
        known.presented = done.presented.or(known.presented.take());
        self.needs_dispatch = true;
    }

    /// Returns the open questions that a retry may answer.
    fn open_questions(&self, post: &Post, cx: &Cx<'_>) -> Option<(Vec<OpenQuestion>, Revision)> {
        let Ok(RequestState::Parked { number, secret }) = open_state(post, cx) else { return None };
        let worker = self.workers.values().find(|it| it.is_parked_with(number, secret, cx.now))?;
        Some((worker.open_questions(), worker.revision.unwrap_or(Revision::NEWEST_LEGACY)))
    }

    /// Returns the arguments that the headers of a call have to repeat. A legacy client sends no
    /// such headers.
    fn mirrored_params(&self, post: &Post) -> Option<&Arc<HeaderParams>> {
        self.tools.params_of(&post.request).filter(|_| post.era() == Era::Modern)
    }

    /// Compares the headers of a call with its arguments, or returns the result of a job.
    pub(super) fn headers_verdict(&self, post: &Post) -> Result<(), Reject> {
        let Some(params) = self.mirrored_params(post) else { return Ok(()) };
        match &post.prepared.headers {
            Some((known, verdict)) if Arc::ptr_eq(known, params) => *verdict,
            _ => {
                let headers = post.mirrored.as_ref().map_or(&[][..], |it| &it.params);
                params.check(post.request.arguments(), headers)
            }
        }
    }
}
