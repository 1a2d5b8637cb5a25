//! Many clients with network faults, some compliant and some not, all chosen at random.
//!
//! Owns: [`run_seed`], [`run_pairing_seed`] and [`run_header_seed`], each one run of a seed, and the
//! properties of every run:
//!
//! - A request gets one answer, its own, and nothing follows it; one that breaks the rules may lose
//!   its connection instead.
//! - No two sessions have the same id. One that was deleted or has ended does not exist again.
//! - A session exists as long as nothing has happened that may end it.
//! - Once all connections are closed and all timeouts have passed, the engine holds nothing.
//! - The program ends when it is asked to, and so do all of its children.
//! - A child gets no cancellation before the request that it names.
//! - A child gets messages of one value of `--header-env` only.

mod compliant;
mod header_values;
mod hostile;
mod pairings;

use std::collections::BTreeSet;
use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::link::Link;
use super::process::SUITE;
use super::program::{self, Program};
use super::rng::Rng;
use super::{Faults, World, WorldGuard, env_seed, lock};
use crate::record::Record;
use crate::subcommand::Subcommand;
use crate::wire::Request;

/// The totals of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunStats {
    /// A digest of all messages and their times.
    pub digest: u64,
    /// The number of requests that were answered correctly.
    pub answers: u64,
    /// The number of opened sessions.
    pub sessions: u64,
}

/// The default number of seeds.
const SEEDS: u64 = 200;

/// Runs the first half of the seeds, or the second, or only the seed in `PONTOON_SEED`.
/// `PONTOON_SEEDS` sets their number, or the first and the end: `20000..40000`.
pub fn run_half(is_first: bool, run_seed: fn(u64) -> RunStats) {
    let seeds = env::var("PONTOON_SEEDS").map_or(0..SEEDS, |text| parse_seeds(&text));
    let middle = seeds.start.midpoint(seeds.end);
    let half = if is_first { seeds.start..middle } else { middle..seeds.end };
    let (mut answers, mut sessions) = (0, 0);
    for seed in env_seed().map_or(half, |seed| seed..seed + 1) {
        let stats = run_seed(seed);
        answers += stats.answers;
        sessions += stats.sessions;
    }
    println!("{answers} answers, {sessions} sessions");
}

fn parse_seeds(text: &str) -> Range<u64> {
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("PONTOON_SEEDS={text}"));
    let (start, end) = text.split_once("..").unwrap_or(("0", text));
    number(start)..number(end)
}

/// Runs the world of this seed to its end: sessions with processes of their own.
///
/// # Panics
///
/// A property does not hold.
pub fn run_seed(seed: u64) -> RunStats {
    run(seed, setup, |run, number, rng| {
        Box::pin(async move {
            match number % 3 {
                2 => hostile::run(&run, rng).await,
                _ => compliant::run(&run, number, rng).await,
            }
        })
    })
}

/// Runs the world of this seed to its end: clients of both eras in front of a command of either.
///
/// # Panics
///
/// A property does not hold.
pub fn run_pairing_seed(seed: u64) -> RunStats {
    run(seed, pairings::setup, |run, number, rng| {
        Box::pin(async move { pairings::run(&run, number, rng).await })
    })
}

/// Runs the world of this seed to its end: clients with different values of `--header-env`.
///
/// # Panics
///
/// A property does not hold.
pub fn run_header_seed(seed: u64) -> RunStats {
    run(seed, header_values::setup, |run, number, rng| {
        Box::pin(async move { header_values::run(&run, number, rng).await })
    })
}

type ClientTask = Pin<Box<dyn Future<Output = ()> + Send>>;

