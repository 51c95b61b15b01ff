//! Guards that own their lock, by its count.

use alloc::sync::Arc;

use super::RwLock;
use crate::guard::swallow;
use crate::lock::{DefaultLock, RawLock};
use crate::sync::TryLockError;
use crate::sync::hold::{Exclusive, Shared, guard_impls};

impl<T: ?Sized, L: RawLock> RwLock<T, L> {
    /// Waits to look at the value, as [`read`](Self::read); the guard keeps the lock alive.
    ///
    /// # Cancel safety
    ///
    /// The *place in line* is lost if the future is dropped.
    pub async fn read_owned(self: Arc<Self>) -> OwnedRwLockReadGuard<T, T, L> {
        core::mem::forget(self.read().await);
        OwnedRwLockReadGuard::new(self)
    }

    /// Waits to change the value, as [`write`](Self::write); the guard keeps the lock alive.
    ///
    /// # Cancel safety
    ///
    /// The *place in line* is lost if the future is dropped.
    pub async fn write_owned(self: Arc<Self>) -> OwnedRwLockWriteGuard<T, L> {
        core::mem::forget(self.write().await);
        OwnedRwLockWriteGuard::new(self)
    }

    /// A guard to look at the value, as [`try_read`](Self::try_read), which keeps the lock alive.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if somebody changes it or waits to.
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T, T, L>, TryLockError> {
        core::mem::forget(self.try_read()?);
        Ok(OwnedRwLockReadGuard::new(self))
    }

    /// A guard to change the value, as [`try_write`](Self::try_write), which keeps the lock alive.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if somebody uses it.
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T, L>, TryLockError> {
        core::mem::forget(self.try_write()?);
        Ok(OwnedRwLockWriteGuard::new(self))
    }
}

/// Permits of a guard that owns its lock: given back when this is dropped.
struct Lease<T: ?Sized, L: RawLock> {
    lock: Arc<RwLock<T, L>>,
    count: u32,
}

impl<T: ?Sized, L: RawLock> Drop for Lease<T, L> {
    fn drop(&mut self) {
        self.lock.permits.give(self.count as usize);
    }
}

/// The right to look at an [`RwLock`]'s value, or at a part of it, which keeps the lock alive.
#[must_use = "the lock is given back as soon as the guard is dropped"]
pub struct OwnedRwLockReadGuard<T: ?Sized, U: ?Sized = T, L: RawLock = DefaultLock> {
    hold: Shared<U, Lease<T, L>>,
}

impl<T: ?Sized, L: RawLock> OwnedRwLockReadGuard<T, T, L> {
    /// *all or one each*: called only by who has one permit, and forgets the guard it had it by.
    fn new(lock: Arc<RwLock<T, L>>) -> Self {
        Self { hold: Shared::new(lock.value.with(|value| value), Lease { lock, count: 1 }) }
    }
}

impl<T: ?Sized, U: ?Sized, L: RawLock> OwnedRwLockReadGuard<T, U, L> {
    fn of(hold: Shared<U, Lease<T, L>>) -> Self {
        Self { hold }
    }

    /// The guard of a part of this. A panic of `f` gives the lock back.
    pub fn map<V: ?Sized>(this: Self, f: impl FnOnce(&U) -> &V) -> OwnedRwLockReadGuard<T, V, L> {
        OwnedRwLockReadGuard { hold: this.hold.map(f) }
    }

    /// The guard of a part of this, if there is one.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` answers `None`.
    pub fn try_map<V: ?Sized>(
        this: Self,
        f: impl FnOnce(&U) -> Option<&V>,
    ) -> Result<OwnedRwLockReadGuard<T, V, L>, Self> {
        this.hold.try_map(f).map(OwnedRwLockReadGuard::of).map_err(Self::of)
    }

    /// The lock.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T, L>> {
        &this.hold.right().lock
    }
}

guard_impls!([T: ?Sized, U: ?Sized, L: RawLock] OwnedRwLockReadGuard<T, U, L>, U);

/// Makes of the right to change a value the right to look at it: others may look as well from now on.
fn lower<T: ?Sized, U: ?Sized, L: RawLock>(mut hold: Shared<U, Lease<T, L>>) -> OwnedRwLockReadGuard<T, U, L> {
    let lease = hold.right_mut();
    let rest = lease.count - 1;
    lease.count = 1;
    let guard = OwnedRwLockReadGuard::of(hold);
    // It has what it keeps: a waker that panics now is let go.
    swallow(|| OwnedRwLockReadGuard::rwlock(&guard).permits.give(rest as usize));
    guard
}

