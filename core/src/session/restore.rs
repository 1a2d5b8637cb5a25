//! The replacement of a child that ended by itself, while the session stays open.
//!
//! Owns: the messages that a new child has to be sent again (`initialize`, the log level, the
//! subscriptions), and the handshake with it. Never: a request of the client; those that the ended
//! child did not answer have failed, and are not repeated.
//!
//! ```text
//!   running ──child ends──► without child ──request──► restoring ──child declares the same──► running
//!                              ▲                          │  │
//!                              └──child ends, or is slow──┘  └──child refuses, declares something
//!                                                               else, or is one too many──► ended
//! ```

use std::mem;
use std::ops::Range;

use crate::bridge::{Child, ClientRequests};
use crate::chunk::Chunk;
use crate::cx::Cx;
use crate::json::line::{cancelled, notification};
use crate::json::object::{Object, quoted};
use crate::json::{Message, canonical};
use crate::legacy_facade::RelatesTo;
use crate::limits::Limits;
use crate::observe::{Event, SessionEnd};
use crate::reject::Reject;
use crate::session::{Backend, Session};
use crate::time::Instant;

/// The maximum number of subscriptions of a session whose child can be replaced.
const SUBSCRIPTIONS_MAX: usize = 256;

/// The maximum length of a message that has to be kept or compared for it.
const MESSAGE_BYTES_MAX: usize = 32 * 1024;

/// The state for replacing a session's child.
#[derive(Debug)]
pub(super) struct Restore {
    declared: Declared,
    /// The last `logging/setLevel`.
    log_level: Option<Message>,
    /// The last `resources/subscribe` for each URI.
    subscriptions: Vec<(Box<str>, Message)>,
    /// The number of children started since one has answered a request.
    starts: usize,
    /// The time at which a new child must have answered `initialize`; `None` without a handshake.
    due: Option<Instant>,
    /// The numbers of the requests that were sent again.
    repeated: Range<u64>,
}

/// The part of the result of `initialize` that the client relies on.
#[derive(Debug, PartialEq, Eq)]
struct Declared {
    revision: String,
    capabilities: Vec<u8>,
    server: Option<String>,
}

impl Declared {
    /// Returns `None` for an error, and for a result that would take too long to read.
    fn of(answer: &Message) -> Option<Declared> {
        let result = answer.result().filter(|result| result.len() <= MESSAGE_BYTES_MAX)?;
        let result = Object::read(result)?;
        let capabilities = result.get("capabilities").unwrap_or(b"{}");
        let server = result.object("serverInfo");
        Some(Declared {
            revision: answer.result_revision().unwrap_or_default(),
            capabilities: canonical(capabilities).into_owned(),
            server: server.and_then(|server| server.text("name").map(|name| name.into_owned())),
        })
    }

    fn announces_changes(&self, area: &str) -> bool {
        let capabilities = Object::read_or_empty(Some(&self.capabilities));
        let area = capabilities.object(area);
        area.is_some_and(|area| area.get("listChanged") == Some(b"true"))
    }
}

impl Restore {
    /// Returns `None` for an answer that is too long to be compared.
    fn new(answer: &Message) -> Option<Restore> {
        Some(Restore {
            declared: Declared::of(answer)?,
            log_level: None,
            subscriptions: Vec::new(),
            starts: 0,
            due: None,
            repeated: 0..0,
        })
    }

    /// Records a request that changes the child's state. Returns `false` if that is too much to be
    /// kept.
    fn record(&mut self, request: &Message) -> bool {
        let (is_level, is_subscription) = match request.method() {
            Some("logging/setLevel") => (true, false),
            Some("resources/subscribe") => (false, true),
            Some("resources/unsubscribe") => (false, false),
            _ => return true,
        };
        if request.len() > MESSAGE_BYTES_MAX {
            return false;
        }
        if is_level {
            self.log_level = Some(request.clone());
            return true;
        }
        let params = Object::read_or_empty(request.params());
        let Some(uri) = params.text("uri") else { return true };
        self.subscriptions.retain(|(known, _)| **known != *uri);
        if is_subscription {
            self.subscriptions.push((uri.as_ref().into(), request.clone()));
        }
        self.subscriptions.len() <= SUBSCRIPTIONS_MAX
    }
}

impl Session {
    /// Keeps what a new child would have to be told, if an ended one is to be replaced.
    pub(super) fn prepare_restore(&mut self, answer: &Message, cx: &Cx<'_>) {
        let is_replaceable = cx.limits.child_starts_max > 0 && self.backend.child().is_some();
        self.initialize.take_if(|initialize| {
            let is_short = initialize.message.len() <= MESSAGE_BYTES_MAX;
            initialize.restore =
                if is_replaceable && is_short { Restore::new(answer) } else { None };
            initialize.restore.is_none()
        });
    }

    fn restore(&self) -> Option<&Restore> {
        self.initialize.as_ref()?.restore.as_ref()
    }

    fn restore_mut(&mut self) -> Option<&mut Restore> {
        self.initialize.as_mut()?.restore.as_mut()
    }

    /// Records a request of the client that a new child would have to be sent again.
    pub(super) fn record_for_restore(&mut self, request: &Message) {
        if self.restore_mut().is_some_and(|restore| !restore.record(request)) {
            self.initialize = None;
        }
    }

