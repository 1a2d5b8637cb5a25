//! An engine with its environment: clients, transports, children, and a manual clock.
//!
//! Every action is checked against the order that `machine.rs` promises, and every step against the
//! limits of `limits.rs`.

mod actions;

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::ffi::OsString;

use bytes::Bytes;
use serde_json::Value;

use super::events::{Item, items};
pub(super) use super::texts::*;
use crate::child_spec::ChildSpec;
use crate::config::{BridgeOptions, ChildEra, Config, Serves};
use crate::engine::*;
use crate::frame::{EventId, Output};
use crate::http::*;
use crate::job::Job;
use crate::json::{Body, ParseRules, Peer, walked};
use crate::limits::Limits;
use crate::machine::Signal;
use crate::memory::Memory;
use crate::observe::{Dropped, Level};
use crate::principal::Principal;
use crate::protocol::Revision;
pub(super) use crate::reject::ExitStatus;
use crate::reject::SpawnError;
use crate::time::Duration;

pub(super) const JSON: Accept = Accept { json: true, sse: false };
pub(super) const SSE: Accept = Accept { json: false, sse: true };
pub(super) const BOTH: Accept = Accept { json: true, sse: true };

/// The headers of a client in every request.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) session: SessionHeader,
    pub(super) revision: RevisionHeader,
    pub(super) accept: Accept,
    pub(super) principal: Principal,
    pub(super) peer: Option<IpAddr>,
}

impl Client {
    /// Creates a client that accepts every form of answer and has no session.
    pub(super) fn new() -> Client {
        Client {
            session: SessionHeader::Absent,
            revision: RevisionHeader::Absent,
            accept: BOTH,
            principal: Principal::of(None),
            peer: None,
        }
    }

    pub(super) fn accepting(&self, accept: Accept) -> Client {
        Client { accept, ..self.clone() }
    }

    pub(super) fn id(&self) -> SessionId {
        match self.session {
            SessionHeader::Id(id) => id,
            other => panic!("no session: {other:?}"),
        }
    }

    pub(super) fn head(&self, last_event: LastEvent) -> McpHead {
        McpHead {
            session: self.session,
            revision: self.revision.clone(),
            accept: self.accept,
            last_event,
            request_headers: None,
            principal: self.principal,
            permissions: None,
            grant: None,
            foreign_session: None,
            params_digest: None,
            client: None,
            http: None,
            peer: self.peer,
            arrived: Instant::ZERO,
            account: None,
            client_limits: None,
            child_env: None,
        }
    }
}

/// The progress of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Waiting,
    Begun,
    Finished,
    Replied,
}

/// The output of an exchange so far.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) stage: Stage,
    pub(super) head: Option<ReplyHead>,
    pub(super) body: Vec<u8>,
    pub(super) receipt: bool,
    /// Bytes that the transport has not accepted.
    pub(super) unsent: usize,
    /// Whether its end at the transport has been reported.
    pub(super) closed: bool,
}

/// The input of a child process so far.
#[derive(Debug)]
pub(super) struct Process {
    /// Lines for it that were not read yet.
    pub(super) fed: Vec<String>,
    /// Bytes that it has not accepted.
    pub(super) unfed: usize,
    pub(super) reading: bool,
    pub(super) reading_stderr: bool,
    pub(super) stdin_closed: bool,
    pub(super) signals: Vec<Signal>,
    pub(super) exited: bool,
    pub(super) released: bool,
}

pub(super) struct Rig {
    pub(super) engine: Engine,
    pub(super) now: Instant,
    pub(super) exchanges: BTreeMap<ExchangeId, Exchange>,
    pub(super) children: BTreeMap<ChildId, Process>,
    pub(super) events: Vec<Event>,
    /// Every action, in order.
    pub(super) actions: Vec<String>,
    pub(super) unlistened: bool,
    pub(super) stopped: Option<bool>,
    /// Whether transports and children accept all bytes at once.
    pub(super) prompt: bool,
    /// The maximum number of bytes of texts that the engine has read for one input.
    pub(super) walked: usize,
    /// Whether jobs wait until [`Rig::work`] is called.
    pub(super) jobs_wait: bool,
    pub(super) jobs: VecDeque<Job>,
    /// The result of starting the next children.
    pub(super) spawning: Spawning,
    last_exchange: u64,
}

/// The result of starting a child.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spawning {
    Works,
    Fails(SpawnError),
    TakesTime,
}

pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) fn config(limits: Limits) -> Config {
    // As with --startup-timeout: it holds for every start.
    let first_startup_time_max = limits.startup_time_max;
    // Most clients of these tests send no `notifications/initialized`.
    let initialized_time_max = Duration::ZERO;
    // Everything that can be a job is one.
    let inline_bytes_max = 0;
    let limits =
        Limits { first_startup_time_max, initialized_time_max, inline_bytes_max, ..limits };
    Config {
        limits,
        revisions: Revision::LEGACY.into(),
        bridge: BridgeOptions { child_era: ChildEra::Legacy, ..BridgeOptions::default() },
        log_level: Level::Debug,
        ..Config::new(Serves::Command(ChildSpec {
            program: OsString::from("server"),
            args: Vec::new(),
            env: None,
            cwd: None,
        }))
    }
}

// Clients

impl Rig {
    pub(super) fn new() -> Rig {
        Rig::with(Limits::default())
    }

    pub(super) fn with(limits: Limits) -> Rig {
        Rig::of(config(limits))
    }

    pub(super) fn of(config: Config) -> Rig {
        let now = Instant::from_micros(1_000_000);
        let mut rig = Rig {
            engine: Engine::new(Arc::new(config), [7; 32], now),
            now,
            exchanges: BTreeMap::new(),
            children: BTreeMap::new(),
            events: Vec::new(),
            actions: Vec::new(),
            unlistened: false,
            stopped: None,
            prompt: true,
            walked: 0,
            jobs_wait: false,
            jobs: VecDeque::new(),
            spawning: Spawning::Works,
            last_exchange: 0,
        };
        rig.input(Input::Started);
        rig
    }

    pub(super) fn request(&mut self, mut request: Request) -> ExchangeId {
        self.engine.preparation().prepare(&mut request);
        self.exchange(|exchange| Input::Requested { exchange, request: Box::new(request) })
    }

    /// Reports a request with the next number.
    pub(super) fn exchange(&mut self, input: impl FnOnce(ExchangeId) -> Input) -> ExchangeId {
        self.last_exchange += 1;
        let exchange = ExchangeId(self.last_exchange);
        let fresh = Exchange {
            stage: Stage::Waiting,
            head: None,
            body: Vec::new(),
            receipt: false,
            unsent: 0,
            closed: false,
        };
        self.exchanges.insert(exchange, fresh);
        self.input(input(exchange));
        exchange
    }

    pub(super) fn post(&mut self, client: &Client, body: &str) -> ExchangeId {
        let (head, body) = self.posted(client, body);
        self.request(Request::Post { head, body })
    }

    /// Applies an adapter's steps to a POST.
    pub(super) fn posted(&self, client: &Client, body: &str) -> (McpHead, Body) {
        let rules = ParseRules { depth_max: 128, batch_len_max: 50, sender: Peer::Client };
        let body = Body::parse(Bytes::copy_from_slice(body.as_bytes()), rules).expect(body);
        (McpHead { arrived: self.now, ..client.head(LastEvent::Absent) }, body)
    }

    pub(super) fn get(&mut self, client: &Client) -> ExchangeId {
        self.request(Request::Listen { head: client.head(LastEvent::Absent) })
    }

    pub(super) fn resume(&mut self, client: &Client, last: &str) -> ExchangeId {
        let last = EventId::parse(last.as_bytes()).map_or(LastEvent::Foreign, LastEvent::Id);
        self.request(Request::Listen { head: client.head(last) })
    }

    pub(super) fn delete(&mut self, client: &Client) -> ExchangeId {
        self.request(Request::Delete { head: client.head(LastEvent::Absent) })
    }

    /// Requests a stream of HTTP+SSE.
    pub(super) fn connect(&mut self, client: &Client) -> ExchangeId {
        self.request(Request::OpenSse { head: client.head(LastEvent::Absent) })
    }

    /// Opens a stream of HTTP+SSE; returns it, and the client of its session.
    pub(super) fn open_stream(&mut self, client: &Client) -> (ExchangeId, Client) {
        let stream = self.connect(client);
        (stream, self.client_of_stream(stream, client))
    }

    /// Returns the client of the session in the first event of a stream.
    pub(super) fn client_of_stream(&self, stream: ExchangeId, client: &Client) -> Client {
        let items = self.items(stream);
        let Some(Item::Endpoint(uri)) = items.first() else { panic!("{items:?}") };
        let id = uri.strip_prefix("messages?sessionId=").expect("where messages go");
        let id = SessionId::parse(id.as_bytes()).expect("a session id");
        Client { session: SessionHeader::Id(id), ..client.clone() }
    }

    /// Posts to the URI of a stream of HTTP+SSE.
    pub(super) fn send(&mut self, client: &Client, body: &str) -> ExchangeId {
        let (head, body) = self.posted(client, body);
        self.request(Request::PostSse { head, body })
    }

