//! Waits for a task's output, and aborts it.

use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};

use super::cell::{Part, join_slot, take_output};
use super::coop;
use super::error::JoinError;
use super::header::TaskPtr;
use super::id::Id;
use super::scope::{self, Scope};
use super::state::{Leave, State};
use super::waker;
use crate::guard;

/// Waits for the output of a task.
///
/// Dropping it detaches the task, which goes on. As a future it is ready when the task is: with the output, or with a
/// [`JoinError`] where the task was aborted, panicked, or was dropped with its executor.
///
/// # Cancel safety
///
/// Awaiting `&mut handle` loses nothing when dropped.
///
/// # Cost
///
/// No allocation. While the task runs and the waker stays the same a poll is one load of the state word, two with the waker of
/// a slot; on one core, with such a waker, a critical section in which word and waker are written once more.
pub struct JoinHandle<T> {
    /// `None` once the output has been given.
    task: Option<TaskPtr>,
    /// Whether the waker field may hold something that must be dropped.
    filled: bool,
    _output: PhantomData<T>,
}

// SAFETY: the handle moves a `T` out, so `T: Send`; all else goes through the state word.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: `&JoinHandle` reaches the state word only.
unsafe impl<T: Send> Sync for JoinHandle<T> {}
// A panic of the task is its output, and a handle has nothing that a panic elsewhere could leave half done.
impl<T> core::panic::UnwindSafe for JoinHandle<T> {}
impl<T> core::panic::RefUnwindSafe for JoinHandle<T> {}
impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    ///
    /// `task` must have been spawned with `JOIN_INTEREST`, which becomes this handle's, and its output be a `T`.
    pub(crate) unsafe fn new(task: TaskPtr) -> Self {
        Self { task: Some(task), filled: false, _output: PhantomData }
    }

    #[track_caller]
    fn task(&self) -> TaskPtr {
        self.task.expect("the join handle has given its output already")
    }

    /// Asks for the task to be cancelled: its future is dropped by its executor, at the next await point. Where the task
    /// has completed already, nothing happens.
    ///
    /// # Cost
    ///
    /// As a wake. May be called from any thread, and from an interrupt.
    pub fn abort(&self) {
        if let Some(task) = self.task {
            // SAFETY: `JOIN_INTEREST` keeps the task from being used again.
            let header = unsafe { task.header() };
            // SAFETY: run for the winner of NOTIFIED.
            header.state.abort(None, || unsafe { task.schedule_within() });
        }
    }

    /// A handle that can abort the task and does not wait for it.
    ///
    /// # Panics
    ///
    /// Panics where the output has been given already.
    #[must_use = "to abort needs the handle: `abort` of the join handle does it at once"]
    #[track_caller]
    pub fn abort_handle(&self) -> AbortHandle {
        // SAFETY: `JOIN_INTEREST` keeps the task from being used again.
        unsafe { AbortHandle::of(self.task()) }
    }

    /// Whether the task has completed, in whatever way.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match self.task {
            // SAFETY: `JOIN_INTEREST` keeps the task from being used again.
            Some(task) => unsafe { task.header() }.state.load().is_complete(),
            None => true,
        }
    }

    /// Which task it is.
    ///
    /// # Panics
    ///
    /// Panics where the output has been given already.
    #[must_use]
    #[track_caller]
    pub fn id(&self) -> Id {
        // SAFETY: `JOIN_INTEREST` keeps the task from being used again.
        unsafe { Id::of(self.task()) }
    }

    /// Lets the task go on without anybody waiting for it.
    pub fn detach(self) {
        drop(self);
    }

    /// Takes the output of a complete task, and leaves it.
    fn take(&mut self, task: TaskPtr) -> Result<T, JoinError> {
        // SAFETY: `JOIN_INTEREST` keeps the task from being used again.
        let state = &unsafe { task.header() }.state;
        let now = state.load();
        let output = if now.has_output() {
            // SAFETY: complete with an output: it is the handle's, and a `T` by `JoinHandle::new`.
            Some(unsafe { take_output::<T>(task) })
        } else {
            None
        };
        let output = match output {
            Some(Ok(output)) => Ok(output),
            // SAFETY: as above.
            Some(Err(panic)) => Err(JoinError { id: unsafe { Id::of(task) }, panic: Some(panic) }),
            // SAFETY: as above.
            None => Err(JoinError { id: unsafe { Id::of(task) }, panic: None }),
        };
        if self.filled || !state.collect() {
            self.leave_taken(task, state);
        }
        self.task = None;
        output
    }

    /// Leaves a complete task whose output has been taken, where there may be more to do than to say so.
    #[inline(never)]
    fn leave_taken(&mut self, task: TaskPtr, state: &State) {
        // First: what follows may run foreign code, and a panic there may not leave a handle that has its output still.
        self.task = None;
        let mut left = Left(None);
        if self.filled && !state.load().has_join_waker() {
            left = empty(task);
            self.filled = false;
        }
        if self.filled || !state.collect() {
            leave(task, self.filled, true);
        }
        drop(left);
    }

    /// Makes `waker` the one that completion wakes. `false`: the task is complete, and its output there.
    pub(super) fn wake_with(&mut self, waker: &Waker) -> bool {
        let task = self.task();
        self.lend(task, waker)
    }

    /// Makes `waker` the one that completion wakes. `false`: the task is complete.
    fn lend(&mut self, task: TaskPtr, waker: &Waker) -> bool {
        // SAFETY: `JOIN_INTEREST` keeps the task from being used again.
        let state = &unsafe { task.header() }.state;
        // SAFETY: a task with a join handle is joined.
        let slot = unsafe { join_slot(task) };
        if !self.filled {
            if let Some(own) = waker::clone_within(waker) {
                // One of ours, in place of another one or of none: nothing is there to drop, nor will be.
                // SAFETY: run where no one else uses the field.
                let lent =
                    state.lend_over(|| slot.with_mut(|field| core::mem::forget(unsafe { &mut *field }.replace(own))));
                if let Some(lent) = lent {
                    return lent;
                }
            }
        }
        let now = state.load();
        if now.is_complete() {
            return false;
        }
        if now.has_join_waker() {
            // SAFETY: while the waker is lent, both sides only read the field.
            if slot.with(|lent| unsafe { &*lent }.as_ref().is_some_and(|lent| lent.will_wake(waker))) {
                return true;
            }
            if !state.recall_waker() {
                return false;
            }
        }
        // Foreign code: before the field is written.
        let waker = waker::clone(waker);
        self.filled |= !waker::is_slots(&waker);
        // SAFETY: JOIN_WAKER is clear: the field is the handle's.
        let before = slot.with_mut(|field| unsafe { &mut *field }.replace(waker));
        let lent = state.lend_waker();
        // Foreign code: when the other one is lent. Who put it there may be somebody who does not poll again.
        drop(before.and_then(waker::drop_within));
        lent
    }
}

