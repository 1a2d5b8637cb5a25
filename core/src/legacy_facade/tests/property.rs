//! For any actions of both sides, in any order, the client sees what a simple model allows: one
//! answer to every request, which is its own, and no message about a finished request.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::rig::{Rig, Sent};
use crate::legacy_facade::RelatesTo;
use crate::reject::{ExitStatus, Reject};
use crate::time::Duration;

/// An action of one of the sides. Its target is an index into the existing ones.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Ask(Asked),
    Cancel(usize),
    Reply(usize, Replied),
    Answer(usize, Answered),
    Progress(usize, u8),
    Crash,
    Pass(u16),
}

#[derive(Clone, Copy, Debug)]
enum Asked {
    Call,
    List,
    Ping,
    Subscribe(u8),
    Unsubscribe(u8),
}

#[derive(Clone, Copy, Debug)]
enum Replied {
    Well,
    WithError,
    WithNonsense,
}

#[derive(Clone, Copy, Debug)]
enum Answered {
    Completely,
    WithError,
    WithNonsense,
    Requiring(u8),
    WithStateOnly,
}

fn deed() -> impl Strategy<Value = Deed> {
    let asked = prop_oneof![
        6 => Just(Asked::Call),
        1 => Just(Asked::List),
        1 => Just(Asked::Ping),
        1 => (0..3u8).prop_map(Asked::Subscribe),
        1 => (0..3u8).prop_map(Asked::Unsubscribe),
    ];
    let replied = prop_oneof![
        6 => Just(Replied::Well),
        1 => Just(Replied::WithError),
        1 => Just(Replied::WithNonsense),
    ];
    let answered = prop_oneof![
        3 => Just(Answered::Completely),
        1 => Just(Answered::WithError),
        1 => Just(Answered::WithNonsense),
        5 => (1..4u8).prop_map(Answered::Requiring),
        1 => Just(Answered::WithStateOnly),
    ];
    prop_oneof![
        6 => asked.prop_map(Deed::Ask),
        2 => (0..9usize).prop_map(Deed::Cancel),
        6 => (0..9usize, replied).prop_map(|(which, how)| Deed::Reply(which, how)),
        8 => (0..9usize, answered).prop_map(|(which, how)| Deed::Answer(which, how)),
        3 => (0..9usize, 0..6u8).prop_map(|(which, progress)| Deed::Progress(which, progress)),
        1 => Just(Deed::Crash),
        2 => (0..3000u16).prop_map(Deed::Pass),
    ]
}

/// The model of correct behaviour.
struct Model {
    rig: Rig,
    /// Pending requests of the client, and the progress of each.
    open: BTreeMap<u64, f64>,
    /// Pending questions: the call of each, and its key.
    questions: BTreeMap<u64, (u64, String)>,
    /// The answers that the next round of a call has to bring.
    owed: BTreeMap<u64, BTreeMap<String, Value>>,
    /// Pending requests at the child: the call of each, or `None` for a listen request.
    upstream: BTreeMap<u64, Option<u64>>,
    /// Used ids of questions.
    used: BTreeSet<u64>,
    /// Used numbers of requests to the child.
    numbers: BTreeSet<u64>,
    keys: u64,
}

impl Model {
    fn new() -> Model {
        let mut model = Model {
            rig: Rig::able(),
            open: BTreeMap::new(),
            questions: BTreeMap::new(),
            owed: BTreeMap::new(),
            upstream: BTreeMap::new(),
            used: BTreeSet::new(),
            numbers: BTreeSet::new(),
            keys: 0,
        };
        model.rig.notify("notifications/initialized", &json!({}));
        model.look();
        model
    }