fn run(
    seed: u64,
    setup: fn(&mut Rng) -> Setup,
    live: fn(Arc<Run>, u64, Rng) -> ClientTask,
) -> RunStats {
    let world = World::enter(seed, Faults::Random);
    let mut rng = lock(&world.rng).fork();
    let setup = setup(&mut rng);
    let (record, memory) = Record::in_memory();
    let flags = setup.flags.iter().map(Into::into).collect();
    let what = (Subcommand::Proxy, flags, &[][..]);
    let program = program::start(&world, what, &setup.options, &memory);
    let run = Arc::new(Run {
        world: world.clone(),
        port: program.port,
        is_fragile: setup.is_fragile,
        is_modern: setup.flags.contains(&"--modern"),
        ends_children: setup.ends_children,
        children: record,
        log: Mutex::default(),
    });
    for number in 0..rng.range(2..6) {
        lock(&run.log).clients += 1;
        let (run, rng) = (run.clone(), rng.fork());
        world.spawn(SUITE, async move {
            live(run.clone(), number, rng).await;
            lock(&run.log).finished += 1;
        });
    }
    let all_gone = || lock(&run.log).is_over();
    let over = world.run_until(world.now() + RUN_TIME_MAX, all_gone);
    assert!(over, "some client waits for ever");
    expect_nothing_left(&world, &run, &program, setup.ready);
    expect_end(&world, &program);
    expect_requests_before_cancellations(&run.children);
    header_values::expect_one_value_each(&run.children);
    let mut log = lock(&run.log);
    run.children.lines().hash(&mut log.digest);
    RunStats { digest: log.digest.finish(), ..log.stats }
}

/// The settings of a program and its children.
struct Setup {
    options: Vec<String>,
    flags: Vec<&'static str>,
    /// Whether sessions may end on their own, and calls fail.
    is_fragile: bool,
    /// Whether calls end their process once it has answered.
    ends_children: bool,
    /// The number of prewarmed processes.
    ready: usize,
}

/// Returns a few settings out of many, for one run.
fn setup(rng: &mut Rng) -> Setup {
    let mut options = Vec::new();
    for (option, values) in [
        ("--request-timeout", &["1", "3"][..]),
        ("--timeout", &["1", "5"]),
        ("--max-sessions", &["1", "2", "3"]),
        ("--startup-timeout", &["1"]),
        ("--on-child-exit", &["resume"]),
    ] {
        if rng.once_in(4) {
            options.extend([option.to_owned(), rng.choose(values).to_owned()]);
        }
    }
    let mut flags = Vec::new();
    for flag in [
        &["--bad-utf8"][..],
        &["--crlf"],
        &["--delay-init", "300"],
        &["--exit-after", "7"],
        &["--flood-stderr", "20000"],
        &["--flood-stdout", "200000"],
        &["--ignore-eof"],
        &["--ignore-term"],
        &["--noise"],
    ] {
        if rng.once_in(6) {
            flags.extend(flag);
        }
    }
    let is_fragile = !options.is_empty() || flags.contains(&"--exit-after");
    Setup { options, flags, is_fragile, ends_children: false, ready: 1 }
}

/// The state that all clients share.
struct Run {
    world: Arc<World>,
    port: u16,
    /// Whether sessions may end on their own.
    is_fragile: bool,
    /// Whether the command is of 2026-07-28.
    is_modern: bool,
    /// Whether calls end their process once it has answered.
    ends_children: bool,
    /// The records of all children.
    children: Record,
    log: Mutex<RunLog>,
}

/// The events so far.
#[derive(Default)]
struct RunLog {
    digest: DefaultHasher,
    stats: RunStats,
    sessions: BTreeSet<String>,
    clients: u64,
    finished: u64,
}

impl RunLog {
    fn is_over(&self) -> bool {
        self.finished == self.clients
    }
}

impl Run {
    /// Adds an event, with its time.
    fn record(&self, what: &impl Hash) {
        let mut log = lock(&self.log);
        self.world.now().hash(&mut log.digest);
        what.hash(&mut log.digest);
    }

    /// Records an opened session.
    fn session_opened(&self, session: &str) {
        let mut log = lock(&self.log);
        assert!(log.sessions.insert(session.to_owned()), "{session}: the same id twice");
        log.stats.sessions += 1;
    }

    /// Opens a connection, or returns `None` if the program does not listen any more.
    fn connect(&self) -> Option<Link> {
        Link::connect(&self.world, self.port)
    }

