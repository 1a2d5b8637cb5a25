//! Several clients that get the same questions and answer differently, all at once, from processes
//! with any behaviour: no client sees data of another, and every request gets one answer.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::legacy_workers::rig_of;
use super::modern::*;
use super::rig::*;
use crate::config::{BridgeOptions, ChildPer};
use crate::engine::*;
use crate::limits::Limits;

const ABLE: &str = r#"{"elicitation":{}}"#;

/// A call of a client, from its first request to its last.
#[derive(Debug)]
struct Story {
    /// A text that only this call's request, questions and answers contain.
    mark: String,
    client: Modern,
    /// The pending request.
    exchange: Option<ExchangeId>,
    /// The states it was sent, the newest last.
    states: Vec<String>,
    /// The key of its question, if it was sent one.
    asked: Option<String>,
}

/// A call as its process sees it.
#[derive(Debug)]
struct Call {
    id: String,
    mark: String,
    /// The pending question.
    question: Option<u64>,
}

#[derive(Debug, Default)]
struct Process {
    calls: Vec<Call>,
    questions: u64,
    ended: bool,
}

struct Model {
    rig: Rig,
    stories: Vec<Story>,
    processes: BTreeMap<ChildId, Process>,
    coverage: BTreeMap<&'static str, u32>,
}

impl Model {
    fn new(child_per: ChildPer) -> Model {
        let options = BridgeOptions { child_per, ..BridgeOptions::default() };
        let limits = Limits { sessions_max: 6, ..Limits::default() };
        Model {
            rig: rig_of(options, limits),
            stories: Vec::new(),
            processes: BTreeMap::new(),
            coverage: BTreeMap::new(),
        }
    }

