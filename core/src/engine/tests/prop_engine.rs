//! Clients and children that follow a random sequence of bytes, correctly or not, and a record of
//! what each client may expect.

use std::collections::BTreeMap;

use serde_json::Value;

use super::events::Item;
use super::rig::*;
use crate::engine::*;
use crate::limits::Limits;
use crate::protocol::Revision;
use crate::reject::SpawnError;

/// The requests of a client in an exchange.
#[derive(Debug, Default)]
struct Asked {
    /// The ids of its requests.
    ids: Vec<String>,
    /// The child of its session, if it has one.
    child: Option<ChildId>,
    /// Whether it is a GET, which may also carry messages that other exchanges missed. In HTTP+SSE
    /// it carries all messages of its session.
    listens: bool,
    /// Whether its answers may be missing: it was cancelled, disconnected, or replaced.
    excused: bool,
}

/// A client with a session, and its child.
#[derive(Clone, Debug)]
struct OpenSession {
    client: Client,
    child: ChildId,
    /// The only stream of its session, in HTTP+SSE.
    sole: Option<ExchangeId>,
}

/// The state of a child's process.
#[derive(Debug, Default)]
struct Life {
    spawned: bool,
    failed: bool,
    output_closed: bool,
    exited: bool,
    /// Numbers of the requests it received.
    numbers: Vec<String>,
}

pub(super) struct Model {
    pub(super) rig: Rig,
    /// Whether some clients use HTTP+SSE.
    sse: bool,
    handlers: Vec<OpenSession>,
    lives: BTreeMap<ChildId, Life>,
    asked: BTreeMap<ExchangeId, Asked>,
    /// The client's id for each number.
    ids: BTreeMap<(ChildId, String), String>,
    opening: Vec<(ExchangeId, ChildId)>,
    count: u64,
}

fn limits() -> Limits {
    Limits {
        sessions_max: 3,
        in_flight_max: 3,
        queue_len_max: 2,
        queue_bytes_max: 300,
        replay_len_max: 2,
        replay_bytes_max: 600,
        session_replay_bytes_max: 1000,
        ended_streams_max: 2,
        listen_streams_max: 2,
        outbound_bytes_high: 700,
        outbound_bytes_low: 100,
        outbound_bytes_max: 2500,
        stdin_bytes_max: 400,
        child_requests_max: 2,
        request_total_max: secs(90),
        session_idle_max: secs(60),
        drain_time_max: secs(20),
        ..Limits::default()
    }
}

impl Model {
    /// The events that a long run reaches.
    pub(super) const COVERAGE: [&'static str; 15] = [
        "abandoned",
        "bad_answer",
        "cancelled",
        "child_ended",
        "deleted",
        "evicted",
        "expired",
        "failed start",
        "gate",
        "in_flight_full",
        "overflow",
        "replay lost",
        "request_timeout",
        "stdin_full",
        "undeliverable_answer",
    ];

    /// Creates a model with or without HTTP+SSE clients.
    pub(super) fn new(sse: bool) -> Model {
        let mut rig = Rig::with(limits());
        rig.prompt = false;
        rig.spawning = Spawning::TakesTime;
        Model {
            rig,
            sse,
            handlers: Vec::new(),
            lives: BTreeMap::new(),
            asked: BTreeMap::new(),
            ids: BTreeMap::new(),
            opening: Vec::new(),
            count: 0,
        }
    }

    pub(super) fn step(&mut self, [kind, who, what]: [u8; 3]) {
        match kind % 32 {
            0..=2 if self.sse && what.is_multiple_of(2) => self.connect(what / 2),
            0..=2 => self.initialize(what),
            3..=8 => self.post(who, what),
            9..=10 => self.listen(who, what),
            11 if what < 80 => self.delete(who),
            11..=13 => self.transport(who, what),
            14..=25 => self.child(who, what),
            26 => self.child_process(who, what),
            27..=29 => self.rig.pass(millis(u64::from(what) * 40)),
            30 => self.rig.oversleep(millis(u64::from(what / 2) * 100)),
            _ if what < 8 => self.rig.input(Input::ShutdownRequested),
            _ => self.rig.pass(secs(u64::from(what) / 8)),
        }
        self.note();
    }

    // Clients

