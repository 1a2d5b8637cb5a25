//! A call of the client, round by round.
//!
//! Owns: the current round, the questions to the client in between, and the limits.
//!
//! ```text
//!   begin ──► Upstream ──answer──────────────────────────────────────────► concluded
//!               ▲  └──input required──► Asking ──all answered──┐             ▲
//!               │  └──state only──────► Resting ──back-off─────┤             │
//!               └──────────────── retry, another number ───────┘   lost, cancelled, too many rounds
//! ```
//!
//! Source: 2026-07-28, basic/patterns/mrtr.

use serde_json::json;

use super::initialize::refusal;
use super::{FacadeCx, LegacyFacade};
use crate::json::object::{Object, quoted};
use crate::json::{Answer, Field, Message, error_words, line, parse_number};
use crate::legacy_facade::{BackendEvent, RelatesTo, RequestFlags, ToWorker};
use crate::protocol::known_method;
use crate::reject::{Capability, Flaw, INTERNAL_ERROR, Reject};
use crate::time::{Duration, Instant};
use crate::translate::modern_child::{self, InputRequest, Outcome};
use crate::translate::{capability, error_data, may_require_input};

/// The maximum number of rounds of a call, including those without questions.
pub(super) const ROUNDS_MAX: usize = 64;

/// The maximum number of bytes of params that are kept for another round, of all calls together.
/// One is always kept.
const KEPT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The pause before the second round in a row without a question; the first follows at once. It
/// doubles up to [`PAUSE_MAX`].
const PAUSE: Duration = Duration::from_millis(100);

const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A pending call of the client.
#[derive(Debug)]
pub(super) struct Call {
    /// A method from a fixed set of names.
    method: &'static str,
    /// The resource of a `resources/read` (JSON text).
    uri: Option<Box<[u8]>>,
    /// The params of the first round, if there may be more.
    params: Box<[u8]>,
    /// Whether the client asked for progress.
    has_token: bool,
    /// The highest progress value so far.
    progress: f64,
    rounds: usize,
    /// Rounds without a question in a row.
    idle_rounds: u32,
    /// The state that the child gets back with the next round (JSON text).
    state: Option<Vec<u8>>,
    /// The URLs that the user was asked to visit and agreed to.
    elicitations: Vec<UrlElicitation>,
    stage: Stage,
}

impl Call {
    /// Returns the number of bytes of state and answers for the next round.
    pub(super) fn answers_bytes(&self) -> usize {
        let responses = match &self.stage {
            Stage::AwaitingInput(questions) => questions
                .iter()
                .filter_map(|question| question.response.as_ref())
                .map(Vec::len)
                .sum(),
            Stage::Upstream(_) | Stage::Backoff(_) => 0,
        };
        self.state.as_ref().map_or(0, Vec::len) + responses
    }
}

#[derive(Debug)]
enum Stage {
    /// A request to the child is pending, with this number.
    Upstream(u64),
    /// Questions to the client are pending.
    AwaitingInput(Vec<Question>),
    /// Nothing is pending until this time.
    Backoff(Instant),
}

/// A question to the client, and its answer.
#[derive(Debug)]
struct Question {
    number: u64,
    key: String,
    needs: Capability,
    elicitation: Option<UrlElicitation>,
    /// JSON text.
    response: Option<Vec<u8>>,
}

/// A URL that the user is asked to visit.
#[derive(Debug)]
struct UrlElicitation {
    key: String,
    url: String,
    /// The id of the elicitation.
    id: String,
}

impl UrlElicitation {
    /// Returns whether a question asks for the same visit again. The key alone does not tell,
    /// because the next round may use it for another question.
    fn is_repeated_by(&self, request: &InputRequest) -> bool {
        request.key == self.key && url_of(request).is_some_and(|url| url == self.url)
    }
}

/// Returns the URL in a question, if it has one.
fn url_of(request: &InputRequest) -> Option<String> {
    let params = request.params.as_deref().filter(|_| request.needs == Capability::ElicitationUrl);
    Some(Object::read(params?)?.text("url")?.into_owned())
}

// The child

