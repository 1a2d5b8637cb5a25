//! A request of the modern era that asks its client: questions are answers there, and the client
//! brings its own answers with a second request (2026-07-28, basic/patterns/mrtr).
//!
//! Owns: what the client has answered in all rounds so far, and the state that carries it from one
//! round to the next.
//! Never: remembers anything between two rounds. A round is evaluated from the start, and is given
//! the answers of those before it.
//!
//! ```text
//!   request ──► evaluate ──► Wait::Answers ── told before, or given now ──► Event::Answered ──► …
//!                                  └───────── anything is missing ───────► input_required, state
//! ```
//!
//! The state is bound to who asks, the method and what is asked for, and expires after ten minutes.
//! It holds no more than the client's own answers and a number. It may be brought back more than
//! once; a server to whom that matters makes what it does depend on [`Scene::random`], which is the
//! same in all rounds.
//!
//! [`Scene::random`]: super::Scene::random

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::asking::undeclared;
use super::params::wrong;
use super::{Answers, Client, Fault, Question};
use crate::modern::state::{Binding, PAYLOAD_BYTES_MAX, SalientParams, StateKey};
use crate::reject::Reject;
use crate::session::Principal;
use crate::shown::shown;
use crate::time::Duration;

/// What a client has answered.
#[derive(Debug)]
pub(super) struct Rounds {
    state: State,
    /// How many of the answers told before this evaluation has been given again.
    taken: Vec<bool>,
    /// What the client brought with this request; it answers the questions of one wait.
    given: Map<String, Value>,
}

/// What is carried from one round to the next.
#[derive(Debug, Deserialize, Serialize)]
struct State {
    /// The unpredictable number of the first round.
    random: u64,
    /// How many rounds there have been.
    rounds: u32,
    /// The answers, in the order in which they were given, and the keys of their questions.
    told: Vec<(String, Value)>,
}

/// What questions come to.
#[derive(Debug)]
pub(super) enum Put {
    /// All of them have been answered.
    Answered(Answers),
    /// These have not.
    Open(Vec<Question>),
}

impl Rounds {
    /// Those of a request that brings no state.
    pub(super) fn first(random: u64, given: Map<String, Value>) -> Self {
        let state = State { random, rounds: 0, told: Vec::new() };
        Rounds { state, taken: Vec::new(), given }
    }

    /// Those of a request that brings a state.
    ///
    /// # Errors
    ///
    /// The state is not one of ours, not for this request, or too old.
    pub(super) fn again(
        key: &StateKey,
        (subject, principal): (&Subject<'_>, &Principal),
        wall: Duration,
        state: &str,
        given: Map<String, Value>,
    ) -> Result<Self, Fault> {
        let refused = || Fault::of(Reject::BadRequestState);
        let unsealed = key.check(principal, subject.method, wall, state.as_bytes());
        let payload = unsealed.and_then(|it| it.open(subject.digest())).map_err(|_| refused())?;
        let state: State = serde_json::from_slice(&payload).map_err(|_| refused())?;
        let taken = vec![false; state.told.len()];
        Ok(Rounds { state, taken, given })
    }

    /// The unpredictable number of the first round.
    pub(super) fn random(&self) -> u64 {
        self.state.random
    }

    /// Answers the questions of a wait, if the client has. What it cannot be asked counts as
    /// answered with an error, unless that is all of them.
    ///
    /// # Errors
    ///
    /// It can be asked none of them, or an answer is none.
    pub(super) fn put(&mut self, questions: Vec<Question>, client: &Client) -> Result<Put, Fault> {
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
            return Err(Fault::missing_answers(&questions));
        }
        if self.given.len() < brought {
            // It was brought for these questions, and for no later ones.
            self.given.clear();
        }
        Ok(match open.is_empty() {
            true => Put::Answered(answers.into_iter().collect()),
            false => Put::Open(open),
        })
    }

    /// The answer to a question: what was told before, once, or else what was brought.
    fn take(&mut self, question: &Question) -> Result<Option<Value>, Fault> {
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

    /// The state for the next round.
    ///
    /// # Errors
    ///
    /// There have been too many rounds, or too much has been answered.
    pub(super) fn seal(
        &mut self,
        key: &StateKey,
        binding: &Binding<'_>,
        wall: Duration,
    ) -> Result<String, Fault> {
        self.state.rounds += 1;
        if self.state.rounds > ROUNDS_MAX {
            return Err(Fault::internal("The server asks too often"));
        }
        let payload = serde_json::to_vec(&self.state).unwrap_or_default();
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(wrong("params.inputResponses", "are too long together"));
        }
        Ok(key.seal(binding, wall.saturating_add(LASTS), &payload))
    }
}

/// The answers that a request brings, by their keys.
pub(super) fn given(responses: Option<&str>) -> Result<Map<String, Value>, Fault> {
    let Some(responses) = responses else { return Ok(Map::new()) };
    if !responses.starts_with('{') {
        return Err(wrong("params.inputResponses", "must be an object"));
    }
    serde_json::from_str(responses).map_err(|_| wrong("params.inputResponses", "cannot be read"))
}

/// Checks that an answer is one to its question, as far as a server needs it to be (schema,
/// `ElicitResult`, `CreateMessageResult`, `ListRootsResult`).
fn check(question: &Question, answer: &Value) -> Result<(), Fault> {
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
            let path = format!("params.inputResponses.{}", shown(&question.key));
            Err(wrong(&path, &format!("must be a result of {}", question.method)))
        }
    }
}

/// What a request asks for, as far as its rounds have it in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    method: &'static str,
    params: Params<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Params<'a> {
    /// They are at hand.
    Here(SalientParams<'a>),
    /// They were.
    Digest([u8; 32]),
}

impl<'a> Subject<'a> {
    pub(super) fn new(method: &'static str, params: SalientParams<'a>) -> Self {
        Subject { method, params: Params::Here(params) }
    }

    /// What a state of such a request is bound to.
    pub(super) fn binding<'p>(&self, principal: &'p Principal) -> Binding<'p> {
        Binding { principal, method: self.method, params_digest: self.digest() }
    }

    /// The same, without the parameters themselves.
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

/// Rounds of one request.
const ROUNDS_MAX: u32 = 32;

/// How long a state lasts: a person may have to think, or to look something up.
const LASTS: Duration = Duration::from_secs(600);
