//! Ticks at a fixed rate, with the moments of this crate.

use core::time::Duration;

use zokio_core::time as core_time;
use zokio_core::time::{MissedTickBehavior, Ticks};

use super::Instant;

/// A period, and when the next tick is due. Made by [`interval`](super::interval) and
/// [`interval_at`](super::interval_at).
#[derive(Debug)]
pub struct Interval(core_time::Interval);

impl Interval {
    pub(super) fn new(interval: core_time::Interval) -> Self {
        Self(interval)
    }

    /// Waits for the next tick, and tells when it was due.
    ///
    /// # Panics
    ///
    /// Panics when polled after the runtime in which the interval was made was shut down.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: a tick that has not been given is given by the next call.
    pub async fn tick(&mut self) -> Instant {
        self.0.tick().await.into()
    }

    /// Turns it into a form that keeps its place in the timer queue between polls, and must be pinned for it.
    pub fn ticks(self) -> Ticks {
        self.0.ticks()
    }

    /// The time between two ticks.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.0.period()
    }

    /// What happens when ticks are missed.
    #[must_use]
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.0.missed_tick_behavior()
    }

    /// Chooses what happens when ticks are missed; [`MissedTickBehavior::Burst`] unless told otherwise.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.0.set_missed_tick_behavior(behavior);
    }

    /// Makes the next tick due one period from now.
    pub fn reset(&mut self) {
        self.0.reset();
    }

    /// Makes the next tick due now.
    pub fn reset_immediately(&mut self) {
        self.0.reset_immediately();
    }

    /// Makes the next tick due after so long a time.
    pub fn reset_after(&mut self, after: Duration) {
        self.0.reset_after(after);
    }

    /// Makes the next tick due at `deadline`.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.0.reset_at(deadline.into());
    }
}
