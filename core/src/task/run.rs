//! What an executor does with a task: polls it, finishes it, releases it.

use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::task::{Context, Poll, Waker};

use super::cell::{Ended, OVER, Part, join_slot};
use super::header::TaskPtr;
use super::schedule::{Reclaim, Schedule};
use super::scope::{self, Budget, Scope};
use super::state::{COMPLETES_APART, Finish, Idle, Polled, Shutdown, Start};
use super::waker;
use crate::guard;

/// The right to queue or to run one task of scheduler `S`: there is one per task at a time.
///
/// Dropping it without running or cancelling the task would lose the task: its destructor panics in debug builds.
#[must_use = "a task that is neither queued nor run is lost"]
#[derive(Debug)]
pub struct Notified<S> {
    task: TaskPtr,
    _scheduler: PhantomData<fn(S)>,
}

// SAFETY: whoever gets it may queue it; where the future may be polled and dropped is the scheduler's promise.
unsafe impl<S> Send for Notified<S> {}

impl<S> Drop for Notified<S> {
    fn drop(&mut self) {
        debug_assert!(false, "a notified task was dropped: run or cancel it");
    }
}

impl<S> Notified<S> {
    /// The task, for a queue to hold.
    #[inline(always)]
    pub fn into_ptr(self) -> TaskPtr {
        ManuallyDrop::new(self).task
    }

    /// The right of [`into_ptr`](Self::into_ptr).
    ///
    /// # Safety
    ///
    /// `task` must be of scheduler `S`, its `NOTIFIED` won, and nobody else make a `Notified` of that win.
    #[inline(always)]
    pub unsafe fn from_ptr(task: TaskPtr) -> Self {
        Self { task, _scheduler: PhantomData }
    }

    /// The task, to look at.
    #[must_use]
    pub fn task(&self) -> TaskPtr {
        self.task
    }
}

impl<S: Schedule> Notified<S> {
    /// Polls the task once, and does what follows: nothing, a requeue, or its completion.
    ///
    /// Must be called where the future may be polled: [`Schedule`] is the promise of that. Says whether it was polled: one
    /// that was aborted is not, nor one that is complete already.
    #[inline]
    pub fn run(self) -> bool {
        let task = self.into_ptr();
        // SAFETY: the right to run it keeps the task alive (*no orphan*).
        let start = unsafe { task.header() }.state.start_by(S::ONE_RUNNER);
        let polls = matches!(start, Start::Poll);
        Ready { task, start, _scheduler: PhantomData::<fn(S)> }.run();
        polls
    }

    /// Drops the future instead of polling it: its executor shuts down.
    pub fn cancel(self) {
        let task = self.into_ptr();
        // SAFETY: the right to run it keeps the task alive (*no orphan*).
        let start = unsafe { task.header() }.state.start_by(S::ONE_RUNNER);
        unusual::<S>(task, start);
    }
}

/// A task that has been taken from a queue and started: it must be run at once.
#[must_use = "a task that is started and not run is lost"]
#[derive(Debug)]
pub struct Ready<S> {
    pub(super) task: TaskPtr,
    start: Start,
    _scheduler: PhantomData<fn(S)>,
}

impl<S> Ready<S> {
    /// # Safety
    ///
    /// `task` must be of scheduler `S`, and its start have answered `start`, which nobody else acts upon.
    #[inline(always)]
    pub(crate) unsafe fn new(task: TaskPtr, start: Start) -> Self {
        Self { task, start, _scheduler: PhantomData }
    }
}

