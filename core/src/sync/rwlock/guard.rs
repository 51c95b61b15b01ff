//! The right to look at the value of a lock, or to change it, or a part of it.

use core::marker::PhantomData;

use super::RwLock;
use crate::guard::swallow;
use crate::lock::{DefaultLock, RawLock};
use crate::sync::hold::{Exclusive, Shared, guard_impls};
use crate::sync::permits::Lease;

/// The right to look at an [`RwLock`]'s value, or a part of it, until it is dropped.
#[must_use = "the lock is given back as soon as the guard is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized, L: RawLock = DefaultLock> {
    hold: Shared<T, Lease<'a, L>>,
    _value: PhantomData<&'a T>,
}

impl<'a, T: ?Sized, L: RawLock> RwLockReadGuard<'a, T, L> {
    /// *all or one each*: called only by who took one permit.
    pub(super) fn new(lock: &'a RwLock<T, L>) -> Self {
        Self::of(Shared::new(lock.value.with(|value| value), Lease { permits: &lock.permits, count: 1 }))
    }

    fn of(hold: Shared<T, Lease<'a, L>>) -> Self {
        Self { hold, _value: PhantomData }
    }

    /// The guard of a part of the value. A panic of `f` gives the lock back.
    pub fn map<U: ?Sized>(this: Self, f: impl FnOnce(&T) -> &U) -> RwLockReadGuard<'a, U, L> {
        RwLockReadGuard::of(this.hold.map(f))
    }

    /// The guard of a part of the value, if there is one.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` answers `None`.
    pub fn try_map<U: ?Sized>(this: Self, f: impl FnOnce(&T) -> Option<&U>) -> Result<RwLockReadGuard<'a, U, L>, Self> {
        this.hold.try_map(f).map(RwLockReadGuard::of).map_err(Self::of)
    }
}

guard_impls!(['a, T: ?Sized, L: RawLock] RwLockReadGuard<'a, T, L>, T);

/// Makes of the right to change a value the right to look at it: others may look as well from now on.
fn lower<'a, U: ?Sized, L: RawLock>(mut hold: Shared<U, Lease<'a, L>>) -> RwLockReadGuard<'a, U, L> {
    let lease = hold.right_mut();
    let rest = lease.count - 1;
    lease.count = 1;
    let permits = lease.permits;
    let guard = RwLockReadGuard::of(hold);
    // It has what it keeps: a waker that panics now is let go.
    swallow(|| permits.give(rest as usize));
    guard
}

/// The right to change an [`RwLock`]'s value, until it is dropped.
#[must_use = "the lock is given back as soon as the guard is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized, L: RawLock = DefaultLock> {
    hold: Exclusive<T, Lease<'a, L>>,
    _lock: PhantomData<&'a RwLock<T, L>>,
}

impl<'a, T: ?Sized, L: RawLock> RwLockWriteGuard<'a, T, L> {
    /// *all or one each*: called only by who took all permits.
    pub(super) fn new(lock: &'a RwLock<T, L>) -> Self {
        let lease = Lease { permits: &lock.permits, count: lock.readers };
        Self::of(Exclusive::new(lock.value.with_mut(|value| value), lease))
    }

    fn of(hold: Exclusive<T, Lease<'a, L>>) -> Self {
        Self { hold, _lock: PhantomData }
    }

    /// The guard of a part of the value. It cannot be downgraded. A panic of `f` gives the lock back.
    pub fn map<U: ?Sized>(this: Self, f: impl FnOnce(&mut T) -> &mut U) -> RwLockMappedWriteGuard<'a, U, L> {
        RwLockMappedWriteGuard::of(this.hold.map(f))
    }

    /// The guard of a part of the value, if there is one.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` answers `None`.
    pub fn try_map<U: ?Sized>(
        this: Self,
        f: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<RwLockMappedWriteGuard<'a, U, L>, Self> {
        this.hold.try_map(f).map(RwLockMappedWriteGuard::of).map_err(Self::of)
    }

    /// The guard of the whole value, of the type that guards of parts have.
    pub fn into_mapped(this: Self) -> RwLockMappedWriteGuard<'a, T, L> {
        RwLockMappedWriteGuard::of(this.hold)
    }

    /// Keeps the right to look only. Nobody changes the value in between, and readers at the head of the line get in.
    pub fn downgrade(self) -> RwLockReadGuard<'a, T, L> {
        lower(self.hold.share(|value| value))
    }

    /// Keeps the right to look at a part only. A panic of `f` gives the lock back.
    pub fn downgrade_map<U: ?Sized>(this: Self, f: impl FnOnce(&T) -> &U) -> RwLockReadGuard<'a, U, L> {
        lower(this.hold.share(f))
    }

    /// Keeps the right to look at a part only, if there is one.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` answers `None`.
    pub fn try_downgrade_map<U: ?Sized>(
        this: Self,
        f: impl FnOnce(&T) -> Option<&U>,
    ) -> Result<RwLockReadGuard<'a, U, L>, Self> {
        this.hold.try_share(f).map(lower).map_err(Self::of)
    }
}

guard_impls!(['a, T: ?Sized, L: RawLock] RwLockWriteGuard<'a, T, L>, mut T);

/// The right to change a part of an [`RwLock`]'s value, until it is dropped. Made by [`RwLockWriteGuard::map`].
#[must_use = "the lock is given back as soon as the guard is dropped"]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized, L: RawLock = DefaultLock> {
    hold: Exclusive<T, Lease<'a, L>>,
    _lock: PhantomData<&'a RwLock<T, L>>,
}

impl<'a, T: ?Sized, L: RawLock> RwLockMappedWriteGuard<'a, T, L> {
    fn of(hold: Exclusive<T, Lease<'a, L>>) -> Self {
        Self { hold, _lock: PhantomData }
    }

    /// The guard of a part of this part. A panic of `f` gives the lock back.
    pub fn map<U: ?Sized>(this: Self, f: impl FnOnce(&mut T) -> &mut U) -> RwLockMappedWriteGuard<'a, U, L> {
        RwLockMappedWriteGuard::of(this.hold.map(f))
    }

    /// The guard of a part of this part, if there is one.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` answers `None`.
    pub fn try_map<U: ?Sized>(
        this: Self,
        f: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<RwLockMappedWriteGuard<'a, U, L>, Self> {
        this.hold.try_map(f).map(RwLockMappedWriteGuard::of).map_err(Self::of)
    }
}

guard_impls!(['a, T: ?Sized, L: RawLock] RwLockMappedWriteGuard<'a, T, L>, mut T);