/// The right to change an [`RwLock`]'s value, which keeps the lock alive.
#[must_use = "the lock is given back as soon as the guard is dropped"]
pub struct OwnedRwLockWriteGuard<T: ?Sized, L: RawLock = DefaultLock> {
    hold: Exclusive<T, Lease<T, L>>,
}

impl<T: ?Sized, L: RawLock> OwnedRwLockWriteGuard<T, L> {
    /// *all or one each*: called only by who has all permits, and forgets the guard it had them by.
    fn new(lock: Arc<RwLock<T, L>>) -> Self {
        let count = lock.readers;
        Self::of(Exclusive::new(lock.value.with_mut(|value| value), Lease { lock, count }))
    }

    fn of(hold: Exclusive<T, Lease<T, L>>) -> Self {
        Self { hold }
    }

    /// The guard of a part of the value. It cannot be downgraded. A panic of `f` gives the lock back.
    pub fn map<U: ?Sized>(this: Self, f: impl FnOnce(&mut T) -> &mut U) -> OwnedRwLockMappedWriteGuard<T, U, L> {
        OwnedRwLockMappedWriteGuard::of(this.hold.map(f))
    }

    /// The guard of a part of the value, if there is one.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` answers `None`.
    pub fn try_map<U: ?Sized>(
        this: Self,
        f: impl FnOnce(&mut T) -> Option<&mut U>,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, U, L>, Self> {
        this.hold.try_map(f).map(OwnedRwLockMappedWriteGuard::of).map_err(Self::of)
    }

    /// The guard of the whole value, of the type that guards of parts have.
    pub fn into_mapped(this: Self) -> OwnedRwLockMappedWriteGuard<T, T, L> {
        OwnedRwLockMappedWriteGuard::of(this.hold)
    }

    /// Keeps the right to look only. Nobody changes the value in between, and readers at the head of the line get in.
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T, T, L> {
        lower(self.hold.share(|value| value))
    }

    /// Keeps the right to look at a part only. A panic of `f` gives the lock back.
    pub fn downgrade_map<U: ?Sized>(this: Self, f: impl FnOnce(&T) -> &U) -> OwnedRwLockReadGuard<T, U, L> {
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
    ) -> Result<OwnedRwLockReadGuard<T, U, L>, Self> {
        this.hold.try_share(f).map(lower).map_err(Self::of)
    }

    /// The lock.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T, L>> {
        &this.hold.right().lock
    }
}

guard_impls!([T: ?Sized, L: RawLock] OwnedRwLockWriteGuard<T, L>, mut T);

/// The right to change a part of an [`RwLock`]'s value, which keeps the lock alive. Made by
/// [`OwnedRwLockWriteGuard::map`].
#[must_use = "the lock is given back as soon as the guard is dropped"]
pub struct OwnedRwLockMappedWriteGuard<T: ?Sized, U: ?Sized = T, L: RawLock = DefaultLock> {
    hold: Exclusive<U, Lease<T, L>>,
}

impl<T: ?Sized, U: ?Sized, L: RawLock> OwnedRwLockMappedWriteGuard<T, U, L> {
    fn of(hold: Exclusive<U, Lease<T, L>>) -> Self {
        Self { hold }
    }

    /// The guard of a part of this part. A panic of `f` gives the lock back.
    pub fn map<V: ?Sized>(this: Self, f: impl FnOnce(&mut U) -> &mut V) -> OwnedRwLockMappedWriteGuard<T, V, L> {
        OwnedRwLockMappedWriteGuard { hold: this.hold.map(f) }
    }

    /// The guard of a part of this part, if there is one.
    ///
    /// # Errors
    ///
    /// The guard as it was, if `f` answers `None`.
    pub fn try_map<V: ?Sized>(
        this: Self,
        f: impl FnOnce(&mut U) -> Option<&mut V>,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, V, L>, Self> {
        this.hold.try_map(f).map(OwnedRwLockMappedWriteGuard::of).map_err(Self::of)
    }

    /// The lock.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T, L>> {
        &this.hold.right().lock
    }
}

guard_impls!([T: ?Sized, U: ?Sized, L: RawLock] OwnedRwLockMappedWriteGuard<T, U, L>, mut U);
