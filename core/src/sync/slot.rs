//! A place for a value that is written once and then only looked at.
//!
//! *claimed*: the value is written by who changes the state from EMPTY to BUSY, once;
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

    /// Writes the value, if nobody else does or did.
    pub(super) fn put(&self, value: T) -> Result<(), T> {
        // Ordering: Relaxed: only the winner goes on, and publishes by the store below.
        if self.state.compare_exchange(EMPTY, BUSY, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return Err(value);
        }
        self.value.with_mut(|place| {
            // SAFETY: *claimed*; there is nothing in it to drop.
            unsafe { *place = Some(value) }
        });
        // Ordering: Release pairs with the Acquire of `get`.
        self.state.store(FULL, Ordering::Release);
        Ok(())
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
