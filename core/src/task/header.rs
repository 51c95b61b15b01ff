//! The part of a task that does not know its future: three words.

use core::mem::offset_of;
use core::num::NonZero;
use core::ptr::NonNull;

use super::cell::{COUNTED, VTable, counted_owner};
use super::schedule::Schedule;
use super::state::State;
use crate::atomic::{AtomicPtr, Ordering, UnsafeCell};
use crate::const_fn;
use crate::run_queue::RunQueue;

/// What joins a task to a queue. Every header begins with one, so that a link is found from a task and back by a cast.
///
/// The state word comes first: the exclusive loads and stores of some machines take a bare address, as the compiler makes them.
///
/// Owned by whoever holds the `Notified` of the task, then by the queue it is in.
///
/// *owner or link*: of a slot it leads to the owner while the slot is in no queue. Nobody asks for the owner of one that is: who
/// wakes it wins nothing, and its queue is the owner's. A pop writes the owner back, before anybody clears `NOTIFIED`.
///
/// Ordering: relaxed everywhere, for a link is handed on by the queue and by the state word: the pop is published by the next
/// release of that word, which comes before the next win of `NOTIFIED`.
#[derive(Debug)]
#[repr(C)]
pub struct Link {
    pub(crate) state: State,
    pub(crate) next: AtomicPtr<Link>,
}

/// The owner of the tasks of one queue, to which their links lead while they are in none.
#[derive(Clone, Copy)]
pub(crate) struct QueueOwner {
    pub(crate) link: *mut Link,
    /// Whether the owner is *direct*, and so the queue where the link leads, and *bound*.
    #[cfg_attr(not(zokio_unicore), allow(dead_code))] // elsewhere a queue does not know where it lies
    pub(crate) direct: bool,
}

impl QueueOwner {
    #[inline(always)]
    pub(crate) fn of<S: Schedule>(owner: &S) -> Self {
        Self { link: Owner::of(owner).cast().as_ptr(), direct: S::DIRECT }
    }
}

/// A field of every scheduler: what can be done to its tasks by someone who does not know its type.
///
/// A pointer to an `Owner` stands for a scheduler. That of one that must be asked leads to the second byte of this field, so that
/// it is odd; that of a *direct* one to its beginning, which is the queue: whoever wakes a task has to find that.
#[derive(Debug)]
#[repr(C)]
pub struct Owner {
    /// `None` of a *direct* one, so that an image in which all are has no code for them.
    pub(crate) ops: Option<&'static Ops>,
}

/// What makes the pointer to an owner that must be asked odd.
const ASKED: usize = 1;

impl Owner {
    /// What stands for a scheduler.
    #[must_use]
    #[inline(always)]
    pub fn of<S: Schedule>(scheduler: &S) -> NonNull<Self> {
        Self::of_ptr(NonNull::from(scheduler))
    }

    /// As [`of`](Self::of), with what the pointer may be used for besides.
    #[must_use]
    #[inline(always)]
    pub fn of_ptr<S: Schedule>(scheduler: NonNull<S>) -> NonNull<Self> {
        if S::DIRECT {
            return scheduler.cast();
        }
        scheduler.map_addr(|addr| addr.saturating_add(S::OWNER_AT + ASKED)).cast()
    }

    /// The scheduler for which it stands, which must be an `S` and not *direct*.
    #[inline(always)]
    pub(crate) fn scheduler<S: Schedule>(this: NonNull<Self>) -> NonNull<S> {
        let start = |addr: NonZero<usize>| NonZero::new(addr.get().wrapping_sub(S::OWNER_AT + ASKED)).unwrap_or(addr);
        this.map_addr(start).cast()
    }

    /// What can be done to its tasks.
    ///
    /// # Safety
    ///
    /// It must be alive and not *direct*.
    #[inline(always)]
    unsafe fn ops(this: NonNull<Self>) -> &'static Ops {
        // SAFETY: alive, by this function's contract.
        let ops = unsafe { (*this.as_ptr().map_addr(|addr| addr.wrapping_sub(ASKED))).ops };
        // SAFETY: not *direct*.
        unsafe { ops.unwrap_unchecked() }
    }

    /// Whether it is *direct*.
    #[inline(always)]
    pub(crate) fn is_direct(this: NonNull<Self>) -> bool {
        !Self::is_asked(this)
    }

    /// Whether it must be asked.
    #[inline(always)]
    fn is_asked(this: NonNull<Self>) -> bool {
        this.addr().get() & ASKED != 0
    }
}

/// A scheduler whose type is not known.
#[derive(Debug)]
pub(crate) enum Anyone {}

