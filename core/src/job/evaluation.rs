//! An input of a connection with a server in this process.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use super::CheckoutId;
use crate::auth::Permissions;
use crate::chunk::Chunk;
use crate::host_stats::HostStats;
use crate::ids::SessionId;
use crate::json::{Answer, Message};
use crate::legacy_facade::{BackendEvent, RelatesTo};
use crate::principal::Principal;
use crate::random::Rng;
use crate::server::{
    Change, Changed, HttpRequestHead, MessageContext, MessageSink, Relation, Response,
    ServerConnection, SessionInfo,
};
use crate::time::{Duration, Instant};

/// An input of a connection.
#[derive(Debug)]
pub(crate) enum ServerInput {
    /// A request of the client, and its number.
    Request(u64, Message),
    /// A notification or an answer of the client.
    Message(Chunk),
    /// The facts that it waits for.
    Stats(Box<HostStats>),
    /// A change that was not made in this session.
    Change(Changed),
    /// A timeout.
    Timeout,
}

/// The context of an input.
#[derive(Debug)]
pub(crate) struct InputContext {
    pub(crate) now: Instant,
    pub(crate) arrived: Instant,
    pub(crate) wall: Duration,
    pub(crate) http: Option<Arc<HttpRequestHead>>,
    pub(crate) session: SessionInfo,
    pub(crate) principal: Principal,
    pub(crate) permissions: Option<Arc<Permissions>>,
    pub(crate) random: u64,
}

/// A connection and its output.
#[derive(Debug)]
pub(crate) struct Evaluator {
    pub(crate) connection: ServerConnection,
    pub(crate) output: SessionOutput,
}

/// A connection with a job to do.
#[derive(Debug)]
pub(crate) struct Evaluation {
    pub(crate) session: SessionId,
    pub(crate) loan: CheckoutId,
    pub(crate) speaker: Box<Evaluator>,
    pub(crate) fact: Option<(ServerInput, InputContext)>,
    pub(crate) chance: Arc<Rng>,
}

impl Evaluation {
    /// Passes the input to the connection.
    pub(crate) fn carry_out(&mut self) {
        if let Some((fact, at)) = self.fact.take() {
            self.speaker.handle_input(fact, &at, &self.chance);
        }
    }
}

impl Evaluator {
    pub(crate) fn handle_input(&mut self, fact: ServerInput, at: &InputContext, chance: &Rng) {
        let InputContext { now, arrived, wall: unix_time, principal, random, .. } = *at;
        let (http, session, seal) = (at.http.as_ref(), Some(&at.session), &chance.seal);
        let permissions = at.permissions.as_deref();
        let at = MessageContext {
            now,
            arrived,
            unix_time,
            http,
            session,
            principal,
            permissions,
            random,
            seal,
        };
        let Evaluator { connection, output } = self;
        match fact {
            ServerInput::Request(number, request) => {
                connection.handle_request(number, &request, &at, output);
            }
            ServerInput::Message(message) => {
                connection.handle_message(&message.into_bytes(), &at, output);
            }
            ServerInput::Stats(facts) => connection.handle_stats(&facts, &at, output),
            ServerInput::Change(change) => connection.handle_change(change.as_change(), output),
            ServerInput::Timeout => connection.handle_timeout(&at, output),
        }
    }
}

/// The output of a connection, in order.
#[derive(Debug, Default)]
pub(crate) struct SessionOutput {
    pub(crate) text: Vec<u8>,
    pub(crate) events: VecDeque<BackendEvent>,
}

/// Returns a response to the session's request, whose id is its number.
fn answer(response: Response<'_>, mut text: Vec<u8>) -> Option<BackendEvent> {
    let number = response.id.and_then(|id| id.parse().ok());
    debug_assert!(number.is_some(), "a session passes on only valid messages");
    text.truncate(text.len() - "}\n".len());
    text.drain(..response.value_at);
    let value = Cow::Owned(text);
    let answer =
        if response.error.is_none() { Answer::Result(value) } else { Answer::Error(value) };
    Some(BackendEvent::Answer(number?, answer))
}

impl MessageSink for SessionOutput {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    fn ended(&mut self, line: Relation<'_>) {
        let mut text = std::mem::take(&mut self.text);
        let about = match line {
            Relation::Answer(response) => {
                self.events.extend(answer(response, text));
                return;
            }
            Relation::Related(id) => id.parse().map_or(RelatesTo::Unknown, RelatesTo::Request),
            Relation::Unrelated => RelatesTo::None,
        };
        // A message that was not asked for can wait in a queue, and most of its buffer would be
        // empty.
        if about == RelatesTo::None {
            text.shrink_to_fit();
        }
        self.events.extend(BackendEvent::read(text.into(), about));
    }

    fn changed(&mut self, change: Change<'_>) {
        self.events.push_back(BackendEvent::Changed(change.keep()));
    }

    fn disconnect(&mut self, id: &str, come_back: Duration) {
        if let Ok(number) = id.parse() {
            self.events.push_back(BackendEvent::Disconnect(number, come_back));
        }
    }
}
