//! The servers of a program: the table that finds one for a request, and its changes.
//!
//! Owns: the table of endpoints. It is replaced as a whole, so a request sees one state of it, and
//! takes a lock only to copy the pointer. Never: decides which server a path belongs to, or what a
//! path without a server answers; `pontoon_core::site` does.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Context, Poll, ready};

use pontoon_core::http::{
    Admission, Answer, Headers, Refusal, ReplyHead, Request, RequestHead, Rules, encode_segment,
};
use pontoon_core::{
    Chunk, Config, Engine, Input, Instant, Limits, RETIRED_MAX, Routes, ServerStatus, Serves,
    SiteServer, SiteStatus, session_of, site_answer, site_metrics,
};

use crate::admit_wait::AdmitWait;
use crate::child::SpawnRequest;
use crate::clock::{self, Clock};
use crate::driver::{DeferJob, Driver, Program};
use crate::drivers::Drivers;
use crate::exchange::Exchange;
use crate::io::Alarm;
use crate::lock::lock;
use crate::phase::Phase;
use crate::shared::{MAIN, Shared};
use crate::tls::Tls;
use crate::{Options, Server, Surface};

/// A program: its servers, and the state that they share.
pub struct Site {
    pub(crate) shared: Arc<Shared>,
    drivers: Drivers,
    table: RwLock<Arc<Table>>,
    updates: Mutex<Updates>,
    tls: Option<Tls>,
    /// The reason why the configuration is older than its files.
    fault: Mutex<Option<Box<str>>>,
}

/// A server, and the rules of its requests.
#[derive(Debug)]
pub struct Endpoint {
    pub(crate) driver: Arc<Driver>,
    pub(crate) rules: Arc<Rules>,
}

/// The verdict about a request: the endpoint that it belongs to, and the admission or the answer.
pub type Admitted = (Arc<Endpoint>, Result<Admission, Box<Answer>>);

/// The endpoints at one time.
struct Table {
    /// The endpoint of all paths that belong to no entry.
    main: Arc<Endpoint>,
    /// That of the listener for the page, health and metrics.
    admin: Arc<Endpoint>,
    limits: Arc<Limits>,
    routes: Routes,
    entries: Vec<Entry>,
}

/// One of several servers.
#[derive(Clone)]
struct Entry {
    name: Box<str>,
    segment: Box<str>,
    state: EntryState,
    /// Replaced endpoints that still have sessions.
    retired: Vec<Arc<Endpoint>>,
}

#[derive(Clone)]
enum EntryState {
    Serving(Arc<Endpoint>),
    /// It was removed, and drains.
    Draining(Arc<Endpoint>),
    /// It cannot be served, for this reason.
    Broken(Box<str>),
}

/// The state of updates, which are carried out one after the other.
#[derive(Default)]
struct Updates {
    /// The number of drivers so far.
    drivers: u64,
    has_started: bool,
    is_stopping: bool,
}

/// The engines that an update starts and ends.
#[derive(Default)]
struct Changes {
    started: Vec<Arc<Driver>>,
    /// With whether each is replaced by another one.
    retired: Vec<(Arc<Driver>, bool)>,
}

impl Site {
    /// Creates a program, and the channel of children to start with
    /// [`crate::child::SpawnRequest::command`], in order. The channel closes with the program.
    ///
    /// # Errors
    ///
    /// The operating system refuses randomness.
    pub fn new(options: &Options) -> io::Result<(Arc<Site>, Receiver<SpawnRequest>)> {
        Site::seeded(options, Clock::start(), clock::seed, None)
    }

