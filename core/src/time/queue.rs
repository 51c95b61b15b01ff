//! [`Timers`]: a clock, and the queue of everything that waits for it.

use core::task::Waker;

use super::heap::Heap;
use super::{Clock, Instant};
use crate::const_fn;
use crate::guard;
use crate::lock::{DefaultLock, Lock};

/// A clock and the one queue of all sleeps that wait for it.
///
/// Sleeps hold their own place in the queue, so it needs no memory but one word, and their number has no limit. It is
/// always `&'static`: on a chip a `static`, elsewhere leaked once and used again ([`reopen`](Self::reopen)), so that a
/// sleep which outlives its runtime has somewhere to look.
///
/// An executor calls [`expire`](Self::expire) when it runs and hands [`next_deadline`](Self::next_deadline) to its
/// parker when it does not. A sleep wakes through its waker alone: which executor polls it, and whether any does, is
/// not known here.
///
/// # Cost
///
/// Inserting and the next deadline: a fixed number of steps. Taking out (expiry, drop, reset): O(log n) amortised. One
/// removal may take n steps: the first one after n insertions in a row, which sorts out all of them; those after it find
/// that done. The lock is held meanwhile, which on a chip means that interrupts are off, for each of the (up to eight)
/// wakers that leave the lock at a time.
pub struct Timers<C: ?Sized = dyn Clock + Sync> {
    pub(super) queue: Lock<DefaultLock, Heap>,
    pub(super) clock: C,
}

impl<C: Clock> Timers<C> {
    const_fn! {
        /// Couples a clock with an empty queue.
        pub const fn new(clock: C) -> Self {
            // SAFETY: *unnested*: what runs under it is here and in `heap`, and no foreign code.
            Self { queue: unsafe { Lock::any(Heap::new()) }, clock }
        }
    }
}

impl<C: Clock + ?Sized> Timers<C> {
    /// The time now.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The clock.
    pub fn clock(&self) -> &C {
        &self.clock
    }

    /// The earliest deadline somebody waits for, or `None` if nobody does. A deadline of [`Instant::FAR`] is none.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.queue.with(|heap| heap.first())
    }

    /// Wakes every sleep that is due by the clock, earliest first, those of one deadline in the order in which they were
    /// first polled, and returns how many.
    ///
    /// The clock is read once, and only if somebody waits. Wakers are called in batches with no lock held; where one
    /// panics, the others are called all the same, and the first panic goes on when all are.
    pub fn expire(&self) -> usize {
        let Some(first) = self.next_deadline() else { return 0 };
        let now = self.now();
        if first > now {
            return 0;
        }
        self.wake_all(|heap| heap.pop_due(now))
    }

    /// Ends the service, because the executor that called [`expire`](Self::expire) is gone: takes out every sleep and
    /// wakes it. Polling one of them later, or one that has not been polled before, panics and says that there is no
    /// timer driver.
    pub fn close(&self) {
        self.queue.with(|heap| heap.set_closed(true));
        self.wake_all(|heap| heap.pop_closed());
    }

    /// Begins the service anew for another executor. A sleep that was taken out by [`close`](Self::close) stays out
    /// until it is reset.
    pub fn reopen(&self) {
        self.queue.with(|heap| heap.set_closed(false));
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.queue.with(|heap| heap.is_closed())
    }

    fn wake_all(&self, mut pop: impl FnMut(&mut Heap) -> Option<Waker>) -> usize {
        let mut woken = 0;
        let mut panic = None;
        loop {
            let mut batch = Batch::default();
            let count = self.queue.with(|heap| batch.fill(|| pop(heap)));
            for waker in batch.wakers.into_iter().flatten() {
                if let Err(payload) = guard::run(|| waker.wake()) {
                    match panic {
                        None => panic = Some(payload),
                        Some(_) => guard::discard(payload),
                    }
                }
            }
            woken += count;
            if count < BATCH {
                break;
            }
        }
        if let Some(payload) = panic {
            guard::resume(payload);
        }
        woken
    }
}

impl<C: ?Sized> core::fmt::Debug for Timers<C> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Timers").finish_non_exhaustive()
    }
}

/// How many wakers leave the lock at a time. Models need a batch to be full with few sleeps; where a lock is a few
/// instructions with the interrupts off, one at a time is fastest and keeps them off for the shortest time.
const BATCH: usize = match (cfg!(loom), cfg!(feature = "std")) {
    (true, _) => 2,
    (false, true) => 8,
    (false, false) => 1,
};

/// Wakers on their way from the lock to their call.
#[derive(Default)]
struct Batch {
    wakers: [Option<Waker>; BATCH],
}

impl Batch {
    fn fill(&mut self, mut pop: impl FnMut() -> Option<Waker>) -> usize {
        let mut count = 0;
        for place in &mut self.wakers {
            *place = pop();
            if place.is_none() {
                break;
            }
            count += 1;
        }
        count
    }
}
