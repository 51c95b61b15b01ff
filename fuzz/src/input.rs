//! The bytes of an input, read as numbers.

/// What is left of an input. At its end it says so once, and gives zeros after that.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of it.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next operation; `None` at the end.
    pub fn operation(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        self.operation().unwrap_or(0)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound > 256 { self.word() as usize % bound } else { usize::from(self.byte()) % bound }
    }

    /// A word: anything, but often small, or near a power of two, or near the largest there is.
    pub fn word(&mut self) -> u64 {
        let shape = self.byte();
        let small = u64::from(self.byte());
        match shape % 4 {
            0 => small,
            1 => (1u64 << (small % 64)).wrapping_add(u64::from(shape / 4 % 4)).wrapping_sub(2),
            2 => u64::MAX - small,
            _ => (0..7).fold(small, |word, _| word << 8 | u64::from(self.byte())),
        }
    }
}
