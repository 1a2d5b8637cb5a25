//! A machine in this process that does longer work outside the engine's lock.
//!
//! Owns: whether a job has the machine, and the inputs that wait for it, in order.
//! Never: interprets an input.
//!
//! ```text
//!   here ──check_out──► with a job ──check_in──► here     inputs wait until it is here, and are then
//!                                                       handled one by one
//! ```

use std::collections::VecDeque;

use super::CheckoutId;

/// A machine, here or with a job.
#[derive(Debug)]
pub(crate) struct Checkout<M, F> {
    machine: Result<Box<M>, CheckoutId>,
    /// The waiting inputs, and the bytes of each.
    waiting: VecDeque<(F, usize)>,
    bytes: usize,
}

impl<M, F> Checkout<M, F> {
    pub(crate) fn new(machine: Box<M>) -> Checkout<M, F> {
        Checkout { machine: Ok(machine), waiting: VecDeque::new(), bytes: 0 }
    }

    /// Creates an entry for a machine that a job has.
    pub(crate) fn away(id: CheckoutId) -> Checkout<M, F> {
        Checkout { machine: Err(id), waiting: VecDeque::new(), bytes: 0 }
    }

    /// Returns the machine, if it is here.
    pub(crate) fn get(&self) -> Option<&M> {
        self.machine.as_deref().ok()
    }

    /// Returns the machine for changes, if it is here.
    pub(crate) fn get_mut(&mut self) -> Option<&mut M> {
        self.machine.as_deref_mut().ok()
    }

    /// Adds an input that holds this many bytes.
    pub(crate) fn push(&mut self, input: F, bytes: usize) {
        self.bytes += bytes;
        self.waiting.push_back((input, bytes));
    }

    /// Removes and returns the next input and its bytes, if the machine is here for it.
    pub(crate) fn next(&mut self) -> Option<(F, usize)> {
        let next = self.machine.is_ok().then(|| self.waiting.pop_front())?;
        match &next {
            Some((_, bytes)) => self.bytes -= bytes,
            None => self.waiting = VecDeque::new(), // an idle machine keeps no buffer
        }
        next
    }

    /// Returns the number of bytes of the waiting inputs.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.bytes
    }

    /// Removes and returns the machine for a job.
    pub(crate) fn check_out(&mut self, id: CheckoutId) -> Option<Box<M>> {
        std::mem::replace(&mut self.machine, Err(id)).ok()
    }

    /// Takes the machine back from its job. Returns whether it was the one that this job had.
    pub(crate) fn check_in(&mut self, id: CheckoutId, machine: Box<M>) -> bool {
        let is_it = self.machine.as_ref().err() == Some(&id);
        if is_it {
            self.machine = Ok(machine);
        }
        is_it
    }
}
