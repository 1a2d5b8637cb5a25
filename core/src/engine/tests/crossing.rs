//! Many legacy clients in front of one modern child, in any order: nobody is asked another's
//! question, nobody's answer goes into another's call, and every call gets one answer, its own.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::modern::*;
use super::rig::*;
use crate::config::ChildEra;
use crate::engine::*;
use crate::http::*;

const DISCOVERY: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true}},"ttlMs":0,"cacheScope":"private"}"#;

/// A call, by its exchange.
#[derive(Debug)]
struct Call {
    session: SessionId,
    /// Its name, which no other has.
    tag: String,
    /// Whether its answer may be missing: its client gave it up, or has gone.
    is_excused: bool,
}

struct Town {
    rig: Rig,
    /// The clients, where they have a session.
    clients: Vec<Option<Client>>,
    calls: BTreeMap<ExchangeId, Call>,
    /// What the running child was asked and has not answered: number and name of each call.
    asked: BTreeMap<u64, String>,
    /// Listens that it was asked for.
    listens: BTreeSet<u64>,
    /// Questions that were answered, by session and id.
    answered: BTreeSet<(SessionId, String)>,
    count: u64,
}

impl Town {
    fn new() -> Town {
        let mut town = Town {
            rig: bridge_of(ChildEra::Modern),
            clients: vec![None; 3],
            calls: BTreeMap::new(),
            asked: BTreeMap::new(),
            listens: BTreeSet::new(),
            answered: BTreeSet::new(),
            count: 0,
        };
        for who in 0..3 {
            town.open(who);
        }
        town
    }

