//! The smallest executor: a run queue that is emptied by hand, with its tasks on the heap or in slots.

use std::cell::Cell;
use std::ptr::NonNull;

use zokio_core::run_queue::RunQueue;
use zokio_core::task::raw::{self, HeapTask};
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
        self.queue.push(task);
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
        NonNull::from(self).cast()
    }
    fn static_owner(&self) -> Option<NonNull<Owner>> {
        self.slots.map(|_| self.owner())
    }
    fn is_local(&self) -> bool {
        true
    }
    fn vacancy(&self, need: Need) -> Result<Vacancy, Refusal> {
        match self.slots {
            Some(slots) => claim_from("slots", slots, need.plain).map(|memory| Vacancy { memory, shape: Shape::Slot }),
            None => Ok(Vacancy { memory: HeapTask::allocate(need.extra), shape: Shape::CountedExtra(0) }),
        }
    }
    unsafe fn launch(&self, task: TaskPtr) {
        // SAFETY: alive, its NOTIFIED is ours.
        unsafe { raw::launch(task) };
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
        Self::take(&self.queue)
    }

    /// The next task of a queue.
    pub fn take(queue: &RunQueue<Self>) -> Option<Notified<Self>> {
        // SAFETY: *one consumer*: this thread.
        unsafe { queue.pop() }
    }

    /// How many tasks of the heap have been given back.
    pub fn released(&self) -> usize {
        self.released.get()
    }
}
