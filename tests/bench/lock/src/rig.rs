//! An engine with its environment: every input is timed, and children answer as told.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant as Clock;

use bytes::Bytes;
use pontoon_core::http::{
    Accept, LastEvent, McpHead, McpRequestHeaders, Request, RevisionHeader, SessionHeader,
};
use pontoon_core::{
    Action, Actions, Body, ChildEra, ChildId, ChildSpec, Config, Duration, Engine, ExchangeId,
    ExitStatus, HostStats, Input, Instant, Message, Native, ParseRules, Peer, Principal, Revision,
    Serves, SessionId, StatelessOutcome,
};
use pontoon_servers::calculator::{Calculator, Settings};
use serde_json::Value;

/// An engine whose inputs are timed.
pub(crate) struct Rig {
    engine: Engine,
    now: Instant,
    exchanges: u64,
    /// The latest child.
    pub(crate) child: ChildId,
    /// Unread messages to children, as JSON. Long lines are left out.
    fed: VecDeque<Value>,
    /// The ids of long requests to children.
    numbers: VecDeque<String>,
    /// The latest session.
    pub(crate) session: Option<SessionId>,
    /// The `Mcp-Param-…` headers of the next modern request.
    pub(crate) params: Vec<(Box<str>, Box<[u8]>)>,
    /// The body of the last reply, if it is not long.
    pub(crate) body: Value,
}

/// The maximum length of a line that is parsed as JSON.
const LONG: usize = 1 << 16;

impl Rig {
    /// Creates a bridge in front of a command of this era.
    pub(crate) fn bridge(era: ChildEra) -> Rig {
        let (program, args) = (OsString::from("server"), Vec::new());
        let mut config =
            Config::new(Serves::Command(ChildSpec { program, args, env: None, cwd: None }));
        config.bridge.child_era = era;
        config.sse = true;
        config.limits.stdin_bytes_max = 1 << 30;
        // Its clients send no `notifications/initialized`.
        config.limits.initialized_time_max = Duration::ZERO;
        Rig::of(config)
    }

    /// Creates a bridge in front of a legacy command, for clients of the newest legacy revision.
    pub(crate) fn restricted() -> Rig {
        let (program, args) = (OsString::from("server"), Vec::new());
        let mut config =
            Config::new(Serves::Command(ChildSpec { program, args, env: None, cwd: None }));
        config.bridge.child_era = ChildEra::Legacy;
        config.revisions = [Revision::V2025_11_25].into();
        Rig::of(config)
    }

    /// A server in this process that has sessions.
    pub(crate) fn native() -> Rig {
        let calculator = Arc::new(Calculator::new(Settings::default()));
        let native = Native::stateful(calculator);
        Rig::of(Config::new(Serves::Native(native)))
    }

    /// A server in this process without sessions.
    pub(crate) fn stateless() -> Rig {
        let calculator = Arc::new(Calculator::new(Settings::default()));
        Rig::of(Config::new(Serves::Native(Native::stateless(calculator))))
    }

