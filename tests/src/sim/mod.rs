//! A simulated world: programs, children, connections and time, all in the memory of one thread.
//!
//! pontoon's engine, its rules, its guard and hyper run in it as they run on tokio, on the same
//! `pontoon_driver`; `test-server` runs in it as it runs as a process. The operating system is
//! simulated: byte streams ([`pipe`], [`net`]), processes and signals ([`process`]), and time,
//! which stands still while any task is ready and then jumps to the next timer.
//!
//! A thread is either in the real world or in a simulated one: [`World::enter`]. The rest of the
//! suite asks [`current`], so its cases run here unchanged. The next task is chosen at random. The
//! seed is `PONTOON_SEED`, or else always the same, and it makes a run reproducible.
//!
//! Owns: [`World`], the tasks and the timers. Never: a socket, a process, a thread, a clock.

pub mod clients;
pub(crate) mod link;
mod log;
pub mod net;
mod options;
pub mod pipe;
pub mod process;
pub(crate) mod program;
pub mod rng;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::{Write, stderr};
use std::mem;
use std::panic;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use pontoon_core::Instant;
use pontoon_driver::clock::Clock;
use pontoon_driver::io;

use net::Network;
use process::{Pid, Processes};
use rng::Rng;

use crate::schema_sessions::Sessions;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The state of a world.
pub struct World {
    /// The seed, which makes it reproducible.
    pub seed: u64,
    /// The clock.
    pub clock: Clock,
    /// Random numbers.
    pub rng: Mutex<Rng>,
    /// The network conditions.
    pub faults: Faults,
    pub(crate) processes: Mutex<Processes>,
    pub(crate) network: Mutex<Network>,
    /// The sessions whose messages are checked against the schema.
    pub(crate) sessions: Mutex<Sessions>,
    tasks: Mutex<Tasks>,
    ready: Arc<Ready>,
    timers: Mutex<BTreeMap<(Instant, u64), Waker>>,
    /// Called whenever no task is ready; true if one became ready.
    idle_hooks: Mutex<Vec<IdleHook>>,
}

type IdleHook = Box<dyn FnMut() -> bool + Send>;

/// The network conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faults {
    /// Bytes arrive at once, as many as fit into the buffer.
    None,
    /// Bytes are split and joined anywhere, and sometimes delayed, but never lost or reordered.
    Random,
}

#[derive(Default)]
struct Tasks {
    /// The next number; never reused. Timers are numbered with the tasks.
    numbers: u64,
    all: BTreeMap<u64, (Pid, Option<Task>)>,
}

/// The ready tasks.
#[derive(Default)]
struct Ready(Mutex<BTreeSet<u64>>);

struct TaskWaker {
    task: u64,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        lock(&self.ready.0).insert(self.task);
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<World>>> = const { RefCell::new(None) };
}

/// Returns the world of this thread, or `None` in the real one.
pub fn current() -> Option<Arc<World>> {
    CURRENT.with_borrow(Clone::clone)
}

/// Returns the seed in `PONTOON_SEED`.
pub fn env_seed() -> Option<u64> {
    let value = env::var("PONTOON_SEED").ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("PONTOON_SEED={value} is not a number")))
}

/// Keeps a thread in a world; dropping it ends the world.
pub struct WorldGuard(Arc<World>);

impl Drop for WorldGuard {
    fn drop(&mut self) {
        CURRENT.set(None);
        self.0.end();
    }
}

impl std::ops::Deref for WorldGuard {
    type Target = Arc<World>;

    fn deref(&self) -> &Arc<World> {
        &self.0
    }
}

impl World {
    /// Creates a world and moves this thread into it.
    pub fn enter(seed: u64, faults: Faults) -> WorldGuard {
        print_seed_on_panic();
        let world = Arc::new(World {
            seed,
            clock: Clock::manual(),
            rng: Mutex::new(Rng::new(seed)),
            faults,
            processes: Mutex::default(),
            network: Mutex::default(),
            sessions: Mutex::default(),
            tasks: Mutex::default(),
            ready: Arc::default(),
            timers: Mutex::default(),
            idle_hooks: Mutex::default(),
        });
        assert!(current().is_none(), "a thread is in one world at a time");
        CURRENT.set(Some(world.clone()));
        WorldGuard(world)
    }

    /// Returns the current time.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Runs a task of this process concurrently.
    pub fn spawn(&self, owner: Pid, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        tasks.numbers += 1;
        let number = tasks.numbers;
        tasks.all.insert(number, (owner, Some(Box::pin(task))));
        lock(&self.ready.0).insert(number);
    }

    /// Adds a function that is called whenever no task is ready.
    pub(crate) fn on_idle(&self, chore: impl FnMut() -> bool + Send + 'static) {
        lock(&self.idle_hooks).push(Box::new(chore));
    }

    /// Ends all tasks of a process.
    pub(crate) fn kill(&self, owner: Pid) {
        let killed = {
            let mut tasks = lock(&self.tasks);
            let (killed, left) =
                mem::take(&mut tasks.all).into_iter().partition(|(_, (of, _))| *of == owner);
            tasks.all = left;
            killed
        };
        // Dropping them may wake others.
        drop::<BTreeMap<_, _>>(killed);
    }

