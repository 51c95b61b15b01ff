//! Who has the value: any number that look, or one that changes it.

use crate::atomic::{AtomicUsize, Ordering};
use crate::const_fn;

/// Somebody has the value alone.
const WRITING: usize = 1;
/// Somebody stands in the lane of those who wait for access; set and cleared under the lock.
const WAITED: usize = 1 << 1;
/// A thread waits to have the value alone, and who comes to look gives way to it for a while; set and cleared under the lock.
const PRESSED: usize = 1 << 2;
/// One who looks; the rest of the word counts them.
const READER: usize = 1 << 3;

pub(super) struct Access(AtomicUsize);

impl Access {
    const_fn! {
        pub(super) const fn new() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    /// Begins to look, unless somebody has the value alone or presses for it.
    ///
    /// # Panics
    ///
    /// When there are an eighth of `usize::MAX` who look, which takes forgotten borrows.
    #[inline]
    pub(super) fn try_read(&self) -> bool {
        self.read_unless(WRITING | PRESSED)
    }

    /// Begins to look, unless somebody has the value alone. Panics as [`try_read`](Self::try_read).
    #[inline]
    pub(super) fn try_read_at_once(&self) -> bool {
        self.read_unless(WRITING)
    }

    #[inline]
    fn read_unless(&self, bits: usize) -> bool {
        // Ordering: acquires what the last writer wrote; pairs with `end_write`.
        let read = self.0.fetch_update(Ordering::Acquire, Ordering::Relaxed, |word| {
            assert!(word <= usize::MAX - READER, "too many borrows of a watched value");
            (word & bits == 0).then_some(word + READER)
        });
        read.is_ok()
    }

    /// Ends to look. Answers whether those who wait must be let in.
    #[inline]
    pub(super) fn end_read(&self) -> bool {
        // Ordering: releases what this one read to the next writer, which overwrites it; pairs with `try_write`.
        self.0.fetch_sub(READER, Ordering::Release) & !PRESSED == READER | WAITED
    }

    /// Takes the value alone, if nobody looks. Under the lock.
    #[inline]
    pub(super) fn try_write(&self) -> bool {
        // Ordering: acquires that readers have ended; pairs with `end_read`.
        let write = self.0.fetch_update(Ordering::Acquire, Ordering::Relaxed, |word| {
            (word & !(WAITED | PRESSED) == 0).then_some(word | WRITING)
        });
        write.is_ok()
    }

    /// Gives the value back, and nobody presses for it. Under the lock. Answers whether those who wait must be let in.
    #[inline]
    pub(super) fn end_write(&self) -> bool {
        // While it says `WRITING` only whoever has the lock changes it.
        let word = self.0.load(Ordering::Relaxed);
        // Ordering: releases what was written; pairs with `try_read`, and with the next writer by the lock.
        self.0.store(word & !(WRITING | PRESSED), Ordering::Release);
        word & WAITED != 0
    }

    /// Says that somebody waits. Under the lock; access must be tried once more afterwards.
    pub(super) fn wait(&self) {
        self.0.fetch_or(WAITED, Ordering::Relaxed);
    }

    /// From here on who comes to look gives way. Under the lock. Answers whether nobody has said so before.
    #[cfg(feature = "std")]
    pub(super) fn press(&self) -> bool {
        self.0.fetch_or(PRESSED, Ordering::Relaxed) & PRESSED == 0
    }

    /// From here on nobody gives way. Under the lock.
    #[cfg(feature = "std")]
    pub(super) fn ease(&self) {
        self.0.fetch_and(!PRESSED, Ordering::Relaxed);
    }

    /// Nobody stands in the lane any more. Under the lock.
    pub(super) fn waited(&self) {
        self.0.fetch_and(!WAITED, Ordering::Relaxed);
    }
}
