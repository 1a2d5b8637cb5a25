//! Questions of legacy children, and the clients' retries.
//!
//! Source: 2026-07-28, basic/patterns/mrtr.

use super::*;
use crate::bridge::pending_input::{ParkedCall, PendingQuestion, RequestState};
use crate::job::answers;
use crate::json;
use crate::json::{Answer, line};
use crate::legacy_facade::RequestFlags;
use crate::modern::sealed_ticket;
use crate::observe::Event;
use crate::reject::Capability;
use crate::seal::Binding;
use crate::translate::legacy_child::{self, Question, Refusal};
use crate::translate::{capability, error_data};
use bytes::Bytes;

impl Pool {
    /// Handles a question of a legacy child.
    pub(super) fn on_server_request(
        &mut self,
        child: ChildId,
        message: &Message,
        translated: Translated,
        cx: &mut Cx<'_>,
    ) {
        let id = message.id().unwrap_or_default();
        let Some(worker) = self.workers.get(&child) else { return };
        let number = self.asked_by(worker, cx.now);
        let Some(worker) = self.workers.get_mut(&child) else { return };
        if message.method() == Some("ping") {
            return write_answer(worker, &Answer::result(b"{}".to_vec()), id, cx);
        }
        let is_mute = worker.pending_input.is_none()
            && (worker.is_quarantined(cx.now)
                || worker.in_flight.iter().any(|(_, task)| task.flags.non_interactive));
        let owner = number.and_then(|number| worker.in_flight.get(number));
        let client = match owner.map(|task| task.requester) {
            Some(Requester::Request(exchange)) => self.posts.get(&exchange),
            _ => None,
        };
        let capabilities = client.and_then(|post| post.request.client_capabilities());
        let question = match translated {
            Translated::Question(Ok(question)) => question,
            Translated::Question(Err(refusal)) => {
                return write_answer(worker, &refusal.answer(), id, cx);
            }
            other => return debug_assert!(false, "a question is not translated as {other:?}"),
        };
        // Many servers request the roots on their own after they were opened; a request that does
        // not need them must not fail because of that.
        let is_undeclared = capabilities
            .is_some_and(|declared| !capability::is_declared(declared, Capability::Roots));
        if question.needs == Capability::Roots && is_undeclared {
            return write_answer(worker, &Refusal::Undeclared.answer(), id, cx);
        }
        if let Some(Requester::Request(exchange)) =
            owner.filter(|task| task.flags.non_interactive).map(|it| it.requester)
        {
            write_answer(worker, &Refusal::Undeclared.answer(), id, cx);
            // A legacy child decides what follows from that for the call of a legacy client.
            if client.is_some_and(|post| post.era() == Era::Modern) {
                self.refuse_incapable(exchange, vec![question.needs], cx);
            }
            return;
        }
        if is_mute {
            return write_answer(worker, &Refusal::Undeclared.answer(), id, cx);
        }
        let is_owned = matches!(
            owner.map(|task| task.requester),
            Some(Requester::Request(_) | Requester::Parked)
        );
        let max = cx.limits.child_requests_max;
        match worker.pending_input.as_deref_mut().filter(|it| is_owned && it.questions.len() < max)
        {
            Some(asking) => {
                let id = Bytes::copy_from_slice(id);
                let key = legacy_child::key(&id);
                asking.questions.push(PendingQuestion { id, key, question });
                if asking.parked.is_none() {
                    asking.settles_at = cx.now + cx.limits.settle_time;
                    cx.wake(asking.settles_at);
                }
            }
            None => {
                cx.metrics.dropped(Dropped::Overflow);
                write_answer(worker, &legacy_child::give_up(question.needs), id, cx);
            }
        }
    }

    /// Sends questions to clients when they are complete, and gives up clients that did not retry.
    pub(super) fn poll_server_requests(&mut self, cx: &mut Cx<'_>) {
        let mut settled = Vec::new();
        let mut gone = Vec::new();
        for worker in self.workers.values_mut() {
            let Some(asking) = worker.pending_input.as_deref_mut() else { continue };
            if asking.parked.is_some_and(|parked| parked.until <= cx.now) {
                gone.push((worker.child.id, asking.number));
            } else if asking.settles_at <= cx.now {
                asking.settles_at = Instant::FAR;
                settled.push(worker.child.id);
            }
        }
        for (child, number) in gone {
            cx.metrics.dropped(Dropped::UnansweredAsk);
            let (method, limit) = ("question to the client", cx.limits.request_total_max);
            cx.log(Event::TimedOut { method, session: None, limit, option: None });
            self.cancel(child, number, "The client did not come back", cx);
        }
        for child in settled {
            self.send_input_required(child, cx);
        }
    }

