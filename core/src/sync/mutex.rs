//! A value for one task at a time, held across awaits.

#[cfg(feature = "alloc")]
mod alloc;
#[cfg(feature = "std")]
mod blocking;
mod guard;

#[cfg(feature = "alloc")]
pub use self::alloc::{OwnedMappedMutexGuard, OwnedMutexGuard};
pub use guard::{MappedMutexGuard, MutexGuard};

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::permits::{Acquire, Permits};
use crate::atomic::UnsafeCell;
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};

/// A value that one task at a time may use, for as long as it likes, across awaits too.
///
/// Waiting never spins and never blocks the executor. Nothing is poisoned: a guard dropped by a panic unlocks. For a few
/// instructions without an await [`Lock`](crate::lock::Lock) is the cheaper tool.
///
/// Names and meaning are those of `tokio::sync::Mutex`, but for one departure:
///
/// # Fairness
///
/// Waiters stand in line. When the mutex is unlocked the first of them is woken, and until it runs the mutex is free for
/// whoever comes, as often as they come: handing it over at once would make every unlock a switch of tasks. If it finds the
/// mutex taken when it runs, nobody passes it from then on, and the next unlock hands the mutex over. So nobody starves that
/// is polled: from the poll after its wake-up on a waiter sees at most the one turn of others that it found.
///
/// [`Mutex::fair`] makes one that is handed over at each unlock, strictly first come, first served, as tokio's is.
///
/// # Cost
///
/// One compare-and-swap to lock and one to unlock while nobody waits; waking or handing over takes the inner lock once, a
/// wait twice, once of a [fair](Mutex::fair) one. A waiter's place in line is inside its future. [`try_lock`](Self::try_lock)
/// and unlocking may happen in an interrupt where `L` may be taken in one. Beside the value: a word, two pointers and `L`.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::Mutex;
///
/// static TOTAL: Mutex<u64> = Mutex::new(0);
///
/// async fn add(n: u64) -> u64 {
///     let mut total = TOTAL.lock().await;
///     *total += n;
///     *total
/// }
/// # let _ = add(1);
/// assert_eq!(*TOTAL.try_lock().unwrap(), 0);
/// # }
/// ```
pub struct Mutex<T: ?Sized, L: RawLock = DefaultLock> {
    /// One, and who has it has the value.
    permits: Permits<L>,
    value: UnsafeCell<T>,
}

// SAFETY: *one guard*: the value is reached through the one guard there is at a time, from whichever thread it is on.
unsafe impl<T: ?Sized + Send, L: RawLock + Sync> Sync for Mutex<T, L> {}

impl<T> Mutex<T> {
    const_fn! {
        /// Wraps a value that nobody uses.
        ///
        /// Under another lock than the default one: [`with_lock`](Self::with_lock).
        #[must_use]
        pub const fn new(value: T) -> Self {
            Self::with_lock(value)
        }
    }

    const_fn! {
        /// The same as [`new`](Self::new), under the name that tokio has for it in a `static`.
        #[must_use]
        pub const fn const_new(value: T) -> Self {
            Self::with_lock(value)
        }
    }

    const_fn! {
        /// Wraps a value that nobody uses; who waits for it is served strictly first come, first served.
        ///
        /// Under another lock than the default one: [`fair_with_lock`](Self::fair_with_lock).
        #[must_use]
        pub const fn fair(value: T) -> Self {
            Self::fair_with_lock(value)
        }
    }
}

impl<T, L: RawLock> Mutex<T, L> {
    const_fn! {
        /// Wraps a value that nobody uses. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock(value: T) -> Self {
            Self { permits: Permits::new(1, false), value: UnsafeCell::new(value) }
        }
    }

    const_fn! {
        /// As [`fair`](Self::fair). The type says which lock guards it.
        #[must_use]
        pub const fn fair_with_lock(value: T) -> Self {
            Self { permits: Permits::new(1, true), value: UnsafeCell::new(value) }
        }
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized, L: RawLock> Mutex<T, L> {
    /// Waits for its turn, and returns a guard through which the value is used. Dropping the guard unlocks.
    ///
    /// # Cancel safety
    ///
    /// The *place in line* is lost if the future is dropped. If the mutex had been handed to it already, it goes to the
    /// next.
    #[inline]
    pub fn lock(&self) -> impl Future<Output = MutexGuard<'_, T, L>> {
        Locking { acquire: Acquire::new(), mutex: self }
    }

    /// Takes the mutex if it is free and nobody has been passed.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if it is not.
    #[inline]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T, L>, TryLockError> {
        match self.permits.take_all(1) {
            Ok(()) => Ok(MutexGuard::new(self)),
            Err(_) => Err(TryLockError(())),
        }
    }

    /// Returns the value; `&mut self` shows that nobody else uses it.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: `&mut self` excludes every guard for its own lifetime.
        self.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::with_lock(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::with_lock(value)
    }
}

impl<T: ?Sized + core::fmt::Debug, L: RawLock> core::fmt::Debug for Mutex<T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut fields = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => fields.field("data", &&*guard),
            Err(_) => fields.field("data", &format_args!("<locked>")),
        };
        fields.finish()
    }
}

/// A wait for a mutex.
struct Locking<'a, T: ?Sized, L: RawLock> {
    acquire: Acquire<'a, L>,
    mutex: &'a Mutex<T, L>,
}

impl<'a, T: ?Sized, L: RawLock> Future for Locking<'a, T, L> {
    type Output = MutexGuard<'a, T, L>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mutex = self.mutex;
        // SAFETY: the one field that is pinned; nothing is moved out of it, and there is no destructor.
        let acquire = unsafe { self.map_unchecked_mut(|this| &mut this.acquire) };
        // Nobody closes the permits.
        acquire.poll(&mutex.permits, 1, true, cx).map(|_| MutexGuard::new(mutex))
    }
}

/// The lock is not free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct TryLockError(pub(super) ());

impl core::fmt::Display for TryLockError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the lock is taken")
    }
}

impl core::error::Error for TryLockError {}
