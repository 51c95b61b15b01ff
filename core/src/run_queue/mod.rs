//! The tasks that are ready to run: many producers, interrupts among them; one consumer; first in, first out.
//!
//! Two back ends with the same names: `lock_free` (a stack that the consumer takes as a whole; several cores or threads)
//! and `unicore` (`--cfg zokio_unicore`: head and tail in a critical section). Neither allocates, bounds the
//! number of tasks, or can fail.

#[cfg(not(zokio_unicore))]
mod lock_free;
#[cfg(all(test, loom, feature = "std"))]
mod models;
#[cfg(zokio_unicore)]
mod unicore;

#[cfg(not(zokio_unicore))]
use lock_free as back_end;
#[cfg(zokio_unicore)]
use unicore as back_end;

pub(crate) use back_end::OWN_PUSHES;

use core::marker::PhantomData;

use crate::atomic::AtomicBool;
use crate::const_fn;
use crate::task::{Notified, QueueOwner, Ready, Schedule, TaskPtr};

/// The promise of *one consumer*, as a value: what a back end does for the consumer asks for it, and is safe.
struct OneConsumer(());

impl OneConsumer {
    /// # Safety
    ///
    /// *one consumer*, until the call that it is given to has returned.
    #[inline(always)]
    unsafe fn promised() -> Self {
        Self(())
    }
}

/// The ready tasks of one executor of type `S`, their owner.
///
/// *one owner*: all that is pushed to a queue has one owner, which is given to all that looks at it.
///
/// *one consumer*: [`pop`](Self::pop) is called by one thread (or core, at one priority) at a time.
#[derive(Debug)]
#[repr(transparent)]
pub struct RunQueue<S> {
    queue: back_end::Queue,
    _tasks: PhantomData<fn(S)>,
}

// SAFETY: every operation of the back ends may be called from any thread, but for `pop`, whose contract says from which.
unsafe impl<S> Sync for RunQueue<S> {}
// SAFETY: it holds pointers to tasks, which are `Send` as `Notified` is; nothing points to the queue itself.
unsafe impl<S> Send for RunQueue<S> {}

impl<S> RunQueue<S> {
    const_fn! {
        /// An empty queue: all zero.
        pub const fn new() -> Self {
            Self { queue: back_end::Queue::new(), _tasks: PhantomData }
        }
    }

    /// Adds a task behind all others.
    ///
    /// # Cost
    ///
    /// A compare-and-swap, again for each other producer that was faster, or a critical section of a dozen instructions. May be
    /// called from an interrupt.
    #[inline]
    pub fn push(&self, task: Notified<S>, owner: &S)
    where
        S: Schedule,
    {
        self.queue.push(task.into_ptr().link(), QueueOwner::of(owner));
    }

    /// As [`push`](Self::push), by the consumer.
    ///
    /// # Cost
    ///
    /// A few loads and stores where all that was pushed has been taken; else as `push`.
    ///
    /// # Safety
    ///
    /// *one consumer*.
    #[inline]
    pub unsafe fn push_own(&self, task: Notified<S>, owner: &S)
    where
        S: Schedule,
    {
        // SAFETY: by this function's contract.
        let consumer = unsafe { OneConsumer::promised() };
        self.queue.push_own(task.into_ptr().link(), consumer, QueueOwner::of(owner));
    }

    /// Makes the queue of this owner know its place, for `push_bound` and `push_within`: it stays there from now on.
    #[inline(always)]
    pub fn bind(&'static self, owner: &'static S)
    where
        S: Schedule,
    {
        self.queue.bind(QueueOwner::of(owner));
    }

    /// Raises a flag of the owner; `false`: it was up already. [Binds](Self::bind) the queue too: on one core both are one section.
    #[inline(always)]
    pub fn bind_and_raise(&'static self, owner: &'static S, flag: &AtomicBool) -> bool
    where
        S: Schedule,
    {
        self.queue.bind_and_raise(QueueOwner::of(owner), flag)
    }

