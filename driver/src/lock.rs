//! Locking without regard to panics.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks data that a panic cannot leave half changed.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