    fn step(&mut self, [kind, who, what]: [u8; 3]) {
        let (who, what) = (usize::from(who) % 3, usize::from(what));
        match kind % 16 {
            0..=4 => self.call(who),
            5..=8 => self.child_answers(what),
            9..=11 => self.answer_questions(who),
            12 => self.cancel(what),
            13 if what < 60 => self.leave(who),
            14 if what < 60 => self.crash(),
            15 if what < 60 => self.disconnect(what),
            _ => self.rig.pass(millis(what as u64 * 20)),
        }
        self.look();
//! Several clients that are asked the same and answer differently, all at once, by processes that
//! do as they like: nobody ever sees what is another's, and every request gets one answer.
use std::collections::BTreeMap;
use serde_json::Value;
use super::legacy_workers::rig_of;
use crate::config::{BridgeOptions, ChildPer};
use crate::limits::Limits;
const ABLE: &str = r#"{"elicitation":{}}"#;
/// A call of a client, from its first request to its last.
struct Story {
    /// What only this call says, asks and answers.
    mark: String,
    client: Modern,
    /// The request that waits for its answer.
    exchange: Option<ExchangeId>,
    /// The states it was handed, the newest last.
    states: Vec<String>,
    /// What it was asked under which key, if it was sent away with that.
    asked: Option<String>,
/// A call as its process knows it.
    id: String,
    mark: String,
    /// The question that it waits for.
    question: Option<u64>,
#[derive(Debug, Default)]
struct Process {
    calls: Vec<Call>,
    questions: u64,
    ended: bool,
struct World {
    stories: Vec<Story>,
    processes: BTreeMap<ChildId, Process>,
    sights: BTreeMap<&'static str, u32>,
impl World {
    fn new(child_per: ChildPer) -> World {
        let options = BridgeOptions { child_per, ..BridgeOptions::default() };
        let limits = Limits { sessions_max: 6, ..Limits::default() };
        World {
            rig: rig_of(options, limits),
            stories: Vec::new(),
            processes: BTreeMap::new(),
            sights: BTreeMap::new(),
    fn saw(&mut self, what: &'static str) {
        *self.sights.entry(what).or_default() += 1;
    fn step(&mut self, [verb, which, how]: [u8; 3]) {
        let which = usize::from(which);
        match verb % 12 {
            0..=2 => self.call(how),
            3 | 4 => self.come_back(which),
            5 => self.replay(which, how),
            6 => self.leave(which),
            7..=9 => self.act(which, how),
            10 => self.crash(which, how),
            _ => self.rig.pass(millis([1, 5, 5, 100, 3_000, 40_000][usize::from(how % 6)])),
        self.settle();
    }

    // Clients

    fn open(&mut self, who: usize) {
        let revision = [Revision::V2025_03_26, Revision::V2025_06_18, Revision::V2025_11_25][who];
        let params =
            json!({"protocolVersion": revision.as_str(), "capabilities": {"elicitation": {}}});
        let body = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        let opening = self.rig.post(&Client::new(), &body.to_string());
        self.look();
        let head = self.rig.exchanges[&opening].head.as_ref().expect("an answer");
        // A child that crashes before it says a word is not started again at once.
        let Some(session) = head.session.map(SessionHeader::Id) else { return };
        let revision = RevisionHeader::Served(revision);
        let client = Client { session, revision, ..Client::new() };
        self.rig.post(&client, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        self.clients[who] = Some(client);
        self.look();
    }

    fn call(&mut self, who: usize) {
        if self.clients[who].is_none() {
            self.open(who);
        }
        let Some(client) = self.clients[who].clone() else { return };
        self.count += 1;
        let tag = format!("{who}/{}", self.count);
        let params = json!({"name": tag, "_meta": {"progressToken": 7}});
        // Each client counts from 1, so ids are equal among them.
        let session = client.id();
        let id = self.calls.values().filter(|call| call.session == session).count() + 1;
        let body = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
        let exchange = self.rig.post(&client, &body.to_string());
        self.calls.insert(exchange, Call { session, tag, is_excused: false });
    }

    /// A client answers every question that it sees on a stream of its own.
    fn answer_questions(&mut self, who: usize) {
        let Some(client) = self.clients[who].clone() else { return };
        let mine = |call: &Call| call.session == client.id() && !call.is_excused;
        let mine = self.calls.iter().filter(|(_, call)| mine(call));
        let exchanges: Vec<_> =
            mine.map(|(exchange, call)| (*exchange, call.tag.clone())).collect();
        for (exchange, tag) in exchanges {
            for question in self.questions(exchange) {
                assert_eq!(question["params"]["message"], tag, "somebody else's question");
                let asked = (client.id(), question["id"].to_string());
                if self.answered.insert(asked) {
                    let result = json!({"action": "accept", "content": {"of": tag}});
                    let body = json!({"jsonrpc": "2.0", "id": question["id"], "result": result});
                    self.rig.post(&client, &body.to_string());
                }
            }
        }
    }

    fn questions(&self, exchange: ExchangeId) -> Vec<Value> {
        if !matches!(self.rig.stage(exchange), Stage::Begun | Stage::Finished) {
            return Vec::new();
        }
        let messages = self.rig.messages(exchange).into_iter().map(|text| parse(&text));
        messages.filter(|message| message["method"] == "elicitation/create").collect()
    }

    fn cancel(&mut self, which: usize) {
        let Some(exchange) = self.some_call(which) else { return };
        let call = &self.calls[&exchange];
        let mut clients = self.clients.iter().flatten();
        let Some(client) = clients.find(|it| it.id() == call.session).cloned() else { return };
        let mine = self.calls.values().filter(|other| other.session == call.session);
        let id = mine.take_while(|other| other.tag != call.tag).count() + 1;
        self.rig.post(&client, &cancel(&id.to_string()));
        self.calls.get_mut(&exchange).unwrap().is_excused = true;
    }

    /// A client ends its session.
    fn leave(&mut self, who: usize) {
        if let Some(client) = self.clients[who].take() {
            self.rig.delete(&client);
        }
    }

    fn disconnect(&mut self, which: usize) {
        if let Some(exchange) = self.some_call(which) {
            self.calls.get_mut(&exchange).unwrap().is_excused = true;
            self.rig.disconnect(exchange);
        }
    }

    /// A call that is not answered.
    fn some_call(&self, which: usize) -> Option<ExchangeId> {
        let is_open = |exchange: &ExchangeId| {
            matches!(self.rig.stage(*exchange), Stage::Waiting | Stage::Begun)
                && !self.calls[exchange].is_excused
        };
        let open: Vec<_> = self.calls.keys().copied().filter(is_open).collect();
        (!open.is_empty()).then(|| open[which % open.len()])
    }

    // The child

    fn child_answers(&mut self, which: usize) {
        let child = self.rig.last_child();
        let Some((number, tag)) = self.asked.iter().nth(which % self.asked.len().max(1)) else {
            return;
        };
        let (number, tag) = (*number, tag.clone());
        self.asked.remove(&number);
        let number = number.to_string();
        match which % 5 {
            // 2025-03-26 has no questions to the user.
            0..=2 if !tag.starts_with("0/") => {
                self.rig.child_reports_progress(child, &number, which as u32);
                let schema = json!({"type": "object", "properties": {}});
                let params = json!({"message": tag, "requestedSchema": schema});
                let form = json!({"method": "elicitation/create", "params": params});
                let requests = json!({"a": form, "b": form});
                let result = json!({
                    "resultType": "input_required", "inputRequests": requests, "requestState": tag,
                });
                self.rig.child_answers(child, &number, &result.to_string());
            }
            _ => {
                let result = json!({"resultType": "complete", "content": [], "of": tag});
                self.rig.child_answers(child, &number, &result.to_string());
    /// A client calls; two of them have no credentials and are one principal.
    fn call(&mut self, how: u8) {
        let mark = format!("m{}", self.stories.len());
        let client = match how % 4 {
            0 | 1 => Modern::new(),
            2 => Modern::named("a"),
            _ => Modern::named("b"),
        let client = Modern { capabilities: ABLE, ..client };
        let exchange = self.rig.ask(&client, "1", "tools/call", &params(&mark));
        let story =
            Story { mark, client, exchange: Some(exchange), states: Vec::new(), asked: None };
        self.stories.push(story);
    /// A client that was sent away comes back, with an answer that only it gives.
    fn come_back(&mut self, which: usize) {
        let away: Vec<usize> =
            (0..self.stories.len()).filter(|at| self.stories[*at].asked.is_some()).collect();
        let Some(at) = away.get(which % away.len().max(1)).copied() else { return };
        let story = &mut self.stories[at];
        let Some(key) = story.asked.take() else { return };
        let (mark, state) = (&story.mark, story.states.last().expect("a state"));
        let answer = format!(r#"{{"action":"accept","content":{{"mark":"{mark}"}}}}"#);
        let params = format!(
            r#"{},"requestState":"{state}","inputResponses":{{{key}:{answer}}}"#,
            params(mark)
        );
        story.exchange = Some(self.rig.ask(&story.client, "2", "tools/call", &params));
        self.saw("a client comes back");
    /// Somebody uses a state again, or one that is another's.
    fn replay(&mut self, which: usize, how: u8) {
        let with_state: Vec<&Story> =
            self.stories.iter().filter(|story| !story.states.is_empty()).collect();
        let Some(story) = with_state.get(which % with_state.len().max(1)) else { return };
        let used = story.states.len() - usize::from(story.asked.is_some());
        let (client, mark, state, sight) = match how % 3 {
            // It has been used, and nothing waits for it any more.
            0 if used > 0 => {
                (story.client.clone(), story.mark.clone(), &story.states[used - 1], "a replay")
            1 => {
                let other = Modern { capabilities: ABLE, ..Modern::named("stranger") };
                (other, story.mark.clone(), &story.states[story.states.len() - 1], "a theft")
            2 => {
                let state = &story.states[story.states.len() - 1];
                (story.client.clone(), "other".to_owned(), state, "another request")
            _ => return,
        let params = format!(r#"{},"requestState":"{state}","inputResponses":{{}}"#, params(&mark));
        let exchange = self.rig.ask(&client, "3", "tools/call", &params);
        assert_eq!(self.rig.error(exchange).1, -32602, "{sight}");
        self.saw(sight);
    fn leave(&mut self, which: usize) {
        let waiting: Vec<usize> =
            (0..self.stories.len()).filter(|at| self.stories[*at].exchange.is_some()).collect();
        let Some(at) = waiting.get(which % waiting.len().max(1)).copied() else { return };
        if let Some(exchange) = self.stories[at].exchange.take() {
            self.saw("a client leaves");
    /// Looks at what clients were answered.
    fn read(&mut self) {
        for at in 0..self.stories.len() {
            let Some(exchange) = self.stories[at].exchange else { continue };
            let answer = match self.rig.stage(exchange) {
                Stage::Replied => self.rig.json(exchange).1,
                Stage::Finished => parse(self.rig.messages(exchange).last().expect("an answer")),
                Stage::Waiting | Stage::Begun => continue,
            };
            self.stories[at].exchange = None;
            self.answered(at, &answer);
    fn answered(&mut self, at: usize, answer: &Value) {
        let story = &mut self.stories[at];
        let result = &answer["result"];
        match result["resultType"].as_str() {
            Some("input_required") => {
                let inputs = result["inputRequests"].as_object().expect("inputs");
                for (key, input) in inputs {
                    assert_eq!(input["params"]["message"], *story.mark, "another's question");
                    story.asked = Some(format!("{key:?}"));
                story.states.push(result["requestState"].as_str().expect("a state").to_owned());
                self.saw("a question");
            Some("complete") => {
                assert_eq!(result["content"][0]["text"], *story.mark, "another's answer");
                let rounds = story.states.len();
                self.saw(if rounds > 0 { "an answer after questions" } else { "an answer" });
                assert!(answer["error"]["code"].is_i64(), "{answer}");
                self.saw("an error");
            }
        }
    }

    fn crash(&mut self) {
        let child = self.rig.last_child();
        if !self.rig.children[&child].exited {
            self.asked.clear();
            self.listens.clear();
            self.rig.child_ends(child, ExitStatus::Signal(9));
        }
    }

    /// Looks at what the child was told; it says at once who it is.
    fn look(&mut self) {
        let child = self.rig.last_child();
        for line in self.rig.told(child) {
            let id = line["id"].as_u64();
            match (line["method"].as_str(), id) {
                (Some("server/discover"), Some(id)) => {
                    self.rig.child_answers(child, &id.to_string(), DISCOVERY);
                }
                (Some("subscriptions/listen"), Some(id)) => {
                    self.listens.insert(id);
                    let meta = json!({"io.modelcontextprotocol/subscriptionId": id});
                    let filter = &line["params"]["notifications"];
                    let params = json!({"notifications": filter, "_meta": meta});
                    let method = "notifications/subscriptions/acknowledged";
                    let line = json!({"jsonrpc": "2.0", "method": method, "params": params});
                    self.rig.child_says(child, &line.to_string());
                }
                (Some("tools/call"), Some(id)) => self.asked_for(id, &line["params"]),
                (Some("notifications/cancelled"), None) => {
                    let number = line["params"]["requestId"].as_u64().unwrap();
                    let known = self.asked.remove(&number).is_some();
                    assert!(self.listens.remove(&number) | known, "{number} is not under way");
                }
                _ => panic!("{line}"),
    // Processes
    /// Lets processes read what they were told and clients what they were answered, until nothing
    /// is new.
    fn settle(&mut self) {
        loop {
            let ids: Vec<ChildId> = self.rig.children.keys().copied().collect();
            let mut told = Vec::new();
            for child in ids {
                self.processes.entry(child).or_default();
                told.extend(self.rig.fed(child).into_iter().map(|line| (child, parse(&line))));
            }
            if told.is_empty() {
                break;
            }
            for (child, line) in told {
                self.hear(child, &line);
            }
        self.read();
        let stopped: Vec<ChildId> = self
            .processes
            .iter()
            .filter(|(child, process)| self.rig.children[child].stdin_closed && !process.ended)
            .map(|(child, _)| *child)
            .collect();
        for child in stopped {
            self.end(child, ExitStatus::Code(0));
    fn hear(&mut self, child: ChildId, line: &Value) {
        let process = self.processes.get_mut(&child).expect("a process");
        if process.ended {
            return;
        let id = line.get("id").map(Value::to_string);
        match (line["method"].as_str(), id) {
            (Some("initialize"), Some(id)) => {
                self.rig.child_says(child, &welcome(&id, "2025-11-25"));
            }
            (Some("tools/call"), Some(id)) => {
                let mark = line["params"]["arguments"]["mark"].as_str().expect("a mark");
                process.calls.push(Call { id, mark: mark.to_owned(), question: None });
            }
            (None, Some(id)) => {
                let answered =
                    |call: &&mut Call| call.question.map(|it| it.to_string()) == Some(id.clone());
                let Some(call) = process.calls.iter_mut().find(answered) else { return };
                call.question = None;
                if line["result"]["action"] == "accept" {
                    assert_eq!(line["result"]["content"]["mark"], *call.mark, "another's answer");
            }
            // A cancelled call goes on here as if nothing had been said.
            _ => {}
    /// A process goes on with one of its calls: it asks, answers, or shows progress.
    fn act(&mut self, which: usize, how: u8) {
        let busy: Vec<ChildId> = self
            .processes
            .iter()
            .filter(|(_, process)| !process.ended && !process.calls.is_empty())
            .map(|(child, _)| *child)
            .collect();
        let Some(child) = busy.get(which % busy.len().max(1)).copied() else { return };
        let process = self.processes.get_mut(&child).expect("a process");
        let at = usize::from(how / 4) % process.calls.len();
        let call = &mut process.calls[at];
        match how % 4 {
            0 | 1 if call.question.is_none() => {
                process.questions += 1;
                call.question = Some(process.questions);
                let (id, mark) = (process.questions, call.mark.clone());
                self.rig.child_says(
                    child,
                    &format!(
                        r#"{{"jsonrpc":"2.0","id":{id},"method":"elicitation/create","params":{{"message":"{mark}","requestedSchema":{{"type":"object","properties":{{}}}}}}}}"#
                    ),
                );
            }
            2 if call.question.is_none() => {
                let Call { id, mark, .. } = process.calls.remove(at);
                let result = format!(r#"{{"content":[{{"type":"text","text":"{mark}"}}]}}"#);
                self.rig.child_answers(child, &id, &result);
            }
            _ => {
                let id = call.id.clone();
                self.rig.child_reports_progress(child, &id, u32::from(how));
            }
        }
    }

    fn asked_for(&mut self, number: u64, params: &Value) {
        let tag = params["name"].as_str().unwrap();
        let state = params.get("requestState");
        assert!(state.is_none_or(|state| *state == tag), "somebody else's state: {params}");
        for response in
            params["inputResponses"].as_object().into_iter().flat_map(|all| all.values())
        {
            assert_eq!(response["content"]["of"], tag, "somebody else's answer: {params}");
        }
        assert!(!self.asked.values().any(|other| other == tag), "{tag} twice at once");
        assert!(self.asked.insert(number, tag.to_owned()).is_none(), "{number} twice");
    }

    // The end

    /// Everybody answers everything.
    fn finish(&mut self) {
        for _ in 0..20 {
            for who in 0..3 {
                self.answer_questions(who);
            }
            self.look();
            while !self.asked.is_empty() {
                self.child_answers(3);
            }
            self.look();
        }
        for (exchange, call) in &self.calls {
            self.check(*exchange, call);
        }
        for who in 0..3 {
            self.leave(who);
        }
        self.look();
        assert!(self.asked.is_empty() && self.listens.is_empty(), "{:?}", self.asked);
        assert!(self.rig.engine.sessions.is_empty());
    }

    fn check(&self, exchange: ExchangeId, call: &Call) {
        let messages = match self.rig.stage(exchange) {
            Stage::Waiting => Vec::new(),
            Stage::Replied => Vec::from_iter(Some(self.rig.reply(exchange).1.to_owned())),
            Stage::Begun | Stage::Finished => self.rig.messages(exchange),
        };
        let messages: Vec<_> = messages.iter().filter(|it| !it.is_empty()).collect();
        let messages: Vec<Value> = messages.into_iter().map(|text| parse(text)).collect();
        let answers = messages.iter().filter(|message| message.get("method").is_none());
        let own =
            |answer: &&Value| answer["result"]["of"] == call.tag || answer.get("error").is_some();
        assert!(answers.clone().all(|answer| own(&answer)), "{call:?}: {messages:?}");
        match (answers.count(), call.is_excused) {
            (1, _) | (0, true) => {}
            (count, _) => panic!("{count} answers to {call:?}: {messages:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn nobody_answers_for_anybody_else(tape in prop::collection::vec(any::<[u8; 3]>(), 0..120)) {
        let mut town = Town::new();
        for step in tape {
            town.step(step);
        }
        town.finish();
    fn crash(&mut self, which: usize, how: u8) {
        let alive: Vec<ChildId> = self
            .processes
            .iter()
            .filter(|(_, process)| !process.ended)
            .map(|(child, _)| *child)
            .collect();
        // Not always, or little else would happen.
        if let Some(child) = alive.get(which % alive.len().max(1)).filter(|_| how % 4 == 0) {
            self.end(*child, ExitStatus::Signal(9));
            self.saw("a crash");
    fn end(&mut self, child: ChildId, status: ExitStatus) {
        let process = self.processes.get_mut(&child).expect("a process");
        process.ended = true;
        process.calls.clear();
        self.rig.child_ends(child, status);
    /// Everybody is answered or given up, and nothing is left.
        for _ in 0..200 {
            self.settle();
            self.come_back(0);
            self.act(0, 2);
            self.rig.pass(millis(10));
        self.rig.pass(secs(2000));
        self.settle();
        for story in &self.stories {
            assert_eq!(story.exchange, None, "{story:?} waits for ever");
        self.rig.input(Input::ShutdownRequested);
        self.rig.pass(secs(10));
        self.settle();
        assert_eq!(self.rig.stopped, Some(false));
        self.rig.engine.check_empty();
fn params(mark: &str) -> String {
    format!(r#""name":"x","arguments":{{"mark":"{mark}"}}"#)
const EVERY: [ChildPer; 4] =
    [ChildPer::Session, ChildPer::Principal, ChildPer::Call, ChildPer::Shared];
fn tape() -> impl Strategy<Value = Vec<[u8; 3]>> {
    prop::collection::vec(any::<[u8; 3]>(), 0..150)
fn play(child_per: ChildPer, tape: &[[u8; 3]]) -> World {
    let mut world = World::new(child_per);
    for step in tape {
        world.step(*step);
    world.finish();
    world
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    fn nobody_sees_what_is_anothers(tape in tape()) {
        for child_per in EVERY {
            play(child_per, &tape);
/// What the tapes have to reach, or they prove nothing.
#[test]
fn the_random_stories_are_about_something() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeMap::new();
    for child_per in EVERY.repeat(10) {
        let tape = prop::collection::vec(any::<[u8; 3]>(), 150).new_tree(&mut runner).unwrap();
        for (sight, times) in play(child_per, &tape.current()).sights {
            *seen.entry(sight).or_insert(0) += times;
    for sight in [
        "a client comes back",
        "a client leaves",
        "a crash",
        "a question",
        "a replay",
        "a theft",
        "an answer",
        "an answer after questions",
        "an error",
        "another request",
    ] {
        assert!(seen.get(sight).is_some_and(|times| *times > 5), "{sight} in {seen:?}");
    }
}
