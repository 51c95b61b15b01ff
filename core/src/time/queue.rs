//! [`Timers`]: a clock, and the queue of everything that waits for it.

use core::pin::{Pin, pin};
use core::ptr::{self, NonNull};
use core::task::{Poll, Waker};

use super::clock::{LONGEST, too_long};
use super::heap::Heap;
use super::looked::Looked;
use super::node::{Mark, Node, State};
use super::sleep::closed;
use super::{Clock, Instant};
use crate::atomic::load_published;
use crate::const_fn;
use crate::guard;
use crate::lock::{DefaultLock, Lock};
use crate::task::waker::{self, Fired, Kept, Runner};
use crate::task::{Owner, Ready, Schedule, Start, TaskPtr};

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
/// removal may take as many steps as nodes were put under what it takes out, whenever it comes: after n insertions of one
/// deadline some n, for the first of them. Each insertion is paid for once. The lock is held meanwhile, which on a chip means that interrupts are off, for each of the (up to eight)
/// wakers that leave the lock at a time.
#[repr(C)]
pub struct Timers<C: ?Sized = dyn Clock + Sync> {
    queue: Queue,
    clock: C,
}

/// The beginning of every [`Timers`]: what does not depend on the type of the clock, and how to do what does.
#[repr(C)]
struct Queue {
    heap: Lock<DefaultLock, Heap>,
    ops: &'static Ops,
    /// Written under the lock.
    looked: Looked,
}

/// Each takes the [`Queue`] of a `Timers` with the clock it was made for, borrowed from the whole; `poll` a node of one.
///
/// What is here is in every image, hence no more than that: what a clock tells, not who it is.
struct Ops {
    /// What is rare: says what time it is, for no node; or tells the clock that a node has become the first.
    other: unsafe fn(NonNull<Queue>, *const Node) -> u64,
    /// Not for what is [too long](too_long).
    deadline: unsafe fn(u64, NonNull<Queue>) -> u64,
    poll: unsafe fn(Pin<&Node>, Kept, Mark) -> Poll<()>,
}

impl<C: Clock + Sync + 'static> Timers<C> {
    const OPS: Ops = Ops {
        other: |queue, first| {
            // SAFETY: by the contract of `Ops`.
            let clock = &unsafe { queue.cast::<Self>().as_ref() }.clock;
            // SAFETY: by the contract of `Ops`: a node that the caller borrows, or null.
            if let Some(first) = unsafe { first.as_ref() } {
                clock.rearm(first.deadline());
                // Where images are small, a clock that is not told anything has no code for that.
                if !ONE_BY_ONE {
                    return 0;
                }
            }
            clock.now().as_nanos()
        },
        deadline: |nanos, queue| {
            // SAFETY: by the contract of `Ops`.
            let timers = unsafe { queue.cast::<Self>().as_ref() };
            // SAFETY: by the contract of `Ops`.
            unsafe { core::hint::assert_unchecked(!too_long(nanos)) };
            timers.clock.deadline(nanos).as_nanos()
        },
        poll: |node, kept, mark| {
            // SAFETY: by the contract of `Ops`; and who has a `Place` has it for ever.
            let timers = unsafe { node.place_unseen().0.cast::<Self>().as_ref() };
            if mark.is_idle() {
                if let Some(first) = timers.queue.put(node, kept) {
                    if node.deadline() != Instant::FAR && first {
                        timers.clock.rearm(node.deadline());
                    }
                    return Poll::Pending;
                }
                // It is as it was, and found so.
            }
            timers.queue.poll_again(node, kept)
        },
    };

    const_fn! {
        /// Couples a clock with an empty queue.
        pub const fn new(clock: C) -> Self {
            // SAFETY: *unnested*: what runs under it is here and in `heap`, and no foreign code.
            let heap = unsafe { Lock::any(Heap::new()) };
            Self { queue: Queue { heap, ops: &Self::OPS, looked: Looked::new() }, clock }
        }
    }
}

/// Some [`Timers`] that are there for ever, by one pointer, whatever their clock: where the sleeps of a runtime wait.
///
/// *whole pointer*: it has the provenance of the whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Place(NonNull<Queue>);

// SAFETY: a reference to something `Sync`.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Sync for Place {}

