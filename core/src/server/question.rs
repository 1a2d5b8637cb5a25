//! What a server asks the client, and what it is told.
//!
//! A question has a key, the server's own name for it. Where an era gives questions ids, the id is
//! made of the key; where it has them answered by a second request, the answers come under the key.

use std::borrow::Cow;

use serde_json::Value;

use crate::reject::Capability;

/// A question to the client.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Its name, unlike that of every other question of the same wait. Keys are few and short: a
    /// conversation remembers those it has used.
    pub key: Cow<'static, str>,
    /// `sampling/createMessage`, `elicitation/create` or `roots/list`.
    pub method: &'static str,
    /// The parameters; an object.
    pub params: Value,
}

impl Question {
    /// A question.
    pub fn new(key: impl Into<Cow<'static, str>>, method: &'static str, params: Value) -> Self {
        Question { key: key.into(), method, params }
    }

    /// What a client has to declare to be asked this.
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

/// What the client answered to the questions of a wait, in the order in which they were asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers(Vec<(Cow<'static, str>, Result<Value, String>)>);

impl Answers {
    /// The answer to the question with this key: a result, or the message of an error.
    pub fn get(&self, key: &str) -> Option<&Result<Value, String>> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, answer)| answer)
    }

    /// The answer to the first question, for a wait that has no other.
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
