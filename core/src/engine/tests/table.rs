//! The table of sessions compared with a simple model.

use proptest::prelude::*;

use super::rig::*;
use crate::engine::*;
use crate::limits::Limits;
use crate::protocol::Revision;
use crate::time::Duration;

const SESSIONS_MAX: usize = 3;
const IDLE_MAX: Duration = Duration::from_secs(20);
/// Longer than any run, so that requests end only by its steps.
const LONG: Duration = Duration::from_secs(100_000);

#[derive(Clone, Copy, Debug)]
enum Step {
    Open,
    Delete(usize),
    /// A request, which stays in flight.
    Call(usize),
    /// The child answers the oldest request.
    Answer(usize),
    /// A notification.
    Notice(usize),
    Listen(usize),
    /// The newest GET stream ends.
    Leave(usize),
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Open),
        1 => (0usize..6).prop_map(Step::Delete),
        2 => (0usize..6).prop_map(Step::Call),
        2 => (0usize..6).prop_map(Step::Answer),
        1 => (0usize..6).prop_map(Step::Notice),
        1 => (0usize..6).prop_map(Step::Listen),
        1 => (0usize..6).prop_map(Step::Leave),
        4 => (1u64..12_000).prop_map(Step::Pass),
    ]
}

/// A session in the model. Ended ones are kept, because their ids must stay unknown.
#[derive(Debug)]
struct Row {
    client: Client,
    child: ChildId,
    alive: bool,
    used_at: Instant,
    calls: Vec<(ExchangeId, String)>,
    streams: Vec<ExchangeId>,
}

impl Row {
    fn is_idle(&self) -> bool {
        self.alive && self.calls.is_empty() && self.streams.is_empty()
    }
}

#[derive(Default)]
struct Model(Vec<Row>);

impl Model {
    fn alive(&self) -> usize {
        self.0.iter().filter(|row| row.alive).count()
    }

    /// Returns the session that is evicted for another one; an error if none can be.
    fn gives_way(&self) -> Result<Option<usize>, ()> {
        if self.alive() < SESSIONS_MAX {
            return Ok(None);
        }
        let rows = self.0.iter().enumerate().filter(|(_, row)| row.alive && row.calls.is_empty());
        let first = rows.min_by_key(|(_, row)| (!row.is_idle(), row.used_at, row.client.id()));
        first.map(|(at, _)| Some(at)).ok_or(())
    }

    fn expire(&mut self, now: Instant) {
        for row in &mut self.0 {
            row.alive &= !(row.is_idle() && row.used_at + IDLE_MAX <= now);
        }
    }
}

struct Table {
    rig: Rig,
    model: Model,
}

impl Table {
    fn new() -> Table {
        let limits = Limits {
            sessions_max: SESSIONS_MAX,
            session_idle_max: IDLE_MAX,
            request_time_max: LONG,
            request_total_max: LONG,
            ..Limits::default()
        };
        Table { rig: Rig::with(limits), model: Model::default() }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Open => self.open(),
            Step::Pass(time) => {
                self.rig.pass(millis(time));
                self.model.expire(self.rig.now);
                self.bury();
            }
            Step::Delete(at)
            | Step::Call(at)
            | Step::Answer(at)
            | Step::Notice(at)
            | Step::Listen(at)
            | Step::Leave(at) => {
                // The newest sessions first, because the others have ended.
                let Some(at) = self.model.0.len().checked_sub(1 + at) else { return };
                self.with(at, step);
                self.bury();
            }
        }
        self.compare();
    }

    fn open(&mut self) {
        match self.model.gives_way() {
            Err(()) => {
                let refused = self.rig.post(&Client::new(), &initialize("0", "2025-06-18"));
                assert_eq!(self.rig.error(refused).0, 503);
            }
            Ok(evicted) => {
                if let Some(at) = evicted {
                    self.model.0[at].alive = false;
                }
                let (client, child) = self.rig.open(Revision::V2025_06_18);
                let used_at = self.rig.now;
                let (calls, streams) = (Vec::new(), Vec::new());
                self.model.0.push(Row { client, child, alive: true, used_at, calls, streams });
                self.bury();
            }
        }
    }

    fn with(&mut self, at: usize, step: Step) {
        let (rig, row) = (&mut self.rig, &mut self.model.0[at]);
        let client = row.client.accepting(JSON);
        let (exchange, wanted) = match step {
            Step::Delete(_) => (rig.delete(&client), 204),
            Step::Notice(_) => (rig.post(&client, &cancel("77")), 202),
            Step::Call(_) => (rig.call(&client, "1"), 200),
            Step::Listen(_) => (rig.get(&client), 200),
            Step::Answer(_) if row.alive && !row.calls.is_empty() => {
                let (call, number) = row.calls.remove(0);
                rig.child_answers(row.child, &number, "{}");
                (call, 200)
            }
            Step::Leave(_) if row.alive && !row.streams.is_empty() => {
                let stream = row.streams.pop().unwrap();
                rig.disconnect(stream);
                (stream, 200)
            }
            _ => return,
        };
        if !row.alive {
            assert_eq!(rig.error(exchange).0, 404);
            return;
        }
        row.used_at = rig.now;
        match step {
            Step::Call(_) => row.calls.push((exchange, rig.number(row.child))),
            Step::Listen(_) if row.streams.len() == Limits::default().listen_streams_max => {
                row.streams.remove(0);
                row.streams.push(exchange);
            }
            Step::Listen(_) => row.streams.push(exchange),
            Step::Leave(_) => {}
            Step::Delete(_) => {
                row.alive = false;
                assert_eq!(rig.reply(exchange).0, wanted);
            }
            _ => assert_eq!(rig.reply(exchange).0, wanted),
        }
    }

    /// Ends the children of ended sessions when they are asked to.
    fn bury(&mut self) {
        for row in self.model.0.iter().filter(|row| !row.alive) {
            if !self.rig.children[&row.child].exited {
                assert!(self.rig.children[&row.child].stdin_closed);
                self.rig.child_ends(row.child, ExitStatus::Code(0));
            }
        }
    }

    fn compare(&self) {
        let alive = self.model.0.iter().filter(|row| row.alive);
        let mut ids: Vec<SessionId> = alive.map(|row| row.client.id()).collect();
        ids.sort();
        let known: Vec<SessionId> = self.rig.engine.sessions.keys().copied().collect();
        assert_eq!(known, ids);
        for row in self.model.0.iter().filter(|row| row.alive) {
            let session = &self.rig.engine.sessions[&row.client.id()];
            assert_eq!(session.in_flight(), row.calls.len());
            assert_eq!(session.open_streams(), row.calls.len() + row.streams.len());
            assert_eq!(session.idle_since(), row.is_idle().then_some(row.used_at));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn sessions_open_expire_and_give_way_as_the_model_says(
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let mut table = Table::new();
        for step in steps {
            table.step(step);
        }
    }
}

#[test]
fn a_session_that_ended_is_not_remembered_by_a_timer_for_long() {
    let day = secs(24 * 60 * 60);
    let mut rig = Rig::with(Limits { session_idle_max: day, ..Default::default() });
    let (client, child) = rig.open(Revision::V2025_11_25);
    rig.pass(secs(100));
    rig.delete(&client);
    rig.child_ends(child, ExitStatus::Code(0));
    rig.pass(secs(61));
    assert_eq!(rig.engine.poll_timeout(), None);

    let (client, _) = rig.open(Revision::V2025_11_25);
    rig.pass(day - secs(1));
    assert!(!rig.has_ended(&client), "and one that did not is not ended sooner");
}
