//! Change notifications for a legacy client, as `subscriptions/listen` requests to the child.
//!
//! Owns: the wanted changes, the listen requests that deliver them, and the subscribe requests that
//! wait for those.
//! Never: a message. It returns the requests to open and close ([`ListenAction`]); other modules
//! encode them.
//!
//! The set of changes of a listen request is fixed. So another request is opened for a new set, and
//! the old one is closed only some time after the acknowledgement. Changes in between arrive on
//! both, and are announced once:
//!
//! ```text
//!                   open               acknowledged         OVERLAP later
//!   opening          ├────────────────────►│
//!   current   ───────┼─────────────────────┤├───────────────────┼──────────────►
//!   closing          │                      ├───────────────────►│ close
//! ```
//!
//! Source: 2026-07-28, basic/patterns/subscriptions; 2025-11-25, server/resources, Subscriptions.

use std::collections::{BTreeMap, BTreeSet};

use crate::time::{Duration, Instant};

/// The time that the old listen request stays open beside its replacement: when a server
/// acknowledges the new one, it may be about to write a change for the old one.
pub(super) const OVERLAP: Duration = Duration::from_secs(1);

/// The time after a change on the old listen request in which the same on the new one is a
/// duplicate. A later one is another change, and is passed on, because the old request may be
/// closed before it announces that.
const DUPLICATE_WINDOW: Duration = Duration::from_millis(100);

/// The time limit of an acknowledgement; after it the listen request is given up, and opened again
/// after a pause.
const OPENING_MAX: Duration = Duration::from_secs(30);

/// The pause before a listen request that ended is opened again. It doubles each time, up to
/// [`PAUSE_MAX`], until one lasts for that long.
const PAUSE: Duration = Duration::from_secs(1);

const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The maximum number of subscribed URIs, and of their bytes.
const URIS_MAX: usize = 1000;
const URI_BYTES_MAX: usize = 64 * 1024;

/// The maximum number of things whose changes are counted during an overlap. Others may be
/// announced twice.
const COUNTED_MAX: usize = 1000;

/// A set of changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) prompts: bool,
    pub(super) resources: bool,
    pub(super) tools: bool,
    pub(super) uris: BTreeSet<Box<str>>,
}

impl Filter {
    fn is_empty(&self) -> bool {
        *self == Filter::default()
    }
}

/// The next action for the child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ListenAction {
    /// Close the listen request with this number.
    Close(u64),
    /// Open a listen request. Its number is passed to [`Subscriptions::opened`].
    Open(Filter),
}

/// The result of a subscribe or unsubscribe request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Done.
    Done,
    /// The server does not announce changes of this resource.
    Refused,
}

/// The client has too many subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

/// The listen requests of one client.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    wanted: Filter,
    /// The URIs whose subscription was confirmed to the client.
    confirmed: BTreeSet<Box<str>>,
    opening: Option<ListenRequest>,
    current: Option<ListenRequest>,
    closing: Option<Closing>,
    /// Requests of the client that wait, oldest first.
    pending: Vec<PendingSubscribe>,
    /// Whether the server ever acknowledged a listen request.
    was_acknowledged: bool,
    /// The earliest time at which a listen request may be opened.
    open_at: Instant,
    /// The next pause.
    pause: Option<Duration>,
}

#[derive(Debug)]
struct ListenRequest {
    number: u64,
    filter: Filter,
    since: Instant,
}

/// A listen request that was replaced.
#[derive(Debug)]
struct Closing {
    number: u64,
    uris: BTreeSet<Box<str>>,
    at: Instant,
    /// The lead of the current listen request, for each thing.
    leads: BTreeMap<Box<str>, Lead>,
}

#[derive(Debug)]
struct Lead {
    /// The number of further changes that the current one has announced since its acknowledgement.
    by: i64,
    /// The time of the last such change on the closing one.
    closing_told_at: Instant,
}

#[derive(Debug)]
struct PendingSubscribe {
    /// The session's number of the request.
    call: u64,
    uri: Box<str>,
    subscribes: bool,
    /// Whether the server does not announce changes of this resource.
    refused: bool,
}

impl Subscriptions {
    /// Notifies the client of changes of these lists from now on.
    pub(super) fn start(&mut self, lists: Filter) {
        let uris = std::mem::take(&mut self.wanted.uris);
        self.wanted = Filter { uris, ..lists };
    }

