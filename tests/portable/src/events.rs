//! What happened in a test, in order: counted, and digested.

use core::cell::Cell;
use core::fmt;

/// Events so far.
#[derive(Debug)]
pub(crate) struct Events {
    count: Cell<u32>,
    digest: Cell<u32>,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self { count: Cell::new(0), digest: Cell::new(0x811c_9dc5) }
    }

    /// Writes an event down.
    pub(crate) fn add(&self, event: u32) {
        self.count.set(self.count.get() + 1);
        // FNV-1a, a word at a time: the order matters.
        self.digest.set((self.digest.get() ^ event).wrapping_mul(0x0100_0193));
    }

    /// Asserts that a number is the expected one, and writes it down.
    #[track_caller]
    pub(crate) fn equal(&self, found: usize, expected: usize) {
        assert_eq!(found, expected);
        self.add(found as u32);
    }
}

impl fmt::Display for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ok, {} events, {:08x}", self.count.get(), self.digest.get())
    }
}

/// A stream of small numbers, the same in every place.
pub(crate) struct Random(pub(crate) u32);

impl Random {
    pub(crate) fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.next() % bound
    }
}
