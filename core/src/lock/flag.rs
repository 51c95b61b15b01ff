//! A flag that one at a time has up: what a lock between threads is made of.
//!
//! Lowering it is a store and a look: a lock whose waiters must all be called would have to find out at each leave, by a second
//! read-modify-write, whether there are any. Who waits looks for a while first. Then it lies down; who lowers the flag after that
//! sees it and rings, once: one of those who lie there gets up, and has the next one rung when it has had its turn.
//!
//! *nearly always rung*: that somebody lies there, and that the flag is down, are two words. Who lowers the flag writes one and
//! reads the other without a barrier between, so that both may be missed: it reads before its write has reached the other core.
//! So who lies down looks on for longer than a write is on its way, and gets up by itself in the end.

use crate::atomic::{AtomicUsize, Ordering};
use crate::const_fn;

#[cfg(not(loom))] // who waits looks until it wins, which a model cannot
mod waiting;

#[cfg(not(loom))]
pub(super) use waiting::Bed;

/// Ends the sleep of those who wait.
pub(super) trait Bell {
    /// Wakes one. Whoever comes to sleep later is told that it was rung.
    fn ring(&self);
}

/// Who lies there is to be rung.
const WANTED: usize = 1;

/// Words, since the same with a byte costs a third of a message of a channel more.
#[derive(Debug)]
pub(super) struct Flag<B> {
    /// Zero: nobody has it up; one: somebody has.
    up: AtomicUsize,
    /// [`WANTED`], and the count of those who lie there.
    lying: AtomicUsize,
    bed: B,
}

/// Shows that the flag is up, and lowers it when it is dropped.
pub(super) struct Held<'a, B: Bell>(&'a Flag<B>);

impl<B> Flag<B> {
    const_fn! {
        /// Nobody has it up.
        pub(super) const fn new(bed: B) -> Self {
            Self { up: AtomicUsize::new(0), lying: AtomicUsize::new(0), bed }
        }
    }
}

impl<B: Bell> Flag<B> {
    #[inline(always)]
    fn raise(&self) -> bool {
        // Ordering: Acquire: pairs with the Release of `Held::drop`: what was done while it was up is seen.
        self.up.swap(1, Ordering::Acquire) == 0
    }

    /// Wakes one who lies there, if that is wanted still.
    #[cold]
    #[inline(never)]
    fn ring(&self) {
        if self.lying.fetch_and(!WANTED, Ordering::Relaxed) & WANTED != 0 {
            self.bed.ring();
        }
    }
}

impl<B: Bell> Drop for Held<'_, B> {
    #[inline(always)]
    fn drop(&mut self) {
        // Ordering: Release: pairs with the Acquire of `raise`.
        self.0.up.store(0, Ordering::Release);
        if self.0.lying.load(Ordering::Relaxed) & WANTED != 0 {
            self.0.ring();
        }
    }
}

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;
