//! [`Looked`]: whether the earliest deadline is still the one that somebody looked at.
//!
//! Whoever parks until a deadline has looked at it before, and asks again when nothing can come unseen any more: in between
//! somebody else may have made an earlier one (another thread, or the task of an interrupt), found that nobody slept yet, and
//! told nobody.
//!
//! One word says who did the last of what matters: a looker leaves his address, under the lock in which he looks, and a node
//! that becomes the first leaves its own. So a looker who finds his has missed nothing, whatever came and went in between: where
//! a node is the first again that was it when he looked, its address stands where his did. Who finds somebody else's looks
//! again, which is never wrong.
//!
//! - *alive*: a looker who asks is alive since he looked, so no node that was linked meanwhile has had his address.

use crate::atomic::{AtomicUsize, Ordering};
use crate::const_fn;

/// The last who looked or became the first; null: nobody.
pub(super) struct Looked(AtomicUsize);

impl Looked {
    const_fn! {
        pub(super) const fn new() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    /// Notes that `last` looks, or has become the first; under the lock.
    #[inline(always)]
    pub(super) fn note<T>(&self, last: &T) {
        const { assert!(size_of::<T>() > 0, "an address that is its alone") }
        // Ordering: relaxed: under the lock; see `missed`.
        self.0.store(address(last), Ordering::Relaxed);
    }

    /// Whether something may have become the first since `looker` looked.
    #[inline(always)]
    pub(super) fn missed<T>(&self, looker: &T) -> bool {
        // Ordering: relaxed: whoever parks on this has a fence before, which pairs with that of who links and then wakes him
        // (`Clock::rearm`).
        self.0.load(Ordering::Relaxed) != address(looker)
    }
}

#[inline(always)]
fn address<T>(of: &T) -> usize {
    core::ptr::from_ref(of).addr()
}
