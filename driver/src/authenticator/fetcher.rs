//! The requests to an authorization server about tokens.
//!
//! Owns: a few threads that make the requests that [`RemoteAuth`] asks for, and the tasks that wait
//! for the results. Never: decides when to make one, or holds a lock while it does.

use std::fmt;
use std::future::ready;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use event_listener::Event as Changed;
use pontoon_core::Duration;
use pontoon_core::auth::{
    Answered, FetchError, Learned, Prospect, RemoteAuth, RemoteConfig, Unverified,
};

use crate::Log;
use crate::authenticator::Authenticator;
use crate::authenticator::client::Client;
use crate::clock::Clock;
use crate::lock::lock;

/// Makes the requests for an [`Authenticator`], until it is dropped.
pub(crate) struct AuthFetcher {
    shared: Arc<Shared>,
}

struct Shared {
    config: Arc<RemoteConfig>,
    authenticator: Weak<Authenticator>,
    clock: Clock,
    client: Client,
    log: Log,
    state: Mutex<State>,
    /// Wakes the threads: a request may be due.
    due: Condvar,
    /// Wakes the tasks that wait for a result.
    changed: Changed,
}

struct State {
    machine: RemoteAuth,
    is_dropped: bool,
}

impl AuthFetcher {
    /// Starts the requests for `authenticator`.
    ///
    /// # Errors
    ///
    /// The operating system refuses a thread.
    pub(crate) fn start(
        config: &RemoteConfig,
        authenticator: Weak<Authenticator>,
        log: Log,
    ) -> io::Result<AuthFetcher> {
        let state = State { machine: RemoteAuth::new(config), is_dropped: false };
        let shared = Arc::new(Shared {
            config: Arc::new(config.clone()),
            authenticator,
            clock: Clock::start(),
            client: Client::default(),
            log,
            state: Mutex::new(state),
            due: Condvar::new(),
            changed: Changed::new(),
        });
        let fetcher = AuthFetcher { shared };
        // One more than there are requests at the same time, so that one has time for deadlines.
        let threads = RemoteAuth::fetches_max(config) + 1;
        for _ in 0..threads {
            let shared = fetcher.shared.clone();
            let thread = thread::Builder::new().name("pontoon-auth".into());
            thread.stack_size(STACK_BYTES).spawn(move || shared.work())?;
        }
        Ok(fetcher)
    }

    /// Returns the authorization server.
    pub(crate) fn config(&self) -> &Arc<RemoteConfig> {
        &self.shared.config
    }

    /// Asks about a token that could not be verified. Returns the wait for the next result, if there
    /// is one to wait for.
    pub(crate) fn ask(&self, unverified: Unverified<'_>) -> Option<Answered> {
        // Listens first, so that no result is missed in between.
        let listener = self.shared.changed.listen();
        let shared = &self.shared;
        let now = shared.clock.now();
        let prospect = lock(&shared.state).machine.handle_unverified(unverified, now);
        shared.due.notify_one();
        match prospect {
            Prospect::Wait => Some(Box::pin(listener)),
            Prospect::Known => Some(Box::pin(ready(()))),
            Prospect::None => None,
        }
    }
}

impl Drop for AuthFetcher {
    fn drop(&mut self) {
        lock(&self.shared.state).is_dropped = true;
        self.shared.due.notify_all();
        // Those that wait are admitted by the next one.
        self.shared.changed.notify(usize::MAX);
    }
}

impl fmt::Debug for AuthFetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthFetcher")
    }
}

impl Shared {
    /// Makes requests as they are due.
    fn work(&self) {
        let mut state = lock(&self.state);
        while !state.is_dropped {
            let (now, unix_time) = (self.clock.now(), self.clock.wall());
            if let Some(learned) = state.machine.poll_expired(now, unix_time) {
                self.learn(state, learned, unix_time);
                state = lock(&self.state);
                continue;
            }
            let Some(fetch) = state.machine.poll_fetch(now) else {
                let pause = state.machine.poll_timeout().since(now).min(FAR);
                let waited = self.due.wait_timeout(state, pause);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
                continue;
            };
            drop(state);
            let result = catch_unwind(AssertUnwindSafe(|| self.client.fetch(&fetch)));
            let result = result.unwrap_or_else(|_| Err(FetchError::Failed("a panic".into())));
            state = lock(&self.state);
            let (now, unix_time) = (self.clock.now(), self.clock.wall());
            let learned = state.machine.handle_fetched(fetch.id, result, now, unix_time);
            self.learn(state, learned, unix_time);
            // Another thread makes the next request if this one is busy then.
            self.due.notify_one();
            state = lock(&self.state);
        }
    }

    /// Passes on a result, then wakes the requests that wait for one. A request that asks in
    /// between asks again, and waits for the next result.
    fn learn(&self, state: MutexGuard<'_, State>, learned: Learned, unix_time: Duration) {
        let event = learned.event.clone();
        let authenticator = self.authenticator.upgrade();
        if let Some(authenticator) = &authenticator {
            // Under the lock, so that the keys that the machine knows are those in use.
            authenticator.learn(&self.config, learned, unix_time);
        }
        drop(state);
        // If it is the last one, that ends this fetcher, which needs the lock.
        drop(authenticator);
        self.changed.notify(usize::MAX);
        if let Some(event) = event {
            (self.log)(&event.into());
        }
    }
}

/// A day: the longest wait of a thread.
const FAR: Duration = Duration::from_secs(24 * 3600);

/// A thread needs less than a quarter of it, for a TLS handshake.
const STACK_BYTES: usize = 512 * 1024;