impl LegacyFacade {
    /// Sends a request to the child.
    pub(super) fn begin(&mut self, call: u64, request: &Message, at: &mut FacadeCx<'_>) {
        let method = request.method().unwrap_or_default();
        let number = at.next_upstream();
        let caller = self.client.caller();
        let Some(params) = modern_child::params(method, request.params(), &caller, number) else {
            return self.answer(call, refusal(Reject::BadParams));
        };
        let kept = if may_require_input(method) { params.len() } else { 0 };
        if self.kept_bytes > 0 && self.kept_bytes + kept > KEPT_BYTES_MAX {
            return self.fail(call, Reject::InFlightFull);
        }
        self.kept_bytes += kept;
        self.send_round(call, number, method, &params);
        let method = known_method(method);
        let read = request.params().filter(|_| method == "resources/read");
        let uri = read.and_then(modern_child::uri).map(Box::from);
        let params = if kept > 0 { params.into_boxed_slice() } else { Box::default() };
        let begun = Call {
            method,
            uri,
            params,
            has_token: request.progress_token().is_some(),
            progress: f64::NEG_INFINITY,
            rounds: 1,
            idle_rounds: 0,
            state: None,
            elicitations: Vec::new(),
            stage: Stage::Upstream(number),
        };
        self.calls.insert(call, begun);
    }

    fn send_round(&mut self, call: u64, number: u64, method: &str, params: &[u8]) {
        let line = line::request(number.to_string().as_bytes(), method, Some(params));
        let flags =
            RequestFlags { wants_logs: self.client.wants_logs(), ..RequestFlags::default() };
        self.send_upstream(ToWorker::Request { number, line: line.into(), flags });
        self.upstream.insert(number, call);
    }

    /// Handles the child's answer to a round.
    pub(super) fn on_round_answered(
        &mut self,
        call: u64,
        answer: &Answer<'_>,
        at: &mut FacadeCx<'_>,
    ) {
        let Some(known) = self.calls.get(&call) else { return };
        let result = match answer {
            Answer::Result(result) => result,
            Answer::Error(error) => {
                let answer = modern_child::error(known.method, error, known.uri.as_deref());
                return self.answer_call(call, answer);
            }
        };
        match modern_child::result(known.method, result, self.client.revision) {
            Some(Outcome::Complete(result)) => {
                self.complete_elicitations(call, &[]);
                self.answer_call(call, Answer::result(result));
            }
            Some(Outcome::InputRequired { requests, state }) => {
                self.on_input_required(call, requests, state, at);
            }
            None => self.fail_invalid(call),
        }
    }

    /// Handles the child's notification about a round.
    pub(super) fn on_round_notified(&mut self, call: u64, message: &Message) {
        let Some(known) = self.calls.get_mut(&call) else { return };
        if message.method() == Some("notifications/progress") {
            self.output.push_back(BackendEvent::Progress(call));
            let progress = Object::read_or_empty(message.params())
                .get("progress")
                .and_then(|value| serde_json::from_slice::<f64>(value).ok());
            // Each round counts from zero; for the client it is one call, whose progress must
            // increase.
            let Some(progress) = progress.filter(|it| known.has_token && *it > known.progress)
            else {
                return;
            };
            known.progress = progress;
        }
        if !self.is_slow {
            let number = call.to_string();
            let line = message.with(&[(Field::CorrelationId, number.as_bytes())]);
            self.send_to_client(line.to_vec(), RelatesTo::Request(call));
        }
    }

    /// Answers a call in any state.
    fn answer_call(&mut self, call: u64, answer: Answer<'static>) {
        self.drop_call(call);
        self.answer(call, answer);
    }

    /// Handles the client's cancellation of a request, or the end of its client.
    pub(super) fn cancel(&mut self, call: u64) {
        self.filters.remove(&call);
        if !self.subscriptions.forget(call) {
            self.drop_call(call);
        }
    }

