//! The era of a command: the probe, and the requests that wait for its result.
//!
//! Owns: the probe of the first child, and the legacy clients that arrive meanwhile. Modern
//! requests wait in the pool.
//!
//! ```text
//!   unknown ──first child is asked──► asked ──it answers, is silent, or ends──► known
//!      ▲                                │                                        ▲  │ it was silent,
//!      ├── its command cannot be started┘                                        ├──┘ and is modern
//!      └──── it was silent or ended, and then no legacy child could be opened ───┘
//! ```
//!
//! Silence counts from the start of the child. A probed legacy child is used like any other, and
//! the probe stays in its input: if the child ends on reading it, or confuses the answers, a new
//! child is used in its place. A child that ends before it has read anything has not answered: its
//! command has failed, and is not started again. Source: 2026-07-28, basic/transports/stdio,
//! Backward Compatibility.

use std::mem;

use bytes::Bytes;

use crate::bridge::{Child, Pool};
use crate::config::ChildEra;
use crate::cx::Owner;
use crate::engine::Engine;
use crate::engine::timers::Timer;
use crate::http::{McpHead, refused};
use crate::ids::{ChildId, ExchangeId, SessionId};
use crate::job::{Probed, Translated};
use crate::json::{Body, Kind, Message};
use crate::observe::Event;
use crate::protocol::Era;
use crate::reject::Reject;
use crate::session::Session;
use crate::time::Instant;

/// The state of the probe.
#[derive(Debug, Default)]
pub(super) struct EraProbe {
    /// The probed child, which is the standby, and the end of waiting for it.
    probed_child: Option<(ChildId, Instant)>,
    /// Whether a modern child also supports `initialize`.
    dual_era: bool,
    /// The messages of legacy clients, in order.
    pending: Vec<PendingMessage>,
}

impl EraProbe {
    /// Returns whether a modern command supports the legacy era too.
    pub(super) fn is_dual_era(&self) -> bool {
        self.dual_era
    }

    /// Records whether a modern command supports the legacy era too.
    pub(super) fn set_dual_era(&mut self, is_dual: bool) {
        self.dual_era = is_dual;
    }

    /// Returns whether a client waits for the era.
    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Returns whether the `initialize` of this session waits, or a later message.
    pub(super) fn has_pending_of(&self, session: SessionId) -> bool {
        self.pending.iter().any(|opening| opening.session == Some(session))
    }
}

/// An `initialize` that waits; or a later message, over HTTP+SSE, where a client knows its session
/// by then.
#[derive(Debug)]
struct PendingMessage {
    exchange: ExchangeId,
    head: McpHead,
    body: Body,
    /// The time at which it arrived.
    since: Instant,
    /// The existing session, over HTTP+SSE.
    session: Option<SessionId>,
}

impl Engine {
    /// Starts what is to be started before the first request.
    pub(super) fn start_eagerly(&mut self) {
        let spec = self.shared.upstream.command().cloned();
        let Some(spec) = spec.filter(|_| self.shared.config.eager) else { return };
        match self.shared.config.bridge.child_era {
            ChildEra::Legacy => {
                self.standby = Some(self.spawn(spec));
                self.with_pool(|pool, cx| pool.start_prewarmed(cx));
            }
            ChildEra::Modern => {
                self.with_pool(|pool, cx| pool.start_prewarmed(cx));
            }
            ChildEra::Probe => self.probe_era(),
        }
    }

    /// Returns the era of the command, and whether it supports both, if that is certain.
    pub(super) fn confirmed_era(&self) -> Option<(Era, bool)> {
        let pool = self.pool.as_ref().filter(|pool| !pool.is_era_assumed())?;
        Some((pool.era()?, self.era_probe.is_dual_era()))
    }

    /// Returns whether the era is still unknown.
    pub(super) fn is_of_unknown_era(&self) -> bool {
        self.pool.as_ref().is_some_and(|pool| pool.era().is_none())
    }