    /// Subscribes the client to a resource.
    ///
    /// # Errors
    ///
    /// It has too many subscriptions; nothing has changed.
    pub(super) fn subscribe(&mut self, call: u64, uri: &str, now: Instant) -> Result<(), TooMany> {
        if !self.wanted.uris.contains(uri) {
            let bytes: usize = self.wanted.uris.iter().map(|uri| uri.len()).sum();
            if self.wanted.uris.len() >= URIS_MAX || bytes + uri.len() > URI_BYTES_MAX {
                return Err(TooMany);
            }
            self.wanted.uris.insert(uri.into());
        }
        self.enqueue(call, uri, true, now);
        Ok(())
    }

    /// Unsubscribes the client.
    pub(super) fn unsubscribe(&mut self, call: u64, uri: &str, now: Instant) {
        self.wanted.uris.remove(uri);
        // In any case: a client that unsubscribes is not subscribed again.
        self.confirmed.remove(uri);
        self.enqueue(call, uri, false, now);
    }

    fn enqueue(&mut self, call: u64, uri: &str, subscribes: bool, now: Instant) {
        self.pending.push(PendingSubscribe { call, uri: uri.into(), subscribes, refused: false });
        self.open_at = self.open_at.min(now);
    }

    /// Drops the answer to this request, though it is still carried out. Returns whether it was
    /// waiting.
    pub(super) fn forget(&mut self, call: u64) -> bool {
        let before = self.pending.len();
        self.pending.retain(|asking| asking.call != call);
        self.pending.len() < before
    }

    /// Returns the next action, until there is none.
    pub(super) fn next_action(&mut self, now: Instant) -> Option<ListenAction> {
        if let Some(closing) = self.closing.take_if(|closing| closing.at <= now) {
            return Some(ListenAction::Close(closing.number));
        }
        if let Some(late) = self.opening.take_if(|opening| opening.since + OPENING_MAX <= now) {
            self.back_off(now);
            return Some(ListenAction::Close(late.number));
        }
        if self.opening.is_some() || !self.needs_replacement() {
            return None;
        }
        if self.wanted.is_empty() {
            return self.current.take().map(|current| ListenAction::Close(current.number));
        }
        (self.open_at <= now).then(|| ListenAction::Open(self.wanted.clone()))
    }

    /// Returns whether the current set is not the wanted one.
    fn needs_replacement(&self) -> bool {
        match &self.current {
            Some(current) => current.filter != self.wanted,
            None => !self.wanted.is_empty(),
        }
    }

    /// Records the number of the listen request that was opened.
    pub(super) fn opened(&mut self, number: u64, filter: Filter, now: Instant) {
        self.opening = Some(ListenRequest { number, filter, since: now });
    }

    /// Returns whether one of them has this number.
    pub(super) fn has(&self, number: u64) -> bool {
        self.numbers().any(|known| known == number)
    }