    /// Removes a call and cancels its pending requests.
    pub(super) fn drop_call(&mut self, call: u64) {
        let Some(dropped) = self.calls.remove(&call) else { return };
        self.kept_bytes -= dropped.params.len();
        match dropped.stage {
            Stage::Upstream(number) => {
                if self.upstream.remove(&number).is_some() {
                    self.send_upstream(ToWorker::Cancel { number });
                }
            }
            Stage::AwaitingInput(questions) => {
                for question in questions {
                    if self.questions.remove(&question.number).is_some() {
                        self.withdraw(question.number);
                    }
                }
            }
            Stage::Backoff(due) => {
                self.backoffs.remove(&(due, call));
            }
        }
    }
}

// The client

impl LegacyFacade {
    fn on_input_required(
        &mut self,
        call: u64,
        requests: Vec<InputRequest>,
        state: Option<Vec<u8>>,
        at: &mut FacadeCx<'_>,
    ) {
        let Some(known) = self.calls.get_mut(&call) else { return };
        known.state = state;
        known.rounds += 1;
        if known.rounds > ROUNDS_MAX {
            let answer = Answer::error(INTERNAL_ERROR, "The server requires input without end");
            return self.answer_call(call, answer);
        }
        if requests.is_empty() {
            return self.back_off(call, at);
        }
        known.idle_rounds = 0;
        self.complete_elicitations(call, &requests);
        self.ask(call, requests, at);
    }

    /// Waits before the next round.
    fn back_off(&mut self, call: u64, at: &mut FacadeCx<'_>) {
        let Some(known) = self.calls.get_mut(&call) else { return };
        let pause = match known.idle_rounds {
            0 => Duration::ZERO,
            before => (PAUSE * 2u32.saturating_pow(before - 1)).min(PAUSE_MAX),
        };
        known.idle_rounds += 1;
        let due = at.now + pause;
        known.stage = Stage::Backoff(due);
        if pause.is_zero() {
            return self.retry(call, at);
        }
        self.backoffs.insert((due, call));
    }

    /// Asks the client all questions of the child, or none if it does not support all of them: then
    /// the call fails, as the child would have failed it if it had known. It also fails if a
    /// question cannot be translated.
    fn ask(&mut self, call: u64, requests: Vec<InputRequest>, at: &mut FacadeCx<'_>) {
        let Some(known) = self.calls.get_mut(&call) else { return };
        let method = known.method;
        let mut visits = std::mem::take(&mut known.elicitations);
        let mut lacking = Vec::new();
        let mut asked = Vec::new();
        for request in requests {
            let needs = request.needs;
            let again = visits.iter().position(|visit| visit.is_repeated_by(&request));
            let visit = url_of(&request).map(|url| match again {
                Some(again) => visits.swap_remove(again),
                None => {
                    let id = format!("pontoon-{}", at.next_upstream());
                    UrlElicitation { key: request.key.clone(), url, id }
                }
            });
            let is_declared = capability::is_declared(&self.client.capabilities, needs);
            let id = visit.as_ref().map(|visit| &*visit.id).unwrap_or_default();
            match modern_child::question(&request, self.client.revision, id) {
                Ok(params) if is_declared => asked.push((request, params, visit)),
                Ok(_) => lacking.push(needs),
                Err(needs) => lacking.push(needs),
            }
        }
        if !lacking.is_empty() {
            return self.answer_call(call, lacks(method, &lacking));
        }
        let first = self.questions_sent + 1;
        let asked = (first..).zip(asked).map(|(number, (request, params, elicitation))| {
            let InputRequest { key, needs, .. } = request;
            let method = capability::method(needs);
            let line = line::request(number.to_string().as_bytes(), method, params.as_deref());
            let saying = BackendEvent::of(line.into(), RelatesTo::Request(call)).ok()?;
            Some((saying, Question { number, key, needs, elicitation, response: None }))
        });
        let Some((said, questions)) = asked.collect::<Option<(Vec<_>, Vec<_>)>>() else {
            return self.fail_invalid(call);
        };
        self.questions_sent += questions.len() as u64;
        self.questions.extend(questions.iter().map(|question| (question.number, call)));
        self.output.extend(said);
        if let Some(known) = self.calls.get_mut(&call) {
            known.stage = Stage::AwaitingInput(questions);
        }
    }

