//! How a waiter that was taken out of the list learns of it without the lock.

use crate::atomic::{AtomicUsize, Ordering};

/// What others tell a waiter, and whether who is taken out of the list sees that from outside of the lock.
pub(in crate::sync) trait Tag: Copy {
    /// `()`, which costs nothing and is never seen, or [`Out`], a word in each node.
    type Mark: Mark;
}

impl Tag for () {
    type Mark = ();
}

/// A place in a node for the news that it is in no list any more.
pub(in crate::sync) trait Mark {
    /// Not there yet.
    fn new() -> Self;

    /// Leaves the news. Whoever waits may be gone when this returns.
    fn set(&self);

    /// Whether the news is there: then all is visible that was done before it was left.
    fn is_set(&self) -> bool;
}

impl Mark for () {
    #[inline(always)]
    fn new() -> Self {}

    #[inline(always)]
    fn set(&self) {}

    #[inline(always)]
    fn is_set(&self) -> bool {
        false
    }
}

/// A word that says so.
pub(in crate::sync) struct Out(AtomicUsize);

impl Mark for Out {
    #[inline(always)]
    fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    #[inline(always)]
    fn set(&self) {
        // Ordering: Release: pairs with the Acquire of `is_set`: all that was done with the node, and what was promised.
        self.0.store(1, Ordering::Release);
    }

    #[inline(always)]
    fn is_set(&self) -> bool {
        // Ordering: Acquire: pairs with the Release of `set`.
        self.0.load(Ordering::Acquire) != 0
    }
}
