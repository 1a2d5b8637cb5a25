//! Subscriptions to changes in a connection: the resources that its legacy client subscribed to,
//! and the `subscriptions/listen` streams of its modern clients.

use std::collections::BTreeSet;

use super::{Catalog, Change, MessageSink, Relation, RpcError, SubscriptionStream};
use crate::reject::Reject;

/// The open subscriptions and streams. An empty value takes one pointer, since most connections
/// have none.
#[derive(Debug, Default)]
pub(super) struct Subscribers(Option<Box<Open>>);

#[derive(Debug, Default)]
struct Open {
    subscriptions: BTreeSet<Box<str>>,
    streams: Vec<SubscriptionStream>,
}

impl Subscribers {
    /// Subscribes to a resource.
    ///
    /// # Errors
    ///
    /// The URI is too long, or there are too many subscriptions.
    pub(super) fn subscribe(&mut self, uri: &str) -> Result<(), RpcError> {
        if uri.len() > URI_BYTES_MAX {
            return Err(RpcError::invalid_params("params.uri is too long"));
        }
        let subscriptions = &mut self.0.get_or_insert_default().subscriptions;
        if subscriptions.len() >= SUBSCRIPTIONS_MAX && !subscriptions.contains(uri) {
            return Err(RpcError::internal("Too many subscriptions"));
        }
        subscriptions.insert(uri.into());
        Ok(())
    }

    pub(super) fn unsubscribe(&mut self, uri: &str) {
        if let Some(open) = &mut self.0 {
            open.subscriptions.remove(uri);
        }
    }

    /// Removes all subscriptions, because the client initialized again.
    pub(super) fn unsubscribe_all(&mut self) {
        if let Some(open) = &mut self.0 {
            open.subscriptions.clear();
        }
    }

    pub(super) fn is_subscribed(&self, uri: &str) -> bool {
        self.0.as_ref().is_some_and(|open| open.subscriptions.contains(uri))
    }

    /// Opens a stream.
    ///
    /// # Errors
    ///
    /// The id belongs to an open stream already, or too many streams are open.
    pub(super) fn open(
        &mut self,
        listen: SubscriptionStream,
        out: &mut dyn MessageSink,
    ) -> Result<(), RpcError> {
        let listens = &mut self.0.get_or_insert_default().streams;
        if listens.iter().any(|open| open.id() == listen.id()) {
            return Err(RpcError::new(
                Reject::BadId.wire().code,
                "This id is in use by a subscription",
            ));
        }
        if listens.len() >= LISTENS_MAX {
            return Err(RpcError::internal("Too many subscriptions"));
        }
        listen.acknowledge(out.buffer());
        out.ended(Relation::Related(listen.id()));
        listens.push(listen);
        Ok(())
    }

    /// Closes the stream with this id without another message.
    pub(super) fn close(&mut self, id: &str) {
        if let Some(open) = &mut self.0 {
            open.streams.retain(|listen| listen.id() != id);
        }
    }

    /// Returns whether any stream is open.
    pub(super) fn has_streams(&self) -> bool {
        self.0.as_ref().is_some_and(|open| !open.streams.is_empty())
    }

    /// Ends every stream with its result.
    pub(super) fn end(&mut self, catalog: &Catalog, out: &mut dyn MessageSink) {
        let listens = self.0.iter_mut().flat_map(|open| open.streams.drain(..));
        for listen in listens {
            listen.finish(catalog, out);
        }
    }

    /// Announces a change on every stream that wants it.
    pub(super) fn announce(&self, change: Change<'_>, out: &mut dyn MessageSink) {
        let listens = self.0.iter().flat_map(|open| &open.streams);
        for listen in listens.filter(|listen| listen.wants(change)) {
            listen.write_change(change, out.buffer());
            out.ended(Relation::Related(listen.id()));
        }
    }
}

/// The maximum length of a subscribed URI, in bytes.
const URI_BYTES_MAX: usize = 8 * 1024;

/// The maximum number of subscribed URIs.
const SUBSCRIPTIONS_MAX: usize = 1000;

/// The maximum number of open streams. A bridge opens those of all its clients in one connection.
const LISTENS_MAX: usize = 1024;
