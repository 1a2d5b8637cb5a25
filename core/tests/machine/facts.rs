//! The engine with any inputs in any order: also inputs about unknown or removed exchanges and
//! children, repeated ones, and a clock that jumps.
//!
//! Shared by path between the tests of this crate and the fuzz target `facts`. A sequence of bytes
//! chooses the inputs: three bytes for the settings, then three for each input.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::sync::Arc;

use bytes::Bytes;
use pontoon_core::http::{
    Accept, LastEvent, McpHead, McpRequestHeaders, Request, RevisionHeader, SessionHeader,
};
use pontoon_core::server::Changed;
use pontoon_core::testing::EventId;
use pontoon_core::{
    Action, Actions, Body, BridgeOptions, ChildEra, ChildId, ChildPer, ChildSpec, Config, Duration,
    Engine, ExchangeId, ExitStatus, HostStats, Input, Instant, Job, Limits, Native, Output,
    ParseRules, Peer, Principal, Reject, Revision, Serves, SessionId, SpawnError, StatelessOutcome,
};

#[path = "messages.rs"]
mod messages;
#[path = "../native/mod.rs"]
mod native;

use self::native::TestServer;

/// The maximum number of calls of `handle_timeout` in one stretch of time; more would be a timer
/// that fires too often.
const CALLS_MAX: usize = 20_000;

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// The progress of the answer of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Begun,
    Finished,
    Replied,
}

#[derive(Debug)]
struct Exchange {
    stage: Stage,
    /// Whether its end was reported, or is not wanted.
    closed: bool,
}

#[derive(Debug, Default)]
struct Child {
    gated: [bool; 2],
    stdin_closed: bool,
    signalled: bool,
    /// Whether its failure to start or its exit was reported.
    ended: bool,
    released: bool,
}

struct Machine {
    engine: Engine,
    config: Arc<Config>,
    now: Instant,
    /// The time by which the clock reading of the next input is older than `now`.
    lag: Duration,
    exchanges: BTreeMap<u64, Exchange>,
    children: BTreeMap<u64, Child>,
    /// Session ids in answers.
    sessions: Vec<SessionId>,
    /// Ids of events, ids of questions and request states in answers.
    events: Vec<EventId>,
    questions: Vec<String>,
    states: Vec<String>,
    /// Ids of requests to children.
    numbers: Vec<String>,
    stopped: bool,
    /// Pending jobs, and whether other inputs may come before their results.
    jobs: VecDeque<Job>,
    jobs_wait: bool,
}

/// Panics if the engine breaks an invariant after the inputs of this sequence.
pub(crate) fn facts(tape: &[u8]) {
    let (steps, _) = tape.as_chunks::<3>();
    let Some((settings, steps)) = steps.split_first() else { return };
    let mut machine = Machine::new(*settings);
    for step in steps {
        machine.step(*step);
        // The thread that reported an input may be slow.
        if step[2].is_multiple_of(3) {
            machine.work();
        }
    }
    machine.work();
    machine.jobs_wait = false;
    machine.finish();
}

fn config([serves, bridge, limits]: [u8; 3]) -> Config {
    let server = || Arc::new(TestServer::new());
    let serves = match serves % 8 {
        0 => Serves::Native(Native::stateless(server())),
        1 => Serves::Native(Native::stateful(server())),
        _ => Serves::Command(ChildSpec {
            program: OsString::from("server"),
            args: Vec::new(),
            env: None,
            cwd: None,
        }),
    };
    let child_era = [ChildEra::Legacy, ChildEra::Modern, ChildEra::Probe][usize::from(bridge % 3)];
    let child_per = [ChildPer::Session, ChildPer::Principal, ChildPer::Call, ChildPer::Shared];
    let child_per = child_per[usize::from(bridge / 3 % 4)];
    let warm_children = usize::from(bridge / 12 % 3);
    let stateless = bridge / 36 % 3 == 2;
    let small = Limits {
        sessions_max: 2,
        in_flight_max: 2,
        queue_len_max: 2,
        replay_len_max: 2,
        replay_bytes_max: 600,
        outbound_bytes_high: 700,
        outbound_bytes_low: 100,
        outbound_bytes_max: 2500,
        stdin_bytes_max: 400,
        child_requests_max: 2,
        ..Limits::default()
    };
    Config {
        bridge: BridgeOptions { child_era, child_per, warm_children, stateless },
        limits: Limits {
            inline_bytes_max: if limits / 8 % 2 == 0 {
                0
            } else {
                Limits::default().inline_bytes_max
            },
            ..if limits.is_multiple_of(2) { small } else { Limits::default() }
        },
        sse: limits / 2 % 2 == 0,
        eager: limits / 4 % 2 == 0,
        ..Config::new(serves)
    }
}

