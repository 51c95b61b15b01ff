//! A flag that one at a time has up: what a lock between threads is made of.
//!
//! Whoever lowers it need not know whether somebody waits for it, since whoever waits looks. So lowering it is a store,
//! which a lock whose waiters sleep until they are called cannot do.

use crate::atomic::{AtomicUsize, Ordering};
use crate::const_fn;

/// Zero: nobody has it up; one: somebody has. A word, since the same with a byte costs a third of a message of a channel more.
#[derive(Debug)]
pub(super) struct Flag(AtomicUsize);

/// Shows that the flag is up, and lowers it when it is dropped.
pub(super) struct Held<'a>(&'a AtomicUsize);

impl Flag {
    const_fn! {
        /// Nobody has it up.
        pub(super) const fn new() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    /// Raises it. While somebody else has it up, `pause` passes the time between two looks, and is told how many there were.
    #[inline(always)]
    pub(super) fn take(&self, pause: impl FnMut(u32)) -> Held<'_> {
        if !self.raise() {
            self.wait(pause);
        }
        Held(&self.0)
    }

    #[inline(always)]
    fn raise(&self) -> bool {
        // Ordering: Acquire: pairs with the Release of `Held::drop`: what was done while it was up is seen.
        self.0.swap(1, Ordering::Acquire) == 0
    }

    #[cold]
    #[inline(never)]
    fn wait(&self, mut pause: impl FnMut(u32)) {
        let mut looks = 0_u32;
        loop {
            // A look leaves the cache line with who has the flag up, where a try takes it away.
            while self.0.load(Ordering::Relaxed) != 0 {
                pause(looks);
                looks = looks.saturating_add(1);
            }
            if self.raise() {
                return;
            }
        }
    }
}

impl Drop for Held<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // Ordering: Release: pairs with the Acquire of `raise`.
        self.0.store(0, Ordering::Release);
    }
}

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;
