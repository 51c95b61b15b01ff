//! Applies the transitions by plain loads and stores in critical sections: one core, and its interrupts.

use super::{Finish, Idle, Leave, Shutdown, Snapshot, Start, Wake, overflow};
use crate::atomic::{AtomicUsize, Ordering};
use crate::const_fn;
use crate::lock::Section;
use crate::task::TaskPtr;

/// Whether the end of a slot is a function of its own: images for one core are small.
pub(crate) const COMPLETES_APART: bool = true;

/// What a poll of a slot leaves to do: nothing.
#[must_use]
#[derive(Debug)]
pub(crate) struct Polled;

impl Polled {
    /// It is over.
    pub(crate) const OVER: Self = Self;

    #[inline(always)]
    pub(crate) fn pending(_: TaskPtr) -> Self {
        Self
    }

    /// The task, if something is left to do.
    #[inline(always)]
    pub(crate) fn task(self) -> Option<TaskPtr> {
        None
    }
}

/// The word.
///
/// Ordering: relaxed everywhere. One core sees its own stores in order, and a critical section keeps the compiler from
/// moving anything across its ends.
#[derive(Debug)]
pub(crate) struct State(AtomicUsize);

impl State {
    const_fn! {
        /// A free slot that was never used: all zero.
        pub(crate) const fn free() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    const_fn! {
        #[cfg_attr(not(feature = "alloc"), allow(dead_code))] // only slots
        /// A task as spawned.
        pub(crate) const fn new(snapshot: Snapshot) -> Self {
            Self(AtomicUsize::new(snapshot.0))
        }
    }

    #[inline]
    fn get(&self) -> Snapshot {
        Snapshot(self.0.load(Ordering::Relaxed))
    }

    #[inline(always)]
    pub(crate) fn load(&self) -> Snapshot {
        self.get()
    }

    /// As `load`: the back ends have the same names.
    #[inline]
    pub(crate) fn peek(&self) -> Snapshot {
        self.load()
    }

    #[inline]
    fn apply<T>(&self, transition: impl FnOnce(Snapshot) -> (T, Snapshot)) -> T {
        let _section = Section::enter();
        self.apply_within(transition)
    }

    /// As [`apply`](Self::apply), in the caller's section.
    #[inline(always)]
    fn apply_within<T>(&self, transition: impl FnOnce(Snapshot) -> (T, Snapshot)) -> T {
        let (action, next) = transition(self.get());
        self.0.store(next.0, Ordering::Relaxed);
        action
    }

    /// Takes a free slot, and runs `then` in the same section. `false`: it is not free.
    #[inline(always)]
    pub(crate) fn claim(&self, joined: bool, then: impl FnOnce()) -> bool {
        let _section = Section::enter();
        let Some(next) = self.get().claim(joined) else { return false };
        self.0.store(next.0, Ordering::Relaxed);
        then();
        true
    }

    /// Notifies the task, and runs `schedule`, inside the section, where it must be queued.
    #[inline(always)]
    pub(crate) fn wake(&self, schedule: impl FnOnce()) {
        let _section = Section::enter();
        self.wake_within(schedule);
    }

    /// As [`wake`](Self::wake), in the caller's section.
    #[inline(always)]
    pub(crate) fn wake_within(&self, schedule: impl FnOnce()) {
        // Stored only where the task is queued: on a complete task NOTIFIED says that it *is* in the queue.
        if let (Wake::Schedule, next) = self.get().wake() {
            self.0.store(next.0, Ordering::Relaxed);
            schedule();
        }
    }

    /// Notifies a task that was found so in the caller's section, and waits: who wins has to see to it that it is queued.
    #[inline(always)]
    pub(crate) fn notify_within(&self, now: Snapshot) {
        self.0.store(now.wake().1.0, Ordering::Relaxed);
    }

    /// As [`wake`](Self::wake), of a slot: runs `push` where its owner need not be asked, else `ask`.
    #[inline(always)]
    pub(crate) fn wake_slot(&self, push: impl FnOnce(), ask: impl FnOnce()) {
        let _section = Section::enter();
        let now = self.get();
        // The common way first: one test.
        if now.wins_push() {
            self.0.store(now.wake().1.0, Ordering::Relaxed);
            push();
        } else if let (Wake::Schedule, next) = now.wake() {
            self.0.store(next.0, Ordering::Relaxed);
            ask();
        }
    }

    /// As [`wake_slot`](Self::wake_slot), in the caller's section, unless the owner must be asked: then nothing has happened,
    /// and the answer is `false`.
    #[inline(always)]
    pub(crate) fn try_wake_within(&self, push: impl FnOnce()) -> bool {
        let now = self.get();
        if now.wins_push() {
            self.0.store(now.wake().1.0, Ordering::Relaxed);
            push();
            return true;
        }
        now.wake().0 == Wake::Nothing
    }

    /// Says that the owner of a slot that the caller has claimed must be asked.
    pub(crate) fn ask(&self) {
        // No section: the claimant's own. Stale wakers change nothing, for it is notified.
        self.0.store(self.get().ask().0, Ordering::Relaxed);
    }

    /// Asks for an abort, and runs `schedule`, inside the section, where the task must be queued for it.
    pub(crate) fn abort(&self, generation: Option<usize>, schedule: impl FnOnce()) {
        let _section = Section::enter();
        if let Wake::Schedule = self.apply_within(|state| state.abort(generation)) {
            schedule();
        }
    }

    /// As [`start`](Self::start), in the caller's section, of a task whose owner is `direct` or not; nothing has changed where that is
    /// not a poll.
    #[inline(always)]
    pub(crate) fn start_within(&self, direct: bool) -> Start {
        match self.get().start_common(direct) {
            Some(next) => {
                self.0.store(next.0, Ordering::Relaxed);
                Start::Poll
            }
            None => Start::Unusual,
        }
    }

    #[inline]
    pub(crate) fn start(&self) -> Start {
        self.apply(Snapshot::start)
    }

    /// As [`start`](Self::start): on one core every runner is the one.
    #[cfg(test)]
    pub(crate) fn start_alone(&self) -> Start {
        self.start()
    }

    /// As [`start`](Self::start): on one core every runner is the one.
    #[inline]
    pub(crate) fn start_by(&self, _: bool) -> Start {
        self.start()
    }

    /// Nothing: who woke the task while it ran has queued it.
    #[inline(always)]
    pub(crate) fn rest(&self) -> bool {
        true
    }

    /// Nothing, as [`rest`](Self::rest).
    #[inline(always)]
    pub(crate) fn idle(&self) -> Idle {
        Idle::Rest
    }

    /// Frees a slot that nobody else needs. `false`: there is more to do, and nothing has changed.
    #[inline(always)]
    pub(crate) fn vacate(&self) -> bool {
        self.try_apply(Snapshot::vacate)
    }

    /// Completes a slot with an output for a handle that lent a waker, and wakes the joiner by `wake`, in one step, unless there
    /// is none to be woken here, or `wake` refuses. Says what is left to do. `None`: all, and nothing has changed.
    #[inline(always)]
    pub(crate) fn hand_over<T>(
        &self,
        joiner: impl FnOnce() -> Option<T>,
        wake: impl FnOnce(T) -> bool,
    ) -> Option<Finish> {
        let _section = Section::enter();
        let now = self.get();
        let next = now.hand_over()?;
        let joiner = joiner()?;
        // Before the wake: a task may be its own joiner, and is not queued again when it is complete.
        self.0.store(next.0, Ordering::Relaxed);
        if wake(joiner) {
            return Some(Finish::Kept);
        }
        self.0.store(now.0, Ordering::Relaxed);
        None
    }

    /// Writes a waker that needs no drop in place of one that needs none, and lends it, in one step. `Some(false)`: the task is
    /// complete. `None`: that cannot be.
    #[inline(always)]
    pub(crate) fn lend_over(&self, write: impl FnOnce()) -> Option<bool> {
        let _section = Section::enter();
        let (lent, next) = self.get().lend_waker();
        if lent {
            write();
            self.0.store(next.0, Ordering::Relaxed);
        }
        Some(lent)
    }

    /// Frees a complete slot whose output the handle has taken. `false`: there is more to do, and nothing has changed.
    #[inline]
    pub(crate) fn collect(&self) -> bool {
        self.try_apply(Snapshot::collect)
    }

    /// Lets go of a slot that goes on. `false`: there is more to do, and nothing has changed.
    #[inline(always)]
    pub(crate) fn detach(&self) -> bool {
        self.try_apply(Snapshot::detach)
    }

    #[inline(always)]
    fn try_apply(&self, transition: impl FnOnce(Snapshot) -> Option<Snapshot>) -> bool {
        let _section = Section::enter();
        match transition(self.get()) {
            Some(next) => {
                self.0.store(next.0, Ordering::Relaxed);
                true
            }
            None => false,
        }
    }

    #[inline]
    pub(crate) fn complete(&self, output: bool) -> Finish {
        self.apply(|state| state.complete(output))
    }

    pub(crate) fn release(&self) -> Finish {
        self.apply(Snapshot::release)
    }

    pub(crate) fn lend_waker(&self) -> bool {
        self.apply(Snapshot::lend_waker)
    }

    pub(crate) fn recall_waker(&self) -> bool {
        self.apply(Snapshot::recall_waker)
    }

    pub(crate) fn leave(&self, emptied: bool) -> Leave {
        self.apply(|state| state.leave(emptied))
    }

    pub(crate) fn shut_down(&self) -> Shutdown {
        self.apply(Snapshot::shut_down)
    }

    #[inline]
    pub(crate) fn add_reference(&self) {
        self.apply(|state| match state.add_reference() {
            Some(next) => ((), next),
            None => overflow(),
        });
    }

    /// `true`: it was the last reference.
    #[inline]
    pub(crate) fn drop_reference(&self) -> bool {
        self.apply(Snapshot::drop_reference)
    }
}