impl<S: Schedule> Ready<S> {
    /// Polls the task once, and does what follows: nothing, a requeue, or its completion. As for [`Notified::run`].
    #[inline(always)]
    pub fn run(self) {
        let Self { task, start, .. } = self;
        match start {
            Start::Poll => {}
            start => return unusual::<S>(task, start),
        }
        // SAFETY: *winner reads*: this is the executor, between start and end of a poll.
        let vtable = unsafe { task.vtable() };
        let counted = match S::Reclaim::COUNTED {
            Some(counted) => counted,
            // SAFETY: alive: the executor's side has not let go of it.
            None => unsafe { is_counted(task) },
        };
        if !counted {
            // SAFETY: the table of a slot.
            let poll = unsafe { vtable.poll.slot };
            // SAFETY: the task is the table's own, and its stage holds a future, which is ours.
            let polled = unsafe { poll(task) };
            if !S::ONE_RUNNER {
                if let Some(task) = polled.task() {
                    rest_slot(task);
                }
            }
            return;
        }
        // SAFETY: counted, of scheduler `S`, and alive until this poll has ended.
        let waker = unsafe { waker::for_poll::<S>(task) };
        let scope =
            scope::enter(Scope::new(Some(task), if S::BUDGETED { Budget::FULL } else { Budget::UNCONSTRAINED }));
        // SAFETY: the table of a counted task.
        let poll = unsafe { vtable.poll.counted };
        // SAFETY: the task is the table's own, and its stage holds a future, which is ours.
        let polled = unsafe { poll(task, &mut Context::from_waker(&waker)) };
        drop(scope);
        match polled {
            Poll::Pending => {
                // SAFETY: alive: the executor's side has not let go of it. (On one core it is not touched.)
                let state = &unsafe { task.header() }.state;
                if !state.rest() {
                    continue_counted::<S>(task, state.idle());
                }
            }
            Poll::Ready(ended) => {
                if ended == Ended::ByPanic {
                    panicked::<S>(task);
                }
                complete::<Of<S>>(task, true);
            }
        }
    }
}

/// Tells the scheduler that a poll of a counted task panicked. The executor's side has the task.
#[cold]
fn panicked<S: Schedule>(task: TaskPtr) {
    // SAFETY: a counted task of scheduler `S`, which the executor's side has not let go of.
    let owner = unsafe { task.scheduler::<S>() };
    // SAFETY: the owner is alive while the task is.
    unsafe { owner.as_ref() }.panicked();
}

/// What follows a pending poll of a counted task to which something came.
fn continue_counted<S: Schedule>(task: TaskPtr, idle: Idle) {
    match idle {
        Idle::Rest => {}
        Idle::Requeue => requeue::<S>(task),
        Idle::Cancel => cancel::<Of<S>>(task),
    }
}

/// Who hears what becomes of a task, as the executor's side sees it.
trait Side {
    /// It is complete.
    fn completed(task: TaskPtr);
    /// Nobody needs it any more.
    fn freed(task: TaskPtr);
}

/// A scheduler of type `S`, which counts the task.
struct Of<S>(PhantomData<S>);

/// Whatever scheduler has the task, which is a slot's: no code for what a slot cannot do, and the same for all of them.
struct Slots;

impl<S: Schedule> Side for Of<S> {
    fn completed(task: TaskPtr) {
        // SAFETY: the executor has the task, which is counted.
        let owner = unsafe { task.scheduler::<S>() };
        // SAFETY: the owner is alive while the task is.
        let owner = unsafe { owner.as_ref() };
        // SAFETY: its own task, complete now and once; the executor's side has not let go of it.
        unsafe { owner.completed(task) };
    }

    fn freed(task: TaskPtr) {
        // SAFETY: counted, and the last reference is gone.
        let owner = unsafe { task.scheduler::<S>() };
        // SAFETY: *kept alive*; the last reference is gone.
        unsafe { S::released(owner, task) };
    }
}

impl Side for Slots {
    #[inline(always)]
    fn completed(_: TaskPtr) {}

    #[inline(always)]
    fn freed(_: TaskPtr) {}
}

/// What a start asks for other than a poll.
#[cold]
fn unusual<S: Schedule>(task: TaskPtr, start: Start) {
    let counted = match S::Reclaim::COUNTED {
        Some(counted) => counted,
        // SAFETY: alive: the executor's side has not let go of it.
        None => unsafe { is_counted(task) },
    };
    if counted {
        return end_started::<Of<S>>(task, start);
    }
    // SAFETY: *winner reads*: the executor has the task, a slot.
    if let Some(held) = unsafe { task.vtable() }.held {
        (held.end)(task, start);
    }
    // Else only its executor may ask, which ends; one in a `static` does not. There it stays where it is.
}

/// What a start of a slot asks for other than a poll. The executor has it, and it is not *lone*.
pub(super) fn end_slot(task: TaskPtr, start: Start) {
    end_started::<Slots>(task, start);
}