/// What was in the waker field. Its drop is foreign code: for when the handle has left, since where nothing is caught a panic
/// would keep it from that.
struct Left(Option<Waker>);

impl Drop for Left {
    fn drop(&mut self) {
        if let Some(foreign) = self.0.take() {
            guard::swallow(|| drop(foreign));
        }
    }
}

/// Empties the waker field of a task whose handle has it.
#[inline]
fn empty(task: TaskPtr) -> Left {
    // SAFETY: a task with a join handle is joined.
    let slot = unsafe { join_slot(task) };
    // SAFETY: JOIN_WAKER is clear: the field is the handle's.
    let waker = slot.with_mut(|field| unsafe { &mut *field }.take());
    Left(waker.and_then(waker::drop_within))
}

/// Gives up `JOIN_INTEREST`. `filled`: the waker field may hold something. `taken`: the output has been moved out.
fn leave(task: TaskPtr, filled: bool, taken: bool) {
    let mut emptied = !filled;
    let mut left = Left(None);
    loop {
        // SAFETY: `JOIN_INTEREST` keeps the task from being used again, until a transition below gives it up.
        let header = unsafe { task.header() };
        match header.state.leave(emptied) {
            Leave::Kept => break,
            Leave::Free => {
                // SAFETY: alive: a counted task until it is released, a slot always.
                if header.state.peek().is_counted() {
                    // Its executor may go with it, and what that has from others. Who has the output keeps it: a panic is let go.
                    // SAFETY: the last reference of a counted task is gone.
                    guard::swallow(|| unsafe { task.released() });
                }
                break;
            }
            Leave::DropWaker => {
                emptied = true;
                left = empty(task);
            }
            Leave::DropOutput if taken => {}
            Leave::DropOutput => {
                // SAFETY: `JOIN_INTEREST` keeps the task from being used again.
                let held = unsafe { task.vtable() }.held();
                // Its destructor may ask whose it is.
                let scope = scope::enter(Scope::new(Some(task), scope::budget()));
                // SAFETY: the stage held an output, and the transition has made it ours alone.
                unsafe { (held.drop)(task, Part::Output) };
                drop(scope);
            }
        }
    }
    drop(left);
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    /// # Panics
    ///
    /// Panics when polled after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let task = this.task();
        let coop = ready!(coop::poll_proceed(cx));
        if this.lend(task, cx.waker()) {
            return Poll::Pending;
        }
        coop.made_progress();
        Poll::Ready(this.take(task))
    }
}

