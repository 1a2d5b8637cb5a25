//! Who is told of changes over the channel of a conversation: a client of the legacy era, of the
//! resources it subscribed to, and each stream that one of the modern era listens on.

use std::collections::BTreeSet;

use super::{Catalog, Change, Fault, Line, Listen, Sink};
use crate::reject::Reject;

/// The subscriptions and the streams that are open. Most conversations have none, and keep no more
/// than a pointer.
#[derive(Debug, Default)]
pub(super) struct Listeners(Option<Box<Open>>);

#[derive(Debug, Default)]
struct Open {
    subscriptions: BTreeSet<Box<str>>,
    listens: Vec<Listen>,
}

impl Listeners {
    /// Subscribes to a resource.
    ///
    /// # Errors
    ///
    /// Its URI is too long, or there are too many.
    pub(super) fn subscribe(&mut self, uri: &str) -> Result<(), Fault> {
        if uri.len() > URI_BYTES_MAX {
            return Err(Fault::invalid_params("params.uri is too long"));
        }
        let subscriptions = &mut self.0.get_or_insert_default().subscriptions;
        if subscriptions.len() >= SUBSCRIPTIONS_MAX && !subscriptions.contains(uri) {
            return Err(Fault::internal("Too many subscriptions"));
        }
        subscriptions.insert(uri.into());
        Ok(())
    }

    pub(super) fn unsubscribe(&mut self, uri: &str) {
        if let Some(open) = &mut self.0 {
            open.subscriptions.remove(uri);
        }
    }

    /// A client begins anew.
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
    /// A stream is known by this id already, or there are too many.
    pub(super) fn open(&mut self, listen: Listen, out: &mut dyn Sink) -> Result<(), Fault> {
        let listens = &mut self.0.get_or_insert_default().listens;
        if listens.iter().any(|open| open.id() == listen.id()) {
            return Err(Fault::new(
                Reject::BadId.wire().code,
                "This id is in use by a subscription",
            ));
        }
        if listens.len() >= LISTENS_MAX {
            return Err(Fault::internal("Too many subscriptions"));
        }
        listen.acknowledge(out.buffer());
        out.ended(Line::Related(listen.id()));
        listens.push(listen);
        Ok(())
    }

    /// Closes the stream with this id; nothing more is said in it.
    pub(super) fn close(&mut self, id: &str) {
        if let Some(open) = &mut self.0 {
            open.listens.retain(|listen| listen.id() != id);
        }
    }

    /// Whether any stream is open.
    pub(super) fn listen(&self) -> bool {
        self.0.as_ref().is_some_and(|open| !open.listens.is_empty())
    }

    /// Ends every stream, and says so in it.
    pub(super) fn end(&mut self, catalog: &Catalog, out: &mut dyn Sink) {
        let listens = self.0.iter_mut().flat_map(|open| open.listens.drain(..));
        for listen in listens {
            listen.finish(Some(catalog), out.buffer());
            out.ended(Line::Answer(Some(listen.id())));
        }
    }

    /// Tells a change in every stream whose client wants to know.
    pub(super) fn tell(&self, change: Change<'_>, out: &mut dyn Sink) {
        let listens = self.0.iter().flat_map(|open| &open.listens);
        for listen in listens.filter(|listen| listen.wants(change)) {
            listen.tell(change, out.buffer());
            out.ended(Line::Related(listen.id()));
        }
    }
}

/// Bytes of a URI that is subscribed to.
const URI_BYTES_MAX: usize = 8 * 1024;

/// URIs a client may be subscribed to at once.
const SUBSCRIPTIONS_MAX: usize = 1000;

/// Streams that may be open at once: a bridge brings those of all its clients.
const LISTENS_MAX: usize = 1024;
