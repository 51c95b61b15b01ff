//! A number of permits for which tasks wait.

#[cfg(feature = "alloc")]
mod alloc;
#[cfg(feature = "std")]
mod blocking;

#[cfg(feature = "alloc")]
pub use self::alloc::OwnedSemaphorePermit;

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::permits::{self, Acquire, Permits, Short};
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};

/// A number of permits: so many may do something at once.
///
/// Names and meaning are those of `tokio::sync::Semaphore`. Who waits is served strictly first come, first served: while
/// somebody waits for many, nobody after it gets a few, and what there is counts as given to the first in line
/// ([`available_permits`](Self::available_permits) is 0 then).
///
/// # Units
///
/// Permits: at most [`MAX_PERMITS`](Semaphore::MAX_PERMITS).
///
/// # Cost
///
/// One compare-and-swap to take and one to give back while nobody waits; handing on takes the inner lock once for the first
/// that gets something, and once more for every few after it, a wait once. A waiter's place in line is inside its future. Everything that does not wait may be
/// called from an interrupt where `L` may be taken in one.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::Semaphore;
///
/// static TRANSFERS: Semaphore = Semaphore::const_new(2);
///
/// async fn transfer() {
///     let _permit = TRANSFERS.acquire().await.expect("nobody closes it");
///     // at most two of us are here
/// }
/// # let _ = transfer();
/// # }
/// ```
pub struct Semaphore<L: RawLock = DefaultLock> {
    permits: Permits<L>,
}

impl Semaphore {
    /// As many permits as a semaphore can have: `usize::MAX >> 3`.
    pub const MAX_PERMITS: usize = permits::MAX;

    const_fn! {
        /// Makes one with so many permits.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        ///
        /// # Panics
        ///
        /// If `permits` is more than [`MAX_PERMITS`](Self::MAX_PERMITS); in a `static` the build fails.
        #[inline] // not generic: compiled only where it is used, since there may be no default lock
        #[must_use]
        pub const fn new(permits: usize) -> Self {
            Self::with_lock(permits)
        }
    }

    const_fn! {
        /// The same as [`new`](Self::new), under the name that tokio has for it in a `static`.
        ///
        /// # Panics
        ///
        /// As [`new`](Self::new).
        #[inline] // as `new`
        #[must_use]
        pub const fn const_new(permits: usize) -> Self {
            Self::with_lock(permits)
        }
    }
}

impl<L: RawLock> Semaphore<L> {
    const_fn! {
        /// Makes one with so many permits. The type says which lock guards it.
        ///
        /// # Panics
        ///
        /// If `permits` is more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS); in a `static` the build fails.
        #[must_use]
        pub const fn with_lock(permits: usize) -> Self {
            assert!(permits <= permits::MAX, "a semaphore cannot have more than MAX_PERMITS permits");
            Self { permits: Permits::new(permits, true) }
        }
    }

    /// Permits that are there and on their way to nobody.
    pub fn available_permits(&self) -> usize {
        self.permits.available()
    }

    /// Makes `n` more permits.
    ///
    /// # Panics
    ///
    /// If there were more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) then. Permits that are out do not count until they come back:
    /// dropping them panics then.
    pub fn add_permits(&self, n: usize) {
        self.permits.give(n);
    }

    /// Takes up to `n` of the [available](Self::available_permits) permits away for good; answers how many.
    pub fn forget_permits(&self, n: usize) -> usize {
        self.permits.forget(n)
    }

    /// Waits for a permit.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] once the semaphore is [closed](Self::close).
    ///
    /// # Cancel safety
    ///
    /// The *place in line* is lost if the future is dropped. Permits it was given go to the next.
    pub fn acquire(&self) -> impl Future<Output = Result<SemaphorePermit<'_, L>, AcquireError>> {
        self.acquire_many(1)
    }

    /// Waits for `n` permits at once. None are needed for 0, whoever waits.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    ///
    /// # Panics
    ///
    /// If `n` is more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS) (which a `u32` is on no 64-bit target).
    ///
    /// # Cancel safety
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_many(&self, n: u32) -> impl Future<Output = Result<SemaphorePermit<'_, L>, AcquireError>> {
        possible(n);
        Acquiring { acquire: Acquire::new(), semaphore: self, permits: n }
    }

    /// Takes a permit, if one is there and nobody waits.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::NoPermits`] if not, [`TryAcquireError::Closed`] once the semaphore is closed.
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_, L>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `n` permits, if they are there and nobody waits.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    ///
    /// # Panics
    ///
    /// As [`acquire_many`](Self::acquire_many).
    pub fn try_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_, L>, TryAcquireError> {
        possible(n);
        match self.permits.take(n) {
            Ok(()) => Ok(SemaphorePermit { semaphore: self, permits: n as usize }),
            Err(Short::Taken) => Err(TryAcquireError::NoPermits),
            Err(Short::Closed) => Err(TryAcquireError::Closed),
        }
    }

    /// Closes it: nobody gets a permit any more, and all who wait are told so. Permits can still be given back.
    pub fn close(&self) {
        self.permits.close();
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        self.permits.is_closed()
    }
}

