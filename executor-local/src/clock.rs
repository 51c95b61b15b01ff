//! A clock whose timers tell their executor of an earlier deadline.

use alloc::sync::{Arc, Weak};

use zokio_core::lock::{DefaultLock, Lock};
use zokio_core::park::{Park, Unpark};
use zokio_core::time::{Clock, Instant};

use crate::executor::Executor;
use crate::shared::SharedExecutor;

/// The clock of a [`SharedExecutor`]'s timers: where a sleep is polled by somebody else (a thread that waits for its turn
/// in `block_on`, a foreign executor), the one who runs is told, and asks for the next deadline again.
///
/// Put into `Timers`, leaked, and attached to one executor at a time.
pub struct ExecutorClock<C, U: Unpark> {
    clock: C,
    executor: Lock<DefaultLock, Weak<Executor<U>>>,
}

impl<C: Clock, U: Unpark> ExecutorClock<C, U> {
    /// Wraps the clock that tells the time.
    pub fn new(clock: C) -> Self {
        Self { clock, executor: Lock::new(Weak::new()) }
    }

    /// The clock that tells the time.
    pub fn inner(&self) -> &C {
        &self.clock
    }

    /// Tells this executor from now on.
    pub fn attach<P: Park<Unpark = U>>(&self, executor: &SharedExecutor<P>) {
        let executor = Arc::downgrade(executor.executor());
        // The old one is dropped outside of the lock.
        let _old = self.executor.with(|place| core::mem::replace(place, executor));
    }
}

impl<C: Clock, U: Unpark> Clock for ExecutorClock<C, U> {
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
        // On the thread that runs this finds it awake, and does nothing.
        if let Some(executor) = self.executor.with(|executor| executor.upgrade()) {
            executor.wake_up();
        }
    }
}

impl<C, U: Unpark> core::fmt::Debug for ExecutorClock<C, U> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ExecutorClock").finish_non_exhaustive()
    }
}