/// Returns one of several.
fn pick<T>(all: &[T], which: u8) -> Option<&T> {
    all.get(usize::from(which).checked_rem(all.len())?)
}

// Facts

impl Machine {
    /// Carries out all jobs.
    fn work(&mut self) {
        while let Some(job) = self.jobs.pop_front() {
            self.input(job.run());
        }
    }

    fn new(settings: [u8; 3]) -> Machine {
        let config = Arc::new(config(settings));
        let now = Instant::from_micros(1_000_000);
        let mut machine = Machine {
            engine: Engine::new(config.clone(), [7; 32], now),
            config,
            now,
            lag: Duration::ZERO,
            exchanges: BTreeMap::new(),
            children: BTreeMap::new(),
            sessions: Vec::new(),
            events: Vec::new(),
            questions: Vec::new(),
            states: Vec::new(),
            numbers: Vec::new(),
            stopped: false,
            jobs: VecDeque::new(),
            jobs_wait: (settings[2] / 16).is_multiple_of(2),
        };
        machine.input(Input::Started);
        machine
    }

    fn step(&mut self, [kind, who, what]: [u8; 3]) {
        if kind >= 224 {
            self.lag = Duration::from_millis(u64::from(what) * 20);
        }
        match kind % 32 {
            0..=9 => self.request(who, what),
            10..=12 => self.exchange_fact(who, what),
            13..=18 => self.child_line(who, what),
            19..=23 => self.child_fact(who, what),
            24..=26 => self.pass(Duration::from_millis(u64::from(what) * 40)),
            27 => self.pass(Duration::from_secs(u64::from(what) / 4)),
            28 => self.jump(who, what),
            _ => self.other_fact(who, what),
        }
        self.lag = Duration::ZERO;
    }

    fn other_fact(&mut self, who: u8, what: u8) {
        let unix_time = [Duration::ZERO, 56 * YEAR, Duration::MAX][usize::from(what % 3)];
        self.input(match who % 8 {
            0 if what < 8 => Input::ShutdownRequested,
            0 | 1 => Input::Refused { reject: Reject::BadHost, detail: None },
            2 | 3 => Input::ClockRead { unix_time },
            4 => Input::Changed { change: Changed::Tools },
            5 if what < 128 => Input::Started,
            5 => Input::Changed { change: Changed::Resource("x:y".into()) },
            _ => Input::Sampled { stats: Box::default() },
        });
    }

    fn request(&mut self, who: u8, what: u8) {
        let head = self.head(who);
        let text = messages::of_client(what, who, &self.questions, &self.states);
        let ready = Request::Ready { awaits_keys: what % 8 > 3, detailed: true };
        let request = match who % 16 {
            0 => Request::Listen { head },
            1 if what < 64 => Request::Delete { head },
            1 if what < 128 => Request::OpenSse { head },
            1 => [Request::Health { detailed: true }, Request::HealthDetails, Request::Live, ready]
                .into_iter()
                .nth(usize::from(what % 4))
                .unwrap_or(Request::Metrics),
            2 => Request::Metrics,
            _ => {
                let limits = &self.config.limits;
                let rules = ParseRules {
                    depth_max: limits.json_depth_max,
                    batch_len_max: limits.batch_len_max,
                    sender: Peer::Client,
                };
                let Ok(body) = Body::parse(text.clone().into(), rules) else {
                    return self.input(Input::Refused { reject: Reject::BadHead, detail: None });
                };
                let request_headers = messages::mirrored(&text).map(Box::<McpRequestHeaders>::new);
                let is_sse = self.config.sse && who % 16 == 3;
                let revision = match &request_headers {
                    Some(_) => RevisionHeader::Served(Revision::V2026_07_28),
                    None => head.revision.clone(),
                };
                let head = McpHead { request_headers, revision, ..head };
                match is_sse {
                    true => Request::PostSse { head, body },
                    false => return self.post(head, body),
                }
            }
        };
        self.send(request);
    }