impl Place {
    #[inline(always)]
    pub(crate) const fn of<C: ?Sized>(timers: &'static Timers<C>) -> Self {
        let whole: *const Timers<C> = timers;
        // SAFETY: a reference.
        Self(unsafe { NonNull::new_unchecked(whole.cast_mut().cast()) })
    }

    /// No timers, which stands in a node for something else: a constant, which the compiler follows from a store to a test.
    pub(super) const NONE: Self = match NonNull::new(ptr::without_provenance_mut(1)) {
        Some(nowhere) => Self(nowhere),
        None => unreachable!(),
    };

    /// Whether it is [`NONE`](Self::NONE).
    #[inline(always)]
    pub(super) fn is_none(self) -> bool {
        self.0 == Self::NONE.0
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

    /// The time now, by the clock of these timers.
    #[must_use]
    pub fn now(self) -> Instant {
        // SAFETY: the queue's own functions, and *whole pointer*.
        Instant::from_nanos(unsafe { (self.queue().ops.other)(self.0, ptr::null()) })
    }

    /// When a sleep of so many nanoseconds that begins now is over.
    #[inline(always)]
    pub(super) fn deadline(self, nanos: u64) -> Instant {
        if too_long(nanos) {
            return Instant::from_nanos(self.longest());
        }
        // SAFETY: the queue's own functions, *whole pointer*, and as just seen.
        Instant::from_nanos(unsafe { (self.queue().ops.deadline)(nanos, self.0) })
    }

    /// When a sleep that is [too long](too_long) is over, if it begins now.
    #[cold]
    #[inline(never)]
    fn longest(self) -> u64 {
        let deadline = self.deadline(LONGEST).as_nanos();
        // There was time for it, which there is not for longer ones.
        if deadline < LONGEST { deadline } else { Instant::FAR.as_nanos() }
    }

    /// Links a node that is not, and tells the clock where its deadline is the earliest. Gives the waker back if the queue
    /// is closed.
    pub(super) fn insert(self, node: Pin<&Node>, waker: Waker) -> Result<(), Waker> {
        let kept = Kept::new(waker);
        let Some(first) = self.queue().put(node, kept) else {
            // SAFETY: *one waker*: it was not taken.
            return Err(unsafe { kept.waker() });
        };
        if first && node.deadline() != Instant::FAR {
            // SAFETY: the queue's own functions, and *whole pointer*.
            unsafe { (self.queue().ops.other)(self.0, &raw const *node) };
        }
        Ok(())
    }

    /// Polls a node of these timers, whose owner has seen `mark`, under a waker of its own. Panics where the queue is closed.
    #[inline(always)]
    pub(super) fn poll(self, node: Pin<&Node>, waker: Kept, mark: Mark) -> Poll<()> {
        // SAFETY: the queue's own functions, and *whole pointer*.
        unsafe { (self.queue().ops.poll)(node, waker, mark) }
    }
}

impl core::fmt::Debug for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
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
        self.queue.heap.with(|heap| heap.first())
    }

    /// As [`next_deadline`](Self::next_deadline), for `looker`, who wants to know later whether there is an earlier one: the
    /// executor, or whatever has an address that is its alone, which it keeps until it asks.
    #[inline]
    pub fn look<T>(&self, looker: &T) -> Option<Instant> {
        let deadline = self.queue.heap.with(|heap| {
            self.queue.looked.note(looker);
            heap.first_or_far()
        });
        if deadline.is_far() { None } else { Some(deadline) }
    }

    /// Whether a deadline may have become the earliest since `looker` [looked](Self::look) last. It may say so as well where
    /// somebody else has looked meanwhile.
    ///
    /// # Cost
    ///
    /// One load.
    #[inline]
    pub fn has_moved<T>(&self, looker: &T) -> bool {
        self.queue.looked.missed(looker)
    }

    /// Wakes every sleep that is due by the clock, earliest first, those of one deadline in the order in which they were
    /// first polled, or reset while they waited, and returns how many.
    ///
    /// The clock is read once, and only if somebody waits. Wakers are called in batches with no lock held; where one panics,
    /// the others are called all the same, and the first panic goes on when all are.
    pub fn expire(&self) -> usize {
        if self.queue.heap.with(|heap| heap.is_empty()) {
            return 0;
        }
        self.queue.wake_due(self.clock.now(), self.home())
    }

    /// These timers, for their own nodes.
    #[inline(always)]
    fn home(&self) -> Place {
        // It comes into nodes that are linked here only, whose own place is this already (*home*).
        Place(NonNull::from(self).cast())
    }

    /// As [`expire`](Self::expire), for the executor `own`: a task of a *direct* one with one runner that is due
    /// alone, where the queue is empty, comes back started instead of going through it; and on one core static tasks are woken
    /// under the lock, where that is a push to a queue.
    ///
    /// The clock is read whether somebody waits or not: for who has just slept until a deadline.
    ///
    /// # Safety
    ///
    /// *one consumer* of the queue, who runs what comes back at once.
    #[inline(always)]
    pub unsafe fn turn<S: Schedule>(&self, own: &S) -> Option<Ready<S>> {
        let owner = if S::DIRECT && S::ONE_RUNNER { Owner::of(own).as_ptr() } else { ptr::null_mut() };
        // SAFETY: by this function's contract.
        let task = self.queue.turn(self.clock.now(), self.home(), unsafe { Runner::of(owner) });
        // SAFETY: it is a task of this owner, and was started (`waker::fire_within`, `fire_apart`).
        task.map(|task| unsafe { Ready::new(task, Start::Poll) })
    }

    /// Ends the service, because the executor that called [`expire`](Self::expire) is gone: takes out every sleep and
    /// wakes it. Polling one of them later, or one that has not been polled before, panics and says that there is no
    /// timer driver, also while the others are being woken; but for one that has elapsed, or was made with a deadline already
    /// past.
    ///
    /// If two call it at once, or a waker does in here, the second one returns while the first wakes.
    pub fn close(&self) {
        let rest = pin!(Node::new(self.home(), Instant::FAR, false));
        let closing = Closing::new(&self.queue, rest.as_ref());
        self.queue.wake_all(|heap| closing.pop(heap));
    }

    /// Begins the service anew for another executor. A sleep that was taken out by [`close`](Self::close) stays out
    /// until it is reset.
    pub fn reopen(&self) {
        self.queue.heap.with(Heap::reopen);
    }

    /// Whether [`close`](Self::close) was called.
    pub fn is_closed(&self) -> bool {
        self.queue.heap.with(|heap| heap.is_closed())
    }
}

