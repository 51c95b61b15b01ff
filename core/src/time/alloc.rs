//! An interval that is polled where it is: what waits must be pinned, so it sits in a box.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::{Instant, Interval, Moment, Sleep};

/// The place in the timer queue of an interval that has been polled.
#[derive(Debug)]
pub(super) struct Polled(Option<Pin<Box<Sleep>>>);

impl Polled {
    /// Not polled yet.
    pub(super) const NEVER: Self = Self(None);

    /// Moves it where somebody waits there, and so his wake; where nobody does, the next poll moves it.
    pub(super) fn reset(&mut self, next: Instant) {
        if let Some(sleep) = self.0.as_mut().filter(|sleep| sleep.is_linked()) {
            sleep.as_mut().reset(next);
        }
    }
}

impl<T: Moment> Interval<T> {
    /// Asks for the next tick, and returns when it was due. The task of `cx` is woken when it is, also where the interval
    /// moves meanwhile.
    ///
    /// # Panics
    ///
    /// After the runtime in which the interval was made was shut down.
    ///
    /// # Cost
    ///
    /// One allocation at the first call; otherwise as [`tick`](Self::tick).
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let sleep = self.polled.0.get_or_insert_with(|| Box::pin(Sleep::until(self.place, self.next)));
        // By the clock as it is now: what has become due since the last tick is there at once.
        if sleep.deadline() != self.next {
            sleep.as_mut().reset(self.next);
        }
        ready!(sleep.as_mut().poll(cx));
        let now = self.place.now();
        Poll::Ready(self.step(now))
    }
}

/// As tokio's: for `?` where an error of I/O is given.
#[cfg(feature = "std")]
impl From<super::Elapsed> for std::io::Error {
    fn from(_: super::Elapsed) -> Self {
        std::io::ErrorKind::TimedOut.into()
    }
}