/// What follows the last poll of a slot that nobody holds, whose stage is empty.
#[inline(never)]
pub(super) fn complete_lone(task: TaskPtr) -> Polled {
    // SAFETY: a slot is always alive.
    let header = unsafe { task.header() };
    if header.state.vacate() {
        return Polled::OVER;
    }
    if header.state.rest() {
        // It was woken, and is in its queue or on its way there, from where it comes here once more.
        // SAFETY: *winner reads*: the executor has the task, and who woke it asks for nothing but its owner.
        header.vtable.with_mut(|vtable| unsafe { vtable.write(Some(&OVER)) });
    } else {
        // It was woken and is in no queue: without a handle there is nothing to do, it is free.
        let (Finish::Kept | Finish::Free | Finish::DropOutput | Finish::WakeJoiner | Finish::DropWaker) =
            header.state.complete(false);
    }
    Polled::OVER
}

fn end_started<D: Side>(task: TaskPtr, start: Start) {
    // SAFETY: alive: the executor's side has not let go of it.
    let state = unsafe { &task.header().state };
    match start {
        Start::Unusual => end_started::<D>(task, state.start()),
        Start::Poll | Start::Cancel => cancel::<D>(task),
        Start::Release => finish::<D>(task, state.release()),
    }
}

/// What follows a pending poll of a slot.
#[inline(always)]
fn rest_slot(task: TaskPtr) {
    // SAFETY: a slot is always alive.
    if !unsafe { task.header() }.state.rest() {
        continue_slot(task);
    }
}

#[cold]
fn continue_slot(task: TaskPtr) {
    // SAFETY: a slot is always alive.
    match unsafe { task.header() }.state.idle() {
        Idle::Rest => {}
        // SAFETY: NOTIFIED was found set by the poller, whose it is then. (On one core nothing is requeued.)
        Idle::Requeue => unsafe { task.schedule_within() },
        Idle::Cancel => cancel::<Slots>(task),
    }
}

/// What follows the last poll of a slot, whose stage holds an output. `forget`: dropping that does nothing.
#[inline(always)]
pub(super) fn complete_slot(task: TaskPtr, forget: bool) -> Polled {
    if COMPLETES_APART { complete_apart(task, forget) } else { complete_here(task, forget) }
}

#[inline(never)]
fn complete_apart(task: TaskPtr, forget: bool) -> Polled {
    complete_here(task, forget)
}

#[inline(always)]
fn complete_here(task: TaskPtr, forget: bool) -> Polled {
    // SAFETY: a slot is always alive.
    if forget && unsafe { task.header() }.state.vacate() {
        return Polled::OVER;
    }
    hand_over(task)
}

/// The end of a slot that somebody may wait for. A function of its own, so that who does not need it saves no registers; the
/// next two as well.
#[inline(never)]
fn hand_over(task: TaskPtr) -> Polled {
    // SAFETY: a slot is always alive.
    let header = unsafe { task.header() };
    match header.state.hand_over(|| own_joiner(task), |joiner| waker::try_wake(&joiner)) {
        Some(Finish::Kept) => Polled::OVER,
        Some(left) => finish_slot(task, left),
        None => complete_in_steps(task),
    }
}

#[inline(never)]
fn finish_slot(task: TaskPtr, left: Finish) -> Polled {
    finish::<Slots>(task, left);
    Polled::OVER
}

#[inline(never)]
fn complete_in_steps(task: TaskPtr) -> Polled {
    complete::<Slots>(task, true);
    Polled::OVER
}

/// Cancels a task of a scheduler that shuts down, unless it is complete or somebody holds it. `true`: cancelled here.
///
/// # Safety
///
/// `task` must be a counted task of scheduler `S`, kept alive by the caller, and the caller be where its future may be
/// dropped.
pub unsafe fn shut_down<S: Schedule>(task: TaskPtr) -> bool {
    // SAFETY: alive, by this function's contract.
    match unsafe { task.header() }.state.shut_down() {
        Shutdown::Claimed => {
            cancel::<Of<S>>(task);
            true
        }
        Shutdown::Held => false,
    }
}