/// A scheduler, seen without its type.
pub struct Ops {
    /// [`Schedule::schedule`](super::Schedule::schedule) on the owner.
    pub(crate) schedule: unsafe fn(TaskPtr, NonNull<Owner>),
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
    pub(crate) state: State,
    pub(crate) next: AtomicPtr<Link>,
    pub(crate) vtable: UnsafeCell<Option<&'static VTable>>,
    /// Nothing, but to a model each access to the stage is an access to this.
    pub(crate) stage: UnsafeCell<()>,
}

const _: () = assert!(offset_of!(Header, next) == offset_of!(Link, next));

impl Header {
    const_fn! {
        /// The header of a slot that was never used: all zero.
        pub(crate) const fn free() -> Self {
            Self {
                state: State::free(),
                next: AtomicPtr::new(core::ptr::null_mut()),
                vtable: UnsafeCell::new(None),
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

    /// The scheduler of a slot.
    ///
    /// # Safety
    ///
    /// As for [`vtable`](Self::vtable), and the slot must be in no queue (*owner or link*). The owner is alive while the task is
    /// (*static home*).
    #[inline(always)]
    pub(crate) unsafe fn owner(self) -> NonNull<Owner> {
        // SAFETY: alive, by this function's contract.
        let owner = unsafe { self.header() }.next.load(Ordering::Relaxed);
        // SAFETY: *owner or link*: it was set before the first push, and is again by each pop.
        unsafe { NonNull::new_unchecked(owner.cast()) }
    }

    /// The scheduler of a counted task.
    ///
    /// # Safety
    ///
    /// The task must be counted, alive, and an `S`'s, which is alive while the task is (*kept alive*).
    #[inline(always)]
    pub(crate) unsafe fn scheduler<S: Schedule>(self) -> NonNull<S> {
        // SAFETY: by this function's contract. Who counts is asked.
        Owner::scheduler(unsafe { counted_owner(self) })
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

    /// Says what future and whose task this is.
    ///
    /// # Safety
    ///
    /// The caller must have claimed the state of this task, which is alive; the table be that of its cell, and the owner its owner.
    #[inline(always)]
    pub(crate) unsafe fn entitle(self, table: &'static VTable, owner: NonNull<Owner>) {
        // SAFETY: alive, by this function's contract.
        let header = unsafe { self.header() };
        // SAFETY: claimed: nobody reads the header's cells before the first push (*winner reads*).
        header.vtable.with_mut(|vtable| unsafe { vtable.write(Some(table)) });
        header.next.store(owner.as_ptr().cast(), Ordering::Relaxed);
    }

    /// Starts the task, in the caller's section.
    ///
    /// # Safety
    ///
    /// The caller must have taken the task from the queue of an owner that is `direct` or not.
    #[cfg(zokio_unicore)]
    #[inline(always)]
    pub(crate) unsafe fn start_within(self, direct: bool) -> super::Start {
        // SAFETY: its NOTIFIED is won and keeps it alive (*no orphan*).
        unsafe { self.header() }.state.start_within(direct)
    }

    /// Whether the task, which rests, belongs to `owner`, and would be the next of its queue if it were pushed. Asked in a section, or
    /// by the one consumer of that queue. Where it does not rest for certain the answer may be wrong (*read twice*).
    ///
    /// # Safety
    ///
    /// The task must be a slot; `owner` be *direct*, and where the task may be in a queue that is another's, not null.
    #[inline(always)]
    pub(crate) unsafe fn is_next(self, owner: *const Owner) -> bool {
        // SAFETY: alive, by this function's contract.
        let link = unsafe { self.header() }.next.load(Ordering::Relaxed);
        // To compare only: where it is not known to rest, this may be anything.
        if !core::ptr::eq(link.cast(), owner) {
            return false;
        }
        // SAFETY: *direct*: it begins with the queue, whose layout does not depend on the scheduler.
        let queue = unsafe { &*owner.cast::<RunQueue<Anyone>>() };
        // SAFETY: on one core anybody may ask; else it is the consumer who asks.
        unsafe { queue.has_none(QueueOwner { link: owner.cast_mut().cast(), direct: true }) }
    }

    /// Hands a new counted task to its scheduler, whose type is not known here. For executors.
    ///
    /// # Safety
    ///
    /// The caller must have won `NOTIFIED` of this task, which must be counted and filled, and nobody else know of it.
    #[doc(hidden)]
    #[inline]
    pub unsafe fn launch(self) {
        // SAFETY: by this function's contract; who counts is asked, in a section or not.
        unsafe { self.schedule_within() };
    }

    /// Hands a new slot to its scheduler. For executors. `own`: the caller is where its tasks are taken from the queue, and in the
    /// middle of no pop.
    ///
    /// # Safety
    ///
    /// The caller must have won `NOTIFIED` of this slot, which was filled for `owner`, and nobody else know of it. What `own`
    /// says must be so.
    #[doc(hidden)]
    #[inline]
    pub unsafe fn launch_at(self, owner: NonNull<Owner>, own: bool) {
        if !Owner::is_asked(owner) {
            // SAFETY: *direct*: it begins with the queue, whose layout does not depend on the scheduler.
            let queue = unsafe { owner.cast::<RunQueue<Anyone>>().as_ref() };
            // SAFETY: NOTIFIED was won; the queue is that of the task's scheduler, and *bound*.
            unsafe { queue.push_bound(self, own) }
        } else {
            // SAFETY: alive: a slot.
            unsafe { self.header() }.state.ask();
            // SAFETY: not *direct*; and NOTIFIED was won.
            unsafe { self.ask(owner) };
        }
    }

    /// Hands the task to its scheduler, whose type is not known here.
    ///
    /// # Safety
    ///
    /// The caller must have won `NOTIFIED` of this task, and `owner` be its scheduler and not *direct*.
    #[inline(always)]
    unsafe fn ask(self, owner: NonNull<Owner>) {
        // SAFETY: the owner is alive while the task is, and the task is until it is pushed (*no orphan*); not *direct*.
        let ops = unsafe { Owner::ops(owner) };
        // SAFETY: the operations are those of the owner's own type (`Schedule::OWNER`), and NOTIFIED was won.
        unsafe { (ops.schedule)(self, owner) }
    }

    /// Hands the task to its scheduler, whose type is not known here; on one core in a section.
    ///
    /// # Safety
    ///
    /// The caller must have won `NOTIFIED` of this task.
    #[inline(always)]
    pub(crate) unsafe fn schedule_within(self) {
        // SAFETY: alive: the task is until it is pushed (*no orphan*).
        let now = unsafe { self.header() }.state.peek();
        if !now.is_asked() {
            // SAFETY: by this function's contract. The change of the word that won was an abort's, or the end of a poll.
            unsafe { self.push_within() };
        } else if COUNTED && now.is_counted() {
            // SAFETY: counted, and alive as above.
            let owner = unsafe { counted_owner(self) };
            // SAFETY: not *direct*; the rest by this function's contract.
            unsafe { self.ask(owner) };
        } else {
            // SAFETY: by this function's contract, and as just seen.
            unsafe { self.ask_slot() };
        }
    }

    /// As [`schedule_within`](Self::schedule_within), of a slot whose word says that its owner must be asked.
    ///
    /// # Safety
    ///
    /// As for `schedule_within`; and the word of the tenant whose `NOTIFIED` was won must have been with `ASKED`.
    #[inline(always)]
    pub(crate) unsafe fn ask_slot(self) {
        // SAFETY: *winner reads*.
        let owner = unsafe { self.owner() };
        // SAFETY: not *direct*; the rest by this function's contract.
        unsafe { self.ask(owner) };
    }

    /// As [`schedule_within`](Self::schedule_within), of a slot whose word says that its owner need not be asked; without critical
    /// sections behind a fence that releases, or a change of the word that does.
    ///
    /// # Safety
    ///
    /// As for `schedule_within`; and the word of the tenant whose `NOTIFIED` was won must have been without `ASKED`.
    #[inline(always)]
    pub(crate) unsafe fn push_within(self) {
        // SAFETY: *winner reads*.
        let owner = unsafe { self.owner() };
        // SAFETY: *direct*: it begins with the queue, whose layout does not depend on the scheduler.
        let queue = unsafe { owner.cast::<RunQueue<Anyone>>().as_ref() };
        // SAFETY: NOTIFIED was won; the queue is that of the task's scheduler, and *bound*.
        unsafe { queue.push_within(self) };
    }

    /// Pushes a slot just claimed to the queue of its owner; on one core in the section of the claim. `own`: as for
    /// [`launch_at`](Self::launch_at).
    ///
    /// # Safety
    ///
    /// The caller must have won `NOTIFIED` of this slot, whose owner that is, and it be *direct*; what `own` says must be so.
    #[inline(always)]
    pub(crate) unsafe fn push_to(self, owner: NonNull<Owner>, own: bool) {
        // SAFETY: *direct*: it begins with the queue, whose layout does not depend on the scheduler.
        let queue = unsafe { owner.cast::<RunQueue<Anyone>>().as_ref() };
        // SAFETY: NOTIFIED was won; the queue is that of the task's scheduler, and *bound*.
        unsafe { queue.push_claimed(self, own) };
    }

    /// Hands the memory of the task back to its scheduler, whose type is not known here.
    ///
    /// # Safety
    ///
    /// The caller must have dropped the last reference of this counted task.
    pub(crate) unsafe fn released(self) {
        // SAFETY: counted, and no reference is left, so nobody uses the task again.
        let owner = unsafe { counted_owner(self) };
        // SAFETY: *kept alive*; not *direct*: who counts is asked.
        let ops = unsafe { Owner::ops(owner) };
        // SAFETY: the operations are those of the owner's own type, and the last reference is gone.
        unsafe { (ops.released)(owner, self) }
    }
}
