//! The place in the timer queue of an interval that is polled where it is: there is none without an allocator.

use super::Instant;

/// No place.
#[derive(Debug)]
pub(super) struct Polled;

impl Polled {
    /// Nothing.
    pub(super) const NEVER: Self = Self;

    /// Moves it.
    pub(super) fn reset(&mut self, _: Instant) {}
}
