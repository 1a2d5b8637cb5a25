//! The work on a long request before a worker gets it.
//!
//! Owns: the work that a request needs, and its results. Never: refuses a request; later steps do.

use std::sync::Arc;

use bytes::Bytes;

use super::stateless;
use crate::chunk::Chunk;
use crate::http::McpRequestHeaders;
use crate::ids::ExchangeId;
use crate::json::{Message, ParseRules, Peer, line};
use crate::modern::ownership::Presented;
use crate::modern::x_mcp_header::HeaderParams;
use crate::principal::Principal;
use crate::protocol::{Era, Revision};
use crate::random::Rng;
use crate::reject::{Capability, Reject};
use crate::time::Duration;
use crate::translate::legacy_child;

/// The work on one request.
#[derive(Debug)]
pub(crate) struct Preparing {
    pub(crate) exchange: ExchangeId,
    pub(crate) request: Message,
    /// The era of the child, if it is not that of the client.
    pub(crate) child: Option<Era>,
    /// The arguments that its headers repeat, and the headers.
    pub(crate) headers: Option<(Arc<HeaderParams>, Option<Box<McpRequestHeaders>>)>,
    /// The questions that it may answer, and the revision of the child that asked them.
    pub(crate) questions: Option<(Vec<OpenQuestion>, Revision)>,
    /// The verified principal, the key that states are sealed with, and the time since 1970-01-01
    /// 00:00 UTC, if it names a state or a task of the child.
    pub(crate) owner: Option<(Principal, Arc<Rng>, Duration)>,
}

/// A question of a child: its id, its key for the client, and the capability it needs.
pub(crate) type OpenQuestion = (Bytes, String, Capability);

/// The results of the work on a request.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    /// The request translated for a child of the other era, or the reason why it cannot be; `None`
    /// if it was not translated.
    pub(crate) translated: Option<Result<Message, Reject>>,
    /// The arguments that headers repeat, and whether they do.
    pub(crate) headers: Option<(Arc<HeaderParams>, Result<(), Reject>)>,
    /// The answers to questions in it.
    pub(crate) answers: Option<Result<Answers, Reject>>,
    /// The state and the tasks of the child that it names.
    pub(crate) presented: Option<Result<Presented, Reject>>,
}

impl Preparing {
    /// Does the work.
    pub(crate) fn carry_out(self) -> (ExchangeId, Box<Prepared>) {
        let Preparing { exchange, request, child, headers, questions, owner } = self;
        let translated = child.map(|era| translated(&request, era));
        let headers = headers.map(|(params, headers)| {
            let headers = headers.as_ref().map_or(&[][..], |it| &it.params);
            let verdict = params.check(request.arguments(), headers);
            (params, verdict)
        });
        let answers = questions.map(|(open, revision)| answers(&open, &request, revision));
        let presented = owner
            .map(|(principal, rng, now)| Presented::read(&request, &rng.seal, &principal, now));
        (exchange, Box::new(Prepared { translated, headers, answers, presented }))
    }
}

/// Returns the request translated for a child of this era, which is not that of the client, with a
/// placeholder id and progress token.
pub(crate) fn translated(request: &Message, child: Era) -> Result<Message, Reject> {
    let (method, params) = match child {
        Era::Legacy => {
            let method = request.method().unwrap_or_default();
            (method, legacy_child::params(method, request.params(), 0))
        }
        Era::Modern => stateless::for_modern(request),
    };
    let params = params.ok_or(Reject::BadParams)?;
    let line = line::request(b"0", method, Some(&params));
    let rules = ParseRules { depth_max: usize::MAX, batch_len_max: 0, sender: Peer::Client };
    Message::parse(line.into(), rules).map_err(|invalid| invalid.reject)
}

/// The answers to a child's questions, as lines: each with the id of its question.
pub(crate) type Answers = Vec<(Bytes, Chunk)>;

/// Returns a client's answers to these questions.
pub(crate) fn answers(
    questions: &[OpenQuestion],
    request: &Message,
    revision: Revision,
) -> Result<Answers, Reject> {
    let Some(responses) = request.input_responses() else { return Ok(Vec::new()) };
    let responses = legacy_child::responses(responses).ok_or(Reject::BadParams)?;
    let mut answers = Vec::new();
    for (id, key, needs) in questions {
        let Some((_, response)) = responses.iter().find(|(own, _)| own == key) else {
            continue;
        };
        let answer = legacy_child::answer(*needs, response, revision).ok_or(Reject::BadParams)?;
        answers.push((id.clone(), Chunk::from(answer.line(id))));
    }
    Ok(answers)
}
