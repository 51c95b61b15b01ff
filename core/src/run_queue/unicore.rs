//! First and last in critical sections: one core, and its interrupts.

use core::mem::offset_of;
use core::ptr::{NonNull, null_mut};

use super::OneConsumer;
use crate::atomic::{AtomicBool, AtomicPtr, Ordering, raise_within};
use crate::const_fn;
use crate::lock::Section;
use crate::task::{Link, QueueOwner, Start, TaskPtr};

/// *linked*: every link from first to last leads to the next, and the last, as one that is in no queue, to the owner (*owner or
/// link*); each is owned by the queue. Of an empty queue the first leads to the owner too, or it was never pushed to nor bound.
///
/// *bound*: `last` is the last link, or, of an empty queue that has been bound or pushed to since it lies where it lies, the queue.
///
/// Ordering: relaxed everywhere. One core sees its own stores in order, and a critical section keeps the compiler from
/// moving anything across its ends.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Queue {
    last: AtomicPtr<Link>,
    /// The first. It lies where `next` lies in a link, so that the queue is one to `last`.
    first: AtomicPtr<Link>,
}

const _: () = assert!(offset_of!(Queue, first) == offset_of!(Link, next));

/// Whether it is cheaper to push for the consumer.
pub(crate) const OWN_PUSHES: bool = false;

impl Queue {
    const_fn! {
        pub(super) const fn new() -> Self {
            Self { last: AtomicPtr::new(null_mut()), first: AtomicPtr::new(null_mut()) }
        }
    }

    #[inline]
    pub(super) fn push(&self, link: NonNull<Link>, owner: QueueOwner) {
        let _section = Section::enter();
        if self.has_none(owner) {
            self.end();
        }
        Self::next_of(&link).store(owner.link, Ordering::Relaxed);
        // SAFETY: *bound*, here if not before; *linked*; in a section.
        unsafe { self.push_within(link) };
    }

    /// As [`push`](Self::push): in a section anybody may.
    #[inline]
    pub(super) fn push_own(&self, link: NonNull<Link>, _: OneConsumer, owner: QueueOwner) {
        self.push(link, owner);
    }

    /// Makes the queue of this owner know where it lies, unless there are tasks in it: then it is bound.
    #[inline(always)]
    pub(super) fn bind(&self, owner: QueueOwner) {
        let _section = Section::enter();
        self.bind_within(owner);
    }

    /// As [`bind`](Self::bind), and raises a flag, of which it says whether it was down.
    #[inline(always)]
    pub(super) fn bind_and_raise(&self, owner: QueueOwner, flag: &AtomicBool) -> bool {
        let _section = Section::enter();
        self.bind_within(owner);
        raise_within(flag)
    }

    /// As [`bind`](Self::bind), in the caller's section.
    #[inline(always)]
    fn bind_within(&self, owner: QueueOwner) {
        if self.first.load(Ordering::Relaxed).is_null() {
            self.first.store(owner.link, Ordering::Relaxed);
            self.end();
        }
    }

    /// Says that the queue is empty.
    #[inline(always)]
    fn end(&self) {
        self.last.store((&raw const *self).cast_mut().cast(), Ordering::Relaxed);
    }

    /// As [`push`](Self::push), where the queue is *bound*.
    ///
    /// # Safety
    ///
    /// As for [`push_within`](Self::push_within).
    #[inline(always)]
    pub(super) unsafe fn push_bound(&self, link: NonNull<Link>, _: bool) {
        let _section = Section::enter();
        // SAFETY: by this function's contract.
        unsafe { self.push_within(link) };
    }

    /// As [`push_within`](Self::push_within).
    ///
    /// # Safety
    ///
    /// As for `push_within`.
    #[inline(always)]
    pub(super) unsafe fn push_claimed(&self, link: NonNull<Link>, _: bool) {
        // SAFETY: by this function's contract.
        unsafe { self.push_within(link) };
    }

    /// As [`push_bound`](Self::push_bound), in the caller's section.
    ///
    /// # Safety
    ///
    /// *bound*: `bind` or `push` was called since the queue lies where it lies; the link leads to the owner.
    #[inline(always)]
    pub(super) unsafe fn push_within(&self, link: NonNull<Link>) {
        let last = self.last.load(Ordering::Relaxed);
        // SAFETY: *bound* and *linked*: a link of the queue, or the queue.
        let end = unsafe { &(*last).next };
        end.store(link.as_ptr(), Ordering::Relaxed);
        self.last.store(link.as_ptr(), Ordering::Relaxed);
    }

    /// Takes the first, and makes its link lead to the owner.
    #[inline]
    pub(super) fn pop(&self, _: OneConsumer, owner: QueueOwner) -> Option<NonNull<Link>> {
        let _section = Section::enter();
        self.pop_within(owner)
    }

    #[inline(always)]
    fn pop_within(&self, owner: QueueOwner) -> Option<NonNull<Link>> {
        let first = self.first(owner)?;
        let link = Self::next_of(&first);
        let next = link.load(Ordering::Relaxed);
        self.first.store(next, Ordering::Relaxed);
        if next == owner.link {
            self.end();
        }
        link.store(owner.link, Ordering::Relaxed);
        Some(first)
    }

    /// Where a link leads to that is the caller's: of a task to be pushed, or *linked*.
    #[inline(always)]
    fn next_of(link: &NonNull<Link>) -> &AtomicPtr<Link> {
        // SAFETY: the task of a link is alive until the pusher has pushed it, and then until it is popped (*no orphan*).
        &unsafe { link.as_ref() }.next
    }

    /// The first, if there is one.
    #[inline(always)]
    fn first(&self, owner: QueueOwner) -> Option<NonNull<Link>> {
        let first = self.first.load(Ordering::Relaxed);
        if first == owner.link || (!owner.direct && first.is_null()) {
            return None;
        }
        // SAFETY: *bound*: a direct owner's before its queue is looked at (`Schedule::DIRECT`); so it is not null.
        Some(unsafe { NonNull::new_unchecked(first) })
    }

    /// Pops a task and starts it, in one section.
    #[inline(always)]
    pub(super) fn pop_started(&self, _: OneConsumer, owner: QueueOwner, _: bool) -> Option<(TaskPtr, Start)> {
        let _section = Section::enter();
        let task = TaskPtr::from_link(self.pop_within(owner)?);
        // SAFETY: it was in the queue, so its NOTIFIED is won and keeps it alive (*no orphan*).
        Some((task, unsafe { task.start_within(owner.direct) }))
    }

    /// Whether there is nothing to take.
    #[inline]
    pub(super) fn is_empty(&self, _: OneConsumer, owner: QueueOwner) -> bool {
        self.has_none(owner)
    }

    /// As [`is_empty`](Self::is_empty): on one core anybody may ask, in a section.
    #[inline(always)]
    pub(super) fn has_none(&self, owner: QueueOwner) -> bool {
        let first = self.first.load(Ordering::Relaxed);
        first == owner.link || (!owner.direct && first.is_null())
    }
}
