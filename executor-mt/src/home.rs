//! A worker as its tasks see it: where they go when woken, where their memory goes, what others put there.
//!
//! A task belongs for good to the worker on which it was spawned (its *home*), which says nothing about where it runs: a
//! worker that wakes it takes it into its own queue, and a searcher takes it from there.
//!
//! # Invariants
//!
//! - *kept alive*: a home is part of its `Shared`. Each home with a count above zero is one strong reference to that;
//!   every cell of a home is one of its count, from before it is filled until after it is freed, and the worker itself is
//!   one until it is over. So a waker that outlives its runtime finds its home where it was.
//! - *no orphan*: a closed inbox hands a task back to whoever brings it, who cancels it.
//! - *publish last*: after a push, `schedule` touches the home, which the caller's own reference to the task keeps alive,
//!   and nothing of the task.

use core::alloc::Layout;
use core::mem::size_of;
use core::ptr::NonNull;
use std::sync::{Arc, Weak};

use zokio_core::atomic::{AtomicUsize, LAYOUT_IS_REAL, Ordering, fence};
use zokio_core::park::Unpark;
use zokio_core::stack::{TakeAll, Taken};
use zokio_core::task::raw::{Boxes, HeapTask, JOINED_BYTES};
use zokio_core::task::{Counted, Need, Notified, Owner, Refusal, Schedule, Shape, Spawn, TaskPtr, Vacancy};
use zokio_core::time::Timers;

use crate::context;
use crate::deque::Thief;
use crate::metrics::{Counters, WorkerMetrics};
use crate::overflow::Overflow;
use crate::shared::Shared;
use crate::shutdown;
use crate::worker::Local;

/// The right to run one task.
pub(crate) type Task<U> = Notified<Home<U>>;

// What a task has beside max(future, output): header, join waker and one word, which is its place in the registry.
const _: () = assert!(!LAYOUT_IS_REAL || JOINED_BYTES + size_of::<usize>() <= 64);

/// The shared part of one worker.
#[repr(C, align(128))]
pub(crate) struct Home<U: Unpark> {
    /// First: a task finds its scheduler's operations here.
    owner: Owner,
    shared: *const Shared<U>,
    index: usize,
    /// *kept alive*.
    count: AtomicUsize,
    /// Tasks of this home that have not ended.
    pub(crate) tasks: Boxes,
    /// Tasks woken by other threads.
    pub(crate) wakes: TakeAll<Self>,
    /// Tasks spawned by other threads.
    pub(crate) spawns: TakeAll<Self>,
    pub(crate) backlog: Overflow<Task<U>>,
    pub(crate) thief: Thief<Task<U>>,
    pub(crate) unpark: U,
    pub(crate) timers: &'static Timers,
    pub(crate) counters: Counters,
    /// Tasks spawned here, and ended here, by threads that are no workers.
    pub(crate) spawned_outside: AtomicUsize,
    pub(crate) completed_outside: AtomicUsize,
}

// SAFETY: all fields but the pointer are `Sync`, and that points to the `Shared` of which the home is a part, which is.
unsafe impl<U: Unpark> Sync for Home<U> {}
// SAFETY: as above; everything in a home may be dropped on any thread.
unsafe impl<U: Unpark> Send for Home<U> {}

impl<U: Unpark> Home<U> {
    /// Part of `shared`, which is being made; the count is the worker's own.
    pub(crate) fn new(
        shared: &Weak<Shared<U>>,
        index: usize,
        thief: Thief<Task<U>>,
        unpark: U,
        timers: &'static Timers,
    ) -> Self {
        Self {
            owner: Self::OWNER,
            shared: shared.as_ptr(),
            index,
            count: AtomicUsize::new(1),
            tasks: Boxes::new(),
            wakes: TakeAll::new(),
            spawns: TakeAll::new(),
            backlog: Overflow::new(),
            thief,
            unpark,
            timers,
            counters: Counters::new(),
            spawned_outside: AtomicUsize::new(0),
            completed_outside: AtomicUsize::new(0),
        }
    }

    fn shared(&self) -> &Shared<U> {
        // SAFETY: *kept alive*: the home is part of it.
        unsafe { &*self.shared }
    }

    /// The worker of this thread, if it is one of the same runtime.
    #[inline]
    pub(crate) fn local(&self) -> Option<&Local<U>> {
        let head = context::worker_of(self.shared.cast())?;
        // SAFETY: the head of a worker of this runtime is the first field of a `Local<U>`, was stored with the provenance
        // of the whole, and is this thread's until `Local` is gone; nobody holds `&Home` of its runtime for longer.
        Some(unsafe { &*head.cast::<Local<U>>() })
    }

    /// Whether other threads have left something here.
    pub(crate) fn has_inbox(&self) -> bool {
        !self.wakes.is_empty() || !self.spawns.is_empty()
    }

    /// Whether any box here holds a task.
    pub(crate) fn has_work(&self) -> bool {
        self.has_inbox() || self.backlog.len() > 0 || !self.thief.is_empty()
    }

