//! Waiting for permits on a thread.

use alloc::sync::Arc;

use super::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use crate::lock::RawLock;
use crate::sync::blocking::block_on;

impl<L: RawLock> Semaphore<L> {
    /// Waits for a permit, on this thread.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] once the semaphore is closed.
    ///
    /// # Panics
    ///
    /// In a task or a main future of a runtime: it would stop the others.
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_, L>, AcquireError> {
        block_on(self.acquire())
    }

    /// Waits for `n` permits at once, on this thread.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] once the semaphore is closed.
    ///
    /// # Panics
    ///
    /// As [`blocking_acquire`](Self::blocking_acquire) and [`acquire_many`](Self::acquire_many).
    #[track_caller]
    pub fn blocking_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_, L>, AcquireError> {
        block_on(self.acquire_many(n))
    }

    /// Waits for a permit that keeps the semaphore alive, on this thread.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] once the semaphore is closed.
    ///
    /// # Panics
    ///
    /// As [`blocking_acquire`](Self::blocking_acquire).
    #[track_caller]
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit<L>, AcquireError> {
        block_on(self.acquire_owned())
    }

    /// Waits for `n` permits at once that keep the semaphore alive, on this thread.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] once the semaphore is closed.
    ///
    /// # Panics
    ///
    /// As [`blocking_acquire_many`](Self::blocking_acquire_many).
    #[track_caller]
    pub fn blocking_acquire_many_owned(self: Arc<Self>, n: u32) -> Result<OwnedSemaphorePermit<L>, AcquireError> {
        block_on(self.acquire_many_owned(n))
    }
}
