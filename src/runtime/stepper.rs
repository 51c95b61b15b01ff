//! A current-thread runtime that is run step by step.

use core::future::Future;
use core::time::Duration;

use zokio_executor_local::{SharedSeat, Stepper as Steps};
use zokio_hal::os::{ReactorHandle, VirtualPark};

use super::seed::Told;

/// Runs a current-thread runtime step by step, and counts the polls; made by [`Runtime::stepper`](super::Runtime::stepper).
///
/// For tests: how often a task was polled, and in which order things happened, is theirs to see. Where it is dropped by a panic
/// the seed of its runtime is printed, if there is one.
#[derive(Debug)]
pub struct Stepper<'a> {
    steps: Steps<SharedSeat<'a, VirtualPark>>,
    reactor: Option<&'a ReactorHandle>,
    /// Also where what is between two steps panics: an assertion about them.
    _told: Told,
}

impl<'a> Stepper<'a> {
    pub(super) fn new(
        steps: Steps<SharedSeat<'a, VirtualPark>>,
        reactor: Option<&'a ReactorHandle>,
        told: Told,
    ) -> Self {
        Self { steps, reactor, _told: told }
    }

    /// Makes one poll, if a task is ready. Says whether there was one: 1 or 0.
    pub fn run_once(&mut self) -> usize {
        self.run_at_most(1)
    }

    /// Makes so many polls, or as many as there are to make. Says how many.
    pub fn run_at_most(&mut self, polls: usize) -> usize {
        let _reactor = ReactorHandle::enter_or_hide(self.reactor);
        self.steps.run_at_most(polls)
    }

    /// Polls until nothing is ready, and does not wait. Says how many polls it took. Tasks that wake themselves or each other
    /// for ever keep it for ever.
    pub fn run_until_idle(&mut self) -> usize {
        self.run_at_most(usize::MAX)
    }

    /// Runs `future`, and the tasks beside it, until the future is done. Gives its output, and how many polls there were,
    /// those of the future among them.
    ///
    /// # Panics
    ///
    /// Panics inside of an executor that polls, which it would stop.
    #[track_caller]
    pub fn run_until<F: Future>(&mut self, future: F) -> (F::Output, usize) {
        let _reactor = ReactorHandle::enter_or_hide(self.reactor);
        self.steps.run_until(future)
    }

    /// Runs tasks for so long by the runtime's clock. What is due at the end is polled too. Says how many polls there were.
    ///
    /// # Panics
    ///
    /// Panics inside of an executor that polls, which it would stop, and where time was not enabled.
    #[track_caller]
    pub fn run_for(&mut self, duration: Duration) -> usize {
        let _reactor = ReactorHandle::enter_or_hide(self.reactor);
        self.steps.run_for(duration)
    }

    /// How many polls there have been in all.
    #[must_use]
    pub fn polls(&self) -> usize {
        self.steps.polls()
    }
}