    /// Sends a `tools/call` with this id.
    pub(super) fn call(&mut self, client: &Client, id: &str) -> ExchangeId {
        self.post(client, &request(id))
    }

    /// Sends a `tools/call` with this id and progress token.
    pub(super) fn call_with_progress(
        &mut self,
        client: &Client,
        id: &str,
        token: &str,
    ) -> ExchangeId {
        self.post(
            client,
            &format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"x","_meta":{{"progressToken":{token}}}}}}}"#
            ),
        )
    }

    /// Sends `initialize`; the child has not answered yet.
    pub(super) fn initialize(&mut self, client: &Client) -> (ExchangeId, ChildId) {
        let exchange = self.post(client, &initialize("0", "2025-11-25"));
        (exchange, *self.children.keys().last().expect("a child"))
    }

    /// Opens a session of this revision; its child has accepted and answered all input.
    pub(super) fn open(&mut self, revision: Revision) -> (Client, ChildId) {
        self.open_as(&Client::new(), revision)
    }

    pub(super) fn open_as(&mut self, client: &Client, revision: Revision) -> (Client, ChildId) {
        let exchange = self.post(client, &initialize("0", revision.as_str()));
        let child = *self.engine.owners.keys().last().expect("a child");
        let number = self.number(child);
        self.child_says(child, &welcome(&number, revision.as_str()));
        let head = self.exchanges[&exchange].head.clone().expect("an answer");
        let session = SessionHeader::Id(head.session.expect("a session id"));
        let revision = RevisionHeader::Served(revision);
        (Client { session, revision, ..client.clone() }, child)
    }

    /// Disconnects the peer of an exchange.
    pub(super) fn disconnect(&mut self, exchange: ExchangeId) {
        let known = self.exchanges.get_mut(&exchange).expect("an exchange");
        assert!(!known.closed, "closed already");
        known.closed = true;
        known.unsent = 0;
        self.input(Input::Closed { exchange });
    }

    /// Lets the transport accept all output.
    pub(super) fn flush(&mut self, exchange: ExchangeId) {
        let bytes = std::mem::take(&mut self.exchanges.get_mut(&exchange).unwrap().unsent);
        self.input(Input::Sent { exchange, bytes });
    }
}

// Children

impl Rig {
    pub(super) fn child_says(&mut self, child: ChildId, line: &str) {
        self.input(Input::ChildLine { child, line: Ok(message(line)) });
    }

    pub(super) fn child_babbles(&mut self, child: ChildId) {
        self.child_writes(child, "babble");
    }

    /// Writes a line of the child, a message or not.
    pub(super) fn child_writes(&mut self, child: ChildId, text: impl AsRef<[u8]>) {
        let mut output =
            Output::new(&self.engine.shared.config.limits, Memory::new(1 << 30).child(child));
        let mut lines = Vec::new();
        output.feed(&[text.as_ref(), b"\n"].concat(), |line| lines.push(line));
        for line in lines {
            self.input(Input::ChildLine { child, line });
        }
    }

    /// Answers the request with this number of the child.
    pub(super) fn child_answers(&mut self, child: ChildId, number: &str, result: &str) {
        self.child_says(child, &format!(r#"{{"jsonrpc":"2.0","id":{number},"result":{result}}}"#));
    }

    pub(super) fn child_reports_progress(&mut self, child: ChildId, number: &str, progress: u32) {
        self.child_says(
            child,
            &format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{number},"progress":{progress}}}}}"#
            ),
        );
    }

    /// Closes the child's standard output, and ends it.
    pub(super) fn child_ends(&mut self, child: ChildId, status: ExitStatus) {
        self.child_closes_stdout(child);
        self.child_exits(child, status);
    }

    /// Ends the children that were asked to end.
    pub(super) fn bury(&mut self) {
        let asked = self.children.iter().filter(|(_, child)| child.stdin_closed && !child.exited);
        for child in asked.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.child_ends(child, ExitStatus::Code(0));
        }
    }

    pub(super) fn child_closes_stdout(&mut self, child: ChildId) {
        self.input(Input::ChildStdoutClosed { child });
    }

    /// Ends the child without its having read anything.
    pub(super) fn child_ends_unasked(&mut self, child: ChildId, status: ExitStatus) {
        self.child_closes_stdout(child);
        self.child_exits_leaving(usize::MAX, child, status);
    }

    /// Ends the child's process, its standard input and its standard error.
    pub(super) fn child_exits(&mut self, child: ChildId, status: ExitStatus) {
        self.child_exits_leaving(0, child, status);
    }

    fn child_exits_leaving(&mut self, unread: usize, child: ChildId, status: ExitStatus) {
        self.input(Input::ChildStderrClosed { child });
        self.input(Input::ChildStdinClosed { child, unread });
        self.children.get_mut(&child).unwrap().exited = true;
        self.input(Input::ChildExited { child, status });
    }

    /// Returns the lines to a child since the last call.
    pub(super) fn fed(&mut self, child: ChildId) -> Vec<String> {
        std::mem::take(&mut self.children.get_mut(&child).expect("a child").fed)
    }

    /// Returns the id of the only request to a child since the last call.
    pub(super) fn number(&mut self, child: ChildId) -> String {
        let numbers = self.numbers(child);
        assert_eq!(numbers.len(), 1, "{numbers:?}");
        numbers[0].clone()
    }

    /// Returns the ids of the requests to a child since the last call.
    pub(super) fn numbers(&mut self, child: ChildId) -> Vec<String> {
        let lines = self.fed(child).into_iter().map(|line| parse(&line));
        let requests = lines.filter(|line| line.get("method").is_some());
        requests.filter_map(|line| line.get("id").map(Value::to_string)).collect()
    }
}

