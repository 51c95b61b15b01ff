//! What all workers of a runtime, its handles and its tasks share.

use core::ptr::NonNull;
use core::time::Duration;
use std::boxed::Box;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;
use std::vec::Vec;

use zokio_core::atomic::{AtomicBool, AtomicUsize, Ordering};
use zokio_core::guard::swallow;
use zokio_core::park::Unpark;
use zokio_core::time::Timers;

use crate::deque::deque;
use crate::handle::Companion;
use crate::home::Home;
use crate::idle::{Idle, Left};
use crate::metrics::Metrics;
use crate::shutdown;
use crate::steal::FEW;
use crate::worker::{Local, Queue};

/// The runtime's core. Alive as long as a handle, a worker, or the memory of one of its tasks is.
pub(crate) struct Shared<U: Unpark> {
    pub(crate) idle: Idle,
    pub(crate) homes: Box<[Home<U>]>,
    pub(crate) companion: Companion,
    /// Whether tasks may use the timers of their workers.
    pub(crate) offer_timers: bool,
    closed: AtomicBool,
    /// Where the next task from a thread that is no worker goes.
    next: AtomicUsize,
    running: Mutex<Running>,
    over: Condvar,
}

/// What is left to do for a worker when all of them are over.
pub(crate) type Farewell = Box<dyn FnOnce() + Send>;

/// Worker threads that are not over, and what is to be done when there is none.
struct Running {
    workers: usize,
    farewells: Vec<Farewell>,
}

impl<U: Unpark> Shared<U> {
    /// One home per place, and the queues of their workers.
    pub(crate) fn new(
        places: impl Iterator<Item = (U, &'static Timers)>,
        companion: Companion,
        offer_timers: bool,
    ) -> (Arc<Self>, Vec<Queue<U>>) {
        let mut queues = Vec::new();
        let shared = Arc::new_cyclic(|shared: &Weak<Self>| {
            let homes: Box<[Home<U>]> = places
                .enumerate()
                .map(|(index, (unpark, timers))| {
                    let (queue, thief) = deque();
                    queues.push(queue);
                    Home::new(shared, index, thief, unpark, timers)
                })
                .collect();
            Self {
                idle: Idle::new(homes.len()),
                closed: AtomicBool::new(false),
                next: AtomicUsize::new(0),
                running: Mutex::new(Running { workers: homes.len(), farewells: Vec::new() }),
                over: Condvar::new(),
                homes,
                companion,
                offer_timers,
            }
        });
        // *kept alive* (see `home`): one strong reference per home, which its worker is the first to count on.
        shared.homes.iter().for_each(|_| core::mem::forget(shared.clone()));
        (shared, queues)
    }

    /// The home for a task that is spawned on this thread: the worker's own, or any.
    pub(crate) fn home(&self) -> &Home<U> {
        let local = self.homes[0].local().map(Local::index);
        &self.homes[local.unwrap_or_else(|| self.any_home())]
    }

    /// Called after work was put into a box of `worker`: wakes somebody if nobody searches.
    #[inline]
    pub(crate) fn notify(&self, worker: usize) {
        self.unpark(self.idle.notify(worker));
    }

    /// As [`notify`](Self::notify), after a worker put into its own box what it runs next unless something keeps it.
    #[inline]
    pub(crate) fn notify_lazily(&self, worker: usize) {
        self.unpark(self.idle.notify_lazily(worker));
    }

    /// As [`notify`](Self::notify), after a worker put a second task into its own queue: it may be known to get through a few.
    #[inline]
    pub(crate) fn notify_of_few(&self, worker: usize) {
        self.unpark(self.idle.notify_of_few(worker));
    }

    /// Pays what whoever cleared a bit owes.
    #[inline]
    pub(crate) fn unpark(&self, worker: Option<usize>) {
        if let Some(worker) = worker {
            self.homes[worker].unpark.unpark();
        }
    }

    /// Whether any box of anybody holds a task.
    pub(crate) fn has_work(&self) -> bool {
        self.homes.iter().any(Home::has_work)
    }

    /// Whether any box of anybody holds more than its worker comes to by itself: more than one task in a queue, or than a few
    /// where they are `left` to their worker.
    pub(crate) fn has_plenty(&self, left: Left) -> bool {
        let most = |worker| if left.includes(worker) { FEW } else { 1 };
        self.homes.iter().enumerate().any(|(worker, home)| home.has_more_than(most(worker)))
    }

    /// A worker for a task that has none.
    pub(crate) fn any_home(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % self.homes.len()
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        // Ordering: Relaxed: the unpark after the store makes a parked worker look again; nothing is read on the strength
        // of the flag.
        self.closed.load(Ordering::Relaxed)
    }

    /// Tells every worker to stop. What is in the inboxes is dropped here, and what comes later by whoever brings it.
    pub(crate) fn close(&self) {
        if self.closed.swap(true, Ordering::Relaxed) {
            return;
        }
        // First all of them: what is spawned by who is dropped below is refused at once, wherever it goes.
        let left: Vec<_> = self.homes.iter().flat_map(Home::close).collect();
        self.homes.iter().for_each(|home| home.unpark.unpark());
        left.into_iter().flatten().for_each(shutdown::bury);
    }

    /// A worker is over, its tasks are dropped. The last one says all farewells: no worker uses the timers of another then.
    pub(crate) fn worker_stops(&self, index: usize, farewell: Farewell) {
        let mut running = self.running();
        running.farewells.push(farewell);
        let is_last = running.farewells.len() == running.workers;
        let farewells = if is_last { core::mem::take(&mut running.farewells) } else { Vec::new() };
        drop(running);
        if is_last {
            for farewell in farewells {
                // The wakers of others are called in there.
                swallow(farewell);
            }
            self.running().workers = 0;
            self.over.notify_all();
        }
        // SAFETY: the count that the worker was.
        unsafe { Home::release(NonNull::from(&self.homes[index])) };
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until all workers are over; `false` if that takes longer than `timeout`.
    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        let end = Instant::now().checked_add(timeout);
        let mut running = self.running();
        while running.workers > 0 {
            running = match end {
                None => self.over.wait(running).unwrap_or_else(PoisonError::into_inner),
                Some(end) => match end.checked_duration_since(Instant::now()) {
                    None => return false,
                    Some(left) => self.over.wait_timeout(running, left).unwrap_or_else(PoisonError::into_inner).0,
                },
            };
        }
        true
    }

    pub(crate) fn metrics(&self) -> Metrics {
        let mut metrics = Metrics { parked: self.idle.parked(), ..Metrics::default() };
        for home in &self.homes {
            let worker = home.metrics();
            metrics.spawned += worker.spawned + home.spawned_outside.load(Ordering::Relaxed) as u64;
            metrics.completed += worker.completed + home.completed_outside.load(Ordering::Relaxed) as u64;
            metrics.workers.push(worker);
        }
        metrics
    }
}

#[cfg(all(test, loom))]
#[path = "shared/tests/loom.rs"]
mod loom_tests;

#[cfg(all(test, shuttle))]
#[path = "shared/tests/schedules.rs"]
mod schedules;