    fn initialize(&mut self, what: u8) {
        let client = Client::new().accepting([BOTH, JSON, SSE][usize::from(what % 3)]);
        let revision = Revision::LEGACY[usize::from(what / 3 % 4)].as_str();
        let id = self.next_id();
        let body = initialize(&id, revision)
            .replace(r#""capabilities":{}"#, r#""capabilities":{},"_meta":{"progressToken":1}"#);
        let before: Vec<_> = self.rig.engine.sessions.keys().copied().collect();
        let exchange = self.rig.post(&client, &body);
        let mut sessions = self.rig.engine.sessions.keys();
        let session = sessions.find(|session| !before.contains(session)).copied();
        let child = session.map(|session| self.child_of(session));
        self.opening.extend(child.map(|child| (exchange, child)));
        self.expect_initialize(exchange, child, id);
    }

    fn child_of(&self, session: SessionId) -> ChildId {
        self.rig.engine.sessions[&session].backend().child().expect("a child").id
    }

    /// Records an `initialize`, which the child may have received from an earlier client.
    fn expect_initialize(&mut self, exchange: ExchangeId, child: Option<ChildId>, id: String) {
        if let Some(known) = child.and_then(|it| self.ids.get_mut(&(it, "1".to_owned()))) {
            known.clone_from(&id);
        }
        self.expect(exchange, child, vec![id]);
    }

    /// Opens a stream of HTTP+SSE, and most of the time a session.
    fn connect(&mut self, what: u8) {
        let stream = self.rig.connect(&Client::new());
        self.asked.insert(stream, Asked { listens: true, ..Asked::default() });
        if self.rig.stage(stream) == Stage::Replied || what.is_multiple_of(8) {
            return;
        }
        let client = self.rig.client_of_stream(stream, &Client::new());
        let revision = Revision::LEGACY[usize::from(what % 4)].as_str();
        let id = self.next_id();
        let exchange = self.rig.send(&client, &initialize(&id, revision));
        if self.rig.reply(exchange).0 == 202 {
            let child = self.child_of(client.id());
            self.expect_initialize(stream, Some(child), id);
            self.handlers.push(OpenSession { client, child, sole: Some(stream) });
        } else {
            self.expect(exchange, None, vec![id]);
        }
    }

    fn post(&mut self, who: u8, what: u8) {
        let Some(handler) = pick(&self.handlers, who).cloned() else { return };
        let client = handler.client.accepting([BOTH, BOTH, JSON, SSE][usize::from(what % 4)]);
        let mut ids = Vec::new();
        let body = match what / 4 % 8 {
            0..=3 => self.request(&mut ids),
            4 => format!("[{},5,{}]", self.request(&mut ids), self.request(&mut ids)),
            5 => {
                let known = self.asked.values().filter(|asked| asked.child == Some(handler.child));
                let known: Vec<String> = known.flat_map(|asked| asked.ids.clone()).collect();
                cancel(pick(&known, what).map_or("0", |id| id))
            }
            6 => format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{}}}}"#, what % 8),
            _ => r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned(),
        };
        let exchange = match handler.sole {
            Some(_) => self.rig.send(&client, &body),
            None => self.rig.post(&client, &body),
        };
        if what / 4 % 8 == 5 {
            self.excuse(&body);
        }
        let accepted =
            self.rig.stage(exchange) == Stage::Replied && self.rig.reply(exchange).0 == 202;
        match handler.sole.filter(|_| accepted) {
            Some(sole) => self.expect(sole, Some(handler.child), ids),
            None => self.expect(exchange, Some(handler.child), ids),
        }
    }

    /// Marks the requests that this cancels as possibly unanswered.
    fn excuse(&mut self, body: &str) {
        for asked in self.asked.values_mut() {
            match asked.listens {
                true => asked.ids.retain(|id| body != cancel(id)),
                false => asked.excused |= asked.ids.iter().any(|id| body == cancel(id)),
            }
        }
    }

    /// Returns a request with a unique id and progress token.
    fn request(&mut self, ids: &mut Vec<String>) -> String {
        let id = self.next_id();
        let token = token_of(&id);
        ids.push(id.clone());
        format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"x","_meta":{{"progressToken":{token}}}}}}}"#
        )
    }

    fn next_id(&mut self) -> String {
        self.count += 1;
        let count = self.count;
        match count % 3 {
            0 => format!("{count}"),
            1 => format!(r#""r\u002d{count}""#),
            _ => format!("-{count}"),
        }
    }

    fn expect(&mut self, exchange: ExchangeId, child: Option<ChildId>, ids: Vec<String>) {
        if let Some(child) = child {
            let mut expected = ids.iter();
            for number in self.rig.numbers(child) {
                let id = expected.next().expect("a child got an unknown request");
                self.lives.entry(child).or_default().numbers.push(number.clone());
                assert_eq!(self.ids.insert((child, number), id.clone()), None, "a number again");
            }
        }
        let asked = self.asked.entry(exchange).or_default();
        asked.ids.extend(ids);
        asked.child = child;
    }

    fn listen(&mut self, who: u8, what: u8) {
        let Some(handler) = pick(&self.handlers, who).cloned() else { return };
        let exchange = match what % 3 {
            0 => self.rig.get(&handler.client),
            _ => {
                let seen = self.events_of(handler.child);
                let guess = format!("{}-{}", what / 3 % 12, what / 36);
                let last = pick(&seen, what / 3).filter(|_| what % 3 == 1).unwrap_or(&guess);
                let before = self.carried();
                let exchange = self.rig.resume(&handler.client, last);
                let after = self.carried();
                for lost in before.iter().filter(|lost| !after.contains(lost)) {
                    self.asked.get_mut(lost).unwrap().excused = true;
                }
                exchange
            }
        };
        let child = Some(handler.child);
        self.asked.insert(exchange, Asked { child, listens: true, ..Asked::default() });
    }

    /// Returns the ids of the events that were sent to the client of this child.
    fn events_of(&self, child: ChildId) -> Vec<String> {
        let mine = self.asked.iter().filter(|(_, asked)| asked.child == Some(child));
        let begun = mine.map(|(exchange, _)| exchange).filter(|exchange| {
            matches!(self.rig.stage(**exchange), Stage::Begun | Stage::Finished)
        });
        let items = begun.flat_map(|exchange| self.rig.items(*exchange));
        items.filter_map(|item| item.id().map(str::to_owned)).collect()
    }

    /// Returns the exchanges that carry a stream.
    fn carried(&self) -> Vec<ExchangeId> {
        let transports = self.rig.engine.shared.exchanges.iter();
        transports.filter(|(_, t)| t.stream.is_some()).map(|(exchange, _)| *exchange).collect()
    }

    fn delete(&mut self, who: u8) {
        let Some(handler) = pick(&self.handlers, who).cloned() else { return };
        let exchange = self.rig.delete(&handler.client);
        self.expect(exchange, None, Vec::new());
    }

    fn transport(&mut self, who: u8, what: u8) {
        let open = self.rig.exchanges.iter().filter(|(_, exchange)| !exchange.closed);
        let open: Vec<ExchangeId> = open.map(|(exchange, _)| *exchange).collect();
        let Some(exchange) = pick(&open, who).copied() else { return };
        match what % 4 {
            0 => {
                if matches!(self.rig.stage(exchange), Stage::Waiting | Stage::Begun) {
                    self.asked.get_mut(&exchange).unwrap().excused = true;
                }
                self.rig.disconnect(exchange);
            }
            1 => {
                let seen = self.rig.exchanges.get_mut(&exchange).unwrap();
                let bytes = seen.unsent.min(usize::from(what));
                seen.unsent -= bytes;
                self.rig.input(Input::Sent { exchange, bytes });
            }
            _ => self.complete(exchange),
        }
    }

    /// Lets the transport send everything, and report the end if it was complete.
    fn complete(&mut self, exchange: ExchangeId) {
        self.rig.flush(exchange);
        if !matches!(self.rig.stage(exchange), Stage::Waiting | Stage::Begun) {
            self.rig.disconnect(exchange);
        }
    }

    // Children

    fn child(&mut self, who: u8, what: u8) {
        let children: Vec<ChildId> = self.rig.children.keys().copied().rev().take(4).collect();
        let Some(child) = pick(&children, who).copied() else { return };
        let life = self.lives.entry(child).or_default();
        if !life.spawned {
            return self.child_starts(child, what);
        }
        if life.output_closed || !self.rig.children[&child].reading && what.is_multiple_of(2) {
            return;
        }
        let number = match what % 16 {
            0 => "77".to_owned(),
            _ => pick(&life.numbers, what / 16).cloned().unwrap_or_default(),
        };
        let tag = format!(r#""tag":"{child}","number":"{number}""#);
        match what % 16 {
            _ if number.is_empty() => {}
            0..=4 => self.rig.child_answers(child, &number, &format!(r#"{{"protocolVersion":"2025-11-25",{tag}}}"#)),
            5 => self.rig.child_says(child, &format!(
                r#"{{"jsonrpc":"2.0","id":{number},"error":{{"code":1,"message":"","data":{{{tag}}}}}}}"#
            )),
            6..=8 => self.rig.child_reports_progress(child, &number, u32::from(what)),
            9..=10 => self.rig.child_says(child, &format!(
                r#"{{"jsonrpc":"2.0","id":{},"method":"sampling/createMessage","params":{{{tag}}}}}"#, what / 16 % 8
            )),
            11 => self.rig.child_says(child, &cancel(&(what / 16 % 8).to_string())),
            12..=13 => self.rig.child_says(child, &format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{{tag}}}}}"#
            )),
            14 => self.rig.child_says(child, &list_changed(1)),
            _ if what > 128 => self.rig.child_writes(child, format!(r#"{{"jsonrpc":"2.0","id":{number}}}"#)),
            _ => self.rig.child_babbles(child),
        }
    }

    fn child_starts(&mut self, child: ChildId, what: u8) {
        let life = self.lives.entry(child).or_default();
        if life.failed {
            return;
        }
        if what.is_multiple_of(16) {
            life.failed = true;
            life.output_closed = true;
            life.exited = true;
            self.rig.input(Input::ChildSpawnFailed { child, error: SpawnError::Other });
        } else {
            life.spawned = true;
            self.rig.input(Input::ChildSpawned { child, pid: 1 });
        }
    }

    fn child_process(&mut self, who: u8, what: u8) {
        let alive = self.lives.iter().filter(|(_, life)| life.spawned && !life.exited);
        let alive: Vec<ChildId> = alive.map(|(child, _)| *child).collect();
        let Some(child) = pick(&alive, who).copied() else { return };
        match what % 8 {
            0 => self.child_exits(child),
            1 => self.child_closes_output(child),
            2 => self.rig.input(Input::ChildStdinClosed { child, unread: 0 }),
            3 => self.rig.input(Input::ChildStderr { child, bytes: "oh\nno".into() }),
            _ => {
                let bytes = std::mem::take(&mut self.rig.children.get_mut(&child).unwrap().unfed);
                self.rig.input(Input::ChildStdinAcked { child, bytes });
            }
        }
    }

    fn child_exits(&mut self, child: ChildId) {
        self.lives.get_mut(&child).unwrap().exited = true;
        self.rig.child_exits(child, ExitStatus::Code(1));
    }

    fn child_closes_output(&mut self, child: ChildId) {
        if !std::mem::replace(&mut self.lives.get_mut(&child).unwrap().output_closed, true) {
            self.rig.input(Input::ChildStdoutClosed { child });
        }
    }

    // Record

    /// Records opened sessions, and checks the invariants of every step.
    fn note(&mut self) {
        let rig = &self.rig;
        self.opening.retain(|(exchange, child)| {
            let head = rig.exchanges[exchange].head.as_ref();
            if let Some(session) = head.and_then(|head| head.session) {
                let session = crate::http::SessionHeader::Id(session);
                let client = Client { session, ..Client::new() };
                self.handlers.push(OpenSession { client, child: *child, sole: None });
            }
            head.is_none()
        });
        for process in self.rig.children.values() {
            assert!(process.unfed <= 1400, "{} bytes wait for a child", process.unfed);
        }
    }

    /// Ends all clients, and lets all timeouts pass.
    pub(super) fn finish(&mut self) {
        let unborn: Vec<ChildId> = self.rig.children.keys().copied().collect();
        for child in unborn {
            if !self.lives.entry(child).or_default().spawned {
                self.child_starts(child, 1);
            }
        }
        self.rig.pass(secs(100));
        let calls = self.asked.iter().filter(|(_, asked)| !asked.excused && !asked.listens);
        for (exchange, asked) in calls {
            let stage = self.rig.stage(*exchange);
            assert!(matches!(stage, Stage::Finished | Stage::Replied), "{stage:?}: {asked:?}");
        }
        let open = self.rig.exchanges.iter().filter(|(_, exchange)| !exchange.closed);
        for exchange in open.map(|(exchange, _)| *exchange).collect::<Vec<_>>() {
            self.rig.disconnect(exchange);
        }
        self.rig.pass(secs(120));
        for child in self.lives.keys().copied().collect::<Vec<_>>() {
            if !self.lives[&child].exited {
                self.child_exits(child);
            }
        }
        self.rig.pass(secs(1000));
        self.rig.engine.check_empty();
        assert_eq!(self.rig.engine.poll_timeout(), None);
        for (child, process) in &self.rig.children {
            let forced = self.rig.stopped == Some(true);
            assert!(process.released || self.lives[child].failed || forced, "{child} is kept");
        }
    }

    /// Checks the answers of every exchange.
    pub(super) fn check(&self) {
        for (exchange, asked) in &self.asked {
            let seen = &self.rig.exchanges[exchange];
            let messages = match seen.stage {
                Stage::Begun | Stage::Finished => self.rig.items(*exchange),
                _ if seen.body.is_empty() => Vec::new(),
                _ => vec![Item::Message(String::new(), self.rig.reply(*exchange).1.to_owned())],
            };
            let whole: Vec<Value> = messages.iter().filter_map(Item::data).map(parse).collect();
            let each: Vec<Value> = whole
                .into_iter()
                .flat_map(|value| match value {
                    Value::Array(values) => values,
                    value => vec![value],
                })
                .collect();
            each.iter().for_each(|message| self.check_origin(asked, message));
            self.check_answers(asked, seen.head.as_ref().map(|head| head.status), &each, &messages);
        }
    }

    /// Checks that a child's messages reach only the client of its own session, and an answer only
    /// its request.
    fn check_origin(&self, asked: &Asked, message: &Value) {
        let payloads = [&message["result"], &message["error"]["data"], &message["params"]];
        for payload in payloads.into_iter().filter(|payload| payload["tag"].is_string()) {
            let child = asked.child.expect("a session");
            assert_eq!(payload["tag"], child.to_string(), "from another session");
            if message.get("method").is_none() {
                let number = payload["number"].as_str().unwrap().to_owned();
                let id = &self.ids[&(child, number)];
                assert_eq!(parse(id), message["id"], "an answer to another request");
            }
        }
        if !asked.listens && message["method"] == "notifications/progress" {
            let token = &message["params"]["progressToken"];
            let own = |id: &String| parse(&token_of(id)) == *token;
            assert!(asked.ids.iter().any(own), "{token} for {asked:?}");
        }
    }

    /// Checks that each request has exactly one answer with the bytes of its id, or none if it is
    /// excused, and never two.
    fn check_answers(&self, asked: &Asked, status: Option<u16>, each: &[Value], raw: &[Item]) {
        let answers = |id: &str| {
            let is_answer = |m: &&Value| m.get("method").is_none() && m["id"] == parse(id);
            each.iter().filter(is_answer).count()
        };
        for id in &asked.ids {
            let count = answers(id);
            let all_refused = asked.ids.len() > 1 && status.is_some_and(|status| status != 200);
            let wanted = if asked.excused || all_refused { 0..=1 } else { 1..=1 };
            assert!(wanted.contains(&count), "{count} answers to {id} of {asked:?}: {raw:?}");
            let bytes = raw.iter().filter_map(Item::data);
            let exact = bytes.filter(|text| text.contains(&format!(r#""id":{id}"#))).count();
            assert!(exact >= count, "{id} was changed: {raw:?}");
        }
        if !asked.listens {
            let strangers = each.iter().filter(|m| m.get("method").is_none());
            let mut ids = strangers.map(|message| &message["id"]);
            assert!(ids.all(|id| id.is_null() || asked.ids.iter().any(|own| parse(own) == *id)));
        }
    }

    /// Returns the events that were reached.
    pub(super) fn coverage(&mut self) -> Vec<&'static str> {
        let exchange = self.rig.request(crate::http::Request::Metrics);
        let text = self.rig.reply(exchange).1.to_owned();
        let seen = |event: &&&str| match **event {
            "abandoned" => self.rig.actions.iter().any(|action| action.contains("Abandoned")),
            "failed start" => !text.contains("pontoon_children_failed_total 0"),
            "gate" => self.rig.actions.iter().any(|action| action.starts_with("SetReadEnabled")),
            "replay lost" => !text.contains("pontoon_replay_lost_total 0"),
            name => text.contains(&format!("=\"{name}\"")),
        };
        Model::COVERAGE.iter().filter(seen).copied().collect()
    }
}

/// Returns the progress token of the request with this id.
fn token_of(id: &str) -> String {
    format!(r#""token of {}""#, id.replace('"', ""))
}

fn pick<T>(all: &[T], which: u8) -> Option<&T> {
    if all.is_empty() { None } else { all.get(usize::from(which) % all.len()) }
}
