//! The adapter that runs pontoon's core in a simulated world.
//!
//! It has the same parts as any other runtime; see `pontoon_driver`.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use pontoon_core::{Job, Signal as Wish};
use pontoon_driver::child::SpawnRequest;
use pontoon_driver::driver::{DeferJob, Driver};
use pontoon_driver::http::Front;
use pontoon_driver::site::Site;
use pontoon_driver::{Options, Server, Surface};
use rustix::process::Signal;

use super::net::{Listener, Socket};
use super::process::{Child, Descriptors, Pid, exit_status};
use super::{Faults, World, lock, log, options};
use crate::entry::Entry;
use crate::record::Memory;
use crate::subcommand::Subcommand;

/// A running program.
pub(crate) struct Program {
    pub(crate) pid: Pid,
    pub(crate) port: u16,
    pub(crate) lines: Arc<Mutex<Vec<String>>>,
    options: Vec<String>,
    site: Arc<Site>,
}

impl Program {
    /// Serves these entries from now on.
    pub(crate) fn reload(&self, entries: &[Entry]) {
        let config = options::site(&self.options);
        let servers = servers(&self.options, entries, &self.lines);
        self.site.update(config, servers).expect("the world exists");
    }
}

/// Returns the servers of these entries, whose events have their names.
fn servers(options: &[String], entries: &[Entry], lines: &Arc<Mutex<Vec<String>>>) -> Vec<Server> {
    let names: Vec<&str> = entries.iter().map(|entry| &*entry.name).collect();
    let server = |entry: &Entry| {
        let (name, logged) = (entry.name.clone(), lines.clone());
        let config = match entry.words() {
            Some(flags) => Ok(Box::new(options::of_server(options, flags, &name, &names))),
            None => Err("command: no-such-program is not in PATH".into()),
        };
        Server {
            name: name.as_str().into(),
            segment: name.as_str().into(),
            config,
            log: Arc::new(move |event| lock(&logged).push(log::line_of(event, Some(&name)))),
        }
    };
    entries.iter().map(server).collect()
}

/// Starts the program with these command line options. A proxy is in front of `test-server` with
/// these flags; `serve` has these entries.
pub(crate) fn start(
    world: &Arc<World>,
    (subcommand, flags, entries): (Subcommand, Vec<OsString>, &[Entry]),
    arguments: &[String],
    record: &Arc<Mutex<Memory>>,
) -> Program {
    let (pid, descriptors) = world.start_program();
    let (port, listener) = world.listen();
    let lines = Arc::<Mutex<Vec<String>>>::default();
    lock(&lines).push(log::listening(port));
    let logged = lines.clone();
    let config = match subcommand {
        Subcommand::Serve => options::site(arguments),
        subcommand => options::of(subcommand, arguments, flags),
    };
    let mut options = Options {
        servers: servers(arguments, entries, &lines),
        log: Arc::new(move |event| lock(&logged).push(log::line_of(event, None))),
        ..Options::new(config)
    };

    let jobs = LateJobs::of(world, pid);
    if jobs.is_some() && lock(&world.rng).once_in(2) {
        options.config.limits.inline_bytes_max = 0;
    }
    let defer = jobs.map(|jobs| Box::new(move |driver, job| jobs.add(driver, job)) as DeferJob);
    let seeds = Arc::downgrade(world);
    let seed =
        move || seeds.upgrade().map(|world| lock(&world.rng).seed()).ok_or(ErrorKind::Other.into());
    let site = Site::seeded(&options, world.clock.clone(), seed, defer);
    let (site, orders) = site.expect("the world exists");
    let adapter = Arc::new(Adapter {
        world: world.clone(),
        pid,
        descriptors,
        front: Front::new(site.clone(), Surface::Endpoints),
        site: site.clone(),
        record: record.clone(),
    });
    adapter.run(port, listener, orders);
    Program { pid, port, lines, options: arguments.to_vec(), site }
}

