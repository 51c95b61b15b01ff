//! The seams of a task: where it goes when woken, and where its memory goes.

use core::ptr::NonNull;

use super::header::{Ops, Owner, TaskPtr};
use super::run::Notified;

/// Where a woken task goes: an executor, as its tasks see it.
///
/// # Safety
///
/// The type must have an [`Owner`], made of [`Self::OWNER`], so many bytes from its start as [`Self::OWNER_AT`] says. An owner of counted tasks
/// must stay alive until each of them has been [`released`](Self::released) (*kept alive*); an owner of uncounted ones
/// must be `'static` (*static home*). `schedule` and `reschedule` must see to it that the task is run or cancelled some
/// time, by one thread at a time, on a thread on which its future may be polled and dropped. What [`Self::DIRECT`] and
/// [`Self::ONE_RUNNER`] say must hold.
pub unsafe trait Schedule: Sized + Sync + 'static {
    /// How the memory of the tasks is reclaimed.
    type Reclaim: Reclaim;

    /// Whether its tasks have a budget in each poll; one whose tasks may block has no need to.
    const BUDGETED: bool = true;

    /// Whether [`schedule`](Self::schedule) does nothing but push to the [`RunQueue`](crate::run_queue::RunQueue) with which
    /// the type begins. Then whoever wakes a task pushes it there without asking (*direct*): no call through a table, and
    /// with short critical sections the push may be made in the section in which the waker was found.
    ///
    /// Where this is `true` the first field must be such a queue, [bound](crate::run_queue::RunQueue::bind) before the owner is
    /// told to anybody and before the queue is looked at; and `Reclaim` be [`Static`].
    const DIRECT: bool = false;

    /// Whether its tasks are started by one thread at a time, which ends each poll before it starts the next task, and the
    /// tasks outlive it: the queue is never dropped, nor given up while a wake may be on its way to it. Then a task that is
    /// woken while it runs is queued at once, by [`schedule`](Self::schedule), and a poll ends without a transition.
    ///
    /// Where this is `true`, `Reclaim` must be [`Static`].
    const ONE_RUNNER: bool = false;

    /// Where its [`Owner`] is.
    const OWNER_AT: usize = 0;

    /// What that is.
    const OWNER: Owner = Owner { ops: if Self::DIRECT { None } else { Some(Self::OPS) } };

    #[doc(hidden)]
    const OPS: &'static Ops = &Ops {
        schedule: |task, owner| {
            // SAFETY: the caller of `Ops::schedule` says that the owner is of this type and alive.
            let this = unsafe { Owner::scheduler::<Self>(owner).as_ref() };
            // SAFETY: it also says that NOTIFIED has been won.
            let task = unsafe { Notified::from_ptr(task) };
            this.schedule(task);
        },
        released: |owner, task| {
            // SAFETY: the caller of `Ops::released` says that the owner is of this type and the task released.
            unsafe { Self::released(Owner::scheduler(owner), task) }
        },
    };

    /// Takes a task that has been woken, spawned or aborted, from any thread or interrupt.
    fn schedule(&self, task: Notified<Self>);

    /// Takes back a task that was woken while it ran, from the thread that ran it.
    fn reschedule(&self, task: Notified<Self>) {
        self.schedule(task);
    }

    /// Hears that a counted task is complete, its future dropped; its output may not have been taken yet. Called by the
    /// thread that ran it, before the executor's reference goes.
    ///
    /// # Safety
    ///
    /// `task` must be one of this scheduler's, counted, alive, launched, and not have been told to it before.
    unsafe fn completed(&self, task: TaskPtr) {
        let _ = task;
    }

    /// Hears that a poll of a counted task panicked, from the thread that ran it and before the task is complete. The panic is
    /// caught, and what its join handle gives.
    fn panicked(&self) {}

    /// Takes back the memory of a counted task. Future, output and join waker have been dropped.
    ///
    /// # Safety
    ///
    /// `this` must be the task's owner, alive, and the task's last reference gone.
    unsafe fn released(this: NonNull<Self>, task: TaskPtr) {
        let _ = (this, task);
    }
}

mod sealed {
    pub trait Sealed {}
}

/// How the memory of an executor's tasks is reclaimed: [`Static`], [`Counted`] or [`Either`].
pub trait Reclaim: sealed::Sealed + 'static {
    /// `Some(true)`: wakers count; `Some(false)`: they do not; `None`: the task says.
    #[doc(hidden)]
    const COUNTED: Option<bool>;
    /// Whether there may be counted tasks at all.
    #[doc(hidden)]
    const COUNTED_SOMETIMES: bool = !matches!(Self::COUNTED, Some(false));
}

/// All tasks live in static arenas. Wakers are not counted: cloning and dropping one compiles to nothing.
#[derive(Debug)]
pub struct Static;
/// All tasks are counted: on the heap, or in a slab. A waker is a reference.
#[derive(Debug)]
pub struct Counted;
/// Each task says for itself.
#[derive(Debug)]
pub struct Either;

impl sealed::Sealed for Static {}
impl sealed::Sealed for Counted {}
impl sealed::Sealed for Either {}
impl Reclaim for Static {
    const COUNTED: Option<bool> = Some(false);
}
impl Reclaim for Counted {
    const COUNTED: Option<bool> = Some(true);
}
impl Reclaim for Either {
    const COUNTED: Option<bool> = None;
}
