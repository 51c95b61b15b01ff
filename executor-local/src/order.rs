//! In which order ready tasks are polled by a loop that asks: first in, first out, or with feature `std` drawn from a seed.
//!
//! A drawn order takes what is ready out of the queue, and chooses among that. What is left when the loop ends goes back, so
//! that nothing of it outlives the loop but how far the draws are.
//!
//! A main future that has woken itself *stands behind* what was ready then: all of it where the order is drawn, which has it in a
//! list, and else a turn's worth of polls.

#[cfg(not(feature = "std"))]
mod place {
    use zokio_core::park::Unpark;
    use zokio_core::task::Notified;

    use crate::config::Setup;
    use crate::executor::{Executor, POLLS_PER_TURN};

    /// First in, first out.
    #[derive(Debug)]
    pub struct Order {
        /// Polls before which the main future has no turn.
        ahead: usize,
    }

    impl Order {
        pub(crate) const fn fifo() -> Self {
            Self { ahead: 0 }
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
            let task = unsafe { executor.pop() };
            self.ahead = if task.is_some() { self.ahead.saturating_sub(1) } else { 0 };
            task
        }

        /// # Safety
        ///
        /// *one runner*.
        pub(crate) unsafe fn stand_behind<U: Unpark, K: Setup>(&mut self, _: &Executor<U, K>) {
            self.ahead = POLLS_PER_TURN;
        }

        pub(crate) fn is_mains_turn(&self) -> bool {
            self.ahead == 0
        }

        pub(crate) fn is_tasks_turn(&mut self) -> bool {
            false
        }

        pub(crate) fn put_back<U: Unpark, K: Setup>(&mut self, _: &Executor<U, K>) {
            self.ahead = 0;
        }
    }
}

#[cfg(feature = "std")]
mod place {
    use alloc::vec::Vec;

    use zokio_core::park::Unpark;
    use zokio_core::task::{Notified, Schedule, TaskPtr};

    use crate::config::Setup;
    use crate::executor::{Executor, POLLS_PER_TURN};
    use crate::random::Random;

    /// The order, and the tasks that were taken from the queue to choose among.
    ///
    /// *drawn*: each was popped from the queue of the one executor that this is used with, and is in the list once.
    #[derive(Debug)]
    pub struct Order {
        random: Option<Random>,
        /// Each with whether the main future stands behind it.
        drawn: Vec<(TaskPtr, bool)>,
        /// How many tasks, or where the order is not drawn polls, there are before the main future has its turn.
        ahead: usize,
    }

    impl Order {
        /// First in, first out.
        pub(crate) const fn fifo() -> Self {
            Self { random: None, drawn: Vec::new(), ahead: 0 }
        }

        /// As `random` says.
        pub(crate) const fn drawn(random: Random) -> Self {
            Self { random: Some(random), drawn: Vec::new(), ahead: 0 }
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
            // SAFETY: by this function's contract.
            let queued = unsafe { self.gather(executor) };
            let Some(random) = &mut self.random else {
                self.ahead = if queued.is_some() { self.ahead.saturating_sub(1) } else { 0 };
                return queued;
            };
            if self.drawn.is_empty() {
                return None;
            }
            let (task, is_ahead) = self.drawn.swap_remove(random.below(self.drawn.len()));
            self.ahead -= usize::from(is_ahead);
            // SAFETY: *drawn*: a `Notified` of this executor was taken apart for it.
            Some(unsafe { Notified::from_ptr(task) })
        }

        /// Takes what is ready, to draw from it, or the first where nothing is drawn.
        ///
        /// # Safety
        ///
        /// As [`next`](Self::next).
        unsafe fn gather<U: Unpark, K: Setup>(
            &mut self,
            executor: &Executor<U, K>,
        ) -> Option<Notified<Executor<U, K>>> {
            loop {
                // SAFETY: by this function's contract.
                let task = unsafe { executor.pop() };
                match task {
                    Some(task) if self.random.is_some() => self.drawn.push((task.into_ptr(), false)),
                    task => return task,
                }
            }
        }

        /// The main future *stands behind* what is ready now.
        ///
        /// # Safety
        ///
        /// As [`next`](Self::next).
        pub(crate) unsafe fn stand_behind<U: Unpark, K: Setup>(&mut self, executor: &Executor<U, K>) {
            self.ahead = POLLS_PER_TURN;
            if self.random.is_some() {
                // SAFETY: by this function's contract.
                let none = unsafe { self.gather(executor) };
                debug_assert!(none.is_none(), "all was drawn");
                self.drawn.iter_mut().for_each(|(_, is_ahead)| *is_ahead = true);
                self.ahead = self.drawn.len();
            }
        }

        /// Whether nothing is left of what the main future *stands behind*.
        pub(crate) fn is_mains_turn(&self) -> bool {
            self.ahead == 0
        }

        /// Whether a task goes before the main future, where both are ready.
        pub(crate) fn is_tasks_turn(&mut self) -> bool {
            self.random.as_mut().is_some_and(|random| random.below(2) == 0)
        }

        /// Puts what was drawn and not polled back into the queue.
        pub(crate) fn put_back<U: Unpark, K: Setup>(&mut self, executor: &Executor<U, K>) {
            self.ahead = 0;
            for (task, _) in self.drawn.drain(..) {
                // SAFETY: *drawn*: a `Notified` of this executor was taken apart for it.
                executor.schedule(unsafe { Notified::from_ptr(task) });
            }
        }
    }
}

pub use place::Order;