    fn act(&mut self, deed: Deed) {
        match deed {
            Deed::Ask(asked) => self.ask(asked),
            Deed::Cancel(which) => {
                if let Some(call) = pick(self.open.keys(), which) {
                    self.open.remove(&call);
                    self.owed.remove(&call);
                    self.rig.cancel(call);
                    self.look();
                    assert!(!self.questions.values().any(|(of, _)| *of == call), "{call} is asked");
                }
            }
            Deed::Reply(which, how) => {
                if let Some(id) = pick(self.questions.keys(), which) {
                    self.reply(id, how);
                }
            }
            Deed::Answer(which, how) => {
                if let Some(number) = pick(self.upstream.keys(), which) {
                    self.answer(number, how);
                }
            }
            Deed::Progress(which, progress) => {
                if let Some(number) = pick(self.upstream.keys(), which) {
                    let params = json!({"progressToken": number, "progress": progress});
                    self.rig.tells(number, "notifications/progress", &params);
                }
            }
            Deed::Crash => {
                for number in std::mem::take(&mut self.upstream).into_keys() {
                    self.rig.loses(number, Reject::ChildExited(ExitStatus::Code(1)));
                }
            }
            Deed::Pass(millis) => self.rig.pass(Duration::from_millis(millis.into())),
        }
        self.look();
    }

    fn ask(&mut self, asked: Asked) {
        let uri = |which: u8| json!({"uri": format!("a:{which}")});
        let tagged = json!({"tag": self.rig.next_call(), "_meta": {"progressToken": 1}});
        let call = match asked {
            Asked::Call => self.rig.request("tools/call", &tagged),
            Asked::List => self.rig.request("tools/list", &tagged),
            Asked::Ping => self.rig.request("ping", &json!({})),
            Asked::Subscribe(which) => self.rig.request("resources/subscribe", &uri(which)),
            Asked::Unsubscribe(which) => self.rig.request("resources/unsubscribe", &uri(which)),
        };
        self.open.insert(call, -1.0);
    }

    fn reply(&mut self, id: u64, how: Replied) {
        let (call, key) = self.questions.remove(&id).unwrap();
        let id = json!(id);
        let accepted = json!({"action": "accept", "content": {"of": key}});
        let (seen, reply) = match how {
            Replied::Well => (accepted.clone(), accepted),
            Replied::WithError => {
                self.expect(call, key, json!({"action": "cancel"}));
                return self.rig.reply_error(&id);
            }
            Replied::WithNonsense => (json!({"action": "cancel"}), json!([7])),
        };
        self.expect(call, key, seen);
        self.rig.reply(&id, &reply);
    }

    fn expect(&mut self, call: u64, key: String, response: Value) {
        self.owed.entry(call).or_default().insert(key, response);
    }

    fn answer(&mut self, number: u64, how: Answered) {
        let call = self.upstream[&number];
        match (how, call) {
            (_, None) => self.acknowledge_or_end(number, how),
            (Answered::Completely, Some(call)) => {
                self.upstream.remove(&number);
                let result = json!({"resultType": "complete", "content": [], "of": call});
                self.rig.answers(number, &result);
            }
            (Answered::WithError, _) => {
                self.upstream.remove(&number);
                self.rig.fails(number, &json!({"code": -1, "message": "no", "data": call}));
            }
            (Answered::WithNonsense, _) => {
                self.upstream.remove(&number);
                self.rig.answers(number, &json!({"resultType": 7}));
            }
            (Answered::Requiring(count), _) => {
                self.upstream.remove(&number);
                let mut requests = json!({});
                for _ in 0..count {
                    self.keys += 1;
                    requests[format!("k{}", self.keys)] = form(&format!("k{}", self.keys));
                }
                self.rig.requires(number, &requests, Some(&number.to_string()));
            }
            (Answered::WithStateOnly, _) => {
                self.upstream.remove(&number);
                self.rig.requires(number, &json!({}), Some(&number.to_string()));
            }
        }
    }

    fn acknowledge_or_end(&mut self, number: u64, how: Answered) {
        let meta = json!({"io.modelcontextprotocol/subscriptionId": number});
        match how {
            Answered::Completely => {
                self.upstream.remove(&number);
                self.rig.answers(number, &json!({"resultType": "complete", "_meta": meta}));
            }
            Answered::WithError => {
                self.upstream.remove(&number);
                self.rig.fails(number, &json!({"code": -32601, "message": "no"}));
            }
            _ => {
                let honoured = json!({"resourceSubscriptions": ["a:0", "a:1"]});
                let params = json!({"notifications": honoured, "_meta": meta});
                self.rig.tells(number, "notifications/subscriptions/acknowledged", &params);
            }
        }
    }