    /// Probes the first child, unless one has been probed.
    pub(super) fn probe_era(&mut self) {
        let now = self.shared.now;
        let Some(spec) = self.shared.upstream.command().cloned() else { return };
        if self.era_probe.probed_child.is_some() || !self.is_of_unknown_era() {
            return;
        }
        if self.standby.as_ref().is_none_or(Child::is_ending) {
            if let Err(reject) = self.shared.spawn_backoff.check(now) {
                return self.fail_probe(reject);
            }
            if let Some(child) = self.standby.take() {
                self.shut_down(child);
            }
        }
        let mut child = self.child_for_session(spec);
        child.probe_era(&mut self.shared.cx());
        let due = now + self.shared.config.limits.probe_time_max.min(self.startup_time() / 2);
        self.timers.set(due, Timer::Era);
        self.era_probe.probed_child = Some((child.id, due));
        self.standby = Some(child);
    }

    /// Makes a POST wait until the era is known. `session` is that of an HTTP+SSE request.
    pub(super) fn await_era(
        &mut self,
        session: Option<SessionId>,
        (exchange, head): (ExchangeId, &McpHead),
        body: &Body,
    ) -> Result<(), Reject> {
        if self.era_probe.pending.len() >= self.shared.config.limits.sessions_max {
            return Err(Reject::SessionsFull);
        }
        self.shared.cx().register(exchange, Owner::Bridge, None);
        let opening = PendingMessage {
            exchange,
            head: head.clone(),
            body: body.clone(),
            since: self.shared.now,
            session,
        };
        self.era_probe.pending.push(opening);
        self.update_keeps_messages(session);
        self.probe_era();
        Ok(())
    }

    /// Handles the disconnect of a waiting client.
    pub(super) fn drop_pending(&mut self, exchange: ExchangeId) {
        let openings = &mut self.era_probe.pending;
        let position = openings.iter().position(|opening| opening.exchange == exchange);
        let session = position.and_then(|position| openings.remove(position).session);
        self.update_keeps_messages(session);
    }

    /// Records in a session whether any of its messages waits.
    fn update_keeps_messages(&mut self, session: Option<SessionId>) {
        let Some(id) = session else { return };
        let is_awaited = self.era_probe.has_pending_of(id);
        self.with_session(id, |session, cx| session.set_keeps_messages(is_awaited, cx));
    }

    /// Returns whether this child was probed, and has not answered.
    pub(super) fn is_probed(&self, child: ChildId) -> bool {
        self.era_probe.probed_child.is_some_and(|(asked, _)| asked == child)
    }

    /// Handles a message of the probed child.
    pub(super) fn on_probe_message(&mut self, message: &Message, translated: &Translated) {
        // An error without an id can only belong to the probe.
        let is_unnamed = message.kind() == Kind::Error && message.id().is_none();
        let probed = match translated {
            Translated::Era(probed) => probed.as_ref(),
            _ => None,
        };
        if let Some(Probed { era: Era::Modern, speaks_both, discovery: Some(result) }) = probed
            && let Some(pool) = &mut self.pool
        {
            self.era_probe.dual_era = *speaks_both;
            pool.set_discovery(result.clone());
        }
        let era = probed.map(|probed| probed.era);
        if let Some(era) = era.or(is_unnamed.then_some(Era::Legacy)) {
            self.set_era(era);
        }
    }

    pub(super) fn on_era_due(&mut self) {
        if let Some((child, _)) =
            self.era_probe.probed_child.filter(|(_, due)| *due <= self.shared.now)
        {
            self.assume_legacy(Some(child));
        }
    }

    /// Assumes the legacy era, since most children without an answer are legacy. `silent` is the
    /// child that may still answer.
    fn assume_legacy(&mut self, silent: Option<ChildId>) {
        if let Some(pool) = &mut self.pool {
            pool.assume_era(silent);
        }
        self.set_era(Era::Legacy);
    }

    /// Returns whether this child may still answer the probe, though its silence was taken for an
    /// answer, and expects no answer from now on.
    pub(super) fn take_pending_probe(&mut self, child: ChildId) -> bool {
        self.pool.as_mut().is_some_and(|pool| pool.take_pending_probe(child))
    }

    /// Records that a legacy child has answered `initialize`, so the era is certain.
    pub(super) fn confirm_era(&mut self) {
        if let Some(pool) = &mut self.pool {
            pool.confirm_era();
        }
    }

