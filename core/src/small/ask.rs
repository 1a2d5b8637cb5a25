//! The tool `ask`: asks the client, first its model and then its user, and tells both answers.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::arguments::{Arguments, object, string};
use super::fault::Fault;
use super::incoming::{Outcome, text_of};
use super::reply;

/// What the client can be asked; it says so in `initialize`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Abilities {
    sampling: bool,
    elicitation: bool,
}

impl Abilities {
    pub(super) fn parse(capabilities: Option<&RawValue>) -> Result<Self, Fault> {
        let Some(capabilities) = capabilities else { return Ok(Abilities::default()) };
        let declared: Declared<'_> = object(capabilities, "params.capabilities")?;
        let elicitation = match declared.elicitation {
            Some(modes) => has_form(object(modes, "params.capabilities.elicitation")?),
            None => false,
        };
        Ok(Abilities { sampling: declared.sampling.is_some(), elicitation })
    }
}

#[derive(Deserialize)]
struct Declared<'a> {
    #[serde(borrow, default)]
    sampling: Option<&'a RawValue>,
    #[serde(borrow, default)]
    elicitation: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Modes<'a> {
    #[serde(borrow, default)]
    form: Option<&'a RawValue>,
    #[serde(borrow, default)]
    url: Option<&'a RawValue>,
}

/// No mode at all means forms (2025-11-25, client/elicitation, Capabilities).
fn has_form(modes: Modes<'_>) -> bool {
    modes.form.is_some() || modes.url.is_none()
}

/// A call that waits for the client.
#[derive(Debug)]
pub(super) struct Ask {
    id: Box<str>,
    question: Box<str>,
    left: Vec<Way>,
    asked: Option<(u64, Way)>,
    said: Vec<String>,
    failed: bool,
}

/// What became of a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The client was asked; its answer is to come.
    Asked,
    /// Everything is known and the call is answered.
    Answered,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Elicitation,
    Sampling,
}

impl Ask {
    pub(super) fn new(
        id: &str,
        client: Abilities,
        arguments: &Arguments<'_>,
    ) -> Result<Self, Fault> {
        let question = match arguments.question {
            None => "What is your name?".into(),
            question => string(question, "params.arguments.question")?,
        };
        let mut left = Vec::new();
        // The last one is asked first.
        left.extend(client.elicitation.then_some(Way::Elicitation));
        left.extend(client.sampling.then_some(Way::Sampling));
        let (id, question) = (id.into(), question.into());
        Ok(Ask { id, question, left, asked: None, said: Vec::new(), failed: false })
    }

    /// Asks what is still to be asked, under the number given; otherwise answers the call.
    pub(super) fn next(&mut self, number: u64, out: &mut Vec<u8>) -> Turn {
        if let Some(way) = self.left.pop() {
            self.asked = Some((number, way));
            way.ask(number, &self.question, out);
            return Turn::Asked;
        }
        if self.said.is_empty() {
            let text = "the client declared neither sampling nor elicitation: it cannot be asked";
            reply::failure(out, &self.id, text);
        } else if self.failed {
            reply::failure(out, &self.id, &self.said.join("\n"));
        } else {
            reply::text(out, &self.id, &self.said.join("\n"));
        }
        Turn::Answered
    }

    /// Whether this is the call that the answer with that id is for.
    pub(super) fn waits_for(&self, id: &str) -> bool {
        self.asked.is_some_and(|(number, _)| number.to_string() == id)
    }

    /// Takes the client's answer.
    pub(super) fn heard(&mut self, outcome: Outcome<'_>) {
        let Some((_, way)) = self.asked.take() else { return };
        self.said.push(match outcome {
            Ok(result) => format!("{}: {}", way.name(), way.read(result)),
            Err(error) => {
                self.failed = true;
                format!("{} failed: {}", way.name(), message_of(error))
            }
        });
    }

    /// The id of the call, as JSON text.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Tells the client that its answer is not wanted any more.
    pub(super) fn withdraw(self, out: &mut Vec<u8>) {
        if let Some((number, _)) = self.asked {
            let params = json!({"requestId": number, "reason": "the call was cancelled"});
            reply::notification(out, "notifications/cancelled", &params.to_string());
        }
    }
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::Elicitation => "elicitation",
            Way::Sampling => "sampling",
        }
    }

    fn ask(self, number: u64, question: &str, out: &mut Vec<u8>) {
        match self {
            Way::Elicitation => {
                let answer = json!({"type": "string", "title": "Answer"});
                let params = json!({
                    "message": question,
                    "requestedSchema": {
                        "type": "object",
                        "properties": {"answer": answer},
                        "required": ["answer"],
                    },
                });
                reply::request(out, number, "elicitation/create", &params);
            }
            Way::Sampling => {
                let content = json!({"type": "text", "text": question});
                let params = json!({
                    "messages": [{"role": "user", "content": content}],
                    "maxTokens": 100,
                });
                reply::request(out, number, "sampling/createMessage", &params);
            }
        }
    }

    /// What the client answered, in words.
    fn read(self, result: &RawValue) -> String {
        let fields: Answer<'_> = object(result, "result").unwrap_or_default();
        let content = fields.content.map(RawValue::get).unwrap_or_default();
        match self {
            Way::Elicitation => {
                let action = fields.action.and_then(text_of).unwrap_or_default();
                format!("{action} {content}").trim_end().to_owned()
            }
            Way::Sampling => serde_json::from_str::<Text>(content)
                .map_or_else(|_| content.to_owned(), |content| content.text),
        }
    }
}

#[derive(Default, Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    action: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Text {
    text: String,
}

fn message_of(error: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Error {
        message: String,
    }
    serde_json::from_str::<Error>(error.get())
        .map_or_else(|_| "no reason given".to_owned(), |error| error.message)
}