    /// Creates an endpoint with these settings.
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
            params: Vec::new(),
            body: Value::Null,
        };
        rig.input(Input::Started);
        rig
    }

    /// Reports an input, carries out the actions, and returns the time that the engine took.
    pub(crate) fn input(&mut self, input: Input) -> Duration {
        let mut out = Actions::new();
        let started = Clock::now();
        self.engine.handle_input(input, self.now, &mut out);
        let took = started.elapsed();
        self.carry_out(took, out)
    }

    /// Moves the time forward.
    pub(crate) fn pass(&mut self, time: Duration) -> Duration {
        self.now = self.now + time;
        let mut out = Actions::new();
        let started = Clock::now();
        self.engine.handle_timeout(self.now, &mut out);
        let took = started.elapsed();
        self.carry_out(took, out)
    }

    /// Carries out what follows, the jobs without a clock that runs. Returns the longest that a
    /// fact has held the engine.
    fn carry_out(&mut self, took: Duration, out: Actions) -> Duration {
        let mut longest = took;
        for action in out {
            for fact in self.follow(action) {
                longest = longest.max(self.input(fact));
            }
        }
        longest
    }

    /// Returns the facts that follow from an action.
    fn follow(&mut self, action: Action) -> Vec<Input> {
        match action {
            Action::Spawn { child, .. } => {
                self.child = child;
                vec![Input::ChildSpawned { child, pid: 1 }]
            }
            Action::WriteStdin { child, chunk } => {
                let bytes = chunk.len();
                self.feed(chunk.to_vec());
                vec![Input::ChildStdinAcked { child, bytes }]
            }
            Action::Reply { exchange, head, body, receipt } => {
                self.session = head.session.or(self.session);
                let bytes = body.len();
                self.body = json(&body.to_vec());
                match receipt {
                    true => vec![Input::Sent { exchange, bytes }, Input::Closed { exchange }],
                    false => Vec::new(),
                }
            }
            Action::Write { exchange, chunk } => {
                let bytes = chunk.len();
                self.note_endpoint(&chunk.to_vec());
                vec![Input::Sent { exchange, bytes }]
            }
            Action::Finish { exchange } => vec![Input::Closed { exchange }],
            Action::Work(job) => vec![job.run()],
            Action::Sample => vec![Input::Sampled { stats: Box::default() }],
            _ => Vec::new(),
        }
    }

    /// Notes the session that a stream of HTTP+SSE names as the first thing.
    fn note_endpoint(&mut self, event: &[u8]) {
        let text = std::str::from_utf8(&event[..event.len().min(LONG)]).unwrap_or_default();
        let id = text.split_once("sessionId=").and_then(|(_, rest)| rest.get(..36));
        self.session = id.and_then(|id| SessionId::parse(id.as_bytes())).or(self.session);
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

    /// Returns the id of the next request to a child.
    pub(crate) fn number(&mut self) -> String {
        let short =
            self.fed.drain(..).find(|line| line["method"].is_string() && !line["id"].is_null());
        short.map(|line| line["id"].to_string()).or(self.numbers.pop_front()).expect("a request")
    }

    /// Sends a legacy request, in the latest session if there is one.
    pub(crate) fn legacy(&mut self, body: &str, accept: Accept) -> Duration {
        let session = self.session.map_or(SessionHeader::Absent, SessionHeader::Id);
        let request =
            Request::Post { head: head(session, RevisionHeader::Absent, accept), body: read(body) };
        self.request(request)
    }

    /// Opens a stream of HTTP+SSE.
    pub(crate) fn connect(&mut self) {
        let head = head(SessionHeader::Absent, RevisionHeader::Absent, BOTH);
        self.request(Request::OpenSse { head });
    }

    /// A POST over HTTP+SSE.
    pub(crate) fn post_sse(&mut self, body: &str) -> Duration {
        let session = self.session.map_or(SessionHeader::Absent, SessionHeader::Id);
        let head = head(session, RevisionHeader::Absent, BOTH);
        self.request(Request::PostSse { head, body: read(body) })
    }

    /// Sends a modern request.
    pub(crate) fn modern(&mut self, method: &str, body: &str) -> Duration {
        let version = RevisionHeader::Served(Revision::V2026_07_28);
        let session = self.session.map_or(SessionHeader::Absent, SessionHeader::Id);
        let mut head = head(session, version, BOTH);
        let (method, name) = (method.as_bytes().into(), Some(b"x"[..].into()));
        let params = std::mem::take(&mut self.params);
        head.request_headers = Some(Box::new(McpRequestHeaders { method, name, params }));
        self.request(Request::Post { head, body: read(body) })
    }

    /// Sends a request. As in an adapter, a server in this process may answer it without the
    /// engine.
    pub(crate) fn request(&mut self, mut request: Request) -> Duration {
        self.exchanges += 1;
        if let Request::Post { head, .. } = &mut request {
            // One address may not hold all connections.
            let host = u8::from(self.exchanges.is_multiple_of(2));
            head.peer = Some(IpAddr::from([10, 0, host, 1]));
        }
        let exchange = ExchangeId(self.exchanges);
        let mut request = match (self.engine.stateless(), request) {
            (Some(stateless), Request::Post { head, body }) if stateless.takes(&head, &body) => {
                let at = (self.now, Duration::ZERO);
                match stateless.answer(head, &body, || at, HostStats::default, drop, drop) {
                    StatelessOutcome::Pending(request) => {
                        return self.input(Input::StatelessPending { exchange, request });
                    }
                    StatelessOutcome::Reply(..) | StatelessOutcome::Refused(..) => {
                        return Duration::ZERO;
                    }
                }
            }
            (_, request) => request,
        };
        self.engine.preparation().prepare(&mut request);
        self.input(Input::Requested { exchange, request: Box::new(request) })
    }

    /// Ends the latest session.
    pub(crate) fn delete(&mut self) -> Duration {
        let session = self.session.map_or(SessionHeader::Absent, SessionHeader::Id);
        self.request(Request::Delete { head: head(session, RevisionHeader::Absent, BOTH) })
    }

    /// Forgets the requests to children so far.
    pub(crate) fn forget_requests(&mut self) {
        self.fed.clear();
        self.numbers.clear();
    }

    /// The child ends.
    pub(crate) fn dies(&mut self) -> Duration {
        let child = self.child;
        [
            Input::ChildStdoutClosed { child },
            Input::ChildStderrClosed { child },
            Input::ChildStdinClosed { child, unread: 0 },
            Input::ChildExited { child, status: ExitStatus::Code(1) },
        ]
        .into_iter()
        .map(|input| self.input(input))
        .max()
        .unwrap_or_default()
    }

    /// The client of the last request disconnects.
    pub(crate) fn leave(&mut self) -> Duration {
        self.input(Input::Closed { exchange: ExchangeId(self.exchanges) })
    }

    /// The child writes a line.
    pub(crate) fn says(&mut self, line: &str) -> Duration {
        let rules = ParseRules { depth_max: 128, batch_len_max: 50, sender: Peer::Child };
        let line = Message::parse(Bytes::copy_from_slice(line.as_bytes()), rules);
        let line = Ok(line.expect("the bench writes valid messages"));
        self.input(Input::ChildLine { child: self.child, line })
    }

    /// The child answers the next request that it received.
    pub(crate) fn answers(&mut self, result: &str) -> Duration {
        let number = self.number();
        self.says(&format!(r#"{{"jsonrpc":"2.0","id":{number},"result":{result}}}"#))
    }
}

/// Accepts both forms of answer.
pub(crate) const BOTH: Accept = Accept { json: true, sse: true };

pub(crate) fn head(session: SessionHeader, revision: RevisionHeader, accept: Accept) -> McpHead {
    McpHead {
        session,
        revision,
        accept,
        last_event: LastEvent::Absent,
        request_headers: None,
        principal: Principal::of(None),
        permissions: None,
        grant: None,
        foreign_session: None,
        params_digest: None,
        client: None,
        http: None,
        peer: None,
        account: None,
        client_limits: None,
        child_env: None,
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
