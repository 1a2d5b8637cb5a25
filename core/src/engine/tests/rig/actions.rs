//! Carries out the actions of a [`Rig`]'s engine, and checks each one.

use std::collections::VecDeque;

use super::{Exchange, Process, Rig, Spawning, Stage};
use crate::chunk::Chunk;
use crate::engine::*;
use crate::machine::ChildPipe;

impl Rig {
    /// Carries out the waiting jobs, and those that follow from them.
    pub(in crate::engine::tests) fn work(&mut self) {
        while let Some(job) = self.jobs.pop_front() {
            self.input(job.run());
        }
    }

    pub(super) fn carry_out(&mut self, actions: Vec<Action>) {
        self.engine.check();
        let mut facts = VecDeque::new();
        for action in actions {
            self.actions.push(format!("{action:?}"));
            self.act(action, &mut facts);
        }
        self.check_gates();
        for fact in facts {
            self.input(fact);
        }
    }

    /// A child is read unless its client has too much to read, or it wrote too much without effect.
    fn check_gates(&self) {
        let limits = &self.engine.shared.config.limits;
        for (child, session) in &self.engine.owners {
            let process = &self.children[child];
            let session = &self.engine.sessions[session];
            let outbound = session.outbound();
            let is_paused = session.backend().child().is_some_and(Child::is_paused);
            let must = outbound <= limits.outbound_bytes_low || process.exited;
            let may = outbound < limits.outbound_bytes_high || process.exited;
            assert!(
                if process.reading { may } else { !must || is_paused },
                "{outbound} bytes: {process:?}"
            );
        }
    }

    fn act(&mut self, action: Action, facts: &mut VecDeque<Input>) {
        match action {
            Action::Begin { exchange, .. }
            | Action::Finish { exchange }
            | Action::Reply { exchange, .. }
            | Action::Write { exchange, .. } => self.answer(exchange, action, facts),
            Action::CloseStdin { child }
            | Action::WriteStdin { child, .. }
            | Action::SetReadEnabled { child, .. }
            | Action::Signal { child, .. }
            | Action::Release { child } => self.order(child, action, facts),
            Action::Spawn { child, .. } => self.spawn(child, facts),
            Action::Log(event) => self.events.push(event),
            Action::Work(job) => match self.jobs_wait {
                true => self.jobs.push_back(job),
                false => facts.push_back(job.run()),
            },
            Action::Sample => facts.push_back(Input::Sampled { stats: Box::default() }),
            Action::Unlisten => assert!(!std::mem::replace(&mut self.unlistened, true)),
            Action::Stop { forced } => assert_eq!(self.stopped.replace(forced), None),
        }
    }

    fn answer(&mut self, exchange: ExchangeId, action: Action, facts: &mut VecDeque<Input>) {
        let seen = self.exchanges.get_mut(&exchange).expect("an exchange that was asked for");
        assert!(!seen.closed, "{action:?} after the end of the exchange");
        let mut over = false;
        let (from, to) = match action {
            Action::Begin { head, .. } => {
                seen.head = Some(head);
                (&[Stage::Waiting][..], Stage::Begun)
            }
            Action::Write { chunk, .. } => {
                seen.unsent += seen.take(&chunk);
                (&[Stage::Begun][..], Stage::Begun)
            }
            Action::Finish { .. } => {
                over = true;
                (&[Stage::Begun][..], Stage::Finished)
            }
            Action::Reply { head, body, receipt, .. } => {
                let bytes = seen.take(&body);
                (seen.head, seen.receipt, over) = (Some(head), receipt, receipt);
                seen.unsent = if receipt { bytes } else { 0 };
                seen.closed = !receipt;
                (&[Stage::Waiting][..], Stage::Replied)
            }
            _ => unreachable!("{action:?} is about no exchange"),
        };
        assert!(from.contains(&seen.stage), "{:?} -> {to:?}", seen.stage);
        seen.stage = to;
        if self.prompt {
            let bytes = std::mem::take(&mut seen.unsent);
            facts.extend((bytes > 0).then_some(Input::Sent { exchange, bytes }));
            if over {
                seen.closed = true;
                facts.push_back(Input::Closed { exchange });
            }
        }
    }