// Results

impl Rig {
    /// Returns status and body of an exchange with a complete answer.
    pub(super) fn reply(&self, exchange: ExchangeId) -> (u16, &str) {
        let seen = &self.exchanges[&exchange];
        assert_eq!(seen.stage, Stage::Replied, "{seen:?}");
        (seen.head.as_ref().unwrap().status, std::str::from_utf8(&seen.body).unwrap())
    }

    /// Returns the status, code and message of the error of an exchange with a complete answer.
    pub(super) fn error(&self, exchange: ExchangeId) -> (u16, i64, String) {
        let (status, body) = self.reply(exchange);
        let (code, text) = error_of(body);
        (status, code, text)
    }

    pub(super) fn stage(&self, exchange: ExchangeId) -> Stage {
        self.exchanges[&exchange].stage
    }

    /// Returns everything on the event stream of an exchange so far.
    pub(super) fn items(&self, exchange: ExchangeId) -> Vec<Item> {
        let seen = &self.exchanges[&exchange];
        assert!(matches!(seen.stage, Stage::Begun | Stage::Finished), "{seen:?}");
        items(&seen.body)
    }

    /// Returns the messages on the event stream of an exchange so far.
    pub(super) fn messages(&self, exchange: ExchangeId) -> Vec<String> {
        self.items(exchange).iter().filter_map(Item::data).map(str::to_owned).collect()
    }

    /// Returns a sample of the metrics, by name and labels; 0 if there is none.
    pub(super) fn metric(&mut self, name: &str) -> u64 {
        let exchange = self.request(Request::Metrics);
        let (_, text) = self.reply(exchange);
        let sample = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        sample.map_or(0, |value| value.parse().expect("a whole number"))
    }

    pub(super) fn dropped(&mut self, what: Dropped) -> u64 {
        self.metric(&format!("pontoon_dropped_messages_total{{reason=\"{}\"}}", what.name()))
    }

    pub(super) fn refused(&mut self, reject: Reject) -> u64 {
        self.metric(&format!("pontoon_rejects_total{{reason=\"{}\"}}", reject.name()))
    }

    pub(super) fn has_ended(&self, client: &Client) -> bool {
        !self.engine.sessions.contains_key(&client.id())
    }
}

// Time

impl Rig {
    /// Moves the time; the engine is called at its deadlines, and at no other time.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.engine.poll_timeout().filter(|deadline| deadline.at <= end)
        {
            self.now = self.now.max(deadline.at);
            self.timeout();
        }
        self.now = end;
    }

    /// Moves the time; the engine is called too late, or without a deadline.
    pub(super) fn oversleep(&mut self, time: Duration) {
        self.now = self.now + time;
        self.timeout();
        // After a very late call, timers wait for the inputs of that time.
        self.pass(millis(100));
    }

    pub(super) fn timeout(&mut self) {
        let mut out = Vec::new();
        self.engine.handle_timeout(self.now, &mut out);
        let next = self.engine.poll_timeout();
        assert!(next.is_none_or(|next| next.at > self.now), "{next:?} at {:?}", self.now);
        self.carry_out(out);
    }

    /// Reports an input, and carries out the actions that follow.
    pub(super) fn input(&mut self, input: Input) {
        let mut out = Vec::new();
        walked::take();
        self.engine.handle_input(input, self.now, &mut out);
        self.walked = self.walked.max(walked::take());
        self.carry_out(out);
    }
}