    /// Iterates over the numbers of all of them.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> {
        let closing = self.closing.as_ref().map(|closing| closing.number);
        let listens = self.opening.iter().chain(&self.current).map(|listen| listen.number);
        listens.chain(closing)
    }

    /// Handles an acknowledgement, with the granted resources. Returns the request that has to be
    /// closed at once, if there is one.
    pub(super) fn acknowledged(
        &mut self,
        number: u64,
        honoured: &BTreeSet<Box<str>>,
        now: Instant,
    ) -> Option<u64> {
        let mut listen = self.opening.take_if(|opening| opening.number == number)?;
        listen.since = now;
        self.was_acknowledged = true;
        let refused: Vec<_> = listen.filter.uris.difference(honoured).cloned().collect();
        for uri in &refused {
            listen.filter.uris.remove(uri);
            self.wanted.uris.remove(uri);
        }
        for asking in &mut self.pending {
            asking.refused |= asking.subscribes && refused.contains(&asking.uri);
        }
        let replaced = self.current.replace(listen).map(|old| Closing {
            number: old.number,
            uris: old.filter.uris,
            at: now + OVERLAP,
            leads: BTreeMap::new(),
        });
        match replaced {
            Some(replaced) => self.closing.replace(replaced).map(|oldest| oldest.number),
            None => None,
        }
    }

    /// Returns the next request that can be answered, after [`Subscriptions::next_action`] has
    /// returned `None`.
    pub(super) fn next_answer(&mut self) -> Option<(u64, Verdict)> {
        let is_settled = self.opening.is_none() && !self.needs_replacement();
        let position = self.pending.iter().position(|asking| {
            is_settled || asking.refused || self.covers(&asking.uri) == asking.subscribes
        })?;
        let PendingSubscribe { call, uri, refused, .. } = self.pending.remove(position);
        if self.covers(&uri) && self.wanted.uris.contains(&uri) {
            self.confirmed.insert(uri);
        } else {
            self.confirmed.remove(&uri);
        }
        Some((call, if refused { Verdict::Refused } else { Verdict::Done }))
    }

    fn covers(&self, uri: &str) -> bool {
        self.current.as_ref().is_some_and(|current| current.filter.uris.contains(uri))
    }

    /// Handles the end of a listen request. Returns the requests that fail because of it.
    pub(super) fn ended(&mut self, number: u64, now: Instant) -> Vec<u64> {
        self.closing.take_if(|closing| closing.number == number);
        if let Some(current) = self.current.take_if(|current| current.number == number) {
            if now.since(current.since) >= PAUSE_MAX {
                self.pause = None;
            }
            self.back_off(now);
        }
        match self.opening.take_if(|opening| opening.number == number) {
            Some(_) => {
                self.back_off(now);
                self.fail()
            }
            None => Vec::new(),
        }
    }

    /// Handles the refusal of a listen request: the current set stays. Returns the requests that
    /// fail because of it. If there is no other listen request but there was one, the server may
    /// not be ready yet: the set is tried again after a pause.
    pub(super) fn refused(&mut self, number: u64, now: Instant) -> Vec<u64> {
        let Some(refused) = self.opening.take_if(|opening| opening.number == number) else {
            return self.ended(number, now);
        };
        let lists = match &self.current {
            Some(current) => current.filter.clone(),
            // Without the part that may have been too much.
            None if self.was_acknowledged || !refused.filter.uris.is_empty() => self.wanted.clone(),
            None => Filter::default(),
        };
        let before = self.current.as_ref().map_or(&self.confirmed, |current| &current.filter.uris);
        let mut uris = std::mem::take(&mut self.wanted.uris);
        uris.retain(|uri| before.contains(uri) || !refused.filter.uris.contains(uri));
        uris.extend(before.difference(&refused.filter.uris).cloned());
        self.wanted = Filter { uris, ..lists };
        if self.current.is_none() && self.was_acknowledged {
            self.back_off(now);
        }
        self.fail_matching(|asking| refused.filter.uris.contains(&asking.uri) == asking.subscribes)
    }

    fn back_off(&mut self, now: Instant) {
        let pause = self.pause.unwrap_or(PAUSE);
        self.open_at = now + pause;
        self.pause = Some((pause * 2).min(PAUSE_MAX));
    }

    fn fail(&mut self) -> Vec<u64> {
        self.wanted.uris = self.confirmed.clone();
        self.fail_matching(|_| true)
    }

    fn fail_matching(&mut self, fails: impl Fn(&PendingSubscribe) -> bool) -> Vec<u64> {
        self.pending.extract_if(.., |asking| fails(asking)).map(|asking| asking.call).collect()
    }

    /// Returns whether to announce a change from this listen request to the client. `thing` is the
    /// URI of a resource or the name of a list.
    pub(super) fn should_announce(&mut self, number: u64, thing: &str, now: Instant) -> bool {
        let is_current = self.current.as_ref().is_some_and(|current| current.number == number);
        let Some(closing) = &mut self.closing else { return is_current };
        if !is_current && closing.number != number {
            return false;
        }
        if !is_current && closing.uris.contains(thing) && !self.wanted.uris.contains(thing) {
            return false; // unsubscribed from
        }
        if closing.leads.len() >= COUNTED_MAX && !closing.leads.contains_key(thing) {
            return true;
        }
        let none = Lead { by: 0, closing_told_at: now };
        let ahead = closing.leads.entry(thing.into()).or_insert(none);
        if ahead.closing_told_at + DUPLICATE_WINDOW <= now {
            ahead.by = ahead.by.max(0);
        }
        let before = ahead.by;
        if is_current {
            ahead.by += 1;
            before >= 0
        } else {
            ahead.by -= 1;
            ahead.closing_told_at = now;
            before <= 0
        }
    }

    /// Returns when to ask for the next action.
    pub(super) fn next_due(&self) -> Instant {
        let closing = self.closing.as_ref().map_or(Instant::FAR, |closing| closing.at);
        let opens = match &self.opening {
            Some(opening) => opening.since + OPENING_MAX,
            None if !self.wanted.is_empty() && self.needs_replacement() => self.open_at,
            None => Instant::FAR,
        };
        closing.min(opens)
    }
}

#[cfg(test)]
mod tests;
