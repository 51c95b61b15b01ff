//! First and last in critical sections: one core, and its interrupts.

use core::ptr::{NonNull, null_mut};

use super::OneConsumer;
use crate::atomic::{AtomicPtr, Ordering, compiler_fence};
use crate::const_fn;
use crate::lock::Section;
use crate::task::{Link, Start, TaskPtr};

/// *linked*: every link from first to last leads to the next, and the last to nothing; each is owned by the queue. A link
/// that is in no queue leads to nothing.
///
/// *bound*: `last` is the last link, or, of an empty queue that has been bound or pushed to since it lies where it lies, `first`.
///
/// Ordering: relaxed everywhere. One core sees its own stores in order, and a critical section keeps the compiler from
/// moving anything across its ends.
#[derive(Debug)]
pub(super) struct Queue {
    /// Leads to the first.
    first: Link,
    last: AtomicPtr<Link>,
}

impl Queue {
    const_fn! {
        pub(super) const fn new() -> Self {
            Self { first: Link::new(), last: AtomicPtr::new(null_mut()) }
        }
    }

    #[inline]
    pub(super) fn push(&self, link: NonNull<Link>) {
        let _section = Section::enter();
        self.bind_empty();
        // SAFETY: *bound*, here if not before; in a section.
        unsafe { self.push_within(link) };
    }

    /// As [`push`](Self::push): in a section anybody may.
    #[inline]
    pub(super) fn push_own(&self, link: NonNull<Link>, _: OneConsumer) {
        self.push(link);
    }

    /// Makes the queue know where it lies.
    #[inline(always)]
    pub(super) fn bind(&self) {
        let _section = Section::enter();
        self.bind_empty();
    }

    /// As [`bind`](Self::bind), in the caller's section. One with tasks in it is bound.
    #[inline(always)]
    fn bind_empty(&self) {
        if self.first.next.load(Ordering::Relaxed).is_null() {
            self.end();
        }
    }

    /// Says that the queue is empty.
    #[inline(always)]
    fn end(&self) {
        self.last.store((&raw const self.first).cast_mut(), Ordering::Relaxed);
    }

    /// As [`push`](Self::push), where the queue is *bound*.
    ///
    /// # Safety
    ///
    /// As for [`push_within`](Self::push_within).
    #[inline(always)]
    pub(super) unsafe fn push_bound(&self, link: NonNull<Link>) {
        let _section = Section::enter();
        // SAFETY: by this function's contract.
        unsafe { self.push_within(link) };
    }

    /// As [`push_bound`](Self::push_bound), in the caller's section.
    ///
    /// # Safety
    ///
    /// *bound*: `bind` or `push` was called since the queue lies where it lies.
    #[inline(always)]
    pub(super) unsafe fn push_within(&self, link: NonNull<Link>) {
        let last = self.last.load(Ordering::Relaxed);
        // SAFETY: *bound* and *linked*: a link of the queue.
        unsafe { &*last }.next.store(link.as_ptr(), Ordering::Relaxed);
        self.last.store(link.as_ptr(), Ordering::Relaxed);
    }

    /// Takes the first.
    #[inline]
    pub(super) fn pop(&self, _: OneConsumer) -> Option<NonNull<Link>> {
        let _section = Section::enter();
        self.pop_within()
    }

    #[inline(always)]
    fn pop_within(&self) -> Option<NonNull<Link>> {
        let first = NonNull::new(self.first.next.load(Ordering::Relaxed))?;
        // SAFETY: *linked*.
        let link = unsafe { first.as_ref() };
        let next = link.next.load(Ordering::Relaxed);
        self.first.next.store(next, Ordering::Relaxed);
        if next.is_null() {
            self.end();
            // Keeps the compiler from making both stores conditional instructions, which would cost either way the sum of both.
            compiler_fence(Ordering::Release);
        } else {
            link.next.store(null_mut(), Ordering::Relaxed);
        }
        Some(first)
    }

    /// Pops a task and starts it, in one section.
    #[inline(always)]
    pub(super) fn pop_started(&self, _: OneConsumer, _: bool) -> Option<(TaskPtr, Start)> {
        let _section = Section::enter();
        let task = TaskPtr::from_link(self.pop_within()?);
        // SAFETY: it was in the queue, so its NOTIFIED is won and keeps it alive (*no orphan*).
        Some((task, unsafe { task.start_within() }))
    }

    /// Whether there is nothing to take.
    #[inline]
    pub(super) fn is_empty(&self, _: OneConsumer) -> bool {
        self.first.next.load(Ordering::Relaxed).is_null()
    }
}
