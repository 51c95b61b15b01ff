//! A place for a value that is written once and then only looked at.
//!
//! *claimed*: the value is written by who has the one [`Claim`], which is made when the state changes from EMPTY to BUSY;
//! *written*: it is looked at by who has seen FULL, after which it does not change.

use crate::atomic::{AtomicUsize, Ordering, UnsafeCell};
use crate::const_fn;

const EMPTY: usize = 0;
const BUSY: usize = 1;
const FULL: usize = 2;

/// The place.
pub(super) struct Slot<T> {
    state: AtomicUsize,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: *claimed*, *written*: shared, it takes one value in (`Send`) and gives references to it out (`Sync`).
unsafe impl<T: Send + Sync> Sync for Slot<T> {}

impl<T> Slot<T> {
    const_fn! {
        /// With a value, or without.
        pub(super) const fn new(value: Option<T>) -> Self {
            let state = if value.is_some() { FULL } else { EMPTY };
            Self { state: AtomicUsize::new(state), value: UnsafeCell::new(value) }
        }
    }

    /// The value, once it is there.
    #[inline]
    pub(super) fn get(&self) -> Option<&T> {
        // Ordering: Acquire pairs with the Release of `put`: the value is written.
        if self.state.load(Ordering::Acquire) != FULL {
            return None;
        }
        // SAFETY: *written*.
        self.value.with(|value| unsafe { &*value }).as_ref()
    }

    /// The right to write the value, if nobody has or had it.
    pub(super) fn claim(&self) -> Option<Claim<'_, T>> {
        // Ordering: Acquire pairs with the Release of a claim that was given up.
        let claimed = self.state.compare_exchange(EMPTY, BUSY, Ordering::Acquire, Ordering::Relaxed);
        // Made only then: dropping one gives the right up.
        claimed.is_ok().then(|| Claim { slot: self })
    }

    /// The value, to change it.
    pub(super) fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: `&mut self` excludes everybody else.
        self.value.with_mut(|value| unsafe { &mut *value }).as_mut()
    }

    /// The value.
    pub(super) fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }
}

/// The right to write the value; dropping it gives the right up.
pub(super) struct Claim<'a, T> {
    slot: &'a Slot<T>,
}

impl<T> Claim<'_, T> {
    /// Writes the value.
    pub(super) fn put(self, value: T) {
        self.slot.value.with_mut(|place| {
            // SAFETY: *claimed*; there is nothing in it to drop.
            unsafe { *place = Some(value) }
        });
        // Ordering: Release pairs with the Acquire of `get`.
        self.slot.state.store(FULL, Ordering::Release);
        core::mem::forget(self);
    }
}

impl<T> Drop for Claim<'_, T> {
    fn drop(&mut self) {
        // Ordering: Release pairs with the Acquire of `claim`.
        self.slot.state.store(EMPTY, Ordering::Release);
    }
}