    /// Records that the child has answered a request, so it works.
    pub(super) fn child_works(&mut self) {
        if let Some(restore) = self.restore_mut() {
            restore.starts = 0;
        }
    }

    /// Returns whether it goes on without its child, which has ended: a new one may still be
    /// started, and the client has completed the handshake.
    pub(crate) fn outlives_child(&self, limits: &Limits) -> bool {
        let is_initialized = self.held.is_none() || self.is_restoring();
        let has_starts = |restore: &Restore| restore.starts < limits.child_starts_max;
        self.is_open() && is_initialized && self.restore().is_some_and(has_starts)
    }

    /// Returns whether its child has ended, and no new one was started.
    pub(crate) fn has_lost_child(&self) -> bool {
        self.is_open() && matches!(self.backend, Backend::None)
    }

    /// Returns whether it is open, and its child has answered `initialize`.
    pub(crate) fn is_ready(&self) -> bool {
        self.is_open() && !self.is_restoring()
    }

    /// Returns whether a new child has not answered `initialize` yet.
    pub(crate) fn is_restoring(&self) -> bool {
        self.restore_due() < Instant::FAR
    }

    /// Returns the time at which a new child must have answered `initialize`.
    pub(crate) fn restore_due(&self) -> Instant {
        self.restore().and_then(|restore| restore.due).unwrap_or(Instant::FAR)
    }

    /// Removes and returns the child. The requests in flight fail with `reject`, and the client is
    /// told that the child's own requests are over.
    pub(crate) fn lose_child(&mut self, reject: Reject, cx: &mut Cx<'_>) -> Backend {
        let old = mem::replace(&mut self.backend, Backend::None);
        self.held = None;
        self.quarantined_until = Instant::ZERO;
        if let Some(restore) = self.restore_mut() {
            restore.due = None;
        }
        while let Some(call) = self.client_requests.take_first() {
            self.fail(call, reject, cx);
        }
        while let Some(ask) = self.server_requests.take_first() {
            if self.queue.remove_request(&ask.id).is_none() {
                let notice = cancelled(&ask.id, "The server process ended");
                self.notify(notice, RelatesTo::None, false, cx);
            }
        }
        self.touch(cx);
        old
    }

    /// Sends the client's `initialize` to a new child. Its other messages wait for the answer.
    pub(crate) fn restore_on(&mut self, child: Child, cx: &mut Cx<'_>) {
        let due = cx.now + cx.startup_time();
        let Some(initialize) = &mut self.initialize else { return };
        if let Some(restore) = &mut initialize.restore {
            restore.starts += 1;
            restore.due = Some(due);
        }
        cx.wake(due);
        self.held = Some(Box::default());
        self.backend = Backend::Child(Box::new(child));
        self.backend.request(ClientRequests::FIRST, &initialize.message, None, cx);
    }

    /// Handles a new child's answer to `initialize`. Returns the reason if the session ends because
    /// of it.
    pub(super) fn on_restore_answer(
        &mut self,
        answer: &Message,
        cx: &mut Cx<'_>,
    ) -> Option<SessionEnd> {
        let restore = self.initialize.as_mut()?.restore.as_mut()?;
        let child = self.backend.child_mut()?;
        child.answered(ClientRequests::FIRST);
        if Declared::of(answer).is_none_or(|declared| declared != restore.declared) {
            cx.log(Event::RestoreRefused { session: self.id, child: child.id });
            return Some(SessionEnd::Refused);
        }
        cx.log(Event::SessionRestored { session: self.id, child: child.id });
        restore.due = None;
        self.backend.write_message(notification("notifications/initialized", None).into(), cx);
        self.repeat_requests(cx);
        self.release(cx);
        self.announce_changes(cx);
        None
    }

    /// Sends the client's log level and subscriptions to a new child.
    fn repeat_requests(&mut self, cx: &mut Cx<'_>) {
        let Some(restore) = self.initialize.as_mut().and_then(|it| it.restore.as_mut()) else {
            return;
        };
        let subscriptions = restore.subscriptions.iter().map(|(_, request)| request);
        let requests: Vec<_> = restore.log_level.iter().chain(subscriptions).cloned().collect();
        restore.repeated = self.client_requests.reserve(requests.len() as u64);
        for (number, request) in restore.repeated.clone().zip(requests) {
            self.backend.request(number, &request, None, cx);
        }
    }

    /// Returns whether the request with this number was one of these.
    pub(super) fn was_repeated(&self, number: u64) -> bool {
        self.restore().is_some_and(|restore| restore.repeated.contains(&number))
    }

    /// Tells the client what may have changed with the child: the lists and the resources that it
    /// asked to be told about.
    fn announce_changes(&mut self, cx: &mut Cx<'_>) {
        let Some(restore) = self.restore() else { return };
        let lists = ["prompts", "resources", "tools"];
        let lists = lists.into_iter().filter(|area| restore.declared.announces_changes(area));
        let mut notices: Vec<_> = lists
            .map(|area| notification(&format!("notifications/{area}/list_changed"), None))
            .collect();
        for (uri, _) in &restore.subscriptions {
            let params = [br#"{"uri":"#, &*quoted(uri), b"}"].concat();
            notices.push(notification("notifications/resources/updated", Some(&params)));
        }
        for notice in notices {
            self.notify(Chunk::from(notice), RelatesTo::None, false, cx);
        }
    }
}