    /// Does the same with a given clock and seeds, for reproducible runs, and with jobs that are
    /// carried out later, so that other inputs come in between.
    ///
    /// Session ids are derived from the seed of an engine, so a predictable one is only for
    /// simulations.
    ///
    /// # Errors
    ///
    /// Those of `seed`.
    pub fn seeded(
        options: &Options,
        clock: Clock,
        seed: impl Fn() -> io::Result<[u8; 32]> + Send + Sync + 'static,
        defer_job: Option<DeferJob>,
    ) -> io::Result<(Arc<Site>, Receiver<SpawnRequest>)> {
        let (spawner, orders) = channel();
        let Options { config, servers, log, .. } = options;
        let shared = Shared::new(clock, config.serves.native().is_none());
        let program = Program { shared: shared.clone(), spawner, defer_job };
        let drivers = Drivers::new(program, Box::new(seed));
        let driver = drivers.create(config.clone(), log.clone(), MAIN)?;
        drivers.add(driver.clone());
        let table = Table {
            admin: Arc::new(Endpoint::admin(driver.clone(), config)),
            main: Arc::new(Endpoint::new(driver, config)),
            limits: Arc::new(config.limits.clone()),
            routes: Routes::default(),
            entries: Vec::new(),
        };
        let site = Site {
            shared,
            drivers,
            table: RwLock::new(Arc::new(table)),
            updates: Mutex::new(Updates { drivers: MAIN + 1, ..Updates::default() }),
            tls: options.tls.clone(),
            fault: Mutex::default(),
        };
        if !servers.is_empty() {
            site.update(config.clone(), servers.clone())?;
        }
        Ok((Arc::new(site), orders))
    }

    /// Returns the clock.
    pub fn clock(&self) -> Clock {
        self.shared.clock.clone()
    }

    /// Returns the settings of TLS, if clients connect with it.
    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// Reports a TLS handshake that failed, if it did.
    pub(crate) fn report(&self, failed: Option<Input>) {
        self.main().driver.submit(failed);
    }

    /// Returns the limits of connections.
    pub fn limits(&self) -> Arc<Limits> {
        self.table().limits.clone()
    }

    /// Returns the endpoint of all paths that belong to no server; with one server, its own.
    pub fn main(&self) -> Arc<Endpoint> {
        self.table().main.clone()
    }

    /// Returns the endpoint of the paths of a listener that belong to no server.
    pub fn of_surface(&self, surface: Surface) -> Arc<Endpoint> {
        match surface {
            Surface::Endpoints => self.main(),
            Surface::Admin => self.table().admin.clone(),
        }
    }

    fn table(&self) -> Arc<Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_table(&self, table: Table) {
        let mut current = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let old = mem::replace(&mut *current, Arc::new(table));
        drop(current);
        drop(old);
    }

    /// Records that the program listens. Call it once, first.
    pub fn start(&self) {
        let mut updates = lock(&self.updates);
        updates.has_started = true;
        for driver in &*self.drivers.all() {
            driver.submit([Input::Started]);
        }
    }

    /// Asks all servers to stop; the second call stops them at once.
    pub fn stop(&self) {
        lock(&self.updates).is_stopping = true;
        // The phase of the program follows the main one.
        for driver in self.drivers.all().iter().rev() {
            driver.submit([Input::ShutdownRequested]);
        }
    }

    /// Records why the configuration is older than its files, or that it is not.
    pub fn set_fault(&self, reason: Option<Box<str>>) {
        *lock(&self.fault) = reason;
    }

    /// Checks a request by its head, before any byte of its body is read. Returns the endpoint that
    /// it belongs to, which the request or a refusal is passed to.
    pub fn admit<H: Headers>(&self, surface: Surface, head: &RequestHead<'_, H>) -> Admitted {
        let table = self.table();
        let found = match surface {
            Surface::Endpoints => table.find(head),
            Surface::Admin => Ok(&table.admin),
        };
        match found {
            Ok(endpoint) => {
                let verdict = endpoint.driver.admit(&endpoint.rules, head);
                (endpoint.clone(), verdict)
            }
            Err(reason) => (
                table.main.clone(),
                Err(table.main.rules.broken(head, reason, self.shared.clock.wall())),
            ),
        }
    }

