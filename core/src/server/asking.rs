//! The questions that the legacy era puts to a client as requests of the server: under which ids,
//! and which of them are still open.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::{Answers, Client, Question};

/// The questions of one wait.
#[derive(Debug)]
pub(super) struct Asking(Vec<Asked>);

#[derive(Debug)]
struct Asked {
    key: Cow<'static, str>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// It was sent under this id.
    Open(Box<str>),
    /// It was answered; a question that cannot be put to the client counts as answered, with an
    /// error.
    Done(Result<Value, String>),
}

impl Asking {
    /// Puts those questions that the client can be asked, all of them before any answer is awaited.
    ///
    /// # Errors
    ///
    /// The conversation has no room for another key.
    pub(super) fn put(
        questions: Vec<Question>,
        client: &Client,
        keys: &mut Keys,
        mut send: impl FnMut(&str, &Question),
    ) -> Result<Asking, KeysFull> {
        let put = |question: Question| {
            let state = match client.can_answer(&question) {
                true => {
                    let id = keys.id(&question)?;
                    send(&id, &question);
                    State::Open(id)
                }
                false => State::Done(Err(undeclared(&question))),
            };
            Ok(Asked { key: question.key, state })
        };
        questions.into_iter().map(put).collect::<Result<_, _>>().map(Asking)
    }

    /// The ids of the questions that are not answered.
    pub(super) fn open(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|asked| match &asked.state {
            State::Open(id) => Some(&**id),
            State::Done(_) => None,
        })
    }

    /// Whether one of them is not answered.
    pub(super) fn is_open(&self) -> bool {
        self.open().next().is_some()
    }

    /// Notes the answer to a question that is open.
    pub(super) fn answer(&mut self, id: &str, answer: Result<Value, String>) {
        let is_asked =
            |asked: &&mut Asked| matches!(&asked.state, State::Open(open) if **open == *id);
        if let Some(asked) = self.0.iter_mut().find(is_asked) {
            asked.state = State::Done(answer);
        }
    }

    /// The answers; what is still open is left out.
    pub(super) fn into_answers(self) -> Answers {
        let answer = |asked: Asked| match asked.state {
            State::Open(_) => None,
            State::Done(answer) => Some((asked.key, answer)),
        };
        self.0.into_iter().filter_map(answer).collect()
    }
}

/// What a server is told of a question that cannot be put to the client.
pub(super) fn undeclared(question: &Question) -> String {
    format!("The client did not declare {}", question.method)
}

/// The keys under which a conversation has asked, and how often under each: no id is used twice
/// (basic/index, Requests). Most conversations ask nothing, and keep no more than a pointer.
#[derive(Debug, Default)]
pub(super) struct Keys(Option<Box<Uses>>);

/// How often a question was put under each key.
#[derive(Debug, Default)]
struct Uses(BTreeMap<Cow<'static, str>, u64>);

/// Too many keys are in use.
#[derive(Debug)]
pub(super) struct KeysFull;

impl Keys {
    /// An id for a question: its key the first time, then `key-2`, `key-3` and so on. A key that
    /// ends so itself is given a number from the first time on: no two keys share an id.
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

/// Keys a conversation may ask under.
const KEYS_MAX: usize = 1000;
