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

/// Where those who wait lie.
pub(super) trait Bed {
    /// Passes the time between two looks.
    fn pause(&self);

    /// Sleeps until rung, and not for ever. Not at all where `is_rung` by now.
    fn sleep(&self, is_rung: impl FnOnce() -> bool);

    /// Ends the sleep of one. Whoever comes to [`sleep`](Self::sleep) later is told that it `is_rung`.
    fn ring(&self);
}

/// Looks in a row.
const LOOKS: u32 = 100;
/// Looks of who lies down: half a microsecond, and more. A write is seen after a tenth of that.
const LAST_LOOKS: u32 = 50;

/// Who lies there is to be rung.
const WANTED: usize = 1;
const ONE: usize = 2;

/// Words, since the same with a byte costs a third of a message of a channel more.
#[derive(Debug)]
pub(super) struct Flag<B> {
    /// Zero: nobody has it up; one: somebody has.
    up: AtomicUsize,
    /// [`WANTED`], and [`ONE`] for each who lies there.
    lying: AtomicUsize,
    bed: B,
}

/// Shows that the flag is up, and lowers it when it is dropped.
pub(super) struct Held<'a, B: Bed>(&'a Flag<B>);

impl<B> Flag<B> {
    const_fn! {
        /// Nobody has it up.
        pub(super) const fn new(bed: B) -> Self {
            Self { up: AtomicUsize::new(0), lying: AtomicUsize::new(0), bed }
        }
    }
}

impl<B: Bed> Flag<B> {
    /// Raises it, when nobody else has it up.
    #[cfg_attr(loom, allow(dead_code))] // a model takes it without a wait
    #[inline(always)]
    pub(super) fn take(&self) -> Held<'_, B> {
        if !self.raise() {
            self.wait();
        }
        Held(self)
    }

    #[inline(always)]
    fn raise(&self) -> bool {
        // Ordering: Acquire: pairs with the Release of `Held::drop`: what was done while it was up is seen.
        self.up.swap(1, Ordering::Acquire) == 0
    }

    #[cold]
    #[inline(never)]
    fn wait(&self) {
        if self.watch(LOOKS) {
            return;
        }
        while !self.lie_down() && !self.watch(LOOKS) {}
        if self.lying.load(Ordering::Relaxed) >= ONE {
            self.lying.fetch_or(WANTED, Ordering::Relaxed);
        }
    }

    /// Looks so often, and raises it if it is down.
    fn watch(&self, looks: u32) -> bool {
        for _ in 0..looks {
            // A look leaves the cache line with who has the flag up, where a try takes it away.
            if self.up.load(Ordering::Relaxed) == 0 && self.raise() {
                return true;
            }
            self.bed.pause();
        }
        false
    }

    /// Sleeps until rung, unless it gets the flag before it is asleep.
    fn lie_down(&self) -> bool {
        // Ordering: relaxed, as all of `lying`: *nearly always rung* asks for none, and the flag orders what it guards.
        self.lying.fetch_add(ONE, Ordering::Relaxed);
        self.lying.fetch_or(WANTED, Ordering::Relaxed);
        let got = self.watch(LAST_LOOKS);
        if !got {
            self.bed.sleep(|| self.lying.load(Ordering::Relaxed) & WANTED == 0);
        }
        self.lying.fetch_sub(ONE, Ordering::Relaxed);
        got
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

impl<B: Bed> Drop for Held<'_, B> {
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
