//! The part of a task that does not know its future: four words.

use core::ptr::NonNull;

use super::cell::VTable;
use super::schedule::Schedule;
use super::state::State;
use crate::atomic::{AtomicPtr, UnsafeCell};
use crate::const_fn;
use crate::run_queue::RunQueue;

/// What joins a task to a queue. The first field of every header, so that a link is found from a task and back by a cast.
///
/// Owned by whoever holds the `Notified` of the task, then by the queue it is in.
#[derive(Debug)]
#[repr(transparent)]
pub struct Link {
    pub(crate) next: AtomicPtr<Link>,
}

impl Link {
    const_fn! {
        /// A link to nothing.
        pub const fn new() -> Self {
            Self { next: AtomicPtr::new(core::ptr::null_mut()) }
        }
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

/// The first field of every scheduler: what can be done to its tasks by someone who does not know its type.
#[derive(Debug)]
#[repr(C)]
pub struct Owner {
    /// `None`: a task is scheduled by pushing it to the queue that follows, and none is counted (*direct*).
    pub(crate) ops: Option<&'static Ops>,
}

/// An owner with the queue of its tasks behind it: the beginning of a scheduler whose tasks may be queued without asking
/// it. See [`Schedule::DIRECT`](super::Schedule::DIRECT).
#[derive(Debug)]
#[repr(C)]
pub struct OwnQueue<S> {
    owner: Owner,
    queue: RunQueue<S>,
}

impl<S: Schedule> OwnQueue<S> {
    const_fn! {
        /// The beginning of an `S`, with an empty queue.
        pub const fn new() -> Self {
            Self { owner: S::OWNER, queue: RunQueue::new() }
        }
    }
}

impl<S> OwnQueue<S> {
    /// Makes the queue know its place: before anybody gets the owner of a scheduler that is *direct*.
    #[inline(always)]
    pub fn bind(&'static self) {
        self.queue.bind();
    }

    /// The queue.
    #[inline(always)]
    pub fn queue(&self) -> &RunQueue<S> {
        &self.queue
    }
}

/// A scheduler whose type is not known.
#[derive(Debug)]
enum Anyone {}

impl<S: Schedule> Default for OwnQueue<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// A scheduler, seen without its type.
pub struct Ops {
    /// [`Schedule::schedule`](super::Schedule::schedule) on the owner.
    pub(crate) schedule: unsafe fn(NonNull<Owner>, TaskPtr),
    /// [`Schedule::completed`](super::Schedule::completed).
    pub(crate) completed: unsafe fn(NonNull<Owner>, TaskPtr),
    /// [`Schedule::released`](super::Schedule::released).
    pub(crate) released: unsafe fn(NonNull<Owner>, TaskPtr),
}

impl core::fmt::Debug for Ops {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Ops")
    }
}

/// The header of a task.
#[repr(C)]
pub(crate) struct Header {
    pub(crate) link: Link,
    pub(crate) state: State,
    pub(crate) vtable: UnsafeCell<Option<&'static VTable>>,
    pub(crate) owner: UnsafeCell<Option<NonNull<Owner>>>,
    /// Nothing, but to a model each access to the stage is an access to this.
    pub(crate) stage: UnsafeCell<()>,
}

impl Header {
    const_fn! {
        /// The header of a slot that was never used: all zero.
        pub(crate) const fn free() -> Self {
            Self {
                link: Link::new(),
                state: State::free(),
                vtable: UnsafeCell::new(None),
                owner: UnsafeCell::new(None),
                stage: UnsafeCell::new(()),
            }
        }
    }
}

/// A pointer to a task: to its header, with the provenance of its whole cell.
///
/// Copying it keeps nothing alive; what may be done with it is said where it is handed out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct TaskPtr(pub(crate) NonNull<Header>);

// SAFETY: a pointer; every access through it is an unsafe operation that argues for itself.
unsafe impl Send for TaskPtr {}
// SAFETY: as above.
unsafe impl Sync for TaskPtr {}

impl TaskPtr {
    /// The task as an untyped pointer.
    #[must_use]
    pub fn as_ptr(self) -> *mut () {
        self.0.as_ptr().cast()
    }