    /// Does the same, but waits first if an authorization server has to be asked about the
    /// credentials.
    pub fn poll_admit<H: Headers>(
        &self,
        cx: &mut Context<'_>,
        surface: Surface,
        head: &RequestHead<'_, H>,
        wait: &mut AdmitWait,
    ) -> Poll<Admitted> {
        loop {
            ready!(wait.poll(cx));
            let (endpoint, verdict) = self.admit(surface, head);
            match &verdict {
                Err(refusal)
                    if wait.set(endpoint.rules.ask(head, refusal, self.shared.clock.now())) => {}
                _ => return Poll::Ready((endpoint, verdict)),
            }
        }
    }

    /// Submits a request to the endpoint that admitted it, and returns the exchange for its answer.
    /// If that was replaced since, the request is checked by its head again, for the endpoint that it
    /// belongs to now.
    pub fn open<H: Headers>(
        &self,
        surface: Surface,
        head: &RequestHead<'_, H>,
        endpoint: &Arc<Endpoint>,
        request: Request,
    ) -> Exchange {
        let answer = match (&endpoint.driver.config().serves, &request) {
            (Serves::Site, Request::Metrics) => Some(self.metrics()),
            (Serves::Site, request) => site_answer(request, &self.status()),
            _ => None,
        };
        match answer {
            Some((head, body)) => Exchange::answered(&endpoint.driver, head, body),
            None => self.open_at((surface, head), endpoint.clone(), request),
        }
    }

    fn open_at<H: Headers>(
        &self,
        (surface, head): (Surface, &RequestHead<'_, H>),
        mut endpoint: Arc<Endpoint>,
        mut request: Request,
    ) -> Exchange {
        // An endpoint that nothing replaces keeps its requests, and so ends the loop.
        let mut passes_on = true;
        loop {
            request = match endpoint.driver.open(request, passes_on) {
                Ok(exchange) => return exchange,
                Err(request) => *request,
            };
            let (found, verdict) = self.admit(surface, head);
            passes_on = !Arc::ptr_eq(&found.driver, &endpoint.driver);
            endpoint = found;
            request = match verdict.and_then(|admission| admission.again(request, head)) {
                Ok(request) => request,
                Err(answer) => {
                    answer.report().into_iter().for_each(|refusal| endpoint.refused(refusal));
                    let body = Chunk::from(answer.body);
                    return Exchange::answered(&endpoint.driver, answer.head, body);
                }
            };
        }
    }

    /// Returns the metrics of the program and of its servers.
    fn metrics(&self) -> (ReplyHead, Chunk) {
        let table = self.table();
        let stats = self.shared.sample();
        let program = table.main.driver.read(|engine, now| engine.metrics_of_site(&stats, now));
        let servers = table.entries.iter().filter_map(|entry| match &entry.state {
            EntryState::Serving(endpoint) | EntryState::Draining(endpoint) => {
                let name = &entry.name;
                Some(endpoint.driver.read(|engine, now| engine.metrics_of(name, now)))
            }
            EntryState::Broken(_) => None,
        });
        site_metrics(&self.status(), program, servers)
    }

    /// Returns the state of the program and of its servers.
    fn status(&self) -> SiteStatus {
        let table = self.table();
        let servers = table.entries.iter().map(|entry| SiteServer {
            name: entry.name.clone(),
            path: (!entry.segment.is_empty())
                .then(|| format!("/{}/mcp", encode_segment(&entry.segment)).into()),
            status: match &entry.state {
                EntryState::Serving(endpoint) => {
                    ServerStatus::Serving(endpoint.driver.read(Engine::overview))
                }
                EntryState::Draining(_) => ServerStatus::Draining,
                EntryState::Broken(reason) => ServerStatus::Broken(reason.clone()),
            },
        });
        SiteStatus {
            stopping: table.main.driver.is_asked_to_stop(),
            fault: lock(&self.fault).clone(),
            uptime: self.clock().now().since(Instant::ZERO),
            origin: table.main.driver.config().admin.clone(),
            needs_token: table.main.rules.needs_token(),
            servers: servers.collect(),
        }
    }

    /// Calls the engines at their deadlines, and removes those that have stopped. Runs until it is
    /// dropped.
    pub async fn keep_time(&self, mut alarm: impl Alarm) {
        poll_fn(|cx| {
            loop {
                self.drivers.time_passed();
                self.remove_stopped();
                let at = self.drivers.arm(cx);
                if !self.shared.has_stopped() {
                    ready!(alarm.poll_until(cx, at));
                }
            }
        })
        .await
    }

    /// Returns the phase of the program.
    pub fn phase(&self) -> Phase {
        self.shared.phases.now()
    }

    /// Waits for a later phase than this one.
    pub async fn phase_after(&self, known: Phase) -> Phase {
        self.shared.phases.after(known).await
    }

    /// Waits until everything has ended; returns whether anything was aborted. Then kills the
    /// remaining children, which a forced stop does not wait for.
    pub async fn stopped(&self) -> bool {
        let mut phase = self.phase();
        loop {
            if let Phase::Stopped { forced } = phase {
                self.drivers.all().iter().for_each(|driver| driver.kill_children());
                return forced;
            }
            phase = self.phase_after(phase).await;
        }
    }
}

impl Endpoint {
    fn new(driver: Arc<Driver>, config: &Config) -> Endpoint {
        Endpoint { driver, rules: Arc::new(Rules::new(config)) }
    }

