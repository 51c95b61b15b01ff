//! Who finds the flag up: looks, lies down, sleeps.

use super::{Bell, Flag, Held, WANTED};
use crate::atomic::Ordering;

/// Where those who wait lie.
pub(in crate::lock) trait Bed: Bell {
    /// Passes the time between two looks.
    fn pause(&self);

    /// Sleeps until rung, and not for ever. Not at all where `is_rung` by now.
    fn sleep(&self, is_rung: impl FnOnce() -> bool);
}

/// Looks in a row.
pub(super) const LOOKS: u32 = 100;
/// Looks of who lies down: half a microsecond, and more. A write is seen after a tenth of that.
pub(super) const LAST_LOOKS: u32 = 50;

/// One who lies there, beside [`WANTED`].
const ONE: usize = WANTED << 1;

impl<B: Bed> Flag<B> {
    /// Raises it, when nobody else has it up.
    #[inline(always)]
    pub(in crate::lock) fn take(&self) -> Held<'_, B> {
        if !self.raise() {
            self.wait();
        }
        Held(self)
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
}
