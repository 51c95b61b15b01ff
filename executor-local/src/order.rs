//! In which order ready tasks are polled by a loop that asks: first in, first out, or with feature `std` drawn from a seed.
//!
//! A drawn order takes what is ready out of the queue, and chooses among that. What is left when the loop ends goes back, so
//! that nothing of it outlives the loop but how far the draws are.

#[cfg(not(feature = "std"))]
mod place {
    use zokio_core::park::Unpark;
    use zokio_core::task::Notified;

    use crate::config::Setup;
    use crate::executor::Executor;

    /// First in, first out.
    #[derive(Debug)]
    pub struct Order(());

    impl Order {
        pub(crate) const fn fifo() -> Self {
            Self(())
        }

        /// # Safety
        ///
        /// *one runner*.
        #[inline]
        pub(crate) unsafe fn next<U: Unpark, K: Setup>(
            &mut self,
            executor: &Executor<U, K>,
        ) -> Option<Notified<Executor<U, K>>> {
            // SAFETY: by this function's contract.
            unsafe { executor.pop() }
        }

        pub(crate) fn is_tasks_turn(&mut self) -> bool {
            false
        }

        pub(crate) fn put_back<U: Unpark, K: Setup>(&mut self, _: &Executor<U, K>) {}
    }
}

#[cfg(feature = "std")]
mod place {
    use alloc::vec::Vec;

    use zokio_core::park::Unpark;
    use zokio_core::task::{Notified, Schedule, TaskPtr};

    use crate::config::Setup;
    use crate::executor::Executor;
    use crate::random::Random;

    /// The order, and the tasks that were taken from the queue to choose among.
    ///
    /// *drawn*: each was popped from the queue of the one executor that this is used with, and is in the list once.
    #[derive(Debug)]
    pub struct Order {
        random: Option<Random>,
        drawn: Vec<TaskPtr>,
    }

    impl Order {
        /// First in, first out.
        pub(crate) const fn fifo() -> Self {
            Self { random: None, drawn: Vec::new() }
        }

        /// As `random` says.
        pub(crate) const fn drawn(random: Random) -> Self {
            Self { random: Some(random), drawn: Vec::new() }
        }

        /// How far the draws are.
        pub(crate) fn random(&self) -> Option<Random> {
            self.random.clone()
        }

        /// The task to poll next.
        ///
        /// # Safety
        ///
        /// *one runner*; and the same executor each time.
        #[inline]
        pub(crate) unsafe fn next<U: Unpark, K: Setup>(
            &mut self,
            executor: &Executor<U, K>,
        ) -> Option<Notified<Executor<U, K>>> {
            let Some(random) = &mut self.random else {
                // SAFETY: by this function's contract.
                return unsafe { executor.pop() };
            };
            // SAFETY: by this function's contract.
            while let Some(task) = unsafe { executor.pop() } {
                self.drawn.push(task.into_ptr());
            }
            if self.drawn.is_empty() {
                return None;
            }
            let task = self.drawn.swap_remove(random.below(self.drawn.len()));
            // SAFETY: *drawn*: a `Notified` of this executor was taken apart for it.
            Some(unsafe { Notified::from_ptr(task) })
        }

        /// Whether a task goes before the main future, where both are ready.
        pub(crate) fn is_tasks_turn(&mut self) -> bool {
            self.random.as_mut().is_some_and(|random| random.below(2) == 0)
        }

        /// Puts what was drawn and not polled back into the queue.
        pub(crate) fn put_back<U: Unpark, K: Setup>(&mut self, executor: &Executor<U, K>) {
            for task in self.drawn.drain(..) {
                // SAFETY: *drawn*: a `Notified` of this executor was taken apart for it.
                executor.schedule(unsafe { Notified::from_ptr(task) });
            }
        }
    }
}

pub use place::Order;
