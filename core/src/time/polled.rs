//! The place in the timer queue of an interval that is polled where it is: there is none without an allocator.

use super::Instant;

/// No place.
#[derive(Debug, Default)]
pub(super) struct Polled;

impl Polled {
    /// Moves it.
    pub(super) fn reset(&mut self, _: Instant) {}
}