/// The state that all tasks of a program share.
struct Adapter {
    world: Arc<World>,
    pid: Pid,
    descriptors: Descriptors,
    site: Arc<Site>,
    front: Front,
    record: Arc<Mutex<Memory>>,
}

impl Adapter {
    fn run(self: Arc<Self>, port: u16, listener: Arc<Listener>, orders: Receiver<SpawnRequest>) {
        let (world, pid) = (self.world.clone(), self.pid);
        let this = self.clone();
        world.on_idle(move || this.spawn_ordered(&orders));
        let this = self.clone();
        world.spawn(pid, async move { this.site.keep_time(this.world.timer()).await });
        self.site.start();
        let this = self.clone();
        world.spawn(pid, async move {
            this.accept(listener).await;
            this.world.unlisten(port);
        });
        let this = self.clone();
        world.spawn(pid, async move { this.stop_on_sigterm().await });
        world.spawn(pid, async move {
            let forced = self.site.stopped().await;
            self.site.connections_ended().await;
            self.world.end_process(self.pid, exit_status(i32::from(forced)));
        });
    }

    /// Treats SIGTERM as a request to stop.
    async fn stop_on_sigterm(&self) {
        let mut asked = 0;
        loop {
            asked = self.world.asked_to_end(self.pid, asked).await;
            self.site.stop();
        }
    }

    /// Accepts connections until the program stops listening.
    async fn accept(self: &Arc<Self>, listener: Arc<Listener>) {
        let serve = |socket: Socket, permit| {
            let socket = socket.owned(self.descriptors.open());
            let this = self.clone();
            self.world.spawn(self.pid, async move {
                this.front.converse(socket, this.world.timer(), permit).await;
            });
            Ok(())
        };
        self.site.accept(&*listener, self.world.timer(), serve).await;
    }

    /// Starts the ordered children; returns whether there were any.
    fn spawn_ordered(&self, orders: &Receiver<SpawnRequest>) -> bool {
        let mut spawned = false;
        while let Ok(order) = orders.try_recv() {
            self.spawn(order);
            spawned = true;
        }
        spawned
    }

    fn spawn(&self, order: SpawnRequest) {
        let world = &self.world;
        let Some(driver) = order.driver() else { return };
        let spec = order.spec().clone();
        let parent = (self.pid, &self.descriptors);
        let (child, ours) = Child::start(world, parent, spec, self.record.clone());
        let signalled = world.clone();
        let (pipes, end) = order.spawned_as(&driver, child, move |wish| {
            let signal = match wish {
                Wish::Kill => Signal::KILL,
                Wish::Terminate => Signal::TERM,
            };
            // Tasks must not be ended under the engine's lock.
            let world = signalled.clone();
            signalled.spawn(KERNEL, async move { world.signal_group(child, signal) });
        });
        world.spawn(self.pid, pipes.run(Ok((ours.stdin, ours.stdout, ours.stderr))));
        let awaited = world.clone();
        world.spawn(self.pid, async move { end.exited(Ok(awaited.end_of(child).await)) });
    }
}

/// The jobs of a program in a world with faults: each is carried out at a random later time, in any
/// order.
struct LateJobs {
    world: Weak<World>,
    pid: Pid,
}

impl LateJobs {
    /// Returns `None` if jobs are carried out at once: in a world without faults, and in some with.
    fn of(world: &Arc<World>, pid: Pid) -> Option<LateJobs> {
        let is_late = world.faults == Faults::Random && !lock(&world.rng).once_in(4);
        is_late.then(|| LateJobs { world: Arc::downgrade(world), pid })
    }

    fn add(&self, driver: Weak<Driver>, job: Job) {
        let Some(world) = self.world.upgrade() else { return };
        let pause = Duration::from_millis(lock(&world.rng).choose(&[0, 0, 1, 20, 400]));
        let pause = world.sleep_in_task(pause);
        world.spawn(self.pid, async move {
            pause.await;
            if let Some(driver) = driver.upgrade() {
                driver.submit([job.run()]);
            }
        });
    }
}

/// The owner of tasks that are never ended.
const KERNEL: Pid = 0;
