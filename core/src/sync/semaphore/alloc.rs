//! Permits that own their semaphore, by its count.

use alloc::sync::Arc;

use super::{AcquireError, Semaphore, TryAcquireError};
use crate::lock::{DefaultLock, RawLock};

impl<L: RawLock> Semaphore<L> {
    /// Waits for a permit, as [`acquire`](Self::acquire); it keeps the semaphore alive.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] once the semaphore is closed.
    ///
    /// # Cancel safety
    ///
    /// As [`acquire`](Self::acquire): the *place in line*.
    pub async fn acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit<L>, AcquireError> {
        self.acquire_many_owned(1).await
    }

    /// Waits for `n` permits at once, as [`acquire_many`](Self::acquire_many).
    ///
    /// # Errors
    ///
    /// [`AcquireError`] once the semaphore is closed.
    ///
    /// # Panics
    ///
    /// As [`acquire_many`](Self::acquire_many).
    ///
    /// # Cancel safety
    ///
    /// As [`acquire`](Self::acquire): the *place in line*.
    pub async fn acquire_many_owned(self: Arc<Self>, n: u32) -> Result<OwnedSemaphorePermit<L>, AcquireError> {
        self.acquire_many(n).await?.forget();
        Ok(OwnedSemaphorePermit { semaphore: self, permits: n as usize })
    }

    /// Takes a permit, as [`try_acquire`](Self::try_acquire).
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit<L>, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// Takes `n` permits, as [`try_acquire_many`](Self::try_acquire_many).
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    ///
    /// # Panics
    ///
    /// As [`acquire_many`](Self::acquire_many).
    pub fn try_acquire_many_owned(self: Arc<Self>, n: u32) -> Result<OwnedSemaphorePermit<L>, TryAcquireError> {
        self.try_acquire_many(n)?.forget();
        Ok(OwnedSemaphorePermit { semaphore: self, permits: n as usize })
    }
}

/// Permits of a [`Semaphore`] that keep it alive, given back when this is dropped.
#[must_use = "the permits are given back as soon as this is dropped"]
pub struct OwnedSemaphorePermit<L: RawLock = DefaultLock> {
    semaphore: Arc<Semaphore<L>>,
    permits: usize,
}

impl<L: RawLock> OwnedSemaphorePermit<L> {
    /// Does not give the permits back: the semaphore has fewer from now on.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes the permits of another one of the same semaphore over.
    ///
    /// # Panics
    ///
    /// If that belongs to another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(Arc::ptr_eq(&self.semaphore, &other.semaphore), "merging permits of different semaphores");
        // Of one semaphore, so no more than it has.
        self.permits += other.permits;
        other.permits = 0;
    }

    /// Splits `n` permits off, if there are so many.
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(n)?;
        Some(Self { semaphore: self.semaphore.clone(), permits: n })
    }

    /// The semaphore.
    #[must_use]
    pub fn semaphore(&self) -> &Arc<Semaphore<L>> {
        &self.semaphore
    }

    /// How many permits these are.
    #[must_use]
    pub fn num_permits(&self) -> usize {
        self.permits
    }
}

impl<L: RawLock> Drop for OwnedSemaphorePermit<L> {
    fn drop(&mut self) {
        self.semaphore.permits.give(self.permits);
    }
}

impl<L: RawLock> core::fmt::Debug for OwnedSemaphorePermit<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("OwnedSemaphorePermit").field("permits", &self.permits).finish_non_exhaustive()
    }
}
