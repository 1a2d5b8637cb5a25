//! Questions of a server to the client, and their answers.
//!
//! A question has a key, which the server chooses. The legacy era derives the id of a server
//! request from it; in the modern era the key identifies the question and its answer.

use std::borrow::Cow;

use serde_json::Value;

use crate::reject::Capability;

/// A question to the client.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Its name, unique within a wait. Servers use few and short keys, because a connection
    /// stores all that were used.
    pub key: Cow<'static, str>,
    /// `sampling/createMessage`, `elicitation/create` or `roots/list`.
    pub method: &'static str,
    /// The parameters; an object.
    pub params: Value,
}

impl Question {
    /// Creates a question.
    pub fn new(key: impl Into<Cow<'static, str>>, method: &'static str, params: Value) -> Self {
        Question { key: key.into(), method, params }
    }

    /// Returns the capability that a client must declare for this question.
    pub fn capability(&self) -> Capability {
        match self.method {
            "elicitation/create" if self.params["mode"] == "url" => Capability::ElicitationUrl,
            "elicitation/create" => Capability::Elicitation,
            "sampling/createMessage" if self.params.get("tools").is_some() => {
                Capability::SamplingTools
            }
            "sampling/createMessage" => Capability::Sampling,
            _ => Capability::Roots,
        }
    }
}

/// The client's answers to the questions of a wait, in the order of the questions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers(Vec<(Cow<'static, str>, Result<Value, String>)>);

impl Answers {
    /// Returns the answer to the question with this key: a result, or the message of an error.
    pub fn get(&self, key: &str) -> Option<&Result<Value, String>> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, answer)| answer)
    }

    /// Returns the answer to the first question, for a wait with only one.
    pub fn first(self) -> Result<Value, String> {
        let first = self.0.into_iter().next();
        first.map_or_else(|| Err("Nothing was asked".to_owned()), |(_, answer)| answer)
    }
}

impl FromIterator<(Cow<'static, str>, Result<Value, String>)> for Answers {
    fn from_iter<T>(answers: T) -> Self
    where
        T: IntoIterator<Item = (Cow<'static, str>, Result<Value, String>)>,
    {
        Answers(answers.into_iter().collect())
    }
}