    /// Sends a child's questions to the client of its request.
    fn send_input_required(&mut self, child: ChildId, cx: &mut Cx<'_>) {
        let Some(worker) = self.workers.get_mut(&child) else { return };
        let Some(asking) = worker.pending_input.as_deref_mut() else { return };
        let Some(task) = worker.in_flight.get_mut(asking.number) else { return };
        let Requester::Request(exchange) = task.requester else { return };
        let Some(post) = self.posts.get(&exchange) else { return };
        let declared = post.request.client_capabilities().unwrap_or(b"{}");
        let can = |asked: &PendingQuestion| capability::is_declared(declared, asked.question.needs);
        if asking.questions.is_empty() {
            return;
        }
        if !asking.questions.iter().any(can) {
            let needs = asking.questions.iter().map(|asked| asked.question.needs).collect();
            return self.refuse_incapable(exchange, needs, cx);
        }
        let (able, unable) = mem::take(&mut asking.questions).into_iter().partition(can);
        asking.questions = able;
        let secret = cx.rng.next_u64();
        let ticket = RequestState::Parked { number: asking.number, secret };
        let (state, principal) = (seal_state(post, ticket, cx), post.principal);
        let questions = asking.questions.iter().map(|it| (it.key.as_str(), &it.question));
        let server_info =
            self.initialize_result.as_ref().and_then(|welcome| welcome.server_info.as_deref());
        let result = legacy_child::input_required(questions, Some(&state), server_info);
        let until = cx.now + cx.limits.request_total_max;
        cx.wake(until);
        asking.parked = Some(ParkedCall { secret, since: cx.now, until, principal });
        (task.requester, task.due) = (Requester::Parked, Instant::FAR);
        let unable: Vec<PendingQuestion> = unable;
        for asked in unable {
            write_answer(worker, &Refusal::Undeclared.answer(), &asked.id, cx);
        }
        self.reply(exchange, result, cx);
    }

    /// Refuses a request whose client supports none of the child's questions.
    fn refuse_incapable(&mut self, exchange: ExchangeId, needs: Vec<Capability>, cx: &mut Cx<'_>) {
        let Some(post) = self.posts.remove(&exchange) else { return };
        let at = post.assigned;
        fail_incapable(post, &needs, cx);
        if let Some((child, number)) = at {
            self.cancel(child, number, "The client cannot be asked", cx);
        }
    }

    /// Answers a request with a result.
    pub(super) fn reply(&mut self, exchange: ExchangeId, result: Chunk, cx: &mut Cx<'_>) {
        if let Some(post) = self.posts.remove(&exchange) {
            let answer = line::result_line(result, post.id());
            post.answer_own(200, answer, "", cx);
        }
    }

    /// Asks the user of a client to visit some URLs before the request is sent again; the child has
    /// forgotten it (2025-11-25, client/elicitation, URL Elicitation Required).
    pub(super) fn require_url_visit(
        &mut self,
        exchange: ExchangeId,
        questions: &[(String, Question)],
        cx: &mut Cx<'_>,
    ) {
        let Some(post) = self.posts.get(&exchange) else { return };
        let declared = post.request.client_capabilities().unwrap_or(b"{}");
        if !capability::is_declared(declared, Capability::ElicitationUrl) {
            let Some(post) = self.posts.remove(&exchange) else { return };
            return fail_incapable(post, &[Capability::ElicitationUrl], cx);
        }
        let state = seal_state(post, RequestState::Retry, cx);
        let questions = questions.iter().map(|(key, question)| (key.as_str(), question));
        let server_info = self.server_info().map(|info| &**info);
        let result = legacy_child::input_required(questions, Some(&state), server_info);
        self.reply(exchange, result, cx);
    }

    /// Handles a retry. A request that waits at a worker now belongs to it; a finished one can be
    /// sent again.
    pub(super) fn resume(
        &mut self,
        exchange: ExchangeId,
        post: &mut Post,
        cx: &mut Cx<'_>,
    ) -> Result<(), Reject> {
        self.headers_verdict(post)?;
        let (number, secret) = match open_state(post, cx)? {
            RequestState::Retry => {
                post.comes_again = true;
                return Ok(());
            }
            RequestState::Parked { number, secret } => (number, secret),
        };
        let is_it = |worker: &&mut Worker| worker.is_parked_with(number, secret, cx.now);
        let worker = self.workers.values_mut().find(is_it).ok_or(Reject::BadRequestState)?;
        let revision = worker.revision.unwrap_or(Revision::NEWEST_LEGACY);
        let prepared = post.prepared.answers.take();
        let mut answers = prepared
            .unwrap_or_else(|| answers(&worker.open_questions(), &post.request, revision))?;
        let Some(asking) = worker.pending_input.as_deref_mut() else {
            return Err(Reject::BadRequestState);
        };
        // Questions that the child has withdrawn meanwhile are not answered.
        answers.retain(|(id, _)| asking.questions.iter().any(|asked| asked.id == *id));
        asking.parked = None;
        asking.questions.retain(|asked| answers.iter().all(|(id, _)| *id != asked.id));
        if !asking.questions.is_empty() {
            // The answers may lead to more questions; those that are still open are asked again.
            asking.settles_at = cx.now + cx.limits.settle_time;
            cx.wake(asking.settles_at);
        }
        post.assigned = Some((worker.child.id, number));
        if let Some(task) = worker.in_flight.get_mut(number) {
            task.requester = Requester::Request(exchange);
            task.flags.wants_logs = post.request.log_level().is_some();
            (task.since, task.due) = (cx.now, cx.now + cx.limits.request_time_max);
            cx.wake(task.due);
        }
        for (_, answer) in answers {
            worker.child.write_stdin(answer, cx);
        }
        // The child did not wait for the client, so its answer is used now.
        if let Some(answer) = worker.pending_input.as_mut().and_then(|asking| asking.answer.take())
        {
            let (now, requester) = (cx.now, Requester::Request(exchange));
            let task = InFlight {
                requester,
                flags: RequestFlags::default(),
                since: now,
                due: Instant::FAR,
            };
            worker.in_flight.insert(number, task);
            self.deferred.push_back((worker.child.id, answer));
        }
        Ok(())
    }

