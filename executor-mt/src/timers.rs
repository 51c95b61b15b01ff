//! A worker's clock: tells whoever expires its timers that an earlier one has come.
//!
//! Each worker has its own queue of timers. A sleep belongs to the queue of the context it was made in, wherever it is
//! polled: by its own worker nearly always, who then needs no telling, since it asks for the next deadline before it
//! parks. Polled elsewhere (by a worker that stole the task, in `block_on`, by a foreign executor), it rings.

use std::sync::Arc;

use zokio_core::lock::{DefaultLock, Lock};
use zokio_core::time::{Clock, Instant};

use crate::context;

/// Makes the worker that expires the timers look at them again, if it is parked.
pub(crate) trait Bell: Send + Sync + 'static {
    /// Called after the timer was inserted.
    fn ring(&self);
}

/// A clock for the timers of one worker at a time.
///
/// Put into `Timers`, leaked, and handed to [`Builder::build`](crate::Builder::build); free for another runtime when the
/// worker it was given to has dropped its parker.
pub struct WorkerClock<C> {
    clock: C,
    bell: Lock<DefaultLock, Option<Arc<dyn Bell>>>,
}

impl<C: Clock> WorkerClock<C> {
    /// Wraps the clock that tells the time.
    pub fn new(clock: C) -> Self {
        Self { clock, bell: Lock::new(None) }
    }

    /// The clock that tells the time.
    pub fn inner(&self) -> &C {
        &self.clock
    }

    /// Sets or removes whom to tell.
    pub(crate) fn attach(&self, bell: Option<Arc<dyn Bell>>) {
        // The old one is dropped outside of the lock.
        let _old = self.bell.with(|place| core::mem::replace(place, bell));
    }

    /// What tells this clock from others.
    pub(crate) fn id(&self) -> *const () {
        core::ptr::from_ref(self).cast()
    }
}

impl<C: Clock> Clock for WorkerClock<C> {
    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn now_ceil(&self) -> Instant {
        self.clock.now_ceil()
    }

    fn deadline(&self, nanos: u64) -> Instant {
        self.clock.deadline(nanos)
    }

    fn rearm(&self, _: Instant) {
        if context::owns_clock(self.id()) {
            return;
        }
        if let Some(bell) = self.bell.with(|bell| bell.clone()) {
            bell.ring();
        }
    }
}

impl<C> core::fmt::Debug for WorkerClock<C> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WorkerClock").finish_non_exhaustive()
    }
}
