//! Server requests of the legacy era that a waiting request sent to the client: their ids, and
//! which of them are still pending.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::{Answers, Client, Question};

/// The server requests that one waiting request sent.
#[derive(Debug)]
pub(super) struct PendingAnswers(Vec<PendingAnswer>);

#[derive(Debug)]
struct PendingAnswer {
    key: Cow<'static, str>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Sent under this id, not answered yet.
    Open(Box<str>),
    /// Answered. A question that the client does not support counts as answered with an error.
    Done(Result<Value, String>),
}

impl PendingAnswers {
    /// Sends the questions that the client supports, all of them before any answer is awaited.
    ///
    /// # Errors
    ///
    /// The connection already uses the maximum number of keys.
    pub(super) fn send(
        questions: Vec<Question>,
        client: &Client,
        keys: &mut Keys,
        mut send: impl FnMut(&str, &Question),
    ) -> Result<PendingAnswers, KeysFull> {
        let put = |question: Question| {
            let state = match client.can_answer(&question) {
                true => {
                    let id = keys.id(&question)?;
                    send(&id, &question);
                    State::Open(id)
                }
                false => State::Done(Err(undeclared(&question))),
            };
            Ok(PendingAnswer { key: question.key, state })
        };
        questions.into_iter().map(put).collect::<Result<_, _>>().map(PendingAnswers)
    }

    /// Returns the ids of the questions that are not answered yet.
    pub(super) fn open(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|asked| match &asked.state {
            State::Open(id) => Some(&**id),
            State::Done(_) => None,
        })
    }

    /// Returns whether any question is not answered yet.
    pub(super) fn is_open(&self) -> bool {
        self.open().next().is_some()
    }

    /// Records the answer to a pending question.
    pub(super) fn answer(&mut self, id: &str, answer: Result<Value, String>) {
        let is_asked =
            |asked: &&mut PendingAnswer| matches!(&asked.state, State::Open(open) if **open == *id);
        if let Some(asked) = self.0.iter_mut().find(is_asked) {
            asked.state = State::Done(answer);
        }
    }

    /// Returns the answers; pending questions are left out.
    pub(super) fn into_answers(self) -> Answers {
        let answer = |asked: PendingAnswer| match asked.state {
            State::Open(_) => None,
            State::Done(answer) => Some((asked.key, answer)),
        };
        self.0.into_iter().filter_map(answer).collect()
    }
}

/// Returns the error message for a question that the client does not support.
pub(super) fn undeclared(question: &Question) -> String {
    format!("The client did not declare {}", question.method)
}

/// The keys under which a connection has sent questions, with a count for each, so that no
/// request id is used twice (basic/index, Requests). An empty map takes one pointer, since most
/// connections send none.
#[derive(Debug, Default)]
pub(super) struct Keys(Option<Box<Uses>>);

/// The number of questions sent under each key.
#[derive(Debug, Default)]
struct Uses(BTreeMap<Cow<'static, str>, u64>);

/// The maximum number of keys is in use.
#[derive(Debug)]
pub(super) struct KeysFull;

impl Keys {
    /// Returns the request id for a question: its key the first time, then `key-2`, `key-3` and so
    /// on. A key that itself ends in such a number gets a number the first time too, so that no two
    /// keys share an id.
    fn id(&mut self, question: &Question) -> Result<Box<str>, KeysFull> {
        let (key, Uses(uses)) = (&question.key, &mut **self.0.get_or_insert_default());
        if uses.len() >= KEYS_MAX && !uses.contains_key(key) {
            return Err(KeysFull);
        }
        let uses = uses.entry(key.clone()).or_default();
        *uses += 1;
        Ok(match *uses {
            1 if !is_numbered(key) => key.as_ref().into(),
            uses => format!("{key}-{uses}").into(),
        })
    }
}

fn is_numbered(key: &str) -> bool {
    let number = key.rsplit_once('-').map(|(_, number)| number);
    number.is_some_and(|it| !it.is_empty() && it.bytes().all(|digit| digit.is_ascii_digit()))
}

/// The maximum number of keys in a connection.
const KEYS_MAX: usize = 1000;