    fn admin(driver: Arc<Driver>, config: &Config) -> Endpoint {
        Endpoint { driver, rules: Arc::new(Rules::admin(config)) }
    }

    /// Returns the rules of its requests.
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// Returns the maximum number of requests on a connection; the last answer announces the close.
    pub fn connection_requests_max(&self) -> u64 {
        self.driver.connection_requests_max()
    }

    /// Reports a refused request.
    pub fn refused(&self, refusal: Refusal) {
        self.driver.submit([Input::from(refusal)]);
    }
}

impl Table {
    /// Returns the endpoint for a request, or the reason why it has none. A session that a replaced
    /// endpoint has opened stays there.
    fn find<H: Headers>(&self, head: &RequestHead<'_, H>) -> Result<&Arc<Endpoint>, &str> {
        let Some(index) = self.routes.find(head.target) else { return Ok(&self.main) };
        let entry = &self.entries[index];
        if !entry.retired.is_empty()
            && let Some(session) = session_of(head)
        {
            let mut retired = entry.retired.iter();
            if let Some(endpoint) = retired.find(|it| it.driver.has_session(session)) {
                return Ok(endpoint);
            }
        }
        match &entry.state {
            EntryState::Serving(endpoint) | EntryState::Draining(endpoint) => Ok(endpoint),
            EntryState::Broken(reason) => Err(reason),
        }
    }

    /// Returns this table with other entries.
    fn with(&self, entries: Vec<Entry>) -> Table {
        let routes = Routes::new(entries.iter().map(|entry| &*entry.segment));
        let (main, admin, limits) = (self.main.clone(), self.admin.clone(), self.limits.clone());
        Table { main, admin, limits, routes, entries }
    }
}

impl Site {
    /// Serves these servers from now on. A server whose settings are the same keeps its engine. One
    /// with other settings gets a new engine, and sessions of the old one stay there until they end
    /// or its drain limit has passed. A server that is missing drains, and then its paths are not
    /// found. `config` has the settings of the paths that belong to no server, and the limits of
    /// new connections.
    ///
    /// Has no effect once the program was asked to stop.
    ///
    /// # Errors
    ///
    /// The operating system refuses randomness, and everything stays as it was.
    pub fn update(&self, config: Config, servers: Vec<Server>) -> io::Result<()> {
        let mut updates = lock(&self.updates);
        if updates.is_stopping {
            return Ok(());
        }
        let old = self.table();
        let config = Config { admin: old.main.driver.config().admin.clone(), ..config };
        let mut changes = Changes::default();
        let mut left = old.entries.clone();
        let mut entries = Vec::with_capacity(servers.len());
        for server in servers {
            let known = left.iter().position(|entry| entry.segment == server.segment);
            let known = known.map(|index| left.remove(index));
            entries.push(self.entry(server, known, &mut updates, &mut changes)?);
        }
        entries.extend(left.into_iter().filter_map(|entry| entry.remove(&mut changes)));
        for driver in changes.started {
            self.drivers.add(driver.clone());
            if updates.has_started {
                driver.submit([Input::Started]);
            }
        }
        let driver = &old.main.driver;
        let main = Arc::new(Endpoint::new(driver.clone(), &config));
        let admin = Arc::new(Endpoint::admin(driver.clone(), &config));
        let limits = Arc::new(config.limits);
        self.set_table(Table { main, admin, limits, ..old.with(entries) });
        self.set_fault(None);
        drop(updates);
        for (driver, replaced) in changes.retired {
            driver.submit([Input::Retired { replaced }]);
        }
        Ok(())
    }

