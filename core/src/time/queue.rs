//! [`Timers`]: a clock, and the queue of everything that waits for it.

use core::pin::Pin;
use core::ptr::NonNull;
use core::task::Waker;
use core::time::Duration;

use super::heap::{Heap, Node};
use super::{Clock, Instant};
use crate::atomic::{AtomicUsize, Ordering};
use crate::lock::{DefaultLock, Lock};
use crate::task::waker;
use crate::{const_fn, guard};

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
#[repr(C)]
pub struct Timers<C: ?Sized = dyn Clock + Sync> {
    queue: Queue,
    clock: C,
}

/// The beginning of every [`Timers`]: what does not depend on the type of the clock, and how to do what does. What happens
/// at each expiry is in these functions, which know the clock: one call through a table, where each look at the clock would
/// be one.
#[repr(C)]
struct Queue {
    heap: Lock<DefaultLock, Heap>,
    ops: &'static Ops,
    /// How often a node has become the first by being linked. Written under the lock.
    moves: AtomicUsize,
}

/// The earliest deadline, as it was when somebody looked.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The deadline; [`Instant::FAR`] for none.
    pub deadline: Instant,
    moves: usize,
}

/// Each takes the [`Queue`] of a `Timers` with the clock it was made for, borrowed from the whole.
struct Ops {
    deadline: unsafe fn(Duration, NonNull<Queue>) -> u64,
    link: unsafe fn(NonNull<Queue>, Pin<&Node>, Waker) -> bool,
    rearm: unsafe fn(NonNull<Queue>, Instant),
    expire: unsafe fn(NonNull<Queue>) -> usize,
    whole: unsafe fn(NonNull<Queue>) -> &'static Timers,
}

impl<C: Clock + Sync + 'static> Timers<C> {
    const OPS: Ops = Ops {
        deadline: |duration, queue| {
            // SAFETY: by the contract of `Ops`.
            let timers = unsafe { queue.cast::<Self>().as_ref() };
            timers.clock.deadline(duration).as_nanos()
        },
        link: |queue, node, waker| {
            // SAFETY: by the contract of `Ops`.
            let timers = unsafe { queue.cast::<Self>().as_ref() };
            match timers.queue.put(|heap| heap.insert_idle(node, waker)) {
                Ok(first) => {
                    if first && node.deadline() != Instant::FAR {
                        timers.clock.rearm(node.deadline());
                    }
                    true
                }
                Err(waker) => {
                    drop(waker);
                    false
                }
            }
        },
        rearm: |queue, deadline| {
            // SAFETY: by the contract of `Ops`.
            unsafe { queue.cast::<Self>().as_ref() }.clock.rearm(deadline);
        },
        expire: |queue| {
            // SAFETY: by the contract of `Ops`.
            let timers = unsafe { queue.cast::<Self>().as_ref() };
            if timers.queue.heap.with(|heap| heap.is_empty()) {
                return 0;
            }
            let now = timers.clock.now();
            timers.queue.wake_due(now)
        },
        // SAFETY: by the contract of `Ops`; and who calls this has it for ever.
        whole: |queue| unsafe { queue.cast::<Self>().as_ref() },
    };

    const_fn! {
        /// Couples a clock with an empty queue.
        pub const fn new(clock: C) -> Self {
            // SAFETY: *unnested*: what runs under it is here and in `heap`, and no foreign code.
            let heap = unsafe { Lock::any(Heap::new()) };
            Self { queue: Queue { heap, ops: &Self::OPS, moves: AtomicUsize::new(0) }, clock }
        }
    }
}

/// Some [`Timers`] that are there for ever, by one pointer.
///
/// *whole pointer*: it has the provenance of the whole.
#[derive(Clone, Copy)]
pub(super) struct Place(NonNull<Queue>);

// SAFETY: a reference to something `Sync`.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Sync for Place {}

impl Place {
    #[inline(always)]
    pub(super) fn of(timers: &'static Timers) -> Self {
        Self(NonNull::from(timers).cast())
    }

