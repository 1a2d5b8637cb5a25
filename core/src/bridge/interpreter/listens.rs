//! What a legacy client is told of without asking each time, as `subscriptions/listen` upstream.
//!
//! Owns: which changes are wanted, by which listens they come, and which requests to subscribe wait
//! for that.
//! Never: a message. It says what to open and close ([`Step`]); the words are for others to find.
//!
//! A set of changes cannot be changed upstream. So another listen is opened for the new set, and
//! only some time after its acknowledgment is the old one closed. What happens in between comes by
//! both of them and is told once:
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

/// How long the old listen stays open beside the one that takes its place: a server may be about to
/// write what it had for the old one when it acknowledges the new one.
pub(super) const OVERLAP: Duration = Duration::from_secs(1);

/// How long after the old listen told of a change the new one may tell of the same. What it tells
/// later is another change, and so is passed on: the old one may be closed before it tells of that.
const TWIN_MAX: Duration = Duration::from_millis(100);

/// How long a listen may stay without its acknowledgment; then it is given up, and opened again
/// after a pause.
const OPENING_MAX: Duration = Duration::from_secs(30);

/// The pause before a listen that broke off is opened again. Doubles each time, up to
/// [`PAUSE_MAX`], until one holds for that long.
const PAUSE: Duration = Duration::from_secs(1);

const PAUSE_MAX: Duration = Duration::from_secs(60);

/// URIs a client may be subscribed to at once, and their bytes together.
const URIS_MAX: usize = 1000;
const URI_BYTES_MAX: usize = 64 * 1024;

/// Things whose changes are counted during an overlap. Those of others may be told twice.
const COUNTED_MAX: usize = 1000;

/// Which changes are listened to.
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

/// What is to be done upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Ends the listen with this number.
    Close(u64),
    /// Opens a listen. Its number is told by [`Listens::opened`].
    Open(Filter),
}

/// What becomes of a request to subscribe or unsubscribe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is done.
    Done,
    /// The server does not tell of this resource.
    Refused,
}

/// Why a subscription is refused before anybody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

/// The listens of one client.
#[derive(Debug, Default)]
pub(super) struct Listens {
    wanted: Filter,
    /// The URIs whose subscription was confirmed to the client.
    confirmed: BTreeSet<Box<str>>,
    opening: Option<Listen>,
    current: Option<Listen>,
    closing: Option<Closing>,
    /// Requests of the client that wait, oldest first.
    asking: Vec<Asking>,
    /// Whether the server ever acknowledged a listen.
    was_acknowledged: bool,
    /// When a listen may be opened.
    open_at: Instant,
    /// What the next pause is.
    pause: Option<Duration>,
}

#[derive(Debug)]
struct Listen {
    number: u64,
    filter: Filter,
    since: Instant,
}

/// A listen whose place another has taken.
#[derive(Debug)]
struct Closing {
    number: u64,
    uris: BTreeSet<Box<str>>,
    at: Instant,
    /// How far the current listen is ahead with each thing.
    ahead: BTreeMap<Box<str>, Ahead>,
}

#[derive(Debug)]
struct Ahead {
    /// Of how many more changes the current listen told, since its acknowledgment.
    by: i64,
    /// When the closing one last told of one.
    closing_told_at: Instant,
}

#[derive(Debug)]
struct Asking {
    /// The number the session knows it by.
    call: u64,
    uri: Box<str>,
    subscribes: bool,
    /// Whether the server does not tell of this resource.
    refused: bool,
}

impl Listens {
    /// From now on the client is told when one of these lists changes.
    pub(super) fn start(&mut self, lists: Filter) {
        let uris = std::mem::take(&mut self.wanted.uris);
        self.wanted = Filter { uris, ..lists };
    }

