//! Multi-round requests of the modern era: a result asks the client for input, and the client
//! brings its answers with a second request (2026-07-28, basic/patterns/mrtr).
//!
//! Owns: the client's answers from all rounds so far, and the state that carries them from one
//! round to the next.
//! Never: keeps anything between two rounds. A round is evaluated from the start, and gets the
//! answers of the rounds before it.
//!
//! ```text
//!   request ──► evaluate ──► Wait::Answers ── all answers known or given ──► Event::Answered ──► …
//!                                  └───────── an answer is missing ────────► input_required, state
//! ```
//!
//! The state is bound to the principal, the method and the target, and expires after ten minutes.
//! It holds only the client's own answers and a number. A client may use it more than once; a
//! server for which that matters derives its effects from [`RequestContext::random`], which is the
//! same in all rounds.
//!
//! [`RequestContext::random`]: super::RequestContext::random

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::pending_answers::undeclared;
use super::rpc_error::wrong;
use super::{Answers, Client, Question, RpcError};
use crate::log_text::truncate_for_log;
use crate::principal::Principal;
use crate::reject::Reject;
use crate::seal::{Binding, PAYLOAD_BYTES_MAX, SalientParams, StateKey};
use crate::time::Duration;

/// The answers of a client.
#[derive(Debug)]
pub(super) struct Rounds {
    state: State,
    /// Marks the answers of earlier rounds that this evaluation has used.
    taken: Vec<bool>,
    /// The answers in this request; they belong to the questions of one wait.
    given: Map<String, Value>,
}

/// The state carried from one round to the next.
#[derive(Debug, Deserialize, Serialize)]
struct State {
    /// The unpredictable number of the first round.
    random: u64,
    /// The number of rounds so far.
    rounds: u32,
    /// The answers in the order in which they were given, with the keys of their questions.
    told: Vec<(String, Value)>,
}

/// The status of the questions of a wait.
#[derive(Debug)]
pub(super) enum RoundStatus {
    /// All of them are answered.
    Answered(Answers),
    /// These are not answered.
    Open(Vec<Question>),
}

impl Rounds {
    /// Creates the rounds of a request without a state.
    pub(super) fn first(random: u64, given: Map<String, Value>) -> Self {
        let state = State { random, rounds: 0, told: Vec::new() };
        Rounds { state, taken: Vec::new(), given }
    }

    /// Creates the rounds of a request with a state.
    ///
    /// # Errors
    ///
    /// The state was not sealed with this key, belongs to another request, or has expired.
    pub(super) fn again(
        key: &StateKey,
        (subject, principal): (&Subject<'_>, &Principal),
        wall: Duration,
        state: &str,
        given: Map<String, Value>,
    ) -> Result<Self, RpcError> {
        let refused = || RpcError::of(Reject::BadRequestState);
        let unsealed = key.check(principal, subject.method, wall, state.as_bytes());
        let payload = unsealed.and_then(|it| it.open(subject.digest())).map_err(|_| refused())?;
        let state: State = serde_json::from_slice(&payload).map_err(|_| refused())?;
        let taken = vec![false; state.told.len()];
        Ok(Rounds { state, taken, given })
    }

    /// Returns the unpredictable number of the first round.
    pub(super) fn random(&self) -> u64 {
        self.state.random
    }

    /// Returns the answers to the questions of a wait, or the questions that are not answered. A
    /// question that the client does not support counts as answered with an error, unless that is
    /// true of all.
    ///
    /// # Errors
    ///
    /// The client supports none of the questions, or an answer is invalid.
    pub(super) fn answers_to(
        &mut self,
        questions: Vec<Question>,
        client: &Client,
    ) -> Result<RoundStatus, RpcError> {
        let mut open = Vec::new();
        let mut answers = Vec::new();
        let mut is_refused = !questions.is_empty();
        let brought = self.given.len();
        for question in &questions {
            let answer = match self.take(question)? {
                Some(answer) => Ok(answer),
                None if client.can_answer(question) => {
                    is_refused = false;
                    open.push(question.clone());
                    continue;
                }
                None => Err(undeclared(question)),
            };
            is_refused &= answer.is_err();
            answers.push((question.key.clone(), answer));
        }
        if is_refused {
            return Err(RpcError::missing_answers(&questions));
        }
        if self.given.len() < brought {
            // The given answers belong to these questions, and not to later ones.
            self.given.clear();
        }
        Ok(match open.is_empty() {
            true => RoundStatus::Answered(answers.into_iter().collect()),
            false => RoundStatus::Open(open),
        })
    }

    /// Returns the answer to a question, from an earlier round or else from this request.
    fn take(&mut self, question: &Question) -> Result<Option<Value>, RpcError> {
        let told = self.state.told.iter().zip(&mut self.taken);
        let mut told = told.filter(|((key, _), taken)| *key == question.key && !**taken);
        if let Some(((_, answer), taken)) = told.next() {
            *taken = true;
            return Ok(Some(answer.clone()));
        }
        let Some(answer) = self.given.remove(&*question.key) else { return Ok(None) };
        check(question, &answer)?;
        self.state.told.push((question.key.clone().into_owned(), answer.clone()));
        self.taken.push(true);
        Ok(Some(answer))
    }

    /// Seals the state for the next round.
    ///
    /// # Errors
    ///
    /// There are too many rounds, or the answers are too long.
    pub(super) fn seal(
        &mut self,
        key: &StateKey,
        binding: &Binding<'_>,
        wall: Duration,
    ) -> Result<String, RpcError> {
        self.state.rounds += 1;
        if self.state.rounds > ROUNDS_MAX {
            return Err(RpcError::internal("The server asks too often"));
        }
        let payload = serde_json::to_vec(&self.state).unwrap_or_default();
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(wrong("params.inputResponses", "are too long together"));
        }
        Ok(key.seal(binding, wall.saturating_add(STATE_LIFETIME), &payload))
    }
}

