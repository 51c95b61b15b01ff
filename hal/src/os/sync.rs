//! Blocking locks and threads: loom's under `cfg(loom)`, std's elsewhere.

#[cfg(loom)]
pub(super) use loom::{
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
};
#[cfg(not(loom))]
pub(super) use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
};

use std::sync::{PoisonError, TryLockError};

/// Locks, whether or not a holder has panicked: what these locks guard has no half-done states.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks if that needs no waiting.
pub(super) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
