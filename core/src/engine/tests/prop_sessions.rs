//! Many legacy clients in front of one modern child, with any actions: no question or answer
//! reaches another client's call, and every call gets one answer, its own.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::modern::*;
use super::rig::*;
use crate::config::ChildEra;
use crate::engine::*;
use crate::http::*;
use crate::protocol::Revision;

const DISCOVERY: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true}},"ttlMs":0,"cacheScope":"private"}"#;

/// A call and its exchange.
#[derive(Debug)]
struct Call {
    session: SessionId,
    /// Its unique name.
    tag: String,
    /// Whether its answer may be missing: its client cancelled it, or disconnected.
    is_excused: bool,
}

struct Model {
    rig: Rig,
    /// The clients; `None` without a session.
    clients: Vec<Option<Client>>,
    calls: BTreeMap<ExchangeId, Call>,
    /// The pending calls of the running child: number and name of each.
    asked: BTreeMap<u64, String>,
    /// Its open listen requests.
    listens: BTreeSet<u64>,
    /// Answered questions, by session and id.
    answered: BTreeSet<(SessionId, String)>,
    count: u64,
}

impl Model {
    fn new() -> Model {
        let mut model = Model {
            rig: bridge_of(ChildEra::Modern),
            clients: vec![None; 3],
            calls: BTreeMap::new(),
            asked: BTreeMap::new(),
            listens: BTreeSet::new(),
            answered: BTreeSet::new(),
            count: 0,
        };
        for who in 0..3 {
            model.open(who);
        }
        model
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
        // A child that crashes before its first message is not started again at once.
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

    /// Answers every question on the streams of a client.
    fn answer_questions(&mut self, who: usize) {
        let Some(client) = self.clients[who].clone() else { return };
        let mine = |call: &Call| call.session == client.id() && !call.is_excused;
        let mine = self.calls.iter().filter(|(_, call)| mine(call));
        let exchanges: Vec<_> = mine.map(|(exchange, _)| *exchange).collect();
        for exchange in exchanges {
            for question in self.questions(exchange) {
                let tag = question["params"]["message"].as_str().expect("a tag").to_owned();
                let asking = self.calls.values().find(|call| call.tag == tag).expect("its call");
                assert_eq!(asking.session, client.id(), "the question of another client: {tag}");
                // If the stream of its call is closed, it arrives on that of the client's next
                // call.
                let is_here = self.calls[&exchange].tag == tag;
                assert!(is_here || asking.is_excused, "{tag} has a stream of its own");
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

    /// Ends the session of a client.
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

    /// Returns a call without an answer.
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
            // 2025-03-26 has no elicitation.
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

    /// Reads the input of the child, which answers `server/discover` at once.
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
            }
        }
    }

    fn asked_for(&mut self, number: u64, params: &Value) {
        let tag = params["name"].as_str().unwrap();
        let state = params.get("requestState");
        assert!(state.is_none_or(|state| *state == tag), "another call's state: {params}");
        for response in
            params["inputResponses"].as_object().into_iter().flat_map(|all| all.values())
        {
            assert_eq!(response["content"]["of"], tag, "another call's answer: {params}");
        }
        assert!(!self.asked.values().any(|other| other == tag), "{tag} twice at once");
        assert!(self.asked.insert(number, tag.to_owned()).is_none(), "{number} twice");
    }

    // The end

    /// Answers everything on both sides.
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
    fn no_client_answers_for_another(ops in prop::collection::vec(any::<[u8; 3]>(), 0..120)) {
        let mut model = Model::new();
        for step in ops {
            model.step(step);
        }
        model.finish();
    }
}

#[test]
fn a_question_whose_call_has_lost_its_stream_goes_to_the_next_call_of_its_client() {
    let mut model = Model::new();
    let call = |model: &mut Model, who| {
        model.call(who);
        model.look();
        *model.calls.last_key_value().expect("a call").0
    };
    call(&mut model, 2);
    model.disconnect(0);
    model.child_answers(0);
    assert!(model.asked.is_empty(), "the child waits for answers to its questions for 2/1");
    let other = call(&mut model, 1);
    assert!(model.questions(other).is_empty(), "they belong to another client");
    let next = call(&mut model, 2);
    let questions = model.questions(next);
    assert_eq!(questions.len(), 2);
    assert!(questions.iter().all(|question| question["params"]["message"] == "2/1"));
    model.answer_questions(2);
    model.look();
    let asked: Vec<_> = model.asked.values().collect();
    assert_eq!(asked, ["1/2", "2/3", "2/1"], "the answers are for the call that asked");
    model.finish();
}
