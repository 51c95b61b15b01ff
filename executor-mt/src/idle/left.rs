//! What a worker that naps has left to others, said in one word with its name.

/// Whose tasks a searcher has left to them, though it might have taken some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left(usize);

impl Left {
    /// Bits of a name, and of whom something is left to, in the word of who naps.
    const BITS: u32 = usize::BITS / 2;
    const SEVERAL: Self = Self((1 << Self::BITS) - 1);

    /// More workers than there can be names.
    pub(super) const MOST: usize = Self::SEVERAL.0;

    /// Nobody's.
    pub(crate) const NOBODY: Self = Self(0);

    /// Those of `worker` as well.
    pub(crate) fn and(self, worker: usize) -> Self {
        if self == Self::NOBODY { Self(worker + 1) } else { Self::SEVERAL }
    }

    /// Whether those of `worker` were left; where several were left theirs, all were.
    pub(crate) fn includes(self, worker: usize) -> bool {
        self == Self::SEVERAL || self.0 == worker + 1
    }

    /// The word of `napper`, who left them.
    pub(super) fn named(self, napper: usize) -> usize {
        self.0 << Self::BITS | (napper + 1)
    }

    /// Who naps, and what it left, of a word that is not zero.
    pub(super) fn read(word: usize) -> (usize, Self) {
        ((word & Self::SEVERAL.0) - 1, Self(word >> Self::BITS))
    }
}
