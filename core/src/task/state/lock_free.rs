//! Applies the transitions by atomic read-modify-write: several cores, or several threads.

use super::{ASKED, Finish, Idle, Leave, NOTIFIED, RUNNING, Shutdown, Snapshot, Start, UNIT, Wake, overflow};
use crate::atomic::{AtomicUsize, Ordering, fence};
use crate::const_fn;
use crate::task::TaskPtr;

/// Whether the end of a slot is a function of its own: here a task that nobody waits for saves a call of one short exchange.
pub(crate) const COMPLETES_APART: bool = false;

/// What a poll of a slot leaves to do: to see whether it may rest, where it was pending and others may run it too.
#[must_use]
#[derive(Debug)]
pub(crate) struct Polled(Option<TaskPtr>);

impl Polled {
    /// It is over.
    pub(crate) const OVER: Self = Self(None);

    #[inline(always)]
    pub(crate) fn pending(task: TaskPtr) -> Self {
        Self(Some(task))
    }

    /// The task, if it was pending.
    #[inline(always)]
    pub(crate) fn task(self) -> Option<TaskPtr> {
        self.0
    }
}

/// The word.
///
/// Ordering: every change but the count of references and the start of a poll is `AcqRel` on this one word. Its release
/// publishes what the caller wrote before (data before a wake, the future before its first start, the output before
/// `COMPLETE`, the join waker before `JOIN_WAKER`); its acquire makes visible what the previous changers published. A wake
/// writes even where it changes nothing, so that the poll that follows sees what the waker wrote. The start only acquires:
/// what its executor did before is published by the end of the poll, before which nobody acts on `RUNNING`. That of the one
/// runner releases as well, for no end follows: who wakes next writes the link, after all who wrote it before. Who lets go of
/// a slot at once only releases: it touches nothing afterwards, and who does acquires, through this change, from all those
/// before it as well. So does a handle that lends its first waker, for it looks at nothing then. Who claims only acquires: nobody
/// looks at the slot before it is pushed. A handle that goes before the end, and has lent nothing, orders nothing.
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
    pub(crate) fn load(&self) -> Snapshot {
        // Ordering: pairs with the release of whatever change is seen: output before COMPLETE, waker before JOIN_WAKER.
        Snapshot(self.0.load(Ordering::Acquire))
    }

    /// Looks without learning what others wrote: for what stays as it is while the caller may ask, and for counts.
    #[inline]
    pub(crate) fn peek(&self) -> Snapshot {
        Snapshot(self.0.load(Ordering::Relaxed))
    }

    /// Applies a transition, as often as it takes.
    #[inline]
    fn apply<T>(&self, mut transition: impl FnMut(Snapshot) -> (T, Snapshot)) -> T {
        let mut current = self.peek();
        loop {
            let (action, next) = transition(current);
            // Ordering: see `State`. Relaxed where it fails, as above: transitions are pure, and the one that counts is the
            // one whose exchange succeeds.
            match self.0.compare_exchange_weak(current.0, next.0, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return action,
                Err(now) => current = Snapshot(now),
            }
        }
    }

    /// Takes a free slot, and runs `then`. `false`: it is not free.
    #[inline(always)]
    pub(crate) fn claim(&self, joined: bool, then: impl FnOnce()) -> bool {
        let mut current = self.peek();
        while let Some(next) = current.claim(joined) {
            // Ordering: the acquire pairs with the release of who freed it: the slot is written from now on. Nothing is released:
            // who learns of the task learns it by a push.
            match self.0.compare_exchange_weak(current.0, next.0, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => {
                    then();
                    return true;
                }
                // Again: a stale waker may have touched the word, which does not make it less free.
                Err(now) => current = Snapshot(now),
            }
        }
        false
    }

    /// Notifies the task, and runs `schedule` where it must be queued.
    #[inline]
    pub(crate) fn wake(&self, schedule: impl FnOnce()) {
        if let (Wake::Schedule, _) = self.notify().wake() {
            schedule();
        }
    }

    /// Notifies the task; answers what the word was.
    #[inline(always)]
    fn notify(&self) -> Snapshot {
        // Ordering: see `State`. One read-modify-write does what `Snapshot::wake` says; a test holds them together.
        Snapshot(self.0.fetch_or(NOTIFIED, Ordering::AcqRel))
    }

    /// As [`wake`](Self::wake), of a slot: runs `push` where its owner need not be asked, else `ask`.
    #[inline(always)]
    pub(crate) fn wake_slot(&self, push: impl FnOnce(), ask: impl FnOnce()) {
        // Ordering: relaxed: who wins fences, and who loses says it again.
        let before = Snapshot(self.0.fetch_or(NOTIFIED, Ordering::Relaxed));
        if before.wins_push() {
            Self::win(push);
        } else {
            self.wake_unusual(before, push, ask);
        }
    }

    /// As [`wake_slot`](Self::wake_slot), where the owner must be asked, or somebody else was first.
    #[cold]
    #[inline(never)]
    fn wake_unusual(&self, before: Snapshot, push: impl FnOnce(), ask: impl FnOnce()) {
        if let (Wake::Schedule, _) = before.wake() {
            Self::win(ask);
        } else {
            self.say_again(push, ask);
        }
    }

    /// What follows a win of `NOTIFIED`.
    #[inline(always)]
    fn win<T>(then: impl FnOnce() -> T) -> T {
        // Ordering: the acquire pairs with the release of the start before: the winner reads, and may write, the link. The release
        // is the push's.
        fence(Ordering::AcqRel);
        then()
    }

    /// As [`wake_slot`](Self::wake_slot), where it may be that nothing is won.
    #[inline(always)]
    fn say_again(&self, push: impl FnOnce(), ask: impl FnOnce()) {
        // Ordering: the release pairs with the acquire of the start that follows where nothing is won.
        let before = Snapshot(self.0.fetch_or(NOTIFIED, Ordering::Release));
        if before.wins_push() {
            Self::win(push);
        } else if let (Wake::Schedule, _) = before.wake() {
            Self::win(ask);
        }
    }

    /// Says that the owner of a slot that the caller has claimed must be asked.
    pub(crate) fn ask(&self) {
        // Ordering: relaxed: the claimant's own, and stale wakers; who learns of the task learns it by a later change.
        self.0.fetch_or(ASKED, Ordering::Relaxed);
    }

    /// Asks for an abort, and runs `schedule` where the task must be queued for it.
    pub(crate) fn abort(&self, generation: Option<usize>, schedule: impl FnOnce()) {
        if let Wake::Schedule = self.apply(|state| state.abort(generation)) {
            schedule();
        }
    }

    #[inline]
    pub(crate) fn start(&self) -> Start {
        // Ordering: see `State`. NOTIFIED is set and RUNNING clear in the hands of whoever took the task from a queue, so
        // this sum, one instruction on most machines, is `Snapshot::start`.
        let before = Snapshot(self.0.fetch_add(RUNNING - NOTIFIED, Ordering::Acquire));
        before.start().0
    }

    /// As [`start`](Self::start), by the one runner: the task is queued at once when it is woken during its poll.
    #[inline]
    pub(crate) fn start_alone(&self) -> Start {
        // Ordering: see `State`. NOTIFIED is set, as above.
        let before = Snapshot(self.0.fetch_sub(NOTIFIED, Ordering::AcqRel));
        if before.is_common() { Start::Poll } else { self.start_uncommon(before) }
    }

    /// As [`start_alone`](Self::start_alone), behind a fence that releases.
    #[inline(always)]
    pub(crate) fn start_released(&self) -> Start {
        // Ordering: as `start_alone`'s; the fence is the release.
        let before = Snapshot(self.0.fetch_sub(NOTIFIED, Ordering::Acquire));
        if before.is_common() { Start::Poll } else { self.start_uncommon(before) }
    }

    /// Starts a slot that rests as if it had been woken and taken from its queue, by the one runner, whose it is if `own` says so:
    /// in one step, for a wake and a start cancel out. `false`: it is not started, and nothing has changed; perhaps only because
    /// somebody else was here meanwhile (the exchange is no weak one, so never for nothing).
    ///
    /// *read twice*: `own` may read the link though nobody has won `NOTIFIED`. Before it comes whoever has written it for the tenant
    /// that is seen to rest; after it, if the exchange succeeds, whoever writes it for a later tenant.
    #[inline(always)]
    pub(crate) fn start_resting(&self, own: impl FnOnce() -> bool) -> bool {
        // Ordering: the acquire pairs with the release of the start before, behind which the link leads to the owner.
        let rests = self.load();
        // Ordering: the release pairs with the acquire of the next claim, behind which the link leads to somebody else.
        rests.waits()
            && own()
            && self.0.compare_exchange(rests.0, rests.0, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Starts the task in the way of its scheduler.
    #[inline(always)]
    pub(crate) fn start_by(&self, one_runner: bool) -> Start {
        if one_runner { self.start_alone() } else { self.start() }
    }

    #[cold]
    #[inline(never)]
    fn start_uncommon(&self, before: Snapshot) -> Start {
        // Nobody but this thread ends what has left its queue, so the two steps are one to all others.
        if before.is_complete() { self.apply(Snapshot::start_alone) } else { before.start_alone().0 }
    }

    /// Lets the task rest, to which nothing came while it was polled. `false`: something did, see [`idle`](Self::idle). Nothing
    /// is to be done after a poll of the one runner's.
    #[inline(always)]
    pub(crate) fn rest(&self) -> bool {
        // RUNNING is set and cleared by the poller alone.
        !self.peek().is_running() || self.try_apply(Snapshot::rest)
    }

    /// What to do where the task may not [`rest`](Self::rest).
    #[inline]
    pub(crate) fn idle(&self) -> Idle {
        if self.try_apply(Snapshot::requeue) { Idle::Requeue } else { self.apply(Snapshot::idle) }
    }

    /// Frees a slot that nobody else needs. `false`: there is more to do, and nothing has changed.
    #[inline]
    pub(crate) fn vacate(&self) -> bool {
        self.try_apply(Snapshot::vacate)
    }

    /// Completes a slot with an output for a handle that lent a waker, and wakes the joiner by `wake`, if there is one that can
    /// be woken when its waker is the handle's again. Says what is left to do. `None`: all, and nothing has changed.
    #[inline(always)]
    pub(crate) fn hand_over<T>(
        &self,
        joiner: impl FnOnce() -> Option<T>,
        wake: impl FnOnce(T) -> bool,
    ) -> Option<Finish> {
        let lent = Self::try_apply_by(self.peek(), Snapshot::complete_lent, |now, next| {
            // Ordering: see `State`: the output is released, and the waker acquired.
            self.0.compare_exchange_weak(now, next, Ordering::AcqRel, Ordering::Relaxed)
        })?;
        let Some(joiner) = joiner() else { return Some(Finish::WakeJoiner) };
        let given = Self::try_apply_by(lent, Snapshot::give_back, |now, next| {
            // Ordering: the release pairs with the acquire of the next claim, and of a handle that writes: the waker has been read.
            self.0.compare_exchange_weak(now, next, Ordering::Release, Ordering::Relaxed)
        });
        if given.is_none() {
            return Some(Finish::WakeJoiner);
        }
        // Last: who is woken finds a slot that it may free.
        wake(joiner);
        Some(Finish::Kept)
    }

    /// Writes a waker that needs no drop in place of one that needs none, and lends it, in one step. `Some(false)`: the task is
    /// complete. `None`: that cannot be.
    #[inline(always)]
    pub(crate) fn lend_over(&self, write: impl FnOnce()) -> Option<bool> {
        let mut current = self.peek();
        let Some(mut next) = current.lend_first() else {
            // Of one that is lent others may be reading the one before.
            return current.is_complete().then_some(false);
        };
        write();
        // Ordering: the release pairs with the acquire of the completion: the waker is there.
        while let Err(now) = self.0.compare_exchange_weak(current.0, next.0, Ordering::Release, Ordering::Relaxed) {
            current = Snapshot(now);
            match current.lend_first() {
                Some(again) => next = again,
                None => return Some(false), // nobody else lends
            }
        }
        Some(true)
    }

    /// Frees a complete slot whose output the handle has taken. `false`: there is more to do, and nothing has changed.
    #[inline]
    pub(crate) fn collect(&self) -> bool {
        self.try_apply(Snapshot::collect)
    }

    /// Lets go of a slot that goes on. `false`: there is more to do, and nothing has changed.
    #[inline]
    pub(crate) fn detach(&self) -> bool {
        let detached = Self::try_apply_by(self.peek(), Snapshot::detach, |now, next| {
            // Ordering: relaxed: whatever the handle has written to its field was released when it lent it.
            self.0.compare_exchange_weak(now, next, Ordering::Relaxed, Ordering::Relaxed)
        });
        detached.is_some()
    }

    /// Applies a transition that need not be possible.
    #[inline]
    fn try_apply(&self, transition: impl Fn(Snapshot) -> Option<Snapshot>) -> bool {
        let applied = Self::try_apply_by(self.peek(), transition, |now, next| {
            // Ordering: see `State`.
            self.0.compare_exchange_weak(now, next, Ordering::Release, Ordering::Relaxed)
        });
        applied.is_some()
    }

    /// As [`try_apply`](Self::try_apply), by this exchange, of a word that was `current` just now; gives what it has become.
    #[inline(always)]
    fn try_apply_by(
        mut current: Snapshot,
        transition: impl Fn(Snapshot) -> Option<Snapshot>,
        exchange: impl Fn(usize, usize) -> Result<usize, usize>,
    ) -> Option<Snapshot> {
        while let Some(next) = transition(current) {
            match exchange(current.0, next.0) {
                Ok(_) => return Some(next),
                Err(now) => current = Snapshot(now),
            }
        }
        None
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
        // A plain counter: who adds holds a reference, through which it was handed everything it may see.
        let before = Snapshot(self.0.fetch_add(UNIT, Ordering::Relaxed));
        if before.add_reference().is_none() {
            overflow();
        }
    }

    /// `true`: it was the last reference.
    #[inline]
    pub(crate) fn drop_reference(&self) -> bool {
        // Ordering: the release orders this holder's last access before the free; the acquire is the freer's, on the
        // accesses of all the others.
        Snapshot(self.0.fetch_sub(UNIT, Ordering::AcqRel)).drop_reference().0
    }

    /// To the model, the last access of all.
    #[cfg(all(test, loom))]
    pub(crate) fn retire(&mut self) {
        self.0.with_mut(|_| ());
    }
}