    /// The client subscribes to a resource.
    ///
    /// # Errors
    ///
    /// It is subscribed to too many already; nothing has changed.
    pub(super) fn subscribe(&mut self, call: u64, uri: &str, now: Instant) -> Result<(), TooMany> {
        if !self.wanted.uris.contains(uri) {
            let bytes: usize = self.wanted.uris.iter().map(|uri| uri.len()).sum();
            if self.wanted.uris.len() >= URIS_MAX || bytes + uri.len() > URI_BYTES_MAX {
                return Err(TooMany);
            }
            self.wanted.uris.insert(uri.into());
        }
        self.ask(call, uri, true, now);
        Ok(())
    }

    /// The client unsubscribes.
    pub(super) fn unsubscribe(&mut self, call: u64, uri: &str, now: Instant) {
        self.wanted.uris.remove(uri);
        // Whatever becomes of the request: who wants to hear no more of it is not subscribed again.
        self.confirmed.remove(uri);
        self.ask(call, uri, false, now);
    }

    fn ask(&mut self, call: u64, uri: &str, subscribes: bool, now: Instant) {
        self.asking.push(Asking { call, uri: uri.into(), subscribes, refused: false });
        self.open_at = self.open_at.min(now);
    }

    /// The client no longer waits for the answer to this request. What it asked for is done all the
    /// same. Whether there was one.
    pub(super) fn forget(&mut self, call: u64) -> bool {
        let before = self.asking.len();
        self.asking.retain(|asking| asking.call != call);
        self.asking.len() < before
    }

    /// What is to be done now, until there is nothing.
    pub(super) fn next_step(&mut self, now: Instant) -> Option<Step> {
        if let Some(closing) = self.closing.take_if(|closing| closing.at <= now) {
            return Some(Step::Close(closing.number));
        }
        if let Some(late) = self.opening.take_if(|opening| opening.since + OPENING_MAX <= now) {
            self.rest(now);
            return Some(Step::Close(late.number));
        }
        if self.opening.is_some() || !self.is_behind() {
            return None;
        }
        if self.wanted.is_empty() {
            return self.current.take().map(|current| Step::Close(current.number));
        }
        (self.open_at <= now).then(|| Step::Open(self.wanted.clone()))
    }

    /// Whether what is wanted is not what there is.
    fn is_behind(&self) -> bool {
        match &self.current {
            Some(current) => current.filter != self.wanted,
            None => !self.wanted.is_empty(),
        }
    }

    /// The listen that was to be opened has this number.
    pub(super) fn opened(&mut self, number: u64, filter: Filter, now: Instant) {
        self.opening = Some(Listen { number, filter, since: now });
    }

    /// Whether one of them has this number.
    pub(super) fn has(&self, number: u64) -> bool {
        self.numbers().any(|known| known == number)
    }