/// Those who were in a queue when it was closed, until they are woken: *below* a node in here.
struct Closing<'a> {
    queue: &'a Queue,
    rest: Pin<&'a Node>,
}

impl<'a> Closing<'a> {
    /// Closes the queue. `rest` is a node for this alone.
    fn new(queue: &'a Queue, rest: Pin<&'a Node>) -> Self {
        queue.heap.with(|heap| heap.close_below(rest));
        Self { queue, rest }
    }

    fn pop(&self, heap: &mut Heap) -> Option<Waker> {
        // SAFETY: *one waker*: moved out of the queue.
        heap.pop_below(self.rest).map(|kept| unsafe { kept.waker() })
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        // There is somebody only where the panic of a waker is not caught and goes on, and another panic here ends the program: so
        // that nobody is left *below* a node that goes.
        while let Some(waker) = self.queue.heap.with(|heap| self.pop(heap)) {
            waker.wake();
        }
        self.queue.heap.with(|heap| heap.give_back(self.rest));
    }
}

/// Asks the owner of a task that was [won](Fired::Won).
#[cold]
fn ask(task: TaskPtr) {
    // SAFETY: a slot whose NOTIFIED was won where its word said that its owner must be asked.
    unsafe { task.ask_slot() }
}

/// How a turn goes on.
enum Next {
    Run(TaskPtr),
    Ask(TaskPtr),
    Wake(Kept),
    More,
    Nothing,
}