    /// Probes again for the requests that wait, if the era has become unknown.
    pub(super) fn reprobe_era(&mut self) {
        if self.is_of_unknown_era() && self.pool.as_ref().is_some_and(Pool::has_waiting) {
            self.probe_era();
        }
    }

    /// Handles a message of a child. If it is a late answer to the probe that contradicts the
    /// assumed era, everything started since is restarted.
    pub(super) fn correct_era(&mut self, child: ChildId, probed: &Probed) {
        if !self.pool.as_ref().is_some_and(Pool::is_era_assumed) {
            return;
        }
        self.take_pending_probe(child);
        self.confirm_era();
        if probed.era == Era::Legacy {
            return;
        }
        self.shared.spawn_backoff.record_success();
        self.era_probe.dual_era = probed.speaks_both;
        self.shared.log(Event::EraFound { era: Era::Modern, assumed: false });
        let standby = self.standby.take_if(|standby| standby.id == child);
        self.with_pool(|pool, cx| {
            pool.retire(|_| true);
            pool.set_era(Era::Modern, standby, cx);
        });
        self.drop_unclaimed();
        self.move_to_shared_child();
    }

    /// Moves sessions that are being opened on children of their own to the shared child, if the
    /// command does not support `initialize`.
    fn move_to_shared_child(&mut self) {
        let is_opening = |session: &Session| {
            session.repeatable().is_some() && session.backend().child().is_some()
        };
        if self.era_probe.dual_era {
            return;
        }
        let ids: Vec<_> =
            self.sessions.values().filter(|it| is_opening(it)).map(|it| it.id).collect();
        for id in ids {
            let backend = self.facade_backend();
            self.replace_backend(id, backend);
        }
    }

    /// Handles the end of the probed child after it read the probe, possibly because of it: another
    /// one is started, and not probed. `stderr` is what the probed one wrote to standard error.
    pub(super) fn on_probed_end(&mut self, stderr: Bytes) {
        let spec = self.shared.upstream.command().cloned();
        if let Some(spec) = spec.filter(|_| self.shared.config.eager) {
            let mut child = self.spawn(spec);
            child.omit_repeated_stderr(stderr);
            self.standby = Some(child);
        }
        self.assume_legacy(None);
    }

    /// Records the era, and continues the requests that waited for it.
    pub(super) fn set_era(&mut self, era: Era) {
        self.era_probe.probed_child = None;
        let assumed = self.pool.as_ref().is_some_and(Pool::is_era_assumed);
        self.shared.log(Event::EraFound { era, assumed });
        if era == Era::Modern {
            self.shared.spawn_backoff.record_success();
        }
        // A child of both eras is used by the next request.
        let is_shared = era == Era::Modern && !self.era_probe.dual_era;
        let child = if is_shared { self.standby.take() } else { None };
        self.with_pool(|pool, cx| pool.set_era(era, child, cx));
        for opening in mem::take(&mut self.era_probe.pending) {
            let PendingMessage { exchange, head, body, since, session } = opening;
            self.shared.exchanges.remove(&exchange);
            self.shared.account = head.account.clone();
            self.update_keeps_messages(session);
            let verdict = match session {
                Some(_) => self.post_sse(exchange, &head, &body, since),
                None => self.open(exchange, &head, &body, since),
            };
            if let Err(reject) = verdict {
                self.refuse(exchange, reject, (&head, Some(&body)));
            }
        }
    }

    /// Gives up the probe: the waiting requests fail with this reason, and the next request may try
    /// again.
    pub(super) fn fail_probe(&mut self, reject: Reject) {
        self.era_probe.probed_child = None;
        for opening in mem::take(&mut self.era_probe.pending) {
            let PendingMessage { exchange, head, body, session, .. } = opening;
            self.shared.exchanges.remove(&exchange);
            self.update_keeps_messages(session);
            self.on_refused(reject);
            let (mut head, body) = refused(reject, (&head, Some(&body)), self.shared.served());
            // No session was opened, so HTTP can report the error.
            head.status = head.status.max(502);
            self.answer(exchange, head, body);
        }
        self.with_pool(|pool, cx| pool.fail_waiting(reject, cx));
    }
}
