//! An engine and what is around it: every fact is timed, and children answer as they are told.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Instant as Clock;

use bytes::Bytes;
use pontoon_core::bridge::ChildSpec;
use pontoon_core::config::{ChildEra, Config, Serves};
use pontoon_core::engine::Engine;
use pontoon_core::http::{
    Accept, LastEvent, McpHead, Mirrored, Request, RevisionHeader, SessionHeader,
};
use pontoon_core::ids::{ChildId, ExchangeId, SessionId};
use pontoon_core::json::{Body, Message, ParseRules, Peer};
use pontoon_core::machine::{Action, Actions, Input};
use pontoon_core::protocol::Revision;
use pontoon_core::session::Principal;
use pontoon_core::time::{Duration, Instant};
use serde_json::Value;

/// An engine whose facts are timed.
pub(crate) struct Rig {
    engine: Engine,
    now: Instant,
    exchanges: u64,
    /// The child that was spawned last.
    pub(crate) child: ChildId,
    /// Messages to children that were not yet looked at, as JSON. Long lines are left out.
    fed: VecDeque<Value>,
    /// The ids of long requests that children were told.
    numbers: VecDeque<String>,
    /// The session that was named last.
    pub(crate) session: Option<SessionId>,
    /// The body of the last reply, if it is not long.
    pub(crate) body: Value,
    /// The longest a fact has held the engine since the rig was made.
    pub(crate) longest: Duration,
}

/// Lines of more bytes than this are not read as JSON.
const LONG: usize = 1 << 16;

impl Rig {
    /// A bridge in front of a command of this era.
    pub(crate) fn bridge(era: ChildEra) -> Rig {
        let (program, args) = (OsString::from("server"), Vec::new());
        let mut config = Config::new(Serves::Command(ChildSpec { program, args, env: None }));
        config.bridge.child_era = era;
        config.limits.stdin_bytes_max = 1 << 30;
        Rig::of(config)
    }

    /// An endpoint with these settings.
    pub(crate) fn of(config: Config) -> Rig {
        let now = Instant::from_micros(1);
        let mut rig = Rig {
            engine: Engine::new(Arc::new(config), [1; 32], now),
            now,
            exchanges: 0,
            child: ChildId(0),
            fed: VecDeque::new(),
            numbers: VecDeque::new(),
            session: None,
            body: Value::Null,
            longest: Duration::ZERO,
        };
        rig.input(Input::Started);
        rig
    }

    /// Reports a fact, carries out what follows, and returns how long the engine took for the fact.
    pub(crate) fn input(&mut self, input: Input) -> Duration {
        let mut out = Actions::new();
        let started = Clock::now();
        self.engine.handle_input(input, self.now, &mut out);
        let took = started.elapsed();
        self.carry_out(took, out)
    }

    /// Lets this much time pass.
    pub(crate) fn pass(&mut self, time: Duration) -> Duration {
        self.now = self.now + time;
        let mut out = Actions::new();
        let started = Clock::now();
        self.engine.handle_timeout(self.now, &mut out);
        let took = started.elapsed();
        self.carry_out(took, out)
    }

    fn carry_out(&mut self, took: Duration, out: Actions) -> Duration {
        self.longest = self.longest.max(took);
        for action in out {
            match action {
                Action::Spawn { child, .. } => {
                    self.child = child;
                    self.input(Input::ChildSpawned { child, pid: 1 });
                }
                Action::Feed { child, chunk } => {
                    let bytes = chunk.len();
                    self.feed(chunk.to_vec());
                    self.input(Input::ChildFed { child, bytes });
                }
                Action::Reply { exchange, head, body, receipt } => {
                    self.session = head.session.or(self.session);
                    let bytes = body.len();
                    self.body = json(&body.to_vec());
                    if receipt {
                        self.input(Input::Sent { exchange, bytes });
                        self.input(Input::Closed { exchange });
                    }
                }
                Action::Write { exchange, chunk } => {
                    let bytes = chunk.len();
                    self.input(Input::Sent { exchange, bytes });
                }
                Action::Finish { exchange } => {
                    self.input(Input::Closed { exchange });
                }
                _ => {}
            }
        }
        took
    }

