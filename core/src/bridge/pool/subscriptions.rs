//! Subscriptions of modern clients, in front of a legacy child.
//!
//! Owns: the subscribers of each change, and the resources that a child is asked to watch. Never: a
//! subscription to a modern child, which handles them itself.
//!
//! Source: 2026-07-28, basic/patterns/subscriptions; 2025-11-25, server/resources (Subscriptions).

use std::collections::BTreeSet;

use super::*;
use crate::bridge::post::Subscription;
use crate::job::Change;
use crate::json::line;
use crate::json::object::{Object, elements};
use crate::legacy_facade::RequestFlags;
use crate::translate::subscription;

/// The kinds of lists: the member of a filter, the capability, the notification.
const LISTS: [(&str, &str, &str); 3] = [
    ("promptsListChanged", "prompts", "notifications/prompts/list_changed"),
    ("resourcesListChanged", "resources", "notifications/resources/list_changed"),
    ("toolsListChanged", "tools", "notifications/tools/list_changed"),
];

/// The maximum number of URIs in a subscription; further ones are not granted.
const URIS_MAX: usize = 1000;

/// The maximum length of a subscription's filter, in bytes of JSON text.
const WANTED_BYTES_MAX: usize = 64 * 1024;

/// The maximum length of a request to watch a resource, without its URI, in bytes.
const WATCH_BYTES: usize = 128;

impl Pool {
    /// Opens a subscription at a worker: it is acknowledged at once, with the changes that the
    /// child announces.
    pub(super) fn subscribe(
        &mut self,
        exchange: ExchangeId,
        child: ChildId,
        number: u64,
        cx: &mut Cx<'_>,
    ) -> Result<(), Reject> {
        let Some(post) = self.posts.get_mut(&exchange) else { return Ok(()) };
        let listen = granted(post.request.params(), self.initialize_result.as_deref());
        let listen = listen.ok_or(Reject::BadParams)?;
        let bytes = listen.uris.iter().map(|uri| uri.len() + WATCH_BYTES).sum();
        let worker = self.workers.get(&child);
        if !worker.is_none_or(|worker| bytes == 0 || worker.child.has_room(bytes, cx)) {
            return Err(Reject::ChildBackpressure);
        }
        let id = post.id().to_vec();
        let mut params = Object::default();
        params.put("notifications", listen.filter());
        let params = subscription::tag(Some(&params.write()), &id);
        let method = "notifications/subscriptions/acknowledged";
        post.begin(cx);
        post.notify(Chunk::from(line::notification(method, Some(&params))), cx);
        let uris = listen.uris.clone();
        post.assigned = Some((child, number));
        post.subscription = Some(Box::new(listen));
        if let Some(worker) = self.workers.get_mut(&child) {
            worker.subscriptions += 1;
            for uri in uris {
                watch(worker, uri, cx);
            }
        }
        Ok(())
    }

    /// Ends a subscription and the child's resource subscriptions for it.
    pub(super) fn unsubscribe(&mut self, post: &Post, cx: &mut Cx<'_>) {
        let (Some(listen), Some((child, _))) = (&post.subscription, post.assigned) else { return };
        let Some(worker) = self.workers.get_mut(&child) else { return };
        worker.subscriptions -= 1;
        for uri in &listen.uris {
            unwatch(worker, uri, cx);
        }
        self.on_idle(child, cx);
    }

    /// Passes a change of a legacy child on to its subscribers.
    pub(super) fn on_change(
        &mut self,
        child: ChildId,
        message: &Message,
        change: &Change,
        cx: &mut Cx<'_>,
    ) {
        let Some(key) = self.workers.get(&child).map(|worker| worker.affinity) else { return };
        let method = message.method().unwrap_or_default();
        let uri = change.uri.as_deref().filter(|_| method == "notifications/resources/updated");
        if uri.is_none() && LISTS.iter().all(|(_, _, notification)| *notification != method) {
            if method != "notifications/resources/updated" {
                cx.metrics.dropped(Dropped::UnknownNotification);
            }
            return;
        }
        if method == "notifications/tools/list_changed" {
            self.tools.invalidate();
        }
        let mut slow = Vec::new();
        for (exchange, post) in &mut self.posts {
            let Some((listen, (at, _))) = post.subscription.as_deref().zip(post.assigned) else {
                continue;
            };
            let is_of_key = self.workers.get(&at).is_some_and(|worker| worker.affinity == key);
            if let Some(tagged) = &change.tagged
                && is_of_key
                && listen.wants(method, uri)
            {
                let line = tagged.notification(method, post.id());
                if !post.notify(line, cx) {
                    slow.push(*exchange);
                }
            }
        }
        for exchange in slow {
            self.end_subscription(exchange, cx);
        }
    }

    /// Ends a subscription whose client does not read its messages: it is better to open another
    /// one, and to look for changes, than to miss some.
    pub(super) fn end_subscription(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) {
        cx.metrics.dropped(Dropped::Overflow);
        self.end_early(exchange, "The client does not read", cx);
    }

    /// Ends a subscription whose client has no valid credentials any more.
    pub(crate) fn revoke(&mut self, exchange: ExchangeId, cx: &mut Cx<'_>) {
        self.end_early(exchange, "The credentials of the client have ended", cx);
    }