    /// Sends a POST, answered without the engine if possible.
    fn post(&mut self, head: McpHead, body: Body) {
        let stateless = self.engine.stateless().filter(|it| it.takes(&head, &body));
        let Some(stateless) = stateless else { return self.send(Request::Post { head, body }) };
        let now = self.now;
        let mut changes = Vec::new();
        let publish = |change| changes.push(change);
        let clock = || (now, 56 * YEAR);
        let served = stateless.answer(head, &body, clock, HostStats::default, drop, publish);
        for change in changes {
            self.input(Input::Changed { change });
        }
        match served {
            StatelessOutcome::Reply(..) => {}
            StatelessOutcome::Refused(reject, ..) => {
                self.input(Input::Refused { reject, detail: None })
            }
            StatelessOutcome::Pending(request) => {
                self.open(|exchange| Input::StatelessPending { exchange, request })
            }
        }
    }

    fn send(&mut self, mut request: Request) {
        self.engine.preparation().prepare(&mut request);
        self.open(|exchange| Input::Requested { exchange, request: Box::new(request) });
    }

    fn open(&mut self, input: impl FnOnce(ExchangeId) -> Input) {
        let number = self.exchanges.len() as u64 + 1;
        self.exchanges.insert(number, Exchange { stage: Stage::Waiting, closed: false });
        self.input(input(ExchangeId(number)));
    }

    fn head(&self, who: u8) -> McpHead {
        let foreign = SessionId::parse(b"00000000-0000-4000-8000-000000000000").unwrap();
        let session = match who / 16 % 8 {
            0 => SessionHeader::Absent,
            1 if who.is_multiple_of(2) => SessionHeader::Foreign,
            1 => SessionHeader::Id(foreign),
            _ => pick(&self.sessions, who / 8)
                .map_or(SessionHeader::Absent, |session| SessionHeader::Id(*session)),
        };
        let last = pick(&self.events, who.wrapping_mul(7));
        McpHead {
            session,
            revision: match who % 32 {
                0 => RevisionHeader::Other("2031-01-01".into()),
                1..=9 => RevisionHeader::Served(Revision::V2025_06_18),
                _ => RevisionHeader::Absent,
            },
            accept: Accept { json: who % 3 != 1, sse: who % 3 != 2 },
            last_event: last
                .filter(|_| who >= 128)
                .map_or(LastEvent::Absent, |it| LastEvent::Id(*it)),
            request_headers: None,
            principal: Principal::of(
                [None, None, None, Some(&b"Bearer x"[..])][usize::from(who / 64)],
            ),
            permissions: None,
            grant: None,
            foreign_session: None,
            params_digest: None,
            client: None,
            http: None,
            peer: None,
            arrived: self.now,
            account: None,
            client_limits: None,
            child_env: None,
        }
    }

    /// Reports an input about an exchange that may be unknown, closed, or answered.
    fn exchange_fact(&mut self, who: u8, what: u8) {
        let known = self.exchanges.len() as u64;
        let number = (known + 1).saturating_sub(u64::from(who % 8));
        let exchange = ExchangeId(number);
        if what.is_multiple_of(4) {
            if let Some(exchange) = self.exchanges.get_mut(&number) {
                exchange.closed = true;
            }
            return self.input(Input::Closed { exchange });
        }
        let bytes = if what % 4 == 1 { usize::MAX } else { usize::from(what) * 8 };
        self.input(Input::Sent { exchange, bytes });
    }

    /// Returns a child that may be unknown, or released.
    fn child(&self, who: u8) -> ChildId {
        let back = [1, 1, 2, 3, 0][usize::from(who % 5)];
        ChildId((self.children.len() as u64 + 1).saturating_sub(back))
    }