    /// Fails a call with an invalid answer of the child.
    fn fail_invalid(&mut self, call: u64) {
        self.drop_call(call);
        self.fail(call, Reject::BadAnswer(Flaw::Result));
    }

    /// Handles the answer to a question, from the client or from the session in its place.
    pub(super) fn on_client_answer(&mut self, message: &Message, at: &mut FacadeCx<'_>) {
        let Some(number) = message.id().and_then(parse_number) else { return };
        let Some(call) = self.questions.remove(&number) else { return };
        let Some(known) = self.calls.get_mut(&call) else { return };
        let Stage::AwaitingInput(questions) = &mut known.stage else { return };
        let Some(question) = questions.iter_mut().find(|it| it.number == number) else { return };
        let answer = Answer::of(message);
        let response = answer.and_then(|answer| modern_child::answer(question.needs, &answer));
        let Some(response) = response else {
            let method = capability::method(question.needs);
            let text = match message.error().map(error_words) {
                Some(words) => format!("The client answered {method} with an error: {words}"),
                None => format!("The client's answer to {method} cannot be used"),
            };
            return self.answer_call(call, Answer::error(INTERNAL_ERROR, &text));
        };
        if let Some(visit) = question.elicitation.take().filter(|_| is_accepted(&response)) {
            known.elicitations.push(visit);
        }
        question.response = Some(response);
        if questions.iter().all(|question| question.response.is_some()) {
            self.retry(call, at);
        }
    }

    /// Sends the request again, with the client's answers.
    pub(super) fn retry(&mut self, call: u64, at: &mut FacadeCx<'_>) {
        let Some(known) = self.calls.get_mut(&call) else { return };
        let number = at.next_upstream();
        let questions = match std::mem::replace(&mut known.stage, Stage::Upstream(number)) {
            Stage::AwaitingInput(questions) => questions,
            Stage::Upstream(_) | Stage::Backoff(_) => Vec::new(),
        };
        let responses = questions
            .iter()
            .filter_map(|question| Some((question.key.as_str(), question.response.as_deref()?)));
        let state = known.state.take();
        let level = self.client.caller().log_level;
        let params = modern_child::retry(&known.params, responses, state.as_deref(), level, number);
        let method = known.method;
        self.send_round(call, number, method, &params);
    }

    /// Withdraws a question.
    fn withdraw(&mut self, number: u64) {
        let params = json!({ "requestId": number }).to_string();
        let line = line::notification("notifications/cancelled", Some(params.as_bytes()));
        self.send_to_client(line, RelatesTo::Unknown);
    }

    /// Tells the client that the visits are complete, except for those that are requested again.
    /// The modern era has no notification for that, but the next round shows it.
    fn complete_elicitations(&mut self, call: u64, again: &[InputRequest]) {
        let Some(known) = self.calls.get_mut(&call) else { return };
        let is_again =
            |visit: &UrlElicitation| again.iter().any(|request| visit.is_repeated_by(request));
        let visits = std::mem::take(&mut known.elicitations);
        let (again, over): (Vec<_>, Vec<_>) = visits.into_iter().partition(is_again);
        known.elicitations = again;
        for visit in over {
            let params = json!({ "elicitationId": visit.id }).to_string();
            let method = "notifications/elicitation/complete";
            self.send_to_client(
                line::notification(method, Some(params.as_bytes())),
                RelatesTo::Request(call),
            );
        }
    }
}

fn is_accepted(response: &[u8]) -> bool {
    Object::read(response).is_some_and(|it| it.text("action").as_deref() == Some("accept"))
}

/// Returns the error for a call whose client lacks these capabilities.
pub(crate) fn lacks(method: &str, capabilities: &[Capability]) -> Answer<'static> {
    let wire = Reject::MissingCapability(Capability::Elicitation).wire();
    let mut error = Object::default();
    error.put("code", wire.code.to_string().into_bytes());
    error.put("message", quoted(&wire.message));
    error.put("data", error_data::missing_capabilities(capabilities).to_string().into_bytes());
    modern_child::error(method, &error.write(), None)
}
