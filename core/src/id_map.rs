//! A table of numbered things, most of which come and go in the order of their numbers.
//!
//! Owns: the order. Numbers rise, so that a new thing goes to the end, and old ones are removed
//! near the front. Never: allocates while it is empty, because every session has two such tables,
//! and most sessions are idle.

use std::collections::VecDeque;
use std::ops::Range;

/// Things by their numbers.
#[derive(Debug)]
pub(crate) struct IdMap<T>(VecDeque<(u64, T)>);

impl<T> IdMap<T> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        let position = self.position(number).ok()?;
        self.0.get(position).map(|(_, thing)| thing)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let position = self.position(number).ok()?;
        self.0.get_mut(position).map(|(_, thing)| thing)
    }

    /// Inserts a thing, or replaces the one with the same number.
    pub(crate) fn insert(&mut self, number: u64, thing: T) {
        if self.0.capacity() == 0 {
            self.0.reserve_exact(1); // by itself it would make four
        }
        match self.position(number) {
            Ok(position) => self.0[position].1 = thing,
            Err(position) => self.0.insert(position, (number, thing)),
        }
    }

    /// Removes a thing.
    pub(crate) fn remove(&mut self, number: u64) -> Option<T> {
        let position = self.position(number).ok()?;
        let (_, thing) = self.0.remove(position)?;
        if self.0.is_empty() {
            self.0 = VecDeque::new();
        }
        Some(thing)
    }

    /// Iterates over all of them in the order of their numbers.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &T)> {
        self.0.iter().map(|(number, thing)| (*number, thing))
    }

    /// Iterates over all of them in the order of their numbers.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|(_, thing)| thing)
    }

    /// Iterates over those in a range, in the order of their numbers.
    pub(crate) fn range_mut(&mut self, numbers: Range<u64>) -> impl Iterator<Item = (u64, &mut T)> {
        let first = self.0.partition_point(|(number, _)| *number < numbers.start);
        let from_first = self.0.range_mut(first..).map(|(number, thing)| (*number, thing));
        from_first.take_while(move |(number, _)| *number < numbers.end)
    }

    fn position(&self, number: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&number, |(number, _)| *number)
    }
}

impl<T> Default for IdMap<T> {
    fn default() -> Self {
        IdMap(VecDeque::new())
    }
}

#[cfg(test)]
mod tests;
