//! What the workers have done so far: plain counters, each written by one worker, summed by whoever asks.

use std::vec::Vec;

use zokio_core::atomic::{AtomicUsize, Ordering};

/// A number only its owner changes: a load and a store, no read-modify-write. On 32 bits it begins anew from zero after 2^32.
#[derive(Debug)]
struct Counter(AtomicUsize);

impl Counter {
    fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    #[inline]
    fn add(&self, by: usize) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed) as u64
    }
}

macro_rules! counters {
    ($($(#[$meta:meta])* $name:ident $count:ident;)*) => {
        /// The counters of one worker, written by its own thread only.
        #[derive(Debug)]
        pub(crate) struct Counters {
            $($name: Counter,)*
        }

        impl Counters {
            pub(crate) fn new() -> Self {
                Self { $($name: Counter::new(),)* }
            }

            /// Polls so far.
            #[inline]
            pub(crate) fn polls(&self) -> u64 {
                self.polls.get()
            }

            $(#[inline] pub(crate) fn $count(&self, by: usize) { self.$name.add(by); })*

            fn snapshot(&self) -> WorkerMetrics {
                WorkerMetrics { $($name: self.$name.get(),)* tasks: 0, queued: 0 }
            }
        }

        /// What one worker has done since the runtime was built, and what it holds now.
        ///
        /// Counters are read one after the other while the worker runs on: each is right for some moment of the reading. Where words
        /// have 32 bits, each of them begins anew from zero after 2^32; `tasks` and `queued` are what they are.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct WorkerMetrics {
            $($(#[$meta])* pub $name: u64,)*
            /// Tasks alive now whose home this worker is.
            pub tasks: u64,
            /// Tasks in its queue and its backlog now.
            pub queued: u64,
        }

        impl core::ops::AddAssign for WorkerMetrics {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)*
                self.tasks += other.tasks;
                self.queued += other.queued;
            }
        }
    };
}

counters! {
    /// Polls of tasks.
    polls count_polls;
    /// Searches that took tasks from another worker.
    steals count_steals;
    /// Searches that found nothing.
    vain_searches count_vain_searches;
    /// Times it slept.
    parks count_parks;
    /// Times it slept for a moment while others ran, to look again.
    naps count_naps;
    /// Times it looked for events without sleeping.
    driver_polls count_driver_polls;
    /// Tasks spawned from one of its own tasks.
    spawned count_spawned;
    /// Tasks that ended on it.
    completed count_completed;
    /// Tasks that came from other threads through its inbox.
    received count_received;
    /// Tasks that did not fit into its queue and went to its backlog.
    overflowed count_overflowed;
    /// Timers it found due.
    timers count_timers;
}

/// A snapshot of a runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// One entry per worker.
    pub workers: Vec<WorkerMetrics>,
    /// Tasks spawned since the runtime was built; a sum of counters as those of [`WorkerMetrics`].
    pub spawned: u64,
    /// Tasks that ended: returned, panicked or cancelled. A sum as well.
    pub completed: u64,
    /// Workers asleep now.
    pub parked: usize,
}

impl Metrics {
    /// The sum over all workers.
    #[must_use]
    pub fn total(&self) -> WorkerMetrics {
        let mut total = WorkerMetrics::default();
        self.workers.iter().for_each(|worker| total += *worker);
        total
    }

    /// The number of workers.
    #[must_use]
    pub fn num_workers(&self) -> usize {
        self.workers.len()
    }

    /// Tasks that were spawned and have not ended.
    #[must_use]
    pub fn num_alive_tasks(&self) -> u64 {
        // Not what was spawned and has not ended: on 32 bits each of those counters begins anew by itself.
        self.workers.iter().map(|worker| worker.tasks).sum()
    }
}

impl Counters {
    /// What this worker has done, with what it holds now.
    pub(crate) fn read(&self, tasks: usize, queued: usize) -> WorkerMetrics {
        WorkerMetrics { tasks: tasks as u64, queued: queued as u64, ..self.snapshot() }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    // Mutant: executor-mt/src/metrics.rs :: self.workers.iter().map(|worker| worker.tasks).sum() => self.spawned.saturating_sub(self.completed)
    #[test]
    fn who_is_alive_is_known_where_a_counter_began_anew() {
        let workers = vec![Counters::new().read(2, 1), Counters::new().read(1, 0)];
        for (spawned, completed) in [(1, u64::from(u32::MAX) - 1), (u64::from(u32::MAX) + 7, 3)] {
            let metrics = Metrics { workers: workers.clone(), spawned, completed, parked: 0 };
            assert_eq!(metrics.num_alive_tasks(), 3);
        }
    }

    #[test]
    fn totals_add_up() {
        let (a, b) = (Counters::new(), Counters::new());
        a.count_polls(2);
        b.count_polls(3);
        b.count_steals(1);
        let metrics = Metrics { workers: vec![a.read(1, 0), b.read(2, 7)], spawned: 9, completed: 6, parked: 0 };
        let total = metrics.total();
        assert_eq!((total.polls, total.steals, total.tasks, total.queued), (5, 1, 3, 7));
        assert_eq!(metrics.num_alive_tasks(), 3);
        assert_eq!(metrics.num_workers(), 2);
    }
}