    #[inline(always)]
    fn queue(self) -> &'static Queue {
        // SAFETY: it was made of a `&'static Timers`.
        unsafe { self.0.as_ref() }
    }

    /// Runs `f` under the lock of the queue.
    #[inline(always)]
    pub(super) fn with<R>(self, f: impl FnOnce(&mut Heap) -> R) -> R {
        self.queue().heap.with(f)
    }

    /// The timers.
    pub(super) fn timers(self) -> &'static Timers {
        // SAFETY: the queue's own functions, *whole pointer*, and there for ever.
        unsafe { (self.queue().ops.whole)(self.0) }
    }

    /// When a sleep of this length that begins now is over.
    #[inline(always)]
    pub(super) fn deadline(self, duration: Duration) -> Instant {
        // SAFETY: the queue's own functions, and *whole pointer*.
        Instant::from_nanos(unsafe { (self.queue().ops.deadline)(duration, self.0) })
    }

    /// Links a node that is not, and tells the clock where its deadline is the earliest. Gives the waker back if the queue
    /// is closed.
    pub(super) fn insert(self, node: Pin<&Node>, waker: Waker) -> Result<(), Waker> {
        let first = self.queue().put(|heap| heap.insert_own(node, waker))?;
        if first && node.deadline() != Instant::FAR {
            // SAFETY: the queue's own functions, and *whole pointer*.
            unsafe { (self.queue().ops.rearm)(self.0, node.deadline()) }
        }
        Ok(())
    }

    /// Links a node of this place if it is idle. `false`: it is not, or the queue is closed.
    #[inline(always)]
    pub(super) fn link(self, node: Pin<&Node>, waker: Waker) -> bool {
        // SAFETY: the queue's own functions, and *whole pointer*.
        unsafe { (self.queue().ops.link)(self.0, node, waker) }
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
    #[inline]
    pub fn next_deadline(&self) -> Option<Instant> {
        Some(self.look().deadline).filter(|first| *first != Instant::FAR)
    }

    /// As [`next_deadline`](Self::next_deadline), for who wants to know later whether there is an earlier one.
    #[inline]
    pub fn look(&self) -> Look {
        // Ordering: relaxed: what is linked after this load is told by `has_moved`, what was linked before by the lock.
        let moves = self.queue.moves.load(Ordering::Relaxed);
        Look { deadline: self.queue.heap.with(|heap| heap.earliest()), moves }
    }

    /// Whether a deadline may have become the earliest since this look.
    ///
    /// # Cost
    ///
    /// One load.
    #[inline]
    pub fn has_moved(&self, look: Look) -> bool {
        // Ordering: relaxed: whoever parks on this has a fence before, which pairs with that of who links and then wakes him
        // ([`Clock::rearm`]).
        self.queue.moves.load(Ordering::Relaxed) != look.moves
    }

    /// Wakes every sleep that is due by the clock, earliest first, those of one deadline in the order in which they were
    /// first polled, and returns how many.
    ///
    /// The clock is read once, and only if somebody waits. Wakers are called in batches with no lock held (those of static
    /// tasks on one core under it, where that is a push to a queue); where one panics, the others are called all the same,
    /// and the first panic goes on when all are.
    #[inline]
    pub fn expire(&self) -> usize {
        // SAFETY: the queue's own functions; the pointer is that of the whole, which is borrowed.
        unsafe { (self.queue.ops.expire)(NonNull::from(self).cast()) }
    }

    /// Ends the service, because the executor that called [`expire`](Self::expire) is gone: takes out every sleep and
    /// wakes it. Polling one of them later, or one that has not been polled before, panics and says that there is no
    /// timer driver.
    pub fn close(&self) {
        self.queue.heap.with(|heap| heap.set_closed(true));
        self.queue.wake_all(|heap| heap.pop_closed());
    }

    /// Begins the service anew for another executor. A sleep that was taken out by [`close`](Self::close) stays out
    /// until it is reset.
    pub fn reopen(&self) {
        self.queue.heap.with(|heap| heap.set_closed(false));
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.queue.heap.with(|heap| heap.is_closed())
    }
}

impl Queue {
    /// Runs `insert`, which says whether the node is the first now.
    #[inline(always)]
    fn put(&self, insert: impl FnOnce(&mut Heap) -> Result<bool, Waker>) -> Result<bool, Waker> {
        self.heap.with(|heap| {
            let linked = insert(heap);
            if let Ok(true) = linked {
                // Ordering: relaxed: written under the lock only; see `has_moved`.
                self.moves.store(self.moves.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
            }
            linked
        })
    }

    /// Wakes whoever is due.
    #[inline(always)]
    fn wake_due(&self, now: Instant) -> usize {
        if !waker::WAKES_WITHIN {
            return self.wake_all(|heap| heap.pop_due(now));
        }
        // One in each section, and most of them under it.
        let mut woken = 0;
        loop {
            let (popped, more) = self.heap.with_held(|heap, held| match heap.pop_due(now) {
                Some(waker) => (Some(waker::wake_within(waker, &held)), heap.is_due(now)),
                None => (None, false),
            });
            match popped {
                Some(None) => woken += 1,
                Some(Some(foreign)) => return woken + self.wake_foreign(foreign, now),
                None => {}
            }
            if !more {
                return woken;
            }
        }
    }

    /// Wakes a waker that is not ours, and then the others, also where it panics.
    #[cold]
    fn wake_foreign(&self, foreign: Waker, now: Instant) -> usize {
        let first = guard::run(|| foreign.wake());
        let woken = 1 + self.wake_all(|heap| heap.pop_due(now));
        if let Err(panic) = first {
            guard::resume(panic);
        }
        woken
    }

    fn wake_all(&self, mut pop: impl FnMut(&mut Heap) -> Option<Waker>) -> usize {
        let mut woken = 0;
        let mut panic = None;
        loop {
            let mut batch = Batch::default();
            let count = self.heap.with(|heap| batch.fill(|| pop(heap)));
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
