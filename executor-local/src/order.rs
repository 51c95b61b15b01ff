//! In which order ready tasks are polled by a loop that asks: first in, first out.

use zokio_core::park::Unpark;
use zokio_core::task::Notified;

use crate::executor::Executor;

/// The order, and the tasks that were taken from the queue to choose among.
#[derive(Debug, Default)]
pub(crate) struct Order(());

impl Order {
    /// First in, first out.
    pub(crate) const fn fifo() -> Self {
        Self(())
    }

    /// The task to poll next.
    ///
    /// # Safety
    ///
    /// *one runner*.
    #[inline]
    pub(crate) unsafe fn next<U: Unpark>(&mut self, executor: &Executor<U>) -> Option<Notified<Executor<U>>> {
        // SAFETY: by this function's contract.
        unsafe { executor.pop() }
    }
}
