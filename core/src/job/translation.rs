//! The translation of a message that a child of the pool has written.
//!
//! Owns: the translation, a function of the message and of the request that it belongs to.
//! Never: decides which translation a message needs; the pool does.

use std::mem;
use std::sync::Arc;

use bytes::Bytes;

use super::{Known, Outcome, Page, stateless};
use crate::auth::ListFilter;
use crate::ids::ExchangeId;
use crate::json::object::{Object, array, quoted};
use crate::json::{Answer, Message, error_words, parse_number};
use crate::modern::ownership::{TaskId, sealed_result};
use crate::modern::{probe, status};
use crate::principal::Principal;
use crate::protocol::{Era, Revision};
use crate::random::Rng;
use crate::reject::Flaw;
use crate::translate::legacy_child::{self, Failure, InitializeResult, Question, Refusal};
use crate::translate::modern_child;
use crate::translate::subscription::{self, Tagged};

/// The translation that a message needs.
#[derive(Debug)]
pub(crate) enum Translation {
    /// It is passed on unchanged, or only its arrival matters.
    None,
    /// The answer to the era probe.
    Era,
    /// A list that is passed on without the entries that its client may not use.
    List(ListFilter),
    /// The answer to a client's request.
    Answer(Box<Client>),
    /// The answer to the bridge's `initialize`.
    Initialize { served: Arc<[Revision]>, offered: Revision },
    /// The answer to the bridge's `tools/list`, and the tools known from earlier pages.
    Tools(Known),
    /// A question of a legacy child, for this client.
    Question(Option<Box<(ExchangeId, Message)>>),
    /// The progress of a request.
    Progress,
    /// A log message.
    Log,
    /// A notification for subscribers. `is_tagged` tells whether one of them is a modern client.
    Change { is_tagged: bool },
}

/// The parts of a client's request that its answer depends on.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) exchange: ExchangeId,
    pub(crate) request: Message,
    /// The revision of a legacy client, in front of a modern child.
    pub(crate) legacy: Option<Revision>,
    /// The era of the child.
    pub(crate) era: Era,
    /// The `serverInfo` of a legacy child (JSON text).
    pub(crate) server_info: Option<Bytes>,
    /// The supported revisions.
    pub(crate) served: Arc<[Revision]>,
    /// The tools known so far, if the request is for a list of tools.
    pub(crate) tools: Option<Known>,
    /// The filter of the answer, if its client may not see all of it.
    pub(crate) filter: Option<ListFilter>,
    /// The verified principal, and the key that states are sealed with for it.
    pub(crate) owner: Option<(Principal, Arc<Rng>)>,
}

/// A message's translation.
#[derive(Debug)]
pub(crate) enum Translated {
    /// None is needed.
    None,
    /// The era of the child.
    Era(Option<Probed>),
    /// The list, if it has changed, or the reason why it cannot be passed on.
    Listed(Result<Option<Box<Message>>, Flaw>),
    /// The answer for a client, and the tools in it.
    Answer(Outcome, Option<Box<Page>>),
    /// The child has opened.
    Opened(Box<InitializeResult>),
    /// The child has answered `initialize` with an error: its text, and the revision it offers.
    Refused(String, Option<Revision>),
    /// The list of tools.
    Tools(Box<Page>),
    /// The question for the client.
    Question(Result<Question, Refusal>),
    /// The progress value, if it is a number.
    Progress(Option<f64>),
    /// The severity of a log message, if it has one.
    Log(Option<usize>),
    /// The change, and its subscription.
    Change(Change),
    /// The message is not an answer, or its payload is invalid.
    Bad(Flaw),
}

/// The facts about a child in its answer to `server/discover`.
#[derive(Debug)]
pub(crate) struct Probed {
    pub(crate) era: Era,
    /// Whether it supports `initialize` too.
    pub(crate) speaks_both: bool,
    /// The result (JSON text), if it is one.
    pub(crate) discovery: Option<Arc<[u8]>>,
}

/// A change that a child announces.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// The number of the `subscriptions/listen` that a modern child names.
    pub(crate) subscription: Option<u64>,
    /// The changed resource.
    pub(crate) uri: Option<String>,
    pub(crate) tagged: Option<Tagged>,
    /// The task that it is about.
    pub(crate) task: Option<TaskId>,
}