impl Queue {
    /// Polls a node that has been polled before, or was refused: one section for every state that it may be in.
    #[cold]
    fn poll_again(&self, node: Pin<&Node>, mut kept: Kept) -> Poll<()> {
        self.heap.with(|heap| heap.keep(node, &mut kept));
        // The one before, or this one. Dropped outside of the lock, for a waker is foreign code.
        // SAFETY: *one waker*: of the two it is the one that is not in the heap.
        unsafe { kept.discard() };
        // Asked now, so that no answer is kept meanwhile: if its wait is over since, so much the better.
        let prev = load_published(&node.prev);
        if State::is_refused(prev) {
            closed();
        }
        if prev == State::Elapsed.mark() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Links a node that is not, and says whether it is the first now. `None`: the queue is closed.
    #[inline(always)]
    fn put(&self, node: Pin<&Node>, waker: Kept) -> Option<bool> {
        self.heap.with(|heap| {
            let first = heap.insert(node, waker)?;
            if first {
                self.looked.note(node.get_ref());
            }
            Some(first)
        })
    }

    /// Wakes whoever is due. If it is one task alone, of `runner`, and nothing is in its queue, it is started instead.
    #[inline(always)]
    fn turn(&self, now: Instant, home: Place, runner: Runner) -> Option<TaskPtr> {
        debug_assert!(!now.is_far(), "a clock says that it is the end of time");
        if !waker::WAKES_WITHIN {
            return self.turn_apart(now, home, runner);
        }
        let mut panic = None;
        // One in each section, and most of them under it.
        loop {
            let next = self.heap.with_held(|heap, held| {
                let Some((kept, left)) = heap.pop_due(now, home) else { return Next::Nothing };
                let may_start = || panic.is_none() && !left.is_due(now);
                match waker::fire_within(&kept, &held, runner, may_start) {
                    Fired::Started(task) => Next::Run(task),
                    Fired::Won(task) => Next::Ask(task),
                    Fired::Foreign => Next::Wake(kept),
                    Fired::Woken => Next::More,
                }
            });
            match next {
                Next::Run(task) => return Some(task),
                Next::More => {}
                Next::Nothing => break,
                Next::Ask(task) => guard::keep_first(&mut panic, guard::run(|| ask(task))),
                // SAFETY: *one waker*: moved out of the queue.
                Next::Wake(kept) => guard::keep_first(&mut panic, guard::run(|| unsafe { kept.waker() }.wake())),
            }
        }
        if let Some(panic) = panic {
            guard::resume(panic);
        }
        None
    }

    /// As [`turn`](Self::turn), where nothing is woken under the lock.
    #[inline(always)]
    fn turn_apart(&self, now: Instant, home: Place, runner: Runner) -> Option<TaskPtr> {
        if runner.is_nobody() {
            self.wake_due(now, home);
            return None;
        }
        let mut panic = None;
        let mut more = true;
        while more {
            let popped = self.heap.with(|heap| heap.pop_due(now, home).map(|(kept, left)| (kept, left.is_due(now))));
            let Some((kept, left)) = popped else { break };
            more = left;
            if !more && panic.is_none() {
                match waker::fire_apart(&kept, runner) {
                    Fired::Started(task) => return Some(task),
                    Fired::Woken => break,
                    Fired::Won(_) | Fired::Foreign => {}
                }
            }
            // SAFETY: *one waker*: moved out of the queue.
            guard::keep_first(&mut panic, guard::run(|| unsafe { kept.waker() }.wake()));
        }
        if let Some(panic) = panic {
            guard::resume(panic);
        }
        None
    }

    /// Wakes whoever is due, with no lock held.
    fn wake_due(&self, now: Instant, home: Place) -> usize {
        debug_assert!(!now.is_far(), "a clock says that it is the end of time");
        // SAFETY: *one waker*: moved out of the queue.
        self.wake_all(|heap| heap.pop_due(now, home).map(|(kept, _)| unsafe { kept.waker() }))
    }

    fn wake_all(&self, mut pop: impl FnMut(&mut Heap) -> Option<Waker>) -> usize {
        let mut woken = 0;
        let mut panic = None;
        loop {
            let mut batch = Batch::default();
            let count = self.heap.with(|heap| batch.fill(|| pop(heap)));
            for waker in batch.wakers.into_iter().flatten() {
                guard::keep_first(&mut panic, guard::run(|| waker.wake()));
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

/// Whether sections are so short that one for each waker, and one for each poll of a sleep, is best.
pub(super) const ONE_BY_ONE: bool = waker::WAKES_WITHIN || BATCH == 1;

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