    /// As [`push`](Self::push), of a queue that knows its place; `own`: as [`push_own`](Self::push_own).
    ///
    /// # Safety
    ///
    /// NOTIFIED of `task` must have been won, its scheduler be an `S`, and the queue be [bound](Self::bind); *one owner*. If `own`,
    /// *one consumer*.
    #[inline(always)]
    pub(crate) unsafe fn push_bound(&self, task: TaskPtr, own: bool) {
        // SAFETY: by this function's contract.
        unsafe { self.queue.push_bound(task.link(), own) };
    }

    /// As [`push_bound`](Self::push_bound), on one core in the caller's section.
    ///
    /// # Safety
    ///
    /// As for `push_bound`.
    #[inline(always)]
    pub(crate) unsafe fn push_claimed(&self, task: TaskPtr, own: bool) {
        // SAFETY: by this function's contract.
        unsafe { self.queue.push_claimed(task.link(), own) };
    }

    /// As [`push_bound`](Self::push_bound), on one core in the caller's section, and else of a task that has been started before,
    /// behind a fence that releases or a change of its word that does.
    ///
    /// # Safety
    ///
    /// As for `push_bound`.
    #[inline(always)]
    pub(crate) unsafe fn push_within(&self, task: TaskPtr) {
        // SAFETY: by this function's contract.
        unsafe { self.queue.push_within(task.link()) };
    }

    /// Takes the first task. `None`: there was none.
    ///
    /// # Cost
    ///
    /// Two loads and a store where tasks are left of those taken before; else all that were pushed meanwhile are taken by one
    /// swap, and turned around: a load and two stores for each of them. Or a critical section of a dozen instructions.
    ///
    /// # Safety
    ///
    /// *one consumer*, *one owner*.
    #[inline]
    pub unsafe fn pop(&self, owner: &S) -> Option<Notified<S>>
    where
        S: Schedule,
    {
        // SAFETY: by this function's contract.
        let consumer = unsafe { OneConsumer::promised() };
        let link = self.queue.pop(consumer, QueueOwner::of(owner))?;
        // SAFETY: `push` took a `Notified<S>` for it, and it has been taken from the queue once.
        Some(unsafe { Notified::from_ptr(TaskPtr::from_link(link)) })
    }

    /// Takes the first task and starts it, to be run at once: with short critical sections one for both. `None` as for
    /// [`pop`](Self::pop).
    ///
    /// # Safety
    ///
    /// *one consumer*, *one owner*.
    #[inline(always)]
    pub unsafe fn next(&self, owner: &S) -> Option<Ready<S>>
    where
        S: Schedule,
    {
        // SAFETY: by this function's contract.
        let consumer = unsafe { OneConsumer::promised() };
        let (task, start) = self.queue.pop_started(consumer, QueueOwner::of(owner), S::ONE_RUNNER)?;
        // SAFETY: `push` took a `Notified<S>` for it, it has been taken from the queue once, and started once.
        Some(unsafe { Ready::new(task, start) })
    }

    /// Whether `pop` would answer `None`.
    ///
    /// # Safety
    ///
    /// *one consumer*, *one owner*.
    #[inline]
    #[must_use]
    pub unsafe fn is_empty(&self, owner: &S) -> bool
    where
        S: Schedule,
    {
        // SAFETY: by this function's contract.
        let consumer = unsafe { OneConsumer::promised() };
        self.queue.is_empty(consumer, QueueOwner::of(owner))
    }

    /// As [`is_empty`](Self::is_empty), of an owner whose type is not known.
    ///
    /// # Safety
    ///
    /// *one consumer*, or, on one core, in a section; *one owner*.
    #[inline(always)]
    pub(crate) unsafe fn has_none(&self, owner: QueueOwner) -> bool {
        // SAFETY: by this function's contract. On one core anybody may be the consumer in a section.
        self.queue.is_empty(unsafe { OneConsumer::promised() }, owner)
    }
}

impl<S> Default for RunQueue<S> {
    fn default() -> Self {
        Self::new()
    }
}