    /// The numbers of all there are.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> {
        let closing = self.closing.as_ref().map(|closing| closing.number);
        let listens = self.opening.iter().chain(&self.current).map(|listen| listen.number);
        listens.chain(closing)
    }

    /// The server acknowledged a listen, and tells of these resources. Gives the one that has to be
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
        for asking in &mut self.asking {
            asking.refused |= asking.subscribes && refused.contains(&asking.uri);
        }
        let replaced = self.current.replace(listen).map(|old| Closing {
            number: old.number,
            uris: old.filter.uris,
            at: now + OVERLAP,
            ahead: BTreeMap::new(),
        });
        match replaced {
            Some(replaced) => self.closing.replace(replaced).map(|oldest| oldest.number),
            None => None,
        }
    }

    /// Takes the next request that can be answered now, after [`Listens::next_step`] has no more.
    pub(super) fn next_answer(&mut self) -> Option<(u64, Verdict)> {
        let is_settled = self.opening.is_none() && !self.is_behind();
        let position = self.asking.iter().position(|asking| {
            is_settled || asking.refused || self.hears_of(&asking.uri) == asking.subscribes
        })?;
        let Asking { call, uri, refused, .. } = self.asking.remove(position);
        if self.hears_of(&uri) && self.wanted.uris.contains(&uri) {
            self.confirmed.insert(uri);
        } else {
            self.confirmed.remove(&uri);
        }
        Some((call, if refused { Verdict::Refused } else { Verdict::Done }))
    }

    fn hears_of(&self, uri: &str) -> bool {
        self.current.as_ref().is_some_and(|current| current.filter.uris.contains(uri))
    }

    /// A listen was ended by the server, or with it. Gives the requests that fail by it.
    pub(super) fn ended(&mut self, number: u64, now: Instant) -> Vec<u64> {
        self.closing.take_if(|closing| closing.number == number);
        if let Some(current) = self.current.take_if(|current| current.number == number) {
            if now.since(current.since) >= PAUSE_MAX {
                self.pause = None;
            }
            self.rest(now);
        }
        match self.opening.take_if(|opening| opening.number == number) {
            Some(_) => {
                self.rest(now);
                self.fail()
            }
            None => Vec::new(),
        }
    }

    /// The server does not take a listen: what it was to change stays as it was. Gives the requests
    /// that fail by it. If there is no other listen, but was one, the refusal may be one of a server
    /// that is not ready yet: what was listened to is tried again after a pause.
    pub(super) fn refused(&mut self, number: u64, now: Instant) -> Vec<u64> {
        let Some(refused) = self.opening.take_if(|opening| opening.number == number) else {
            return self.ended(number, now);
        };
        let lists = match &self.current {
            Some(current) => current.filter.clone(),
            // Without what may have been too much.
            None if self.was_acknowledged || !refused.filter.uris.is_empty() => self.wanted.clone(),
            None => Filter::default(),
        };
        let before = self.current.as_ref().map_or(&self.confirmed, |current| &current.filter.uris);
        let mut uris = std::mem::take(&mut self.wanted.uris);
        uris.retain(|uri| before.contains(uri) || !refused.filter.uris.contains(uri));
        uris.extend(before.difference(&refused.filter.uris).cloned());
        self.wanted = Filter { uris, ..lists };
        if self.current.is_none() && self.was_acknowledged {
            self.rest(now);
        }
        self.fail_those(|asking| refused.filter.uris.contains(&asking.uri) == asking.subscribes)
    }

    fn rest(&mut self, now: Instant) {
        let pause = self.pause.unwrap_or(PAUSE);
        self.open_at = now + pause;
        self.pause = Some((pause * 2).min(PAUSE_MAX));
    }

    fn fail(&mut self) -> Vec<u64> {
        self.wanted.uris = self.confirmed.clone();
        self.fail_those(|_| true)
    }

    fn fail_those(&mut self, fails: impl Fn(&Asking) -> bool) -> Vec<u64> {
        self.asking.extract_if(.., |asking| fails(asking)).map(|asking| asking.call).collect()
    }

    /// Whether the client is to be told of a change that came by this listen. `thing`: what has
    /// changed, the URI of a resource or the name of a list.
    pub(super) fn tells(&mut self, number: u64, thing: &str, now: Instant) -> bool {
        let is_current = self.current.as_ref().is_some_and(|current| current.number == number);
        let Some(closing) = &mut self.closing else { return is_current };
        if !is_current && closing.number != number {
            return false;
        }
        if !is_current && closing.uris.contains(thing) && !self.wanted.uris.contains(thing) {
            return false; // unsubscribed from
        }
        if closing.ahead.len() >= COUNTED_MAX && !closing.ahead.contains_key(thing) {
            return true;
        }
        let none = Ahead { by: 0, closing_told_at: now };
        let ahead = closing.ahead.entry(thing.into()).or_insert(none);
        if ahead.closing_told_at + TWIN_MAX <= now {
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

    /// When to ask for the next step.
    pub(super) fn next_due(&self) -> Instant {
        let closing = self.closing.as_ref().map_or(Instant::FAR, |closing| closing.at);
        let opens = match &self.opening {
            Some(opening) => opening.since + OPENING_MAX,
            None if !self.wanted.is_empty() && self.is_behind() => self.open_at,
            None => Instant::FAR,
        };
        closing.min(opens)
    }
}

#[cfg(test)]
mod tests;