    /// Runs the world until `done`, or until this time; returns whether it is done.
    pub fn run_until(&self, at: Instant, mut done: impl FnMut() -> bool) -> bool {
        loop {
            self.run_ready_tasks();
            if done() {
                return true;
            }
            let next = lock(&self.timers).first_key_value().map_or(Instant::FAR, |(key, _)| key.0);
            self.clock.set(next.min(at));
            if next > at {
                return false;
            }
            self.fire_timers();
        }
    }

    /// Runs the world for this time.
    pub fn sleep(&self, time: Duration) {
        self.run_until(self.now() + time, || false);
    }

    /// Creates a timer.
    pub fn timer(self: &Arc<Self>) -> Timer {
        let mut tasks = lock(&self.tasks);
        tasks.numbers += 1;
        Timer { world: self.clone(), number: tasks.numbers, set: None }
    }

    /// Waits for this time, in a task.
    pub fn sleep_in_task(self: &Arc<Self>, time: Duration) -> Sleep {
        Sleep { timer: self.timer(), until: self.now() + time }
    }

    /// Polls tasks until none is ready.
    fn run_ready_tasks(&self) {
        for _ in 0..POLLS_MAX {
            if let Some(task) = self.next_task() {
                self.poll(task);
                continue;
            }
            let mut chores = mem::take(&mut *lock(&self.idle_hooks));
            let busy = chores.iter_mut().any(|chore| chore());
            let added = mem::replace(&mut *lock(&self.idle_hooks), chores);
            lock(&self.idle_hooks).extend(added);
            if !busy {
                return;
            }
        }
        panic!("the world does not come to rest: a task is always ready");
    }

    fn next_task(&self) -> Option<u64> {
        let mut ready = lock(&self.ready.0);
        let count = ready.len() as u64;
        let nth = if count > 1 { lock(&self.rng).range(0..count) } else { 0 };
        let task = *ready.iter().nth(nth as usize)?;
        ready.remove(&task);
        Some(task)
    }

    fn poll(&self, number: u64) {
        let task = lock(&self.tasks).all.get_mut(&number).and_then(|(_, task)| task.take());
        let Some(mut task) = task else { return };
        let waker = Waker::from(Arc::new(TaskWaker { task: number, ready: self.ready.clone() }));
        let polled = task.as_mut().poll(&mut Context::from_waker(&waker));
        let mut tasks = lock(&self.tasks);
        match polled {
            Poll::Ready(()) => drop(tasks.all.remove(&number)),
            // It may have been killed meanwhile.
            Poll::Pending => {
                if let Some((_, place)) = tasks.all.get_mut(&number) {
                    *place = Some(task);
                    return;
                }
            }
        }
        drop(tasks);
    }

    /// Fires the timers that are due.
    fn fire_timers(&self) {
        let now = self.now();
        let mut timers = lock(&self.timers);
        while let Some(timer) = timers.first_entry().filter(|timer| timer.key().0 <= now) {
            timer.remove().wake();
        }
    }

    /// Ends all tasks.
    fn end(&self) {
        let chores = mem::take(&mut *lock(&self.idle_hooks));
        drop(chores);
        loop {
            let tasks = mem::take(&mut lock(&self.tasks).all);
            if tasks.is_empty() {
                break;
            }
            drop(tasks);
        }
        let network = mem::take(&mut *lock(&self.network));
        drop(network);
    }
}

/// A timer.
pub struct Timer {
    world: Arc<World>,
    number: u64,
    set: Option<Instant>,
}

impl Timer {
    fn unset(&mut self) {
        if let Some(at) = self.set.take() {
            lock(&self.world.timers).remove(&(at, self.number));
        }
    }
}

impl io::Alarm for Timer {
    fn poll_until(&mut self, cx: &mut Context<'_>, at: Instant) -> Poll<()> {
        if self.set != Some(at) {
            self.unset();
        }
        if at <= self.world.now() {
            self.unset();
            return Poll::Ready(());
        }
        self.set = Some(at);
        lock(&self.world.timers).insert((at, self.number), cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.unset();
    }
}

/// A delay.
pub struct Sleep {
    timer: Timer,
    until: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let until = self.until;
        io::Alarm::poll_until(&mut self.timer, cx, until)
    }
}

/// Prints after every panic in a world how to repeat it. The output is not captured by the test,
/// because a panic of the engine aborts the program, which loses captured output.
fn print_seed_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            usual(info);
            if let Some(world) = current() {
                let (seed, now) = (world.seed, Duration::from_micros(world.now().as_micros()));
                let _ =
                    writeln!(stderr(), "PONTOON_SEED={seed} repeats it, {now:?} into its world");
            }
        }));
    });
}

/// Locks data that only this thread uses.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of polls at one time that indicates an endless loop.
const POLLS_MAX: u64 = 20_000_000;

#[cfg(test)]
mod tests;
