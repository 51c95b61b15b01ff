//! Timer queues that are lent to runtimes.
//!
//! A `Sleep` may outlive the runtime it waits on, and does not count references to its queue: so queues are never freed.
//! Each is made once, leaked, and goes from one runtime to the next through the lists here. Its clock follows the time of
//! its runtime, which may be virtual, as long as that runtime's parker lives, and no longer.

use core::time::Duration;
use std::boxed::Box;
use std::sync::{Mutex, PoisonError};
use std::vec::Vec;

use zokio_core::time::Timers;
use zokio_executor_local::ExecutorClock;
use zokio_hal::os::{RuntimeClock, VirtualUnpark};

/// The clock of a current-thread runtime's timers.
pub(super) type LocalTimers = Timers<ExecutorClock<RuntimeClock, VirtualUnpark>>;

/// Queues of one kind that nobody uses.
pub(super) type Free<T> = Mutex<Vec<&'static T>>;

static LOCALS: Free<LocalTimers> = Mutex::new(Vec::new());

/// A queue, until it is dropped.
#[derive(Debug)]
pub(super) struct Lease<T: 'static> {
    pub(super) timers: &'static T,
    home: &'static Free<T>,
}

impl<T> Lease<T> {
    pub(super) fn take(home: &'static Free<T>, new: impl FnOnce() -> T) -> Self {
        let free = home.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self { timers: free.unwrap_or_else(|| Box::leak(Box::new(new()))), home }
    }
}

impl Lease<LocalTimers> {
    /// For one current-thread runtime.
    pub(super) fn local() -> Self {
        Self::take(&LOCALS, || Timers::new(ExecutorClock::new(RuntimeClock::new())))
    }
}

impl<T> Drop for Lease<T> {
    fn drop(&mut self) {
        self.home.lock().unwrap_or_else(PoisonError::into_inner).push(self.timers);
    }
}

/// How long an idle thread of the blocking pool stays.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(10);