    fn end_early(&mut self, exchange: ExchangeId, reason: &str, cx: &mut Cx<'_>) {
        let Some(post) = self.posts.remove(&exchange) else { return };
        self.waiting.retain(|waiting| *waiting != exchange);
        self.unsubscribe(&post, cx);
        if let Some((child, number)) = post.assigned.filter(|_| post.subscription.is_none()) {
            self.cancel(child, number, reason, cx);
        }
        post.end_subscription(cx);
    }

    /// Ends every subscription, because the server is stopping.
    pub(crate) fn end_subscriptions(&mut self, cx: &mut Cx<'_>) {
        self.end_matching(|post| post.is_subscription(), cx);
    }

    /// Ends the subscriptions at a legacy child that has ended.
    pub(super) fn end_subscriptions_at(&mut self, child: ChildId, cx: &mut Cx<'_>) {
        self.end_matching(
            |post| post.subscription.is_some() && post.assigned.is_some_and(|(at, _)| at == child),
            cx,
        );
    }

    fn end_matching(&mut self, wanted: impl Fn(&Post) -> bool, cx: &mut Cx<'_>) {
        let listens = self.posts.iter().filter(|(_, post)| wanted(post));
        let exchanges: Vec<ExchangeId> = listens.map(|(exchange, _)| *exchange).collect();
        for exchange in exchanges {
            self.waiting.retain(|waiting| *waiting != exchange);
            let Some(post) = self.posts.remove(&exchange) else { continue };
            self.unsubscribe(&post, cx);
            if let Some((child, number)) = post.assigned.filter(|_| post.subscription.is_none()) {
                self.cancel(child, number, "The server is stopping", cx);
            }
            post.end_subscription(cx);
        }
    }
}

impl Subscription {
    /// Returns the granted changes: a `SubscriptionFilter`.
    fn filter(&self) -> Vec<u8> {
        let mut filter = Object::default();
        for (member, _, notification) in LISTS {
            if self.lists.contains(&notification) {
                filter.put(member, &b"true"[..]);
            }
        }
        if !self.uris.is_empty() {
            filter.put("resourceSubscriptions", crate::json::object::array(&self.uris));
        }
        filter.write()
    }

    fn wants(&self, method: &str, uri: Option<&str>) -> bool {
        match uri {
            None => self.lists.contains(&method),
            Some(uri) => {
                let is_it =
                    |own: &Vec<u8>| crate::json::object::text(own).is_some_and(|own| own == uri);
                self.uris.iter().any(is_it)
            }
        }
    }
}

/// Returns the changes of a subscription that a child announces, by its capabilities, or `None`
/// without a filter.
fn granted(params: Option<&[u8]>, welcome: Option<&InitializeResult>) -> Option<Subscription> {
    let params = Object::read(params.filter(|it| it.len() <= 2 * WANTED_BYTES_MAX)?)?;
    let is_too_long = params.get("notifications").is_some_and(|it| it.len() > WANTED_BYTES_MAX);
    let filter = params.object("notifications").filter(|_| !is_too_long)?;
    let wanted = LISTS.iter().filter(|(member, family, _)| {
        filter.get(member) == Some(b"true")
            && welcome.is_some_and(|welcome| welcome.changing_lists.contains(family))
    });
    let lists = wanted.map(|(_, _, notification)| *notification).collect();
    let can_subscribe = welcome.is_some_and(|welcome| welcome.can_subscribe);
    let named = filter.get("resourceSubscriptions").filter(|_| can_subscribe);
    let named = named.and_then(elements).unwrap_or_default();
    let mut known = BTreeSet::new();
    let uris = named.into_iter().filter(|uri| uri.starts_with(b"\"") && known.insert(*uri));
    let uris = uris.take(URIS_MAX).map(<[u8]>::to_vec).collect();
    Some(Subscription { lists, uris })
}

/// Subscribes to a resource at a child, for the first client that wants it.
fn watch(worker: &mut Worker, uri: Vec<u8>, cx: &mut Cx<'_>) {
    let count = worker.watched.entry(uri.clone()).or_default();
    *count += 1;
    if *count == 1 {
        send_own_request(worker, "resources/subscribe", &uri, cx);
    }
}

/// Unsubscribes from a resource at a child, once no client wants it any more.
fn unwatch(worker: &mut Worker, uri: &[u8], cx: &mut Cx<'_>) {
    let Some(count) = worker.watched.get_mut(uri) else { return };
    *count -= 1;
    if *count == 0 {
        worker.watched.remove(uri);
        send_own_request(worker, "resources/unsubscribe", uri, cx);
    }
}

/// Sends a request of the bridge itself to a child.
fn send_own_request(worker: &mut Worker, method: &str, uri: &[u8], cx: &mut Cx<'_>) {
    let number = cx.next_upstream();
    let id = number.to_string();
    let mut params = Object::default();
    params.put("uri", uri);
    worker.child.request(
        number,
        Chunk::from(line::request(id.as_bytes(), method, Some(&params.write()))),
        cx,
    );
    let due = cx.now + cx.limits.request_time_max;
    cx.wake(due);
    let (flags, since) = (RequestFlags::default(), cx.now);
    worker
        .in_flight
        .insert(number, InFlight { requester: Requester::FireAndForget, flags, since, due });
}
