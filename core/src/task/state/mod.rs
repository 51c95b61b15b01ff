//! The state of a task: one word, every change of it a named, pure transition.
//!
//! | bit | name | means | set by | cleared by |
//! |---|---|---|---|---|
//! | 0 | `NOTIFIED` | a wake-up is due; outside of `RUNNING`, its winner queues the task | wake, abort, claim, free | start of a poll |
//! | 1 | `RUNNING` | the executor works on the task; nobody else touches the future | start of a poll | its end |
//! | 2 | `COMPLETE` | the future is gone | the executor | claim |
//! | 3 | `ASKED` | the owner must be asked to schedule it | launch, unless that is *direct* | free |
//! | 4 | `CANCELLED` | an abort was asked for; of a complete task `QUEUED`: it is in a queue | abort, shutdown; the executor | claim; whoever takes it from there |
//! | 5 | `JOIN_INTEREST` | a `JoinHandle` exists | claim | the handle |
//! | 6 | `JOIN_WAKER` | the join waker belongs to the executor's side | the handle | either |
//! | 7 | `COUNTED` | the high bits are references; else a generation | spawn | never |
//! | 8 | `OUTPUT` | the stage holds an output; only with `COMPLETE` | the executor | the handle |
//! | 9 | `LIVE` | a task is here; else the slot is free | claim | release |
//! | 10.. | | references or generation | | |
//!
//! A slot that was never used is all zero, and has no wakers. One that was used keeps its generation and `NOTIFIED`, so that a
//! stale waker of it wins nothing, by the one test that all wakes make. The bits of that test are the lowest: `ASKED` among
//! them, so that it says as well whether the owner must be asked.
//!
//! The functions of [`Snapshot`] are pure: a word in, what the caller must do and the next word out. They are tested over
//! every word. Two back ends apply them: `lock_free` by read-modify-write, `unicore` (`--cfg zokio_unicore`, one core)
//! by plain loads and stores in short critical sections.
//!
//! *one runner*: on one core, and of a scheduler that starts its tasks on one thread at a time and for ever
//! ([`Schedule::ONE_RUNNER`](super::Schedule::ONE_RUNNER)), a task that is woken while it runs is queued at once: it is not
//! taken from there before its poll has ended. `RUNNING` is not kept during such a poll and nothing is left to do after a
//! pending one; so a *finished* task may still be queued, and whoever takes it from the queue releases it. What says so is
//! `NOTIFIED` on one core, where a wake that changes nothing writes nothing, and else `QUEUED`: a task that is notified while
//! nobody keeps `RUNNING` is in a queue, or on its way there, and its completion is the last moment at which that is seen.

#[cfg(not(zokio_unicore))]
mod lock_free;
#[cfg(zokio_unicore)]
mod unicore;

#[cfg(not(zokio_unicore))]
pub(crate) use lock_free::{COMPLETES_APART, Polled, State};
#[cfg(zokio_unicore)]
pub(crate) use unicore::{COMPLETES_APART, Polled, State};

#[cfg(all(test, not(miri)))] // pure, and slow there
mod tests;

/// Whether a task may be queued while it runs, and popped when it is already complete.
const QUEUED_WHILE_RUNNING: bool = cfg!(zokio_unicore);

const NOTIFIED: usize = 1;
const RUNNING: usize = NOTIFIED << 1;
const COMPLETE: usize = RUNNING << 1;
const ASKED: usize = COMPLETE << 1;
const CANCELLED: usize = ASKED << 1;
const JOIN_INTEREST: usize = CANCELLED << 1;
const JOIN_WAKER: usize = JOIN_INTEREST << 1;
const COUNTED: usize = JOIN_WAKER << 1;
// From here on in no mask of a short way but one: the smallest cores have constants of eight bits.
const OUTPUT: usize = COUNTED << 1;
const LIVE: usize = OUTPUT << 1;
/// One reference, or one step of the generation.
const UNIT: usize = LIVE << 1;
const FLAGS: usize = UNIT - 1;

/// What says of a complete task that it is in a queue, whose then it is.
const QUEUED: usize = if QUEUED_WHILE_RUNNING { NOTIFIED } else { CANCELLED };

/// While one of these is set on a complete task, the executor's side is not done with its memory.
const BUSY: usize = RUNNING | QUEUED;

/// A value of the state word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Snapshot(usize);

/// What whoever wakes or aborts a task must do.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// Nothing: it is queued already, will be requeued by its poller, or is no more.
    Nothing,
    /// Queue it: the caller won `NOTIFIED`.
    Schedule,
}

