//! The drivers of a program, and the timer that they share.
//!
//! Owns: the list of drivers, which is replaced as a whole. Never: decides when an engine ends.

use std::io;
use std::sync::{Arc, Mutex};
use std::task::Context;

use pontoon_core::{Config, Instant};

use crate::Log;
use crate::driver::{Driver, Program};
use crate::lock::lock;

/// The drivers of a program that have not stopped.
pub(crate) struct Drivers {
    program: Arc<Program>,
    seed: Box<Seed>,
    list: Mutex<Arc<Vec<Arc<Driver>>>>,
}

/// A source of 32 random bytes.
pub(crate) type Seed = dyn Fn() -> io::Result<[u8; 32]> + Send + Sync;

impl Drivers {
    pub(crate) fn new(program: Program, seed: Box<Seed>) -> Drivers {
        Drivers { program: Arc::new(program), seed, list: Mutex::default() }
    }

    /// Creates a driver, which is not in the list yet.
    ///
    /// # Errors
    ///
    /// The operating system refuses randomness.
    pub(crate) fn create(&self, config: Config, log: Log, number: u64) -> io::Result<Arc<Driver>> {
        Ok(Driver::new(config, log, (self.seed)()?, &self.program, number))
    }

    /// Returns all drivers.
    pub(crate) fn all(&self) -> Arc<Vec<Arc<Driver>>> {
        lock(&self.list).clone()
    }

    /// Adds a driver.
    pub(crate) fn add(&self, driver: Arc<Driver>) {
        self.program.shared.add(driver.number());
        Arc::make_mut(&mut lock(&self.list)).push(driver);
    }

    /// Removes and returns the drivers that have stopped, except the main one.
    pub(crate) fn take_stopped(&self) -> Vec<Arc<Driver>> {
        let stopped = self.program.shared.take_stopped();
        let mut list = lock(&self.list);
        let is_stopped = |driver: &mut Arc<Driver>| stopped.contains(&driver.number());
        Arc::make_mut(&mut list).extract_if(.., is_stopped).collect()
    }

    /// Calls the engines whose deadline has passed.
    pub(crate) fn time_passed(&self) {
        self.program.shared.disarm();
        for driver in &*self.all() {
            driver.time_passed();
        }
    }

    /// Sets the timer for the earliest deadline, and returns that. `cx` is woken for an earlier one.
    pub(crate) fn arm(&self, cx: &Context<'_>) -> Instant {
        let earliest = || self.all().iter().map(|driver| driver.armed()).min();
        self.program.shared.arm(cx, || earliest().unwrap_or(Instant::FAR))
    }
}