impl Translation {
    /// Returns the number of bytes that it reads.
    pub(crate) fn bytes(&self, message: &Message) -> usize {
        let more = match self {
            Translation::None => return 0,
            Translation::Answer(client) => {
                let request = match &client.tools {
                    Some(known) => client.request.len() + known.bytes(),
                    None => client.request.uri().map_or(0, <[u8]>::len),
                };
                request + client.server_info.as_ref().map_or(0, Bytes::len)
            }
            Translation::Question(client) => client.as_ref().map_or(0, |it| it.1.len()),
            Translation::Tools(known) => known.bytes(),
            _ => 0,
        };
        message.len() + more
    }

    /// Returns whether another one is the same translation, made for the same client and with the
    /// same known tools.
    pub(crate) fn is_same(&self, other: &Translation) -> bool {
        let client = |translation: &Translation| match translation {
            Translation::Answer(client) => Some(client.exchange),
            Translation::Question(client) => client.as_ref().map(|it| it.0),
            _ => None,
        };
        let knows_same = match (self.known_tools(), other.known_tools()) {
            (Some(one), Some(other)) => one.is_same(other),
            _ => true,
        };
        let is_same_kind = mem::discriminant(self) == mem::discriminant(other);
        is_same_kind && client(self) == client(other) && knows_same
    }

    fn known_tools(&self) -> Option<&Known> {
        match self {
            Translation::Answer(client) => client.tools.as_ref(),
            Translation::Tools(known) => Some(known),
            _ => None,
        }
    }

    /// Translates a message.
    pub(crate) fn make(&self, message: &Message) -> Translated {
        match self {
            Translation::None => Translated::None,
            Translation::Era => Translated::Era(probe::era(message).map(|era| Probed {
                era,
                speaks_both: message.result().is_some_and(modern_child::speaks_both),
                discovery: message.result().map(Arc::from),
            })),
            Translation::List(filter) => {
                Translated::Listed(filter.message(message).map(|list| list.map(Box::new)))
            }
            Translation::Answer(client) => {
                let translated = match client.era {
                    Era::Legacy => client.of_legacy(message),
                    Era::Modern => client.of_modern(message),
                };
                client.filtered(message, translated)
            }
            Translation::Initialize { served, offered } => opened(message, served, *offered),
            Translation::Tools(known) => match message.result() {
                Some(result) => Translated::Tools(Box::new(Page::read(result, false, known))),
                None => Translated::Bad(Flaw::Result),
            },
            Translation::Question(client) => {
                let declared = client.as_ref().and_then(|it| it.1.client_capabilities());
                let method = message.method().unwrap_or_default();
                let declared = declared.unwrap_or(b"{}");
                Translated::Question(legacy_child::question(method, message.params(), declared))
            }
            Translation::Progress => Translated::Progress(progress_of(message)),
            Translation::Log => {
                let params = Object::read_or_empty(message.params());
                let level = params.text("level");
                Translated::Log(level.and_then(|level| severity(&level)))
            }
            Translation::Change { is_tagged } => Translated::Change(change(message, *is_tagged)),
        }
    }
}

impl Client {
    fn of_legacy(&self, message: &Message) -> Translated {
        let method = self.request.method().unwrap_or_default();
        let server_info = self.server_info.as_deref();
        match (message.result(), message.error()) {
            (Some(result), _) => {
                let mut page = self.page_of(result);
                let rewritten = page.as_mut().and_then(|page| page.take_rewritten());
                let result = rewritten.as_deref().unwrap_or(result);
                match legacy_child::result(method, result, server_info) {
                    Some(result) => Translated::Answer(Outcome::Result(result.into()), page),
                    None => Translated::Bad(Flaw::Result),
                }
            }
            (None, Some(error)) => {
                let outcome = match legacy_child::error(method, error, self.request.uri()) {
                    Failure::Asks(questions) => Outcome::Asks(questions),
                    Failure::Error(error) => {
                        let status = status::of_error(&error);
                        Outcome::Error { error: error.into(), status }
                    }
                };
                Translated::Answer(outcome, None)
            }
            (None, None) => Translated::Bad(Flaw::Shape),
        }
    }