/// What the executor must do with a task that it took from a queue.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Poll it.
    Poll,
    /// Drop its future: an abort was asked for.
    Cancel,
    /// Release it: it completed while it was queued (*one runner*).
    Release,
    /// It has not been started, for there is something else to do than to poll it (one core only): start it to see what.
    #[cfg_attr(not(zokio_unicore), allow(dead_code))] // elsewhere a start has been made when it answers
    Unusual,
}

/// What the poller must do after a pending poll.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Idle {
    /// Nothing, and touch nothing: the task may be on another worker by now.
    Rest,
    /// Queue it again: it was woken meanwhile.
    Requeue,
    /// Drop its future: an abort was asked for meanwhile.
    Cancel,
}

/// What the executor must do next with a task whose future is gone.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// Drop the output, that nobody will ask for, then release.
    DropOutput,
    /// Wake the joiner, then release.
    WakeJoiner,
    /// Drop the join waker, whose handle is gone, then release.
    DropWaker,
    /// Free the memory (a counted task; a slot is free by this transition).
    Free,
    /// Nothing, and touch nothing: somebody else still needs the task, or will take it from the queue.
    Kept,
}

/// What a join handle that goes away must do next.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Empty the waker field, which belongs to the handle now, then leave.
    DropWaker,
    /// Drop the output, then leave.
    DropOutput,
    /// Free the memory (a counted task).
    Free,
    /// Nothing, and touch nothing.
    Kept,
}

/// What whoever shuts an executor down must do with one of its tasks.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shutdown {
    /// Drop its future and complete it: it is the caller's now.
    Claimed,
    /// Nothing: it is complete, or whoever holds it will find it cancelled.
    Held,
}

impl Snapshot {
    const fn has(self, bits: usize) -> bool {
        self.0 & bits == bits
    }

    pub(crate) const fn is_complete(self) -> bool {
        self.has(COMPLETE)
    }

    pub(crate) const fn is_live(self) -> bool {
        self.has(LIVE)
    }

    pub(crate) const fn has_output(self) -> bool {
        self.has(OUTPUT)
    }

    pub(crate) const fn has_join_interest(self) -> bool {
        self.has(JOIN_INTEREST)
    }

    pub(crate) const fn has_join_waker(self) -> bool {
        self.has(JOIN_WAKER)
    }

    pub(crate) const fn is_counted(self) -> bool {
        self.has(COUNTED)
    }

    /// References of a counted task, or the generation of a slot.
    pub(crate) const fn high(self) -> usize {
        self.0 / UNIT
    }

    /// A counted task as spawned: notified, with a reference of the executor's and one of the join handle's.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))] // only slots
    pub(crate) const fn counted(joined: bool) -> Self {
        let refs = if joined { (2 * UNIT) | JOIN_INTEREST } else { UNIT };
        Self(LIVE | COUNTED | ASKED | NOTIFIED | refs)
    }

    /// Takes a free slot for a new tenant, of the next generation, notified so that stale wakers cannot queue it before it is
    /// written. `NOTIFIED` is the only flag that a free slot may have.
    pub(crate) const fn claim(self, joined: bool) -> Option<Self> {
        if self.has(LIVE) {
            return None;
        }
        let tenant = UNIT | LIVE | if joined { JOIN_INTEREST } else { 0 };
        Some(Self((self.0 | NOTIFIED).wrapping_add(tenant)))
    }

    /// The owner must be asked.
    #[cfg_attr(not(zokio_unicore), allow(dead_code))] // one read-modify-write does it; a test holds them together
    pub(crate) const fn ask(self) -> Self {
        Self(self.0 | ASKED)
    }

    /// Whether the owner must be asked.
    pub(crate) const fn is_asked(self) -> bool {
        self.has(ASKED)
    }

    /// Whether the slot was used.
    pub(crate) const fn was_used(self) -> bool {
        self.0 != 0
    }

    /// A wake, by a waker of this task or a stale one of this slot, which has been used then.
    pub(crate) const fn wake(self) -> (Wake, Self) {
        let wins = self.0 & (NOTIFIED | RUNNING | COMPLETE) == 0;
        (if wins { Wake::Schedule } else { Wake::Nothing }, Self(self.0 | NOTIFIED))
    }

    /// Whether a wake would queue the task without asking its owner, and its start then say [`Start::Poll`]: as on one core for
    /// both together nothing is to be done.
    #[cfg_attr(not(zokio_unicore), allow(dead_code))]
    pub(crate) const fn waits(self) -> bool {
        self.0 & (NOTIFIED | RUNNING | COMPLETE | ASKED | CANCELLED) == 0
    }