    fn saw(&mut self, what: &'static str) {
        *self.coverage.entry(what).or_default() += 1;
    }

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
        }
        self.settle();
    }

    // Clients

    /// Sends a call; two of the clients have no credentials and are one principal.
    fn call(&mut self, how: u8) {
        let mark = format!("m{}", self.stories.len());
        let client = match how % 4 {
            0 | 1 => Modern::new(),
            2 => Modern::named("a"),
            _ => Modern::named("b"),
        };
        // Some clients support no questions.
        let capabilities = if (how / 4).is_multiple_of(3) { "{}" } else { ABLE };
        let client = Modern { capabilities, ..client };
        let exchange = self.rig.ask(&client, "1", "tools/call", &params(&mark));
        let story =
            Story { mark, client, exchange: Some(exchange), states: Vec::new(), asked: None };
        self.stories.push(story);
    }

    /// Retries a call with an answer that only its client gives.
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
    }

    /// Sends a state again, or one of another client.
    fn replay(&mut self, which: usize, how: u8) {
        let with_state: Vec<&Story> =
            self.stories.iter().filter(|story| !story.states.is_empty()).collect();
        let Some(story) = with_state.get(which % with_state.len().max(1)) else { return };
        let used = story.states.len() - usize::from(story.asked.is_some());
        let (client, mark, state, event) = match how % 3 {
            // It has been used, and no call waits for it any more.
            0 if used > 0 => {
                (story.client.clone(), story.mark.clone(), &story.states[used - 1], "a replay")
            }
            1 => {
                let other = Modern { capabilities: ABLE, ..Modern::named("stranger") };
                (other, story.mark.clone(), &story.states[story.states.len() - 1], "a theft")
            }
            2 => {
                let state = &story.states[story.states.len() - 1];
                (story.client.clone(), "other".to_owned(), state, "another request")
            }
            _ => return,
        };
        let params = format!(r#"{},"requestState":"{state}","inputResponses":{{}}"#, params(&mark));
        let exchange = self.rig.ask(&client, "3", "tools/call", &params);
        assert_eq!(self.rig.error(exchange).1, -32602, "{event}");
        self.saw(event);
    }

    fn leave(&mut self, which: usize) {
        let waiting: Vec<usize> =
            (0..self.stories.len()).filter(|at| self.stories[*at].exchange.is_some()).collect();
        let Some(at) = waiting.get(which % waiting.len().max(1)).copied() else { return };
        if let Some(exchange) = self.stories[at].exchange.take() {
            self.rig.disconnect(exchange);
            self.saw("a client leaves");
        }
    }

    /// Reads the answers to clients.
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
        }
    }

    fn answered(&mut self, at: usize, answer: &Value) {
        let story = &mut self.stories[at];
        let result = &answer["result"];
        match result["resultType"].as_str() {
            Some("input_required") => {
                let inputs = result["inputRequests"].as_object().expect("inputs");
                for (key, input) in inputs {
                    assert_eq!(input["params"]["message"], *story.mark, "another's question");
                    story.asked = Some(format!("{key:?}"));
                }
                story.states.push(result["requestState"].as_str().expect("a state").to_owned());
                self.saw("a question");
            }
            Some("complete") => {
                assert_eq!(result["content"][0]["text"], *story.mark, "another's answer");
                let rounds = story.states.len();
                self.saw(if rounds > 0 { "an answer after questions" } else { "an answer" });
            }
            _ => {
                assert!(answer["error"]["code"].is_i64(), "{answer}");
                self.saw("an error");
            }
        }
    }

    // Processes

    /// Lets processes read their input and clients their answers, until there is nothing new.
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
        }
    }

    fn hear(&mut self, child: ChildId, line: &Value) {
        let process = self.processes.get_mut(&child).expect("a process");
        if process.ended {
            return;
        }
        let id = line.get("id").map(Value::to_string);
        match (line["method"].as_str(), id) {
            (Some("initialize"), Some(id)) => {
                self.rig.child_says(child, &welcome(&id, "2025-11-25"));
            }
            (Some("ping"), Some(id)) => self.rig.child_answers(child, &id, "{}"),
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
            }
            // A cancelled call ignores the cancellation here.
            _ => {}
        }
    }

    /// Continues a call of a process: it asks, answers, or shows progress.
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

    fn crash(&mut self, which: usize, how: u8) {
        let alive: Vec<ChildId> = self
            .processes
            .iter()
            .filter(|(_, process)| !process.ended)
            .map(|(child, _)| *child)
            .collect();
        // Rarely, or little else would happen.
        if let Some(child) = alive.get(which % alive.len().max(1)).filter(|_| how.is_multiple_of(4))
        {
            self.end(*child, ExitStatus::Signal(9));
            self.saw("a crash");
        }
    }

    fn end(&mut self, child: ChildId, status: ExitStatus) {
        let process = self.processes.get_mut(&child).expect("a process");
        process.ended = true;
        process.calls.clear();
        self.rig.child_ends(child, status);
    }

    /// Answers or ends everything, and checks that nothing is left.
    fn finish(&mut self) {
        for _ in 0..200 {
            self.settle();
            self.come_back(0);
            self.act(0, 2);
            self.rig.pass(millis(10));
        }
        self.rig.pass(secs(2000));
        self.settle();
        for story in &self.stories {
            assert_eq!(story.exchange, None, "{story:?} waits for ever");
        }
        self.rig.input(Input::ShutdownRequested);
        self.rig.pass(secs(10));
        self.settle();
        assert_eq!(self.rig.stopped, Some(false));
        self.rig.engine.check_empty();
    }
}

fn params(mark: &str) -> String {
    format!(r#""name":"x","arguments":{{"mark":"{mark}"}}"#)
}

const EVERY: [ChildPer; 4] =
    [ChildPer::Session, ChildPer::Principal, ChildPer::Call, ChildPer::Shared];

fn ops() -> impl Strategy<Value = Vec<[u8; 3]>> {
    prop::collection::vec(any::<[u8; 3]>(), 0..150)
}

fn play(child_per: ChildPer, ops: &[[u8; 3]]) -> Model {
    let mut model = Model::new(child_per);
    for op in ops {
        model.step(*op);
    }
    model.finish();
    model
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn messages_of_one_client_reach_no_other(ops in ops()) {
        for child_per in EVERY {
            play(child_per, &ops);
        }
    }
}

/// The events that the random runs must reach, or they would prove nothing.
#[test]
fn the_random_stories_are_about_something() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeMap::new();
    for child_per in EVERY.repeat(10) {
        let ops = prop::collection::vec(any::<[u8; 3]>(), 150).new_tree(&mut runner).unwrap();
        for (event, times) in play(child_per, &ops.current()).coverage {
            *seen.entry(event).or_insert(0) += times;
        }
    }
    for event in [
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
        assert!(seen.get(event).is_some_and(|times| *times > 5), "{event} in {seen:?}");
    }
}