    fn feed(&mut self, line: Vec<u8>) {
        if line.len() > LONG {
            let rules = ParseRules { depth_max: 128, batch_len_max: 50, sender: Peer::Client };
            let message = Message::parse(line.trim_ascii_end().to_vec().into(), rules);
            let message = message.expect("a message");
            self.numbers.extend(message.id().map(|id| String::from_utf8_lossy(id).into_owned()));
            return;
        }
        self.fed.push_back(json(&line));
    }

    /// The id of the next request that a child was told.
    pub(crate) fn number(&mut self) -> String {
        let short =
            self.fed.drain(..).find(|line| line["method"].is_string() && line["id"].is_u64());
        short.map(|line| line["id"].to_string()).or(self.numbers.pop_front()).expect("a request")
    }

    /// A request of the legacy era: in the session that was opened last, if there is one.
    pub(crate) fn legacy(&mut self, body: &str, accept: Accept) -> Duration {
        let session = self.session.map_or(SessionHeader::Absent, SessionHeader::Id);
        let request =
            Request::Post { head: head(session, RevisionHeader::Absent, accept), body: read(body) };
        self.request(request)
    }

    /// A request of the modern era.
    pub(crate) fn modern(&mut self, method: &str, body: &str) -> Duration {
        let version = RevisionHeader::Served(Revision::V2026_07_28);
        let mut head = head(SessionHeader::Absent, version, BOTH);
        let (method, name) = (method.as_bytes().into(), Some(b"x"[..].into()));
        head.mirrored = Some(Box::new(Mirrored { method, name, params: Vec::new() }));
        self.request(Request::Post { head, body: read(body) })
    }

    fn request(&mut self, mut request: Request) -> Duration {
        self.exchanges += 1;
        // An adapter does this before it takes the lock.
        if let Some(preparation) = self.engine.preparation() {
            preparation.prepare(&mut request);
        }
        self.input(Input::Requested {
            exchange: ExchangeId(self.exchanges),
            request: Box::new(request),
        })
    }

    /// The child writes a line.
    pub(crate) fn says(&mut self, line: &str) -> Duration {
        let rules = ParseRules { depth_max: 128, batch_len_max: 50, sender: Peer::Child };
        let line = Message::parse(Bytes::copy_from_slice(line.as_bytes()), rules);
        let line = Ok(line.expect("the bench writes valid messages"));
        self.input(Input::ChildLine { child: self.child, line })
    }

    /// The child answers the next request it was told.
    pub(crate) fn answers(&mut self, result: &str) -> Duration {
        let number = self.number();
        self.says(&format!(r#"{{"jsonrpc":"2.0","id":{number},"result":{result}}}"#))
    }
}

/// A client that takes answers of both forms.
pub(crate) const BOTH: Accept = Accept { json: true, sse: true };

fn head(session: SessionHeader, revision: RevisionHeader, accept: Accept) -> McpHead {
    McpHead {
        session,
        revision,
        accept,
        last_event: LastEvent::Absent,
        mirrored: None,
        principal: Principal::of(None),
        foreign_session: None,
        params_digest: None,
        http: None,
        peer: None,
        account: None,
        arrived: Instant::ZERO,
    }
}

fn read(body: &str) -> Body {
    let rules = ParseRules { depth_max: 128, batch_len_max: 50, sender: Peer::Client };
    Body::parse(Bytes::copy_from_slice(body.as_bytes()), rules).expect("messages")
}

fn json(text: &[u8]) -> Value {
    match text.len() > LONG {
        true => Value::Null,
        false => serde_json::from_slice(text).unwrap_or_default(),
    }
}