    fn order(&mut self, child: ChildId, action: Action, facts: &mut VecDeque<Input>) {
        let process = self.children.get_mut(&child).expect("a child that was spawned");
        assert!(!process.released, "{action:?} after its release");
        match action {
            Action::CloseStdin { .. } => {
                assert!(!std::mem::replace(&mut process.stdin_closed, true), "closed twice");
            }
            Action::WriteStdin { chunk, .. } => {
                assert!(!process.stdin_closed, "fed after its standard input was closed");
                let bytes = chunk.to_vec();
                let text = std::str::from_utf8(&bytes).expect("UTF-8");
                let line = text.strip_suffix('\n').expect("a whole line");
                assert!(!line.contains('\n'), "two lines in one: {line:?}");
                process.fed.push(line.to_owned());
                process.unfed += bytes.len();
                if self.prompt {
                    let bytes = std::mem::take(&mut process.unfed);
                    facts.push_back(Input::ChildStdinAcked { child, bytes });
                }
            }
            Action::SetReadEnabled { pipe, enabled, .. } => {
                let reading = match pipe {
                    ChildPipe::Stdout => &mut process.reading,
                    ChildPipe::Stderr => &mut process.reading_stderr,
                };
                assert_ne!(std::mem::replace(reading, enabled), enabled, "no change");
            }
            Action::Signal { signal, .. } => process.signals.push(signal),
            _ => {
                assert!(process.exited, "released while it runs");
                process.released = true;
            }
        }
    }

    fn spawn(&mut self, child: ChildId, facts: &mut VecDeque<Input>) {
        let process = Process {
            fed: Vec::new(),
            unfed: 0,
            reading: true,
            reading_stderr: true,
            stdin_closed: false,
            signals: Vec::new(),
            exited: false,
            released: false,
        };
        assert!(self.children.insert(child, process).is_none(), "a number used twice");
        match self.spawning {
            Spawning::Works => facts.push_back(Input::ChildSpawned { child, pid: 1 }),
            Spawning::Fails(error) => {
                facts.push_back(Input::ChildSpawnFailed { child, error });
            }
            Spawning::TakesTime => {}
        }
    }
}
impl Exchange {
    fn take(&mut self, chunk: &Chunk) -> usize {
        self.body.extend(chunk.to_vec());
        chunk.len()
    }
}

impl Engine {
    /// Checks the invariants between two inputs.
    pub(in crate::engine::tests) fn check(&self) {
        for session in self.sessions.values() {
            session.check(&self.shared.config.limits, &self.shared.exchanges);
        }
        assert!(self.sessions.len() <= self.shared.config.limits.sessions_max);
        if let Some(pool) = &self.pool {
            pool.check(&self.shared.config.limits, &self.shared.exchanges);
        }
        let children = self.sessions.values().filter(|it| it.backend().child().is_some());
        assert_eq!(self.owners.len(), children.count());
    }

    /// Checks that no state is left.
    pub(in crate::engine::tests) fn check_empty(&self) {
        assert!(self.sessions.is_empty(), "{:?}", self.sessions);
        assert!(self.owners.is_empty(), "{:?}", self.owners);
        assert!(self.stopping_children.is_empty(), "{:?}", self.stopping_children);
        assert_eq!(self.unclaimed.len(), 0, "{:?}", self.unclaimed);
        assert!(self.stateless_requests.is_empty(), "{:?}", self.stateless_requests);
        assert!(self.pool.as_ref().is_none_or(Pool::is_empty), "{:?}", self.pool);
        assert!(self.shared.exchanges.is_empty(), "{:?}", self.shared.exchanges);
    }
}
