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

pub(super) struct Access {
    word: AtomicUsize,
    /// The last press. Under the lock.
    #[cfg(feature = "std")]
    press: AtomicUsize,
}

/// Who presses: its milliseconds, and above them the number of presses so far.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Press(usize);

#[cfg(feature = "std")]
impl Press {
    /// More milliseconds than any is long.
    const NUMBER: usize = 1 << 8;

    fn millis(self) -> usize {
        self.0 % Self::NUMBER
    }

    fn after(self, millis: u8) -> Self {
        Self((self.0 - self.millis()).wrapping_add(Self::NUMBER) + usize::from(millis))
    }
}

impl Access {
    const_fn! {
        pub(super) const fn new() -> Self {
            Self {
                word: AtomicUsize::new(0),
                #[cfg(feature = "std")]
                press: AtomicUsize::new(0),
            }
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
        let read = self.word.fetch_update(Ordering::Acquire, Ordering::Relaxed, |word| {
            assert!(word <= usize::MAX - READER, "too many borrows of a watched value");
            (word & bits == 0).then_some(word + READER)
        });
        read.is_ok()
    }

    /// Ends to look. Answers whether those who wait must be let in.
    #[inline]
    pub(super) fn end_read(&self) -> bool {
        // Ordering: releases what this one read to the next writer, which overwrites it; pairs with `try_write`.
        self.word.fetch_sub(READER, Ordering::Release) & !PRESSED == READER | WAITED
    }

    /// Takes the value alone, if nobody looks. Under the lock.
    #[inline]
    pub(super) fn try_write(&self) -> bool {
        // Ordering: acquires that readers have ended; pairs with `end_read`.
        let write = self.word.fetch_update(Ordering::Acquire, Ordering::Relaxed, |word| {
            (word & !(WAITED | PRESSED) == 0).then_some(word | WRITING)
        });
        write.is_ok()
    }

    /// Gives the value back, and nobody presses for it. Under the lock. Answers whether those who wait must be let in.
    #[inline]
    pub(super) fn end_write(&self) -> bool {
        // While it says `WRITING` only whoever has the lock changes it.
        let word = self.word.load(Ordering::Relaxed);
        // Ordering: releases what was written; pairs with `try_read`, and with the next writer by the lock.
        self.word.store(word & !(WRITING | PRESSED), Ordering::Release);
        word & WAITED != 0
    }

    /// Says that somebody waits. Under the lock; access must be tried once more afterwards.
    pub(super) fn wait(&self) {
        self.word.fetch_or(WAITED, Ordering::Relaxed);
    }

    /// From here on who comes to look gives way, for so long. Under the lock. Nothing where another press that is as long is not over.
    #[cfg(feature = "std")]
    pub(super) fn press(&self, millis: u8) -> Option<Press> {
        let last = Press(self.press.load(Ordering::Relaxed));
        let is_over = self.word.fetch_or(PRESSED, Ordering::Relaxed) & PRESSED == 0;
        if !is_over && last.millis() >= usize::from(millis) {
            return None;
        }
        let press = last.after(millis);
        self.press.store(press.0, Ordering::Relaxed);
        Some(press)
    }

    /// Ends a press: from here on nobody gives way. Under the lock. Answers whether it was not over already.
    #[cfg(feature = "std")]
    pub(super) fn ease(&self, press: Press) -> bool {
        let is_last = self.press.load(Ordering::Relaxed) == press.0;
        is_last && self.word.fetch_and(!PRESSED, Ordering::Relaxed) & PRESSED != 0
    }

    /// Nobody stands in the lane any more. Under the lock.
    pub(super) fn waited(&self) {
        self.word.fetch_and(!WAITED, Ordering::Relaxed);
    }
}