    /// Handles a long retry once the work on it is done. Returns whether it waits at a worker now.
    pub(super) fn resume_prepared(
        &mut self,
        exchange: ExchangeId,
        cx: &mut Cx<'_>,
    ) -> Result<bool, Reject> {
        let Some(mut post) = self.posts.remove(&exchange) else { return Ok(true) };
        let verdict = match mem::take(&mut post.is_long_retry) {
            true => self.resume(exchange, &mut post, cx),
            false => Ok(()),
        };
        let is_at_worker = post.assigned.is_some();
        self.posts.insert(exchange, post);
        verdict.map(|()| is_at_worker)
    }

    /// Tells a child that its questions for a request will not be answered. Returns whether it has
    /// answered that request already.
    pub(super) fn abandon_input(&mut self, child: ChildId, number: u64, cx: &mut Cx<'_>) -> bool {
        let Some(worker) = self.workers.get_mut(&child) else { return false };
        let Some(asking) = worker.pending_input.as_deref_mut().filter(|it| it.number == number)
        else {
            return false;
        };
        (asking.settles_at, asking.parked) = (Instant::FAR, None);
        let had_answered = asking.answer.is_some();
        for asked in mem::take(&mut asking.questions) {
            write_answer(worker, &legacy_child::give_up(asked.question.needs), &asked.id, cx);
        }
        if had_answered {
            worker.pending_input = None;
        }
        had_answered
    }

    /// Gives up every client that was sent questions, because the server is stopping and will not
    /// accept a retry.
    pub(crate) fn expire_parked(&mut self, cx: &mut Cx<'_>) {
        let parked = self.workers.values().filter_map(|worker| {
            let asking =
                worker.pending_input.as_deref().filter(|asking| asking.parked.is_some())?;
            Some((worker.child.id, asking.number))
        });
        for (child, number) in parked.collect::<Vec<_>>() {
            self.cancel(child, number, "The server is stopping", cx);
        }
    }
}

fn write_answer(worker: &mut Worker, answer: &Answer<'_>, id: &[u8], cx: &mut Cx<'_>) {
    worker.child.write_stdin(Chunk::from(answer.line(id)), cx);
}

/// Seals the state for a client: valid only for the same request of the same principal.
fn seal_state(post: &Post, ticket: RequestState, cx: &Cx<'_>) -> String {
    let expires = cx.unix_time.saturating_add(cx.limits.request_total_max);
    let params_digest = post.params_digest();
    let binding = Binding { principal: &post.principal, method: post.method(), params_digest };
    cx.rng.seal.seal(&binding, expires, &ticket.to_bytes())
}

/// Opens the state that a client has returned.
pub(super) fn open_state(post: &Post, cx: &Cx<'_>) -> Result<RequestState, Reject> {
    let state = sealed_ticket(&post.request).ok_or(Reject::BadRequestState)?;
    let (principal, method) = (&post.principal, post.method());
    let unsealed = cx.rng.seal.check(principal, method, cx.unix_time, state.as_bytes());
    let ticket = unsealed.and_then(|it| it.open(post.params_digest()));
    ticket.ok().and_then(|bytes| RequestState::of(&bytes)).ok_or(Reject::BadRequestState)
}

/// Fails a request with the capabilities that the client needs (2026-07-28, basic/index).
fn fail_incapable(post: Post, needs: &[Capability], cx: &mut Cx<'_>) {
    let Some(first) = needs.first() else { return };
    let reject = Reject::MissingCapability(*first);
    let wire = reject.wire();
    let data = error_data::missing_capabilities(needs);
    let answer = json::error_with_data(Some(post.id()), &wire, data);
    post.answer(wire.status, answer, reject.name(), cx);
}