fn possible(n: u32) {
    assert!(n as usize <= permits::MAX, "a semaphore cannot have more than MAX_PERMITS permits");
}

impl<L: RawLock> core::fmt::Debug for Semaphore<L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Semaphore").field("permits", &self.available_permits()).finish()
    }
}

/// A wait for permits.
struct Acquiring<'a, L: RawLock> {
    acquire: Acquire<'a, L>,
    semaphore: &'a Semaphore<L>,
    permits: u32,
}

impl<'a, L: RawLock> Future for Acquiring<'a, L> {
    type Output = Result<SemaphorePermit<'a, L>, AcquireError>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (semaphore, permits) = (self.semaphore, self.permits);
        // SAFETY: the one field that is pinned; nothing is moved out of it, and there is no destructor.
        let acquire = unsafe { self.map_unchecked_mut(|this| &mut this.acquire) };
        match ready!(acquire.poll(&semaphore.permits, permits, false, cx)) {
            Ok(()) => Poll::Ready(Ok(SemaphorePermit { semaphore, permits: permits as usize })),
            Err(_) => Poll::Ready(Err(AcquireError(()))),
        }
    }
}

/// Permits of a [`Semaphore`], given back when this is dropped.
///
/// Forgetting it ([`forget`](Self::forget) or `mem::forget`) makes the semaphore smaller for good.
#[must_use = "the permits are given back as soon as this is dropped"]
pub struct SemaphorePermit<'a, L: RawLock = DefaultLock> {
    semaphore: &'a Semaphore<L>,
    permits: usize,
}

impl<'a, L: RawLock> SemaphorePermit<'a, L> {
    /// Does not give the permits back: the semaphore has fewer from now on.
    pub fn forget(self) {
        // Nor does it give none back, which would look for somebody to give to: that calls wakers, and one that panics would
        // take the permits along that go on in an owned permit.
        core::mem::forget(self);
    }

    /// Takes the permits of another one of the same semaphore over.
    ///
    /// # Panics
    ///
    /// If that belongs to another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(core::ptr::eq(self.semaphore, other.semaphore), "merging permits of different semaphores");
        // Of one semaphore, so no more than it has.
        self.permits += other.permits;
        other.permits = 0;
    }

    /// Splits `n` permits off, if there are so many.
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(n)?;
        Some(Self { semaphore: self.semaphore, permits: n })
    }

    /// The semaphore.
    #[must_use]
    pub fn semaphore(&self) -> &'a Semaphore<L> {
        self.semaphore
    }

    /// How many permits these are.
    #[must_use]
    pub fn num_permits(&self) -> usize {
        self.permits
    }
}

impl<L: RawLock> Drop for SemaphorePermit<'_, L> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.permits.give(self.permits);
    }
}

impl<L: RawLock> core::fmt::Debug for SemaphorePermit<'_, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SemaphorePermit").field("permits", &self.permits).finish_non_exhaustive()
    }
}

/// The semaphore is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct AcquireError(pub(super) ());

impl core::fmt::Display for AcquireError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the semaphore is closed")
    }
}

impl core::error::Error for AcquireError {}

/// There is no permit now, or there never will be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TryAcquireError {
    /// The semaphore is closed.
    Closed,
    /// There are too few permits, or others come first.
    NoPermits,
}

impl core::fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Closed => "the semaphore is closed",
            Self::NoPermits => "no permits are available",
        })
    }
}

impl core::error::Error for TryAcquireError {}
