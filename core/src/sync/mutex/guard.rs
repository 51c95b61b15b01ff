//! The right to use the value of a mutex, or a part of it.

use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use super::Mutex;
use crate::lock::{DefaultLock, RawLock};
use crate::sync::hold::{Exclusive, guard_impls};
use crate::sync::permits::Lease;

/// The right to use a [`Mutex`]'s value; dropping it unlocks.
///
/// It may be shared between threads where the value may, and sent where the value may be sent:
///
/// ```compile_fail,E0277
/// fn shared<T: Sync>() {}
/// shared::<zokio_core::sync::MutexGuard<'_, core::cell::Cell<u8>>>();
/// ```
///
/// Forgetting it keeps the mutex locked for good.
#[must_use = "the mutex is unlocked as soon as the guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized, L: RawLock = DefaultLock> {
    mutex: &'a Mutex<T, L>,
    /// A guard may be shared and sent as a `&mut T` may.
    _value: PhantomData<&'a mut T>,
}

impl<'a, T: ?Sized, L: RawLock> MutexGuard<'a, T, L> {
    /// *one guard*: called only by who just took the mutex, or was handed it.
    #[inline(always)]
    pub(super) fn new(mutex: &'a Mutex<T, L>) -> Self {
        Self { mutex, _value: PhantomData }
    }

    /// The guard of a part of the value. A panic of `f` unlocks.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use zokio_core::sync::{Mutex, MutexGuard};
    ///
    /// let pair = Mutex::new((1, 2));
    /// *MutexGuard::map(pair.try_lock().unwrap(), |pair| &mut pair.1) = 3;
    /// assert_eq!(pair.into_inner(), (1, 3));
    /// # }
    /// ```
    pub fn map<U: ?Sized>(this: Self, f: impl FnOnce(&mut T) -> &mut U) -> MappedMutexGuard<'a, U, L> {
        MappedMutexGuard { hold: this.hold().map(f), _value: PhantomData }
    }

    /// The guard of a part of the value, if there is one.
    ///
    /// # Errors
    ///
    /// The guard of the whole, if `f` answers `None`.
    pub fn try_map<U: ?Sized>(
        this: Self,
        f: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedMutexGuard<'a, U, L>, Self> {
        let mutex = this.mutex;
        match this.hold().try_map(f) {
            Ok(hold) => Ok(MappedMutexGuard { hold, _value: PhantomData }),
            Err(hold) => {
                core::mem::forget(hold);
                Err(Self::new(mutex))
            }
        }
    }

    /// The mutex that this locks.
    pub fn mutex(this: &Self) -> &'a Mutex<T, L> {
        this.mutex
    }

    fn hold(self) -> Exclusive<T, Lease<'a, L>> {
        let Self { mutex, .. } = self;
        core::mem::forget(self);
        // *right*: this guard's.
        Exclusive::new(mutex.value.with_mut(|value| value), Lease { permits: &mutex.permits, count: 1 })
    }
}

impl<T: ?Sized, L: RawLock> Deref for MutexGuard<'_, T, L> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: *one guard*: this one, which is borrowed.
        self.mutex.value.with(|value| unsafe { &*value })
    }
}

impl<T: ?Sized, L: RawLock> DerefMut for MutexGuard<'_, T, L> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: *one guard*: this one, which is borrowed exclusively.
        self.mutex.value.with_mut(|value| unsafe { &mut *value })
    }
}

impl<T: ?Sized, L: RawLock> Drop for MutexGuard<'_, T, L> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.permits.give_all(1);
    }
}

impl<T: ?Sized + core::fmt::Debug, L: RawLock> core::fmt::Debug for MutexGuard<'_, T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + core::fmt::Display, L: RawLock> core::fmt::Display for MutexGuard<'_, T, L> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        (**self).fmt(f)
    }
}

/// The right to use a part of a [`Mutex`]'s value; dropping it unlocks. Made by [`MutexGuard::map`].
#[must_use = "the mutex is unlocked as soon as the guard is dropped"]
pub struct MappedMutexGuard<'a, T: ?Sized, L: RawLock = DefaultLock> {
    hold: Exclusive<T, Lease<'a, L>>,
    _value: PhantomData<&'a mut T>,
}

impl<'a, T: ?Sized, L: RawLock> MappedMutexGuard<'a, T, L> {
    /// The guard of a part of this part. A panic of `f` unlocks.
    pub fn map<U: ?Sized>(this: Self, f: impl FnOnce(&mut T) -> &mut U) -> MappedMutexGuard<'a, U, L> {
        MappedMutexGuard { hold: this.hold.map(f), _value: PhantomData }
    }

    /// The guard of a part of this part, if there is one.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` answers `None`.
    pub fn try_map<U: ?Sized>(
        this: Self,
        f: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<MappedMutexGuard<'a, U, L>, Self> {
        match this.hold.try_map(f) {
            Ok(hold) => Ok(MappedMutexGuard { hold, _value: PhantomData }),
            Err(hold) => Err(Self { hold, _value: PhantomData }),
        }
    }
}

guard_impls!(['a, T: ?Sized, L: RawLock] MappedMutexGuard<'a, T, L>, mut T);