    /// Whether a task that does not [wait](Self::waits) does so but for its owner, who must be asked.
    #[cfg_attr(not(zokio_unicore), allow(dead_code))]
    pub(crate) const fn waits_to_ask(self) -> bool {
        // Not `ASKED` as well, which is known: with one mask for both questions the common one would be two tests.
        self.0 & (NOTIFIED | RUNNING | COMPLETE | CANCELLED) == 0
    }

    /// Whether a wake wins, and the task is a slot whose owner need not be asked: in one test what most wakes find.
    pub(crate) const fn wins_push(self) -> bool {
        self.0 & (NOTIFIED | RUNNING | COMPLETE | ASKED) == 0
    }

    /// An abort; of one generation only where `generation` is given.
    pub(crate) const fn abort(self, generation: Option<usize>) -> (Wake, Self) {
        match generation {
            Some(generation) if self.high() != generation => return (Wake::Nothing, self),
            _ => {}
        }
        // On one core who keeps RUNNING drops the future already, for a cancellation; and NOTIFIED would say that the task is in
        // a queue, whose it is then.
        let ends = if QUEUED_WHILE_RUNNING { COMPLETE | RUNNING } else { COMPLETE };
        if !self.has(LIVE) || self.0 & ends != 0 {
            return (Wake::Nothing, self);
        }
        let wins = self.0 & (NOTIFIED | RUNNING) == 0;
        (if wins { Wake::Schedule } else { Wake::Nothing }, Self(self.0 | NOTIFIED | CANCELLED))
    }

    /// The executor took the task from a queue.
    pub(crate) const fn start(self) -> (Start, Self) {
        let taken = self.0 & !NOTIFIED;
        if QUEUED_WHILE_RUNNING && self.has(COMPLETE) {
            return (Start::Release, Self(taken | RUNNING));
        }
        let next = Self(if QUEUED_WHILE_RUNNING { taken } else { taken | RUNNING });
        (if self.has(CANCELLED) { Start::Cancel } else { Start::Poll }, next)
    }

    /// The executor took the task from its queue, where a poll is all that is to be done: what [`start`](Self::start) makes of it. Of a
    /// *direct* owner no task is asked for, so one test of the lowest bits says it.
    #[cfg_attr(not(zokio_unicore), allow(dead_code))] // elsewhere a start is made before it is asked for
    pub(crate) const fn start_common(self, direct: bool) -> Option<Self> {
        // It was in the queue, so it is notified.
        let taken = self.0.wrapping_sub(NOTIFIED);
        let unusual = NOTIFIED | RUNNING | COMPLETE | CANCELLED | if direct { ASKED } else { 0 };
        if taken & unusual == 0 { Some(Self(taken)) } else { None }
    }

    /// The one runner took the task from its queue.
    #[cfg_attr(zokio_unicore, allow(dead_code))] // there `start` is this
    pub(crate) const fn start_alone(self) -> (Start, Self) {
        let taken = self.0 & !NOTIFIED;
        if self.has(COMPLETE) {
            return (Start::Release, Self(taken & !QUEUED | RUNNING));
        }
        (if self.has(CANCELLED) { Start::Cancel } else { Start::Poll }, Self(taken))
    }

    /// Whether a start says [`Start::Poll`]: in one test what most starts find.
    #[cfg_attr(zokio_unicore, allow(dead_code))] // as `start_alone`
    pub(crate) const fn is_common(self) -> bool {
        self.0 & (COMPLETE | CANCELLED) == 0
    }

    /// Whether a poll keeps the task from being queued, to end with [`idle`](Self::idle).
    #[cfg_attr(zokio_unicore, allow(dead_code))] // as `idle`
    pub(crate) const fn is_running(self) -> bool {
        self.has(RUNNING)
    }

    /// The poll was pending.
    #[cfg_attr(zokio_unicore, allow(dead_code))] // on one core nothing is left to do
    pub(crate) const fn idle(self) -> (Idle, Self) {
        let next = Self(self.0 & !RUNNING);
        if self.has(CANCELLED) {
            (Idle::Cancel, self)
        } else if self.has(NOTIFIED) {
            (Idle::Requeue, next)
        } else {
            (Idle::Rest, next)
        }
    }