    async fn pause(&self, time: Duration) {
        self.world.sleep_in_task(time).await;
    }
}

/// Asserts that the engine holds nothing, once all timeouts have passed.
fn expect_nothing_left(world: &WorldGuard, run: &Arc<Run>, program: &Program, ready: usize) {
    world.sleep(QUIET_TIME);
    let metrics = ask(world, run, "/metrics");
    for (gauge, max) in [
        ("pontoon_sessions", 0.0),
        ("pontoon_requests_in_flight", 0.0),
        ("pontoon_streams", 0.0),
        ("pontoon_queue_bytes", 0.0),
        ("pontoon_children", ready as f64),
    ] {
        let sample = metrics.lines().find_map(|line| line.strip_prefix(gauge)?.strip_prefix(' '));
        let sample: f64 = sample.expect(gauge).parse().expect("a number");
        assert!(sample <= max, "{gauge} is {sample} though everybody has gone");
    }
    let opened = metrics.lines().find_map(|l| l.strip_prefix("pontoon_sessions_opened_total "));
    run.record(&opened);
    let processes = lock(&world.processes);
    let held = processes.running(program.pid).expect("the program runs").descriptors();
    let pipes = 3 * ready;
    assert!(held <= pipes, "{held} file descriptors are open, and only {pipes} pipes should be");
    let running = processes.all_running().count() - 1;
    assert!(running <= ready, "{running} children run, and only {ready} should");
}

/// Returns the program's answer at a path.
fn ask(world: &WorldGuard, run: &Arc<Run>, path: &str) -> String {
    let answer = Arc::new(Mutex::new(None));
    let (asking, place) = (run.clone(), answer.clone());
    let request = Request::new("GET", path).header("Connection", "close").bytes();
    world.spawn(SUITE, async move {
        let mut link = asking.connect().expect("it listens");
        link.send(&request).await;
        let response = link.response(QUIET_TIME).await.expect("an answer");
        *lock(&place) = Some(response.text().to_owned());
        assert!(link.rest(QUIET_TIME).await.is_empty(), "more than an answer");
    });
    let answered = world.run_until(world.now() + QUIET_TIME, || lock(&answer).is_some());
    assert!(answered, "{path} is not answered");
    world.sleep(Duration::from_secs(10));
    lock(&answer).take().expect("it was there")
}

/// Asserts that the program ends properly, and that no process runs after it.
fn expect_end(world: &WorldGuard, program: &Program) {
    world.signal(program.pid, Signal::TERM);
    let at = world.now() + Duration::from_secs(60);
    assert!(world.run_until(at, || world.ended(program.pid).is_some()), "it does not end");
    let status = world.ended(program.pid).expect("it has ended");
    assert_eq!(status.code(), Some(0), "{status:?}");
    let left: Vec<_> = lock(&world.processes).all_running().map(|(pid, _)| pid).collect();
    assert!(left.is_empty(), "children live on: {left:?}");
}

/// Asserts that each child has got a request before its cancellation.
fn expect_requests_before_cancellations(record: &Record) {
    for child in record.children() {
        let bytes = record.bytes(child);
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        let mut requests = BTreeSet::new();
        // The last line may have been cut off by the end of the program.
        for line in lines.filter_map(|line| line.strip_suffix(b"\n")) {
            let message: Value = serde_json::from_slice(line).expect("a message");
            match message["method"].as_str() {
                Some("notifications/cancelled") => {
                    let id = message["params"]["requestId"].to_string();
                    assert!(requests.contains(&id), "{child} has got no request {id}");
                }
                Some(_) => drop(requests.insert(message["id"].to_string())),
                None => {}
            }
        }
    }
}

/// Returns the id of a message as text, or `None` for a notification.
fn id_of(message: &Value) -> Option<&str> {
    message["id"].as_str()
}

/// The maximum duration of a client.
const RUN_TIME_MAX: Duration = Duration::from_secs(3600);

/// The time after which no earlier message has any effect.
const QUIET_TIME: Duration = Duration::from_secs(700);
