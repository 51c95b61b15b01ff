//! What one waits for, and what one is told.

use core::ops::BitOr;

/// Which directions of a source one waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Interest(u8);

impl Interest {
    /// Reading, or the peer having closed its write side.
    pub const READABLE: Self = Self(1);
    /// Writing, or the peer having closed its read side.
    pub const WRITABLE: Self = Self(2);

    /// Whether reading is among the directions.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0 & Self::READABLE.0 != 0
    }

    /// Whether writing is among the directions.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0 & Self::WRITABLE.0 != 0
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What a source is ready for.
///
/// A hint: the operation itself may still say that it would block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    pub(super) readable: bool,
    pub(super) writable: bool,
    pub(super) read_closed: bool,
    pub(super) write_closed: bool,
    pub(super) error: bool,
}

impl Ready {
    /// Whether a read should be tried.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.readable || self.read_closed
    }

    /// Whether a write should be tried.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.writable || self.write_closed
    }

    /// Whether the read side has ended: reads deliver what is left, then the end.
    #[must_use]
    pub const fn is_read_closed(self) -> bool {
        self.read_closed
    }

    /// Whether the write side has ended: writes fail.
    #[must_use]
    pub const fn is_write_closed(self) -> bool {
        self.write_closed
    }

    /// Whether the source has an error to report.
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.error
    }

    /// Whether there is nothing to try.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        !(self.readable || self.writable || self.read_closed || self.write_closed || self.error)
    }
}