    fn child_fact(&mut self, who: u8, what: u8) {
        let child = self.child(who);
        let statuses = [
            ExitStatus::Code(0),
            ExitStatus::Signal(9),
            ExitStatus::StdinClosed,
            ExitStatus::Unknown,
        ];
        let status = statuses[usize::from(who / 5 % 4)];
        let fact = match what % 64 {
            0..=15 => Input::ChildSpawned { child, pid: u32::from(who) },
            16 => {
                let error =
                    [SpawnError::NotFound, SpawnError::NoResources][usize::from(who / 5 % 2)];
                Input::ChildSpawnFailed { child, error }
            }
            17 => Input::ChildStdoutClosed { child },
            18..=23 => {
                Input::ChildStderr { child, bytes: Bytes::from_static(b"oh\nno \xff\x1b[2J") }
            }
            24 | 25 => Input::ChildStderrClosed { child },
            26 => Input::ChildStdinClosed { child, unread: usize::from(who) * 10 },
            27..=29 => Input::ChildExited { child, status },
            30 => Input::ChildStdinAcked { child, bytes: usize::MAX },
            _ => Input::ChildStdinAcked { child, bytes: usize::from(what) * 4 },
        };
        self.tell_of_child(fact);
    }

    /// Reports an input about a child, and records whether it is its last.
    fn tell_of_child(&mut self, fact: Input) {
        let ended = match &fact {
            Input::ChildExited { child, .. } | Input::ChildSpawnFailed { child, .. } => {
                Some(child.0)
            }
            _ => None,
        };
        if let Some(child) = ended.and_then(|child| self.children.get_mut(&child)) {
            child.ended = true;
        }
        self.input(fact);
    }

    fn child_line(&mut self, who: u8, what: u8) {
        let child = self.child(who);
        let line = messages::of_child(what, who / 5, &self.numbers);
        let account = self.engine.memory().child(child);
        let mut lines = Vec::new();
        Output::new(&self.config.limits, account).feed(line.as_bytes(), |line| lines.push(line));
        for line in lines {
            self.input(Input::ChildLine { child, line });
        }
    }

    // Time

    /// Moves the time; the engine is called at its deadlines.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        let mut calls = 0;
        while let Some(deadline) = self.engine.poll_timeout().filter(|it| it.at <= end) {
            self.now = self.now.max(deadline.at);
            self.timeout();
            calls += 1;
            assert!(calls < CALLS_MAX, "{deadline:?} is asked for again and again");
        }
        self.now = end;
    }

    /// Moves the clock by a jump: the engine is called far too late, or without a deadline.
    fn jump(&mut self, who: u8, what: u8) {
        let unit =
            [Duration::from_millis(10), Duration::from_secs(9), YEAR][usize::from(who / 64 % 3)];
        self.now = self.now + unit * u32::from(what);
        self.timeout();
    }

    fn timeout(&mut self) {
        let mut out = Actions::new();
        self.engine.handle_timeout(self.now, &mut out);
        let next = self.engine.poll_timeout();
        assert!(next.is_none_or(|next| next.at > self.now), "{next:?} at {:?}", self.now);
        self.carry_out(out);
    }

    fn input(&mut self, input: Input) {
        let lag = u64::try_from(self.lag.as_micros()).unwrap();
        let read = Instant::from_micros(self.now.as_micros().saturating_sub(lag));
        let mut out = Actions::new();
        self.engine.handle_input(input, read, &mut out);
        self.carry_out(out);
    }
}

// Actions, and their invariants