impl<T> Drop for JoinHandle<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            // SAFETY: `JOIN_INTEREST` keeps the task from being used again.
            if !self.filled && unsafe { task.header() }.state.detach() {
                return;
            }
            leave(task, self.filled, false);
        }
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.task {
            Some(_) => write!(f, "JoinHandle({})", self.id()),
            None => f.write_str("JoinHandle(given)"),
        }
    }
}

/// Aborts a task, without waiting for it.
///
/// Of a counted task it is a reference. Of a static one it is the slot and its generation, and keeps nothing: when the
/// slot has a new tenant it does nothing. A generation comes back after 2^22 tenants of one slot on a 32-bit target, 2^54
/// on a 64-bit one; a handle kept that long could abort the wrong task.
pub struct AbortHandle {
    task: TaskPtr,
    /// `None`: counted.
    generation: Option<usize>,
}

// SAFETY: it reaches the state word only.
unsafe impl Send for AbortHandle {}
// SAFETY: as above.
unsafe impl Sync for AbortHandle {}
// As for `JoinHandle`.
impl core::panic::UnwindSafe for AbortHandle {}
impl core::panic::RefUnwindSafe for AbortHandle {}

impl AbortHandle {
    /// # Safety
    ///
    /// `task` must be alive, and of the generation that the handle shall abort.
    pub(crate) unsafe fn of(task: TaskPtr) -> Self {
        // SAFETY: alive, by this function's contract.
        let state = &unsafe { task.header() }.state;
        let now = state.load();
        if now.is_counted() {
            state.add_reference();
            Self { task, generation: None }
        } else {
            Self { task, generation: Some(now.high()) }
        }
    }

    /// # Safety
    ///
    /// `task` must be a slot, and of the generation that the handle shall abort.
    #[inline(always)]
    pub(crate) unsafe fn of_slot(task: TaskPtr) -> Self {
        // SAFETY: a slot is always alive.
        Self { task, generation: Some(unsafe { task.header() }.state.peek().high()) }
    }

    /// Asks for the task to be cancelled; see [`JoinHandle::abort`].
    ///
    /// # Cost
    ///
    /// As a wake. May be called from any thread, and from an interrupt.
    pub fn abort(&self) {
        // SAFETY: alive: a counted task by this handle's reference, a slot always.
        let header = unsafe { self.task.header() };
        // SAFETY: run for the winner of NOTIFIED.
        header.state.abort(self.generation, || unsafe { self.task.schedule_within() });
    }

    /// Whether the task has completed, in whatever way.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        // SAFETY: alive: a counted task by this handle's reference, a slot always.
        let now = unsafe { self.task.header() }.state.load();
        now.is_complete() || self.generation.is_some_and(|generation| !now.is_live() || now.high() != generation)
    }

    /// Which task it is.
    #[must_use]
    pub fn id(&self) -> Id {
        Id::new(self.task, self.generation)
    }
}

impl Clone for AbortHandle {
    fn clone(&self) -> Self {
        if self.generation.is_none() {
            // SAFETY: alive by this handle's reference.
            unsafe { self.task.header() }.state.add_reference();
        }
        Self { ..*self }
    }
}

impl Drop for AbortHandle {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: alive by this handle's reference, where it has one.
        if self.generation.is_none() && unsafe { self.task.header() }.state.drop_reference() {
            // SAFETY: the last reference of a counted task is gone.
            unsafe { self.task.released() };
        }
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AbortHandle({})", self.id())
    }
}