    fn of_modern(&self, message: &Message) -> Translated {
        if let Some(revision) = self.legacy {
            let Some(answer) = Answer::of(message) else { return Translated::Bad(Flaw::Shape) };
            let outcome = stateless::of_modern(&self.request, &answer, revision, &self.served);
            return match outcome {
                Some(outcome) => Translated::Answer(outcome, None),
                None => Translated::Bad(Flaw::Result),
            };
        }
        let Some(result) = message.result() else {
            let status = message.error().map_or(200, status::of_error);
            return Translated::Answer(Outcome::AsWritten { status, task: None }, None);
        };
        let mut page = self.page_of(result);
        let other = match self.request.method().unwrap_or_default() {
            "server/discover" => widened(result, &self.served),
            "subscriptions/listen" => {
                Some(subscription::tag(Some(result), self.request.id().unwrap_or_default()))
            }
            _ => page.as_mut().and_then(|page| page.take_rewritten()),
        };
        let outcome = match other {
            Some(result) => Ok(Outcome::Result(result.into())),
            None => self.owned(result),
        };
        outcome.map_or_else(Translated::Bad, |outcome| Translated::Answer(outcome, page))
    }

    /// Returns the outcome of a result that may hand out a state or a task, which belong to the
    /// client's principal alone.
    fn owned(&self, result: &[u8]) -> Result<Outcome, Flaw> {
        let Some((principal, rng)) = &self.owner else {
            return Ok(Outcome::AsWritten { status: 200, task: None });
        };
        let method = self.request.method().unwrap_or_default();
        Ok(match sealed_result(result, &rng.seal, principal, method)? {
            Some(sealed) => Outcome::Result(sealed.into()),
            None => Outcome::AsWritten { status: 200, task: TaskId::created(result) },
        })
    }

    /// Returns an answer without the entries of a list that its client may not use. The tools in it
    /// are known all the same.
    fn filtered(&self, message: &Message, translated: Translated) -> Translated {
        let Some(filter) = &self.filter else { return translated };
        let (outcome, page) = match translated {
            Translated::Answer(outcome, page) => (outcome, page),
            other => return other,
        };
        let filtered = match (&outcome, message.result()) {
            (Outcome::Result(result), _) => filter.result(result),
            (Outcome::AsWritten { .. }, Some(result)) => filter.result(result),
            _ => Ok(None),
        };
        match filtered {
            Ok(None) => Translated::Answer(outcome, page),
            Ok(Some(list)) => Translated::Answer(Outcome::Result(list.into()), page),
            Err(flaw) => Translated::Bad(flaw),
        }
    }

    /// Returns the tools in the result of `tools/list`.
    fn page_of(&self, result: &[u8]) -> Option<Box<Page>> {
        let known = self.tools.as_ref()?;
        Some(Box::new(Page::asked_for(&self.request, result, known)))
    }
}

/// Returns the result of `server/discover` with all supported revisions.
fn widened(result: &[u8], served: &[Revision]) -> Option<Vec<u8>> {
    let mut result = Object::read(result)?;
    let versions = newest_first(served).into_iter().map(|revision| quoted(revision.as_str()));
    result.put("supportedVersions", array(versions));
    Some(result.write())
}

fn newest_first(served: &[Revision]) -> Vec<Revision> {
    let mut served = served.to_vec();
    served.sort_unstable_by(|one, other| other.cmp(one));
    served
}

/// Returns the translation of a legacy child's answer to `initialize`.
fn opened(message: &Message, served: &[Revision], offered: Revision) -> Translated {
    match Answer::of(message) {
        Some(Answer::Result(result)) => {
            let revision = Revision::nearest(&message.result_revision().unwrap_or_default());
            let welcome = legacy_child::welcome(&result, revision, &newest_first(served));
            Translated::Opened(Box::new(welcome))
        }
        Some(Answer::Error(error)) => {
            Translated::Refused(error_words(&error), legacy_child::counteroffer(&error, offered))
        }
        None => Translated::Bad(Flaw::Shape),
    }
}

fn change(message: &Message, is_tagged: bool) -> Change {
    let params = Object::read_or_empty(message.params());
    Change {
        subscription: message.params().and_then(subscription::id).and_then(|id| parse_number(&id)),
        uri: params.text("uri").map(|uri| uri.into_owned()),
        tagged: is_tagged.then(|| Tagged::of(message.params())),
        task: TaskId::of_notification(message),
    }
}

/// Returns the progress value, if it is a number.
fn progress_of(message: &Message) -> Option<f64> {
    let params = Object::read(message.params()?)?;
    serde_json::from_slice(params.get("progress")?).ok()
}

/// Returns the severity of this log level.
pub(crate) fn severity(level: &str) -> Option<usize> {
    LEVELS.iter().position(|known| *known == level)
}

/// The levels of log messages, the least severe first (RFC 5424, section 6.2.1).
const LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