impl Machine {
    fn carry_out(&mut self, actions: Actions) {
        for action in actions {
            let action = match action {
                Action::Work(job) => {
                    self.jobs.push_back(job);
                    continue;
                }
                action => action,
            };
            match &action {
                Action::Begin { exchange, head } => {
                    self.sessions.extend(head.session);
                    self.advance(exchange.0, Stage::Waiting, Stage::Begun, &action);
                }
                Action::Write { exchange, chunk } => {
                    self.read(&chunk.to_vec());
                    self.advance(exchange.0, Stage::Begun, Stage::Begun, &action);
                }
                Action::Finish { exchange } => {
                    self.advance(exchange.0, Stage::Begun, Stage::Finished, &action);
                }
                Action::Reply { exchange, head, body, receipt } => {
                    self.sessions.extend(head.session);
                    self.read(&body.to_vec());
                    self.advance(exchange.0, Stage::Waiting, Stage::Replied, &action);
                    self.exchanges.get_mut(&exchange.0).unwrap().closed |= !receipt;
                }
                Action::Spawn { child, .. } => {
                    let fresh = Child { gated: [true; 2], ..Child::default() };
                    assert!(self.children.insert(child.0, fresh).is_none(), "a number used twice");
                }
                Action::CloseStdin { child } => {
                    let child = self.running(child.0, &action);
                    assert!(!std::mem::replace(&mut child.stdin_closed, true), "{action:?} twice");
                }
                Action::WriteStdin { child, chunk } => {
                    assert!(
                        !self.running(child.0, &action).stdin_closed,
                        "{action:?} after its end"
                    );
                    self.numbers.extend(messages::ids(&chunk.to_vec()));
                }
                Action::SetReadEnabled { child, pipe, enabled } => {
                    let child = self.running(child.0, &action);
                    assert_ne!(
                        std::mem::replace(&mut child.gated[*pipe as usize], *enabled),
                        *enabled,
                        "no change"
                    );
                }
                Action::Signal { child, .. } => self.running(child.0, &action).signalled = true,
                Action::Release { child } => {
                    let child = self.running(child.0, &action);
                    assert!(child.ended, "released while it runs");
                    child.released = true;
                }
                Action::Stop { .. } => {
                    assert!(!std::mem::replace(&mut self.stopped, true), "stopped twice");
                }
                Action::Work(_) | Action::Sample | Action::Log(_) | Action::Unlisten => {}
            }
        }
        if !self.jobs_wait {
            self.work();
        }
    }

    /// Checks that an exchange is known, open, and at this stage of its answer.
    fn advance(&mut self, exchange: u64, from: Stage, to: Stage, action: &Action) {
        let exchange = self.exchanges.get_mut(&exchange).expect("an exchange that was asked for");
        assert!(!exchange.closed, "{action:?} after the end of its exchange");
        assert_eq!(exchange.stage, from, "{action:?}");
        exchange.stage = to;
    }

    /// Returns a child that was started and is not released.
    fn running(&mut self, child: u64, action: &Action) -> &mut Child {
        let child = self.children.get_mut(&child).expect("a child that was started");
        assert!(!child.released, "{action:?} after its release");
        child
    }

    /// Records the parts of an answer that a client would use later.
    fn read(&mut self, body: &[u8]) {
        let text = str::from_utf8(body).expect("UTF-8");
        let ids = text.lines().filter_map(|line| line.strip_prefix("id: "));
        self.events.extend(ids.filter_map(|id| EventId::parse(id.as_bytes())));
        let named = text.split_once("sessionId=").and_then(|(_, rest)| rest.get(..36));
        self.sessions.extend(named.and_then(|id| SessionId::parse(id.as_bytes())));
        self.questions.extend(messages::ids(body));
        self.states.extend(messages::state(body));
    }

    /// Stops the engine, and checks that every open exchange has been answered then, and no child
    /// is left.
    fn finish(&mut self) {
        self.input(Input::ShutdownRequested);
        self.pass(Duration::from_secs(30));
        for child in self.children.keys().copied().collect::<Vec<_>>() {
            self.end(ChildId(child));
        }
        self.pass(Duration::from_secs(3600));
        self.input(Input::ShutdownRequested);
        // A child may have been started in the meantime.
        for child in self.children.keys().copied().collect::<Vec<_>>() {
            self.end(ChildId(child));
        }
        self.pass(Duration::from_secs(3600));
        assert!(self.stopped, "it has not stopped");
        let open = self.exchanges.iter().filter(|(_, exchange)| !exchange.closed);
        for (number, exchange) in open {
            let is_answered = matches!(exchange.stage, Stage::Finished | Stage::Replied);
            assert!(is_answered, "exchange {number}: {exchange:?}");
        }
        let left = self.children.iter().find(|(_, child)| !child.ended && !child.released);
        assert!(left.is_none(), "{left:?}");
    }

    /// Ends a child, if it has not ended yet.
    fn end(&mut self, child: ChildId) {
        if self.children[&child.0].ended {
            return;
        }
        self.input(Input::ChildStdoutClosed { child });
        self.input(Input::ChildStderrClosed { child });
        self.tell_of_child(Input::ChildExited { child, status: ExitStatus::Code(0) });
    }
}