/// Whether a task is counted.
///
/// # Safety
///
/// `task` must be alive.
#[must_use]
pub unsafe fn is_counted(task: TaskPtr) -> bool {
    // SAFETY: by this function's contract.
    unsafe { task.header() }.state.peek().is_counted()
}

#[inline]
fn requeue<S: Schedule>(task: TaskPtr) {
    // SAFETY: counted, and NOTIFIED was found set by the poller, whose it is then.
    let owner = unsafe { task.scheduler::<S>() };
    // SAFETY: the owner is alive while the task is, which it is until it is pushed.
    let owner = unsafe { owner.as_ref() };
    // SAFETY: NOTIFIED is ours.
    let task = unsafe { Notified::from_ptr(task) };
    owner.reschedule(task);
}

/// Drops the future and completes the task without an output. The executor's side has the task.
#[cold]
fn cancel<D: Side>(task: TaskPtr) {
    // SAFETY: *winner reads*: the executor has the task.
    let Some(held) = unsafe { task.vtable() }.held else {
        // Nobody can ask for it.
        return;
    };
    let scope = scope::enter(Scope::new(Some(task), Budget::UNCONSTRAINED));
    // SAFETY: the stage holds a future: the task is not complete; it is ours.
    let panicked = unsafe { (held.drop)(task, Part::Future) };
    drop(scope);
    complete::<D>(task, panicked);
}

/// Completes a task whose future is gone. `output`: the stage holds one.
fn complete<D: Side>(task: TaskPtr, mut output: bool) {
    // SAFETY: alive until the executor's side releases it, below.
    let header = unsafe { task.header() };
    if output && !header.state.peek().has_join_interest() {
        drop_output(task);
        output = false;
    }
    D::completed(task);
    finish::<D>(task, header.state.complete(output));
}

/// Does what a transition of the executor's side asks for, until it has let go of the task.
fn finish<D: Side>(task: TaskPtr, mut next: Finish) {
    loop {
        match next {
            Finish::Kept => return,
            Finish::Free => return D::freed(task),
            Finish::DropOutput => drop_output(task),
            Finish::WakeJoiner => wake_joiner(task),
            Finish::DropWaker => drop_join_waker(task),
        }
        // SAFETY: alive: the executor's side has not let go of it.
        next = unsafe { task.header() }.state.release();
    }
}

#[cold]
fn drop_output(task: TaskPtr) {
    // SAFETY: *winner reads*: the executor's side has the task, which is not *lone*: it has left an output.
    let held = unsafe { task.vtable() }.held();
    let scope = scope::enter(Scope::new(Some(task), Budget::UNCONSTRAINED));
    // SAFETY: the stage holds an output, which is the executor's, since there is no join handle.
    unsafe { (held.drop)(task, Part::Output) };
    drop(scope);
}

/// Runs `f` on the waker that was lent, of a complete task.
#[inline(always)]
fn with_lent<R>(task: TaskPtr, f: impl FnOnce(Option<&Waker>) -> R) -> R {
    // SAFETY: JOIN_WAKER is only ever set on joined tasks, and this one is alive.
    let slot = unsafe { join_slot(task) };
    // SAFETY: while JOIN_WAKER is set on a complete task, the handle only reads the field too. On one core the field may also be
    // whose section it is.
    slot.with(|waker| f(unsafe { &*waker }.as_ref()))
}

fn wake_joiner(task: TaskPtr) {
    with_lent(task, |waker| {
        if let Some(waker) = waker {
            // A joiner's waker that panics must not take the executor down.
            guard::swallow(|| waker.wake_by_ref());
        }
    });
}

/// A copy of the waker that was lent, if it is one of ours: there is nothing to drop, now or later.
#[inline(always)]
fn own_joiner(task: TaskPtr) -> Option<Waker> {
    with_lent(task, |waker| waker.and_then(waker::clone_within))
}

fn drop_join_waker(task: TaskPtr) {
    // SAFETY: as in `with_lent`.
    let slot = unsafe { join_slot(task) };
    let waker = slot.with_mut(|waker| {
        // SAFETY: JOIN_WAKER was set and the handle is gone: the field is the executor's.
        let waker = unsafe { &mut *waker };
        waker.take()
    });
    guard::swallow(|| drop(waker));
}