    /// Returns the entry of a server, given the one that it had.
    fn entry(
        &self,
        server: Server,
        known: Option<Entry>,
        updates: &mut Updates,
        changes: &mut Changes,
    ) -> io::Result<Entry> {
        let Server { name, segment, config, log } = server;
        let (old, mut retired) = match known {
            Some(entry) => (Some(entry.state), entry.retired),
            None => (None, Vec::new()),
        };
        let config = config.map(|config| Config { name: Some(segment.clone()), ..*config });
        let state = match (config, &old) {
            (Ok(config), Some(EntryState::Serving(old)))
                if old.driver.config().keeps_engine(&config) =>
            {
                let endpoint = Arc::new(Endpoint::new(old.driver.clone(), &config));
                return Ok(Entry { name, segment, state: EntryState::Serving(endpoint), retired });
            }
            (Ok(config), _) => {
                let rules = Arc::new(Rules::new(&config));
                let number = updates.drivers;
                updates.drivers += 1;
                let driver = self.drivers.create(config, log, number)?;
                changes.started.push(driver.clone());
                EntryState::Serving(Arc::new(Endpoint { driver, rules }))
            }
            (Err(reason), _) => EntryState::Broken(reason),
        };
        if let Some(EntryState::Serving(old) | EntryState::Draining(old)) = old {
            changes.retired.push((old.driver.clone(), true));
            retired.push(old);
            // The sessions of the oldest end now.
            let surplus = retired.len().saturating_sub(RETIRED_MAX);
            let surplus = retired[..surplus].iter().map(|it| (it.driver.clone(), false));
            changes.retired.extend(surplus);
        }
        Ok(Entry { name, segment, state, retired })
    }

    /// Removes the drivers that have stopped.
    fn remove_stopped(&self) {
        if !self.shared.has_stopped() {
            return;
        }
        let _updates = lock(&self.updates);
        let stopped = self.drivers.take_stopped();
        let old = self.table();
        let is_stopped = |endpoint: &Arc<Endpoint>| {
            stopped.iter().any(|driver| Arc::ptr_eq(driver, &endpoint.driver))
        };
        let entries = old.entries.iter().filter_map(|entry| {
            let mut entry = entry.clone();
            entry.retired.retain(|endpoint| !is_stopped(endpoint));
            match &entry.state {
                EntryState::Draining(endpoint) if is_stopped(endpoint) => {
                    entry.state = EntryState::Draining(entry.retired.pop()?);
                }
                _ => {}
            }
            Some(entry)
        });
        self.set_table(old.with(entries.collect()));
        // A forced end does not wait for them.
        stopped.iter().for_each(|driver| driver.kill_children());
    }
}

impl Entry {
    /// Returns the entry as it is while its engines drain; `None` if it has none.
    fn remove(mut self, changes: &mut Changes) -> Option<Entry> {
        self.state = match self.state {
            EntryState::Serving(endpoint) | EntryState::Draining(endpoint) => {
                EntryState::Draining(endpoint)
            }
            EntryState::Broken(_) => EntryState::Draining(self.retired.pop()?),
        };
        let retired = self.retired.iter().map(|it| (it.driver.clone(), false));
        changes.retired.extend(retired);
        if let EntryState::Draining(endpoint) = &self.state {
            changes.retired.push((endpoint.driver.clone(), false));
        }
        Some(self)
    }
}
