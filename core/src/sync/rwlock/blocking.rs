//! Waiting for a lock on a thread.

use super::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::lock::RawLock;
use crate::sync::blocking::block_on;

impl<T: ?Sized, L: RawLock> RwLock<T, L> {
    /// Waits to look at the value, on this thread, as [`read`](Self::read).
    ///
    /// # Panics
    ///
    /// In a task or a main future of a runtime: it would stop the others.
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T, L> {
        block_on(self.read())
    }

    /// Waits to change the value, on this thread, as [`write`](Self::write).
    ///
    /// # Panics
    ///
    /// As [`blocking_read`](Self::blocking_read).
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T, L> {
        block_on(self.write())
    }
}