/// Parses the answers in a request, by their keys.
pub(super) fn given(responses: Option<&str>) -> Result<Map<String, Value>, RpcError> {
    let Some(responses) = responses else { return Ok(Map::new()) };
    if !responses.starts_with('{') {
        return Err(wrong("params.inputResponses", "must be an object"));
    }
    serde_json::from_str(responses).map_err(|_| wrong("params.inputResponses", "cannot be read"))
}

/// Checks the fields of an answer that a server relies on (schema, `ElicitResult`,
/// `CreateMessageResult`, `ListRootsResult`).
fn check(question: &Question, answer: &Value) -> Result<(), RpcError> {
    let fits = match question.method {
        "elicitation/create" => {
            let action = answer["action"].as_str();
            let content = answer.get("content");
            matches!(action, Some("accept" | "cancel" | "decline"))
                && content.is_none_or(Value::is_object)
        }
        "sampling/createMessage" => {
            let content = &answer["content"];
            matches!(answer["role"].as_str(), Some("assistant" | "user"))
                && (content.is_object() || content.is_array())
        }
        _ => {
            let roots = answer["roots"].as_array();
            roots.is_some_and(|roots| roots.iter().all(|root| root["uri"].is_string()))
        }
    };
    match fits {
        true => Ok(()),
        false => {
            let path = format!("params.inputResponses.{}", truncate_for_log(&question.key));
            Err(wrong(&path, &format!("must be a result of {}", question.method)))
        }
    }
}

/// The target of a request, which is the same in all of its rounds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    method: &'static str,
    params: Params<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Params<'a> {
    /// The parameters themselves.
    Here(SalientParams<'a>),
    /// The digest of the parameters.
    Digest([u8; 32]),
}

impl<'a> Subject<'a> {
    pub(super) fn new(method: &'static str, params: SalientParams<'a>) -> Self {
        Subject { method, params: Params::Here(params) }
    }

    /// Returns the data that a state of this request is bound to.
    pub(super) fn binding<'p>(&self, principal: &'p Principal) -> Binding<'p> {
        Binding { principal, method: self.method, params_digest: self.digest() }
    }

    /// Returns a copy with the digest in place of the parameters.
    pub(super) fn kept(&self) -> Subject<'static> {
        Subject { method: self.method, params: Params::Digest(self.digest()) }
    }

    fn digest(&self) -> [u8; 32] {
        match &self.params {
            Params::Here(params) => params.digest(),
            Params::Digest(digest) => *digest,
        }
    }
}

/// The maximum number of rounds of a request.
const ROUNDS_MAX: u32 = 32;

/// The lifetime of a state: long enough for a person to think, or to look something up.
const STATE_LIFETIME: Duration = Duration::from_secs(600);