    /// Checks the output.
    fn look(&mut self) {
        for (said, about) in self.rig.said_about() {
            self.hear(&said, about);
        }
        for sent in self.rig.sent() {
            match sent {
                Sent::Cancel(number) => {
                    assert!(self.upstream.remove(&number).is_some(), "{number} is not under way");
                }
                Sent::Notification(line) => panic!("{line}"),
                Sent::Request(number, traits, line) => {
                    assert!(self.numbers.insert(number), "{number} twice");
                    let call = (!traits.is_subscription).then(|| self.round(&line));
                    self.upstream.insert(number, call);
                }
            }
        }
    }

    /// Returns the call that a request to the child is a round of.
    fn round(&mut self, line: &Value) -> u64 {
        let call = line["params"]["tag"].as_u64().unwrap();
        assert!(self.open.contains_key(&call), "a round of {call}, which is over");
        assert!(
            !self.upstream.values().any(|of| *of == Some(call)),
            "two rounds of {call} at once"
        );
        assert!(!self.questions.values().any(|(of, _)| *of == call), "{call} is still asked");
        let responses = line["params"].get("inputResponses").unwrap_or(&Value::Null);
        assert_eq!(*responses, json!(self.owed.remove(&call)), "answers that were given");
        call
    }

    fn hear(&mut self, said: &Value, about: RelatesTo) {
        if let RelatesTo::Request(call) = about {
            assert!(self.open.contains_key(&call), "about {call}, which is over: {said}");
        }
        match (said["method"].as_str(), said["id"].as_u64(), about) {
            (Some("notifications/progress"), None, RelatesTo::Request(call)) => {
                let progress = said["params"]["progress"].as_f64().unwrap();
                assert_eq!(said["params"]["progressToken"], call);
                let before = self.open.insert(call, progress).unwrap();
                assert!(progress > before, "{progress} after {before}");
            }
            (Some("notifications/cancelled"), None, _) => {
                let id = said["params"]["requestId"].as_u64().unwrap();
                assert!(self.questions.remove(&id).is_some(), "{id} is no question that waits");
            }
            (Some("elicitation/create"), Some(id), RelatesTo::Request(call)) => {
                assert!(self.used.insert(id), "{id} twice");
                let key = said["params"]["message"].as_str().unwrap().to_owned();
                self.questions.insert(id, (call, key));
            }
            (None, Some(call), _) => {
                assert!(self.open.remove(&call).is_some(), "a second answer: {said}");
                self.owed.remove(&call);
                assert!(!self.questions.values().any(|(of, _)| *of == call), "{call} is asked");
                let of =
                    said["result"].get("of").filter(|_| said["result"].get("content").is_some());
                assert!(of.is_none_or(|of| *of == call), "another call's answer: {said}");
            }
            _ => panic!("said {said}"),
        }
    }

    /// Answers all pending requests on both sides.
    fn finish(&mut self) {
        for _ in 0..10_000 {
            if let Some(id) = self.questions.keys().next().copied() {
                self.act_reply(id);
            } else if let Some((number, _)) =
                self.upstream.iter().find(|(_, call)| call.is_some()).map(|(n, c)| (*n, *c))
            {
                self.answer(number, Answered::WithError);
                self.look();
            } else if self.open.is_empty() && self.rig.is_idle() {
                return;
            } else {
                let listens: Vec<u64> = self.upstream.keys().copied().collect();
                for number in listens {
                    self.answer(number, Answered::Requiring(0));
                }
                self.rig.pass(Duration::from_secs(1));
                self.look();
            }
        }
        panic!("without an answer: {:?}", self.open);
    }

    fn act_reply(&mut self, id: u64) {
        self.reply(id, Replied::Well);
        self.look();
    }
}

fn form(message: &str) -> Value {
    let schema = json!({"type": "object", "properties": {}});
    let params = json!({"mode": "form", "message": message, "requestedSchema": schema});
    json!({"method": "elicitation/create", "params": params})
}

fn pick<'a>(mut numbers: impl ExactSizeIterator<Item = &'a u64>, which: usize) -> Option<u64> {
    let len = numbers.len();
    (len > 0).then(|| numbers.nth(which % len).copied()).flatten()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn a_client_sees_one_answer_to_every_request_and_it_is_its_own(
        deeds in prop::collection::vec(deed(), 1..80),
    ) {
        let mut model = Model::new();
        for deed in deeds {
            model.act(deed);
        }
        model.finish();
    }
}