    /// The task of [`as_ptr`](Self::as_ptr).
    ///
    /// # Safety
    ///
    /// `pointer` must come from `as_ptr`.
    #[must_use]
    pub unsafe fn from_ptr(pointer: *mut ()) -> Self {
        // SAFETY: it comes from a `NonNull`, by this function's contract.
        Self(unsafe { NonNull::new_unchecked(pointer.cast()) })
    }

    /// The header.
    ///
    /// # Safety
    ///
    /// The task must be alive (a static slot always is) for as long as the reference is used.
    #[inline(always)]
    pub(crate) unsafe fn header<'a>(self) -> &'a Header {
        // SAFETY: alive by this function's contract; all fields are cells or atomics (*quiet header*).
        unsafe { self.0.as_ref() }
    }

    /// What is known of the task's future.
    ///
    /// # Safety
    ///
    /// The task must be alive and the caller entitled by *winner reads*.
    #[inline(always)]
    pub(crate) unsafe fn vtable(self) -> &'static VTable {
        // SAFETY: alive, by this function's contract.
        let header = unsafe { self.header() };
        // SAFETY: *winner reads*: nobody rewrites it now.
        let vtable = header.vtable.with(|vtable| unsafe { *vtable });
        // SAFETY: it was set before the first push.
        unsafe { vtable.unwrap_unchecked() }
    }

    /// The scheduler of the task.
    ///
    /// # Safety
    ///
    /// As for [`vtable`](Self::vtable). The owner is alive while the task is (*static home*, *kept alive*).
    #[inline(always)]
    pub(crate) unsafe fn owner(self) -> NonNull<Owner> {
        // SAFETY: alive, by this function's contract.
        let header = unsafe { self.header() };
        // SAFETY: *winner reads*, as in `vtable`.
        let owner = header.owner.with(|owner| unsafe { *owner });
        // SAFETY: it was set before the first push.
        unsafe { owner.unwrap_unchecked() }
    }

    /// The link, for a queue.
    #[inline(always)]
    pub(crate) fn link(self) -> NonNull<Link> {
        self.0.cast()
    }

    /// The task of a link.
    #[inline(always)]
    pub(crate) fn from_link(link: NonNull<Link>) -> Self {
        Self(link.cast())
    }

    /// Starts the task, in the caller's section.
    ///
    /// # Safety
    ///
    /// The caller must have taken the task from a queue.
    #[cfg(zokio_unicore)]
    #[inline(always)]
    pub(crate) unsafe fn start_within(self) -> super::Start {
        // SAFETY: its NOTIFIED is won and keeps it alive (*no orphan*).
        unsafe { self.header() }.state.start_within()
    }

    /// Whether the task belongs to `owner` (null: to nobody), and would be the next of its queue if it were pushed. Asked in a
    /// section, or by the one consumer of that queue.
    ///
    /// # Safety
    ///
    /// As for [`owner`](Self::owner); and `owner` must be *direct*.
    #[inline(always)]
    pub(crate) unsafe fn is_next(self, owner: *const Owner) -> bool {
        // SAFETY: *winner reads*, by this function's contract.
        let own = unsafe { self.owner() };
        if !core::ptr::eq(own.as_ptr(), owner) {
            return false;
        }
        // SAFETY: *direct*: the owner is the beginning of an `OwnQueue`, whose layout does not depend on its scheduler.
        let queue = unsafe { own.cast::<OwnQueue<Anyone>>().as_ref() }.queue();
        // SAFETY: on one core anybody may ask; else it is the consumer who asks.
        unsafe { queue.is_empty() }
    }