    /// The poll was pending, and nothing came meanwhile: what [`idle`](Self::idle) would make of it. `None`: there is more to do.
    #[cfg_attr(zokio_unicore, allow(dead_code))] // as `idle`
    pub(crate) const fn rest(self) -> Option<Self> {
        if self.0 & (NOTIFIED | CANCELLED) == 0 { Some(Self(self.0 & !RUNNING)) } else { None }
    }

    /// The poll was pending, and a wake came meanwhile, no abort: what [`idle`](Self::idle) would make of it. `None`: there is
    /// something else to do.
    #[cfg_attr(zokio_unicore, allow(dead_code))] // as `idle`
    pub(crate) const fn requeue(self) -> Option<Self> {
        if self.0 & (NOTIFIED | CANCELLED) == NOTIFIED { Some(Self(self.0 & !RUNNING)) } else { None }
    }

    /// The future is gone; `output` says whether the stage holds what it left.
    pub(crate) const fn complete(self, output: bool) -> (Finish, Self) {
        let queued = self.0 & (NOTIFIED | RUNNING) == NOTIFIED;
        let kept = if QUEUED_WHILE_RUNNING {
            self.0
        } else if queued {
            self.0 | QUEUED
        } else {
            self.0 & !QUEUED
        };
        let done = kept | COMPLETE | RUNNING;
        if output && !self.has(JOIN_INTEREST) {
            return (Finish::DropOutput, Self(done));
        }
        let done = if output { done | OUTPUT } else { done };
        if self.has(JOIN_WAKER) {
            return (Finish::WakeJoiner, Self(done));
        }
        Self(done).release()
    }

    /// The executor's side is done with a complete task.
    pub(crate) const fn release(self) -> (Finish, Self) {
        if self.has(JOIN_WAKER) && !self.has(JOIN_INTEREST) {
            return (Finish::DropWaker, Self(self.0 & !JOIN_WAKER));
        }
        let next = self.0 & !RUNNING & !JOIN_WAKER;
        if self.has(QUEUED) {
            return (Finish::Kept, Self(next));
        }
        if self.has(COUNTED) {
            let (last, next) = Self(next).drop_reference();
            return (if last { Finish::Free } else { Finish::Kept }, next);
        }
        if self.has(JOIN_INTEREST) { (Finish::Kept, Self(next)) } else { (Finish::Free, Self(next).vacated()) }
    }

    /// A slot whose future is gone and left nothing, where nobody else needs it: what [`complete`](Self::complete) would make
    /// of it at once. `None`: there is more to do.
    pub(crate) const fn vacate(self) -> Option<Self> {
        const NEEDED: usize = JOIN_INTEREST | JOIN_WAKER | COUNTED | NOTIFIED;
        if self.0 & NEEDED == 0 { Some(self.vacated()) } else { None }
    }

    /// A slot whose future is gone and left an output for a handle that lent a waker: what [`complete`](Self::complete) and, after
    /// the waker was woken, [`release`](Self::release) would make of it. `None`: there is more to do. The waker is the handle's
    /// again before it is woken.
    pub(crate) const fn hand_over(self) -> Option<Self> {
        const KINDS: usize = JOIN_INTEREST | JOIN_WAKER | COUNTED | NOTIFIED;
        if self.0 & KINDS == JOIN_INTEREST | JOIN_WAKER {
            Some(Self((self.0 | COMPLETE | OUTPUT) & !(RUNNING | JOIN_WAKER | QUEUED)))
        } else {
            None
        }
    }

    /// The first half of [`hand_over`](Self::hand_over), where that cannot be one step: what [`complete`](Self::complete) would
    /// make of it. The waker is lent still.
    #[cfg_attr(zokio_unicore, allow(dead_code))]
    pub(crate) const fn complete_lent(self) -> Option<Self> {
        match self.hand_over() {
            Some(next) => Some(Self(next.0 | RUNNING | JOIN_WAKER)),
            None => None,
        }
    }

    /// The second half: the waker is the handle's again. `None`: the handle has gone meanwhile.
    #[cfg_attr(zokio_unicore, allow(dead_code))]
    pub(crate) const fn give_back(self) -> Option<Self> {
        if self.has(JOIN_INTEREST) { Some(Self(self.0 & !(RUNNING | JOIN_WAKER))) } else { None }
    }

    /// The handle of a slot has taken the output, and left no waker: what [`leave`](Self::leave) would make of it, in two
    /// steps. `None`: there is more to do.
    pub(crate) const fn collect(self) -> Option<Self> {
        if self.0 & (JOIN_WAKER | COUNTED | COMPLETE | OUTPUT | BUSY) == COMPLETE | OUTPUT {
            Some(self.vacated())
        } else {
            None
        }
    }

