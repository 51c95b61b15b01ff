//! Guards that own their mutex, by its count.

use alloc::sync::Arc;

use super::{Mutex, TryLockError};
use crate::lock::{DefaultLock, RawLock};
use crate::sync::hold::{Exclusive, guard_impls};

impl<T: ?Sized, L: RawLock> Mutex<T, L> {
    /// Waits for its turn, as [`lock`](Self::lock); the guard keeps the mutex alive.
    ///
    /// # Cancel safety
    ///
    /// As [`lock`](Self::lock): the place in line is given up.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use std::sync::Arc;
    /// use zokio_core::sync::Mutex;
    ///
    /// let total = Arc::new(Mutex::new(0));
    /// let wait = async {
    ///     let mut guard = total.clone().lock_owned().await;
    ///     *guard += 1; // may be moved into another task
    /// };
    /// # drop(wait);
    /// # }
    /// ```
    pub async fn lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T, L> {
        core::mem::forget(self.lock().await);
        OwnedMutexGuard::new(self)
    }

    /// Takes the mutex if it is free; the guard keeps it alive.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if it is not.
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T, L>, TryLockError> {
        core::mem::forget(self.try_lock()?);
        Ok(OwnedMutexGuard::new(self))
    }
}

/// The turn of a guard that owns its mutex: given back when this is dropped.
struct Turn<T: ?Sized, L: RawLock> {
    mutex: Arc<Mutex<T, L>>,
}

impl<T: ?Sized, L: RawLock> Drop for Turn<T, L> {
    fn drop(&mut self) {
        self.mutex.permits.give_all(1);
    }
}

/// The right to use a [`Mutex`]'s value, which keeps the mutex alive; dropping it unlocks. See [`Mutex::lock_owned`].
#[must_use = "the mutex is unlocked as soon as the guard is dropped"]
pub struct OwnedMutexGuard<T: ?Sized, L: RawLock = DefaultLock> {
    hold: Exclusive<T, Turn<T, L>>,
}

impl<T: ?Sized, L: RawLock> OwnedMutexGuard<T, L> {
    /// *one guard*: called only by who has the turn, and forgets the guard it had it by.
    pub(super) fn new(mutex: Arc<Mutex<T, L>>) -> Self {
        Self { hold: Exclusive::new(mutex.value.with_mut(|value| value), Turn { mutex }) }
    }

    /// The guard of a part of the value. A panic of `f` unlocks.
    pub fn map<U: ?Sized>(this: Self, f: impl FnOnce(&mut T) -> &mut U) -> OwnedMappedMutexGuard<T, U, L> {
        OwnedMappedMutexGuard { hold: this.hold.map(f) }
    }

    /// The guard of a part of the value, if there is one.
    ///
    /// # Errors
    ///
    /// The guard of the whole, if `f` answers `None`.
    pub fn try_map<U: ?Sized>(
        this: Self,
        f: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<OwnedMappedMutexGuard<T, U, L>, Self> {
        match this.hold.try_map(f) {
            Ok(hold) => Ok(OwnedMappedMutexGuard { hold }),
            Err(hold) => Err(Self { hold }),
        }
    }

    /// The mutex that this locks.
    pub fn mutex(this: &Self) -> &Arc<Mutex<T, L>> {
        &this.hold.right().mutex
    }
}

guard_impls!([T: ?Sized, L: RawLock] OwnedMutexGuard<T, L>, mut T);

/// The right to use a part of a [`Mutex`]'s value, which keeps the mutex alive; dropping it unlocks. Made by
/// [`OwnedMutexGuard::map`].
#[must_use = "the mutex is unlocked as soon as the guard is dropped"]
pub struct OwnedMappedMutexGuard<T: ?Sized, U: ?Sized = T, L: RawLock = DefaultLock> {
    hold: Exclusive<U, Turn<T, L>>,
}

impl<T: ?Sized, U: ?Sized, L: RawLock> OwnedMappedMutexGuard<T, U, L> {
    /// The guard of a part of this part. A panic of `f` unlocks.
    pub fn map<V: ?Sized>(this: Self, f: impl FnOnce(&mut U) -> &mut V) -> OwnedMappedMutexGuard<T, V, L> {
        OwnedMappedMutexGuard { hold: this.hold.map(f) }
    }

    /// The guard of a part of this part, if there is one.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` answers `None`.
    pub fn try_map<V: ?Sized>(
        this: Self,
        f: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<OwnedMappedMutexGuard<T, V, L>, Self> {
        match this.hold.try_map(f) {
            Ok(hold) => Ok(OwnedMappedMutexGuard { hold }),
            Err(hold) => Err(Self { hold }),
        }
    }
}

guard_impls!([T: ?Sized, U: ?Sized, L: RawLock] OwnedMappedMutexGuard<T, U, L>, mut U);