    /// The queue of a *direct* owner, with which the task is scheduled; `None`: the owner must be asked.
    ///
    /// # Safety
    ///
    /// As for [`owner`](Self::owner).
    #[inline(always)]
    unsafe fn direct_queue<'a>(self) -> Result<&'a RunQueue<Anyone>, (NonNull<Owner>, &'static Ops)> {
        // SAFETY: *winner reads*, by this function's contract.
        let owner = unsafe { self.owner() };
        // SAFETY: the owner is alive while the task is, and the task is until it is pushed (*no orphan*).
        match unsafe { owner.as_ref() }.ops {
            Some(ops) => Err((owner, ops)),
            // SAFETY: *direct*: the owner is the beginning of an `OwnQueue`, whose layout does not depend on its scheduler.
            None => Ok(unsafe { owner.cast::<OwnQueue<Anyone>>().as_ref() }.queue()),
        }
    }

    /// Hands a new task to its scheduler, whose type is not known here.
    ///
    /// # Safety
    ///
    /// The caller must have won `NOTIFIED` of this task, and nobody else know of it.
    #[inline(always)]
    pub(crate) unsafe fn launch(self) {
        // SAFETY: *winner reads*.
        match unsafe { self.direct_queue() } {
            Ok(queue) => {
                // SAFETY: alive: it is not launched yet.
                unsafe { self.header() }.state.direct();
                // SAFETY: NOTIFIED was won; the queue is that of the task's scheduler, and *bound*.
                unsafe { queue.push_bound(self) }
            }
            // SAFETY: the operations are those of the owner's own type (`Schedule::OWNER`), and NOTIFIED was won.
            Err((owner, ops)) => unsafe { (ops.schedule)(owner, self) },
        }
    }

    /// Hands the task to its scheduler, whose type is not known here; on one core in a section.
    ///
    /// # Safety
    ///
    /// The caller must have won `NOTIFIED` of this task.
    #[inline(always)]
    pub(crate) unsafe fn schedule_within(self) {
        // SAFETY: *winner reads*.
        match unsafe { self.direct_queue() } {
            // SAFETY: NOTIFIED was won; the queue is that of the task's scheduler, and *bound*.
            Ok(queue) => unsafe { queue.push_within(self) },
            // SAFETY: the operations are those of the owner's own type (`Schedule::OWNER`), and NOTIFIED was won.
            Err((owner, ops)) => unsafe { (ops.schedule)(owner, self) },
        }
    }

    /// As [`schedule_within`](Self::schedule_within), of a slot whose word says that its owner need not be asked.
    ///
    /// # Safety
    ///
    /// As for `schedule_within`; and the word of the tenant whose `NOTIFIED` was won must have been without `ASKED`.
    #[inline(always)]
    pub(crate) unsafe fn push_within(self) {
        // SAFETY: *winner reads*.
        let owner = unsafe { self.owner() };
        // SAFETY: *direct*: the owner is the beginning of an `OwnQueue`, whose layout does not depend on its scheduler.
        let queue = unsafe { owner.cast::<OwnQueue<Anyone>>().as_ref() }.queue();
        // SAFETY: as in `schedule_within`.
        unsafe { queue.push_within(self) };
    }

    /// Tells the scheduler, whose type is not known here, that the task is complete. One that does nothing but push has no
    /// need to hear it.
    ///
    /// # Safety
    ///
    /// As for [`Schedule::completed`].
    #[inline(always)]
    pub(crate) unsafe fn completed(self) {
        // SAFETY: *winner reads*: the executor has the task, by this function's contract.
        if let Err((owner, ops)) = unsafe { self.direct_queue() } {
            // SAFETY: the operations are those of the owner's own type, and the rest by this function's contract.
            unsafe { (ops.completed)(owner, self) }
        }
    }

    /// Hands the memory of the task back to its scheduler, whose type is not known here.
    ///
    /// # Safety
    ///
    /// The caller must have dropped the last reference of this counted task.
    pub(crate) unsafe fn released(self) {
        // SAFETY: no reference is left, so nobody uses the task again.
        let owner = unsafe { self.owner() };
        // SAFETY: *kept alive*.
        if let Some(ops) = unsafe { owner.as_ref() }.ops {
            // SAFETY: the operations are those of the owner's own type, and the last reference is gone.
            unsafe { (ops.released)(owner, self) }
        }
    }
}
