//! A value for many tasks that look at it, or for one that changes it.

#[cfg(feature = "alloc")]
mod alloc;
#[cfg(feature = "std")]
mod blocking;
mod guard;

#[cfg(feature = "alloc")]
pub use self::alloc::{OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard};
pub use guard::{RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard};

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::TryLockError;
use super::permits::{Acquire, Permits};
use crate::atomic::UnsafeCell;
use crate::const_fn;
use crate::lock::{DefaultLock, RawLock};

/// As many readers as there can be at once, and as many as there may be unless told otherwise.
const MAX_READERS: u32 = u32::MAX >> 3;

/// A value that many tasks may look at, or one may change, across awaits too.
///
/// Names and meaning are those of `tokio::sync::RwLock`, but for one departure, which is that of
/// [`Mutex`](super::Mutex#fairness): others may come before a writer that was woken until it runs; if it then finds the lock
/// taken, nobody passes it any more, and it is handed the lock. [`RwLock::fair`] makes one without.
///
/// # Fairness
///
/// First come, first served: a reader that comes while a writer waits in line waits behind it, so that readers cannot
/// starve writers, and so that a task that already reads must not wait for another read guard of the same lock. All
/// readers at the head of the line get in at once.
///
/// # Units
///
/// Readers: at most `u32::MAX >> 3`, or as many as [`with_max_readers`](Self::with_max_readers) says; more of them wait.
///
/// # Cost
///
/// That of [`Mutex`](super::Mutex). A permit for each reader, and all of them for a writer.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "std")] {
/// use zokio_core::sync::RwLock;
///
/// static ROUTES: RwLock<[u16; 4]> = RwLock::const_new([0; 4]);
///
/// async fn route(n: usize) -> u16 {
///     ROUTES.read().await[n]
/// }
///
/// async fn reset() {
///     *ROUTES.write().await = [0; 4];
/// }
/// # let _ = (route(1), reset());
/// # }
/// ```
pub struct RwLock<T: ?Sized, L: RawLock = DefaultLock> {
    permits: Permits<L>,
    /// How many permits there are in all.
    readers: u32,
    value: UnsafeCell<T>,
}

// SAFETY: *all or one each*: the value is changed by who has all permits and looked at by who has one.
unsafe impl<T: ?Sized + Send + Sync, L: RawLock + Sync> Sync for RwLock<T, L> {}

impl<T> RwLock<T> {
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
        #[must_use]
        pub const fn fair(value: T) -> Self {
            Self::fair_with_lock(value)
        }
    }

    const_fn! {
        /// Wraps a value that so many readers may look at at once.
        ///
        /// # Panics
        ///
        /// If `max_readers` is 0 or more than `u32::MAX >> 3`; in a `static` the build fails.
        #[must_use]
        #[track_caller]
        pub const fn with_max_readers(value: T, max_readers: u32) -> Self {
            Self::max_readers_with_lock(value, max_readers)
        }
    }

    const_fn! {
        /// The same as [`with_max_readers`](Self::with_max_readers), under the name that tokio has for it in a `static`.
        ///
        /// # Panics
        ///
        /// As [`with_max_readers`](Self::with_max_readers).
        #[must_use]
        #[track_caller]
        pub const fn const_with_max_readers(value: T, max_readers: u32) -> Self {
            Self::max_readers_with_lock(value, max_readers)
        }
    }
}

impl<T, L: RawLock> RwLock<T, L> {
    const_fn! {
        /// Wraps a value that nobody uses. The type says which lock guards it.
        #[must_use]
        pub const fn with_lock(value: T) -> Self {
            Self::make(value, MAX_READERS, false)
        }
    }

    const_fn! {
        /// As [`fair`](Self::fair). The type says which lock guards it.
        #[must_use]
        pub const fn fair_with_lock(value: T) -> Self {
            Self::make(value, MAX_READERS, true)
        }
    }

    const_fn! {
        /// As [`with_max_readers`](Self::with_max_readers). The type says which lock guards it.
        ///
        /// # Panics
        ///
        /// As [`with_max_readers`](Self::with_max_readers).
        #[must_use]
        #[track_caller]
        pub const fn max_readers_with_lock(value: T, max_readers: u32) -> Self {
            // With none, a writer would need nothing, and two of them could change the value at once.
            assert!(max_readers > 0, "a lock that nobody may read");
            assert!(max_readers <= MAX_READERS, "a lock may have at most u32::MAX >> 3 readers");
            Self::make(value, max_readers, false)
        }
    }

    const_fn! {
        const fn make(value: T, readers: u32, fair: bool) -> Self {
            Self { permits: Permits::new(readers as usize, fair), readers, value: UnsafeCell::new(value) }
        }
    }

    /// Returns the value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized, L: RawLock> RwLock<T, L> {
    /// Waits until nobody changes the value and nobody who came before waits to, and returns a guard to look at it.
    ///
    /// # Cancel safety
    ///
    /// The *place in line* is lost if the future is dropped.
    pub fn read(&self) -> impl Future<Output = RwLockReadGuard<'_, T, L>> {
        Locking { acquire: Acquire::new(), lock: self, need: 1, guard: RwLockReadGuard::new }
    }

    /// Waits until nobody uses the value and nobody who came before waits to, and returns a guard to change it.
    ///
    /// # Cancel safety
    ///
    /// The *place in line* is lost if the future is dropped.
    pub fn write(&self) -> impl Future<Output = RwLockWriteGuard<'_, T, L>> {
        Locking { acquire: Acquire::new(), lock: self, need: self.readers, guard: RwLockWriteGuard::new }
    }

    /// A guard to look at the value, if nobody changes it or waits to. One who was woken to change it, and has not run yet, does not
    /// count, but with a [fair](RwLock::fair) lock.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if somebody does, or as many as may look at it.
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T, L>, TryLockError> {
        self.permits.take(1).map(|()| RwLockReadGuard::new(self)).map_err(|_| TryLockError(()))
    }

    /// A guard to change the value, if nobody uses it.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if somebody does.
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T, L>, TryLockError> {
        self.permits.take_all(self.readers).map(|()| RwLockWriteGuard::new(self)).map_err(|_| TryLockError(()))
    }

    /// Returns the value; `&mut self` shows that nobody else uses it.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: `&mut self` excludes every guard for its own lifetime.
        self.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::with_lock(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::with_lock(value)
    }
}

impl<T: ?Sized + core::fmt::Debug, L: RawLock> core::fmt::Debug for RwLock<T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut fields = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => fields.field("data", &&*guard),
            Err(_) => fields.field("data", &format_args!("<locked>")),
        };
        fields.finish()
    }
}

/// A wait for a lock, and how its guard is made.
struct Locking<'a, T: ?Sized, L: RawLock, G> {
    acquire: Acquire<'a, L>,
    lock: &'a RwLock<T, L>,
    need: u32,
    guard: fn(&'a RwLock<T, L>) -> G,
}

impl<T: ?Sized, L: RawLock, G> Future for Locking<'_, T, L, G> {
    type Output = G;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<G> {
        let (lock, need, guard) = (self.lock, self.need, self.guard);
        // SAFETY: the one field that is pinned; nothing is moved out of it, and there is no destructor.
        let acquire = unsafe { self.map_unchecked_mut(|this| &mut this.acquire) };
        // Nobody closes the permits.
        acquire.poll(&lock.permits, need, need == lock.readers, cx).map(|_| guard(lock))
    }
}
