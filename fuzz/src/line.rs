//! The smallest executor: a run queue that is emptied by hand, with its tasks on the heap or in slots.

use std::cell::Cell;
use std::ptr::NonNull;

use zokio_core::run_queue::RunQueue;
use zokio_core::task::raw::HeapTask;
use zokio_core::task::{
    Either, Need, Notified, Owner, Refusal, Schedule, Shape, Slots, Spawn, TaskPtr, Vacancy, claim_from,
};

/// An executor of one thread.
#[repr(C)]
pub struct Line {
    owner: Owner,
    queue: RunQueue<Self>,
    slots: Option<&'static dyn Slots>,
    released: Cell<usize>,
}

// SAFETY: it is used by one thread; a target sends nothing elsewhere.
unsafe impl Sync for Line {}

// SAFETY: `repr(C)`, the owner first, alive until all tasks are released. What is scheduled is in the queue, which this
// thread empties.
unsafe impl Schedule for Line {
    type Reclaim = Either;

    fn schedule(&self, task: Notified<Self>) {
        self.queue.push(task, self);
    }

    unsafe fn released(this: NonNull<Self>, task: TaskPtr) {
        // SAFETY: alive until all tasks are released.
        let released = unsafe { &this.as_ref().released };
        released.set(released.get() + 1);
        // SAFETY: released, and made by `vacancy`; slots are not released.
        unsafe { HeapTask::free(task) };
    }
}

// SAFETY: the owner outlives its tasks, memory is of the shape it is said to be, and one thread runs them.
unsafe impl Spawn for Line {
    fn owner(&self) -> NonNull<Owner> {
        Owner::of(self)
    }
    fn static_owner(&self) -> Option<NonNull<Owner>> {
        self.slots.map(|_| Owner::of(self))
    }
    fn is_local(&self) -> bool {
        true
    }
    fn vacancy(&self, need: Need) -> Result<Vacancy, Refusal> {
        match self.slots {
            Some(slots) => claim_from("slots", slots, need.slot()).map(|memory| Vacancy { memory, shape: Shape::Slot }),
            None => Ok(Vacancy { memory: HeapTask::allocate(need.extra()), shape: Shape::CountedExtra(0) }),
        }
    }
    unsafe fn launch(&self, task: TaskPtr) {
        match self.static_owner() {
            // SAFETY: a slot, filled, its NOTIFIED is ours.
            Some(owner) => unsafe { task.launch_at(owner, false) },
            // SAFETY: counted, filled, its NOTIFIED is ours.
            None => unsafe { task.launch() },
        }
    }
}

impl Line {
    /// One whose tasks are in `slots`, or on the heap.
    pub fn new(slots: Option<&'static dyn Slots>) -> Self {
        Self { owner: Self::OWNER, queue: RunQueue::new(), slots, released: Cell::new(0) }
    }

    /// Whether its tasks are in slots.
    pub fn has_slots(&self) -> bool {
        self.slots.is_some()
    }

    /// The next task that is ready.
    pub fn pop(&self) -> Option<Notified<Self>> {
        self.take(&self.queue)
    }

    /// The next task of a queue with tasks of this executor.
    pub fn take(&self, queue: &RunQueue<Self>) -> Option<Notified<Self>> {
        // SAFETY: *one consumer*: this thread.
        unsafe { queue.pop(self) }
    }

    /// How many tasks of the heap have been given back.
    pub fn released(&self) -> usize {
        self.released.get()
    }
}