    /// The handle of a slot goes away before its end, and has left no waker: what [`leave`](Self::leave) would make of it at
    /// once. `None`: there is more to do.
    pub(crate) const fn detach(self) -> Option<Self> {
        if self.0 & (JOIN_WAKER | COUNTED | COMPLETE) == 0 { Some(Self(self.0 & !JOIN_INTEREST)) } else { None }
    }

    /// A slot whose task is over.
    const fn vacated(self) -> Self {
        Self((self.0 & !FLAGS) | NOTIFIED)
    }

    /// The handle lends its waker, which it has written, to the executor's side. `false`: the task is complete.
    pub(crate) const fn lend_waker(self) -> (bool, Self) {
        if self.has(COMPLETE) { (false, self) } else { (true, Self(self.0 | JOIN_WAKER)) }
    }

    /// The handle lends a waker, and has lent none: what [`lend_waker`](Self::lend_waker) would make of it. `None`: it has, or the
    /// task is complete.
    #[cfg_attr(zokio_unicore, allow(dead_code))] // there it need not be the first
    pub(crate) const fn lend_first(self) -> Option<Self> {
        if self.0 & (COMPLETE | JOIN_WAKER) == 0 { Some(Self(self.0 | JOIN_WAKER)) } else { None }
    }

    /// The handle takes its waker back. `false`: the task is complete, and whose the waker is depends on `JOIN_WAKER`.
    pub(crate) const fn recall_waker(self) -> (bool, Self) {
        if self.has(COMPLETE) { (false, self) } else { (true, Self(self.0 & !JOIN_WAKER)) }
    }

    /// The handle goes away; `emptied` says that it has emptied the waker field, or never filled it.
    pub(crate) const fn leave(self, emptied: bool) -> (Leave, Self) {
        if self.has(JOIN_WAKER) && !self.has(COMPLETE) {
            return (Leave::DropWaker, Self(self.0 & !JOIN_WAKER));
        }
        if !self.has(JOIN_WAKER) && !emptied {
            return (Leave::DropWaker, self);
        }
        if self.has(OUTPUT) {
            return (Leave::DropOutput, Self(self.0 & !OUTPUT));
        }
        let next = self.0 & !JOIN_INTEREST;
        if self.has(COUNTED) {
            let (last, next) = Self(next).drop_reference();
            return (if last { Leave::Free } else { Leave::Kept }, next);
        }
        if self.has(COMPLETE) && self.0 & BUSY == 0 {
            (Leave::Free, Self(next).vacated())
        } else {
            (Leave::Kept, Self(next))
        }
    }

    /// The executor shuts down.
    pub(crate) const fn shut_down(self) -> (Shutdown, Self) {
        if self.has(COMPLETE) || !self.has(LIVE) {
            (Shutdown::Held, self)
        } else if self.0 & (RUNNING | NOTIFIED) != 0 {
            (Shutdown::Held, Self(self.0 | CANCELLED))
        } else {
            (Shutdown::Claimed, Self(self.0 | CANCELLED | RUNNING))
        }
    }

    /// One reference less; `true`: it was the last.
    pub(crate) const fn drop_reference(self) -> (bool, Self) {
        let next = Self(self.0.wrapping_sub(UNIT));
        (next.high() == 0, next)
    }

    /// One reference more; `None`: the count would overflow.
    pub(crate) const fn add_reference(self) -> Option<Self> {
        // Half of the range is kept free, so that threads that add before they look cannot wrap it.
        if self.0 > usize::MAX / 2 { None } else { Some(Self(self.0 + UNIT)) }
    }
}

impl core::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        const NAMES: [&str; 10] = [
            "NOTIFIED",
            "RUNNING",
            "COMPLETE",
            "ASKED",
            "CANCELLED",
            "JOIN_INTEREST",
            "JOIN_WAKER",
            "COUNTED",
            "OUTPUT",
            "LIVE",
        ];
        for (bit, name) in NAMES.iter().enumerate() {
            if self.0 >> bit & 1 == 1 {
                write!(f, "{name} ")?;
            }
        }
        write!(f, "{}", self.high())
    }
}

/// Ends the program, in a way that nothing can catch: a count of references that overflowed cannot be trusted again.
#[cold]
pub(crate) fn overflow() -> ! {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            // A panic while panicking aborts, with and without `std`.
            panic!("too many references to one task");
        }
    }
    let _bomb = Bomb;
    panic!("too many references to one task");
}