    /// Puts a task from another thread into an inbox, and wakes somebody if that was empty; `refused` ends it where that is closed.
    fn deliver(&self, inbox: &TakeAll<Self>, task: Task<U>, refused: fn(Task<U>)) {
        match inbox.push(task) {
            Ok(true) => self.shared().notify(self.index),
            // Whoever found it empty has told somebody, or is about to.
            Ok(false) => {}
            Err(task) => refused(task),
        }
    }

    /// Refuses what comes from other threads from now on, and gives what is there.
    pub(crate) fn close(&self) -> [Taken<Self>; 2] {
        [self.wakes.close(), self.spawns.close()]
    }

    /// One cell more.
    fn retain(&self) {
        if self.count.fetch_add(1, Ordering::Relaxed) == 0 {
            // SAFETY: *kept alive*: somebody who spawns holds a reference to `Shared`, or is one of its workers; this one
            // is for the count, which has just left zero.
            unsafe { Arc::increment_strong_count(self.shared) };
        }
    }

    /// One cell, or the worker, less.
    ///
    /// # Safety
    ///
    /// `this` must be alive and the caller have one of its count, which is used up; the home may be gone afterwards.
    pub(crate) unsafe fn release(this: NonNull<Self>) {
        // SAFETY: alive, by this function's contract.
        let shared = unsafe { this.as_ref() }.shared;
        // SAFETY: as above, until the subtraction is done.
        // Ordering: Release, with the Acquire below: the last one frees what all others have used before.
        let last = unsafe { (*this.as_ptr()).count.fetch_sub(1, Ordering::Release) } == 1;
        if last {
            // Ordering: see above.
            fence(Ordering::Acquire);
            // SAFETY: *kept alive*: the strong reference that belongs to a count above zero.
            unsafe { Arc::decrement_strong_count(shared) };
        }
    }

    /// Whether there is more here than so many tasks in the queue.
    pub(crate) fn has_more_than(&self, queued: usize) -> bool {
        self.has_inbox() || self.backlog.len() > 0 || self.thief.len() > queued
    }

    pub(crate) fn metrics(&self) -> WorkerMetrics {
        self.counters.read(self.tasks.len(), self.backlog.len() + self.thief.len())
    }
}

// SAFETY: `repr(C)` with the owner first. *kept alive*. A task is in one queue at a time, whose worker runs or cancels
// it, or is with whoever was refused by a closed inbox, who cancels it; futures of this runtime are `Send`.
unsafe impl<U: Unpark> Schedule for Home<U> {
    type Reclaim = Counted;

    #[inline]
    fn schedule(&self, task: Task<U>) {
        match self.local() {
            Some(local) => local.push_woken(task),
            None => self.deliver(&self.wakes, task, shutdown::bury),
        }
    }

    #[inline]
    fn reschedule(&self, task: Task<U>) {
        match self.local() {
            Some(local) => local.requeue(task),
            None => self.deliver(&self.wakes, task, shutdown::bury),
        }
    }

    unsafe fn completed(&self, task: TaskPtr) {
        match self.local() {
            Some(local) => local.home().counters.count_completed(1),
            None => drop(self.completed_outside.fetch_add(1, Ordering::Relaxed)),
        }
        // SAFETY: alive: the executor's reference is still there; inserted by `launch`.
        unsafe { self.tasks.remove(task) };
    }

    unsafe fn released(this: NonNull<Self>, task: TaskPtr) {
        // SAFETY: allocated by `vacancy`, and released, by this function's contract.
        unsafe { HeapTask::free(task) };
        // SAFETY: *kept alive*: the count of this cell.
        unsafe { Self::release(this) };
    }
}

// SAFETY: `owner` is the first field of this `Schedule`, alive while borrowed and, by the count taken in `vacancy`, while
// the task is. Its tasks run on any thread, so it is local to none, and it takes no uncounted ones.
unsafe impl<U: Unpark> Spawn for Home<U> {
    fn owner(&self) -> NonNull<Owner> {
        Owner::of(self)
    }

    fn static_owner(&self) -> Option<NonNull<Owner>> {
        None
    }

    fn is_local(&self) -> bool {
        false
    }

    fn vacancy(&self, need: Need) -> Result<Vacancy, Refusal> {
        let layout: Layout = need.extra();
        let memory = HeapTask::allocate(layout);
        self.retain();
        Ok(Vacancy { memory, shape: Shape::CountedExtra(0) })
    }

    unsafe fn launch(&self, task: TaskPtr) {
        let local = self.local();
        match local {
            Some(local) => local.home().counters.count_spawned(1),
            None => drop(self.spawned_outside.fetch_add(1, Ordering::Relaxed)),
        }
        // SAFETY: made by `vacancy` in this shape and not launched; `completed` removes it.
        let open = unsafe { self.tasks.insert(task) };
        // SAFETY: the caller's win of NOTIFIED, given to us.
        let task = unsafe { Task::from_ptr(task) };
        match local {
            _ if !open => shutdown::refuse(task),
            Some(local) => local.push(task),
            None => self.deliver(&self.spawns, task, shutdown::refuse),
        }
    }
}
