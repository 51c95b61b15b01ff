//! Waiting for a mutex on a thread.

use alloc::sync::Arc;

use super::{Mutex, MutexGuard, OwnedMutexGuard};
use crate::lock::RawLock;
use crate::sync::blocking::block_on;

impl<T: ?Sized, L: RawLock> Mutex<T, L> {
    /// Waits for its turn, on this thread, as [`lock`](Self::lock).
    ///
    /// # Panics
    ///
    /// In a task or a main future of a runtime: it would stop the others.
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T, L> {
        block_on(self.lock())
    }

    /// Waits for its turn, on this thread; the guard keeps the mutex alive.
    ///
    /// # Panics
    ///
    /// As [`blocking_lock`](Self::blocking_lock).
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T, L> {
        block_on(self.lock_owned())
    }
}
