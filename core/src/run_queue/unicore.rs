//! First and last in critical sections: one core, and its interrupts.

use core::ptr::{NonNull, null_mut};

use crate::atomic::{AtomicPtr, Ordering};
use crate::const_fn;
use crate::lock::Section;
use crate::task::{Link, Start, TaskPtr};

/// *linked*: every link from first to last leads to the next; each is owned by the queue. `last` means nothing while
/// `first` is null.
///
/// Ordering: relaxed everywhere. One core sees its own stores in order, and a critical section keeps the compiler from
/// moving anything across its ends.
#[derive(Debug)]
pub(super) struct Queue {
    first: AtomicPtr<Link>,
    last: AtomicPtr<Link>,
}

impl Queue {
    const_fn! {
        pub(super) const fn new() -> Self {
            Self { first: AtomicPtr::new(null_mut()), last: AtomicPtr::new(null_mut()) }
        }
    }

    #[inline(always)]
    pub(super) fn push(&self, link: NonNull<Link>) {
        let _section = Section::enter();
        self.push_within(link);
    }

    /// As [`push`](Self::push), in the caller's section.
    #[inline(always)]
    pub(super) fn push_within(&self, link: NonNull<Link>) {
        // SAFETY: the pusher owns the link of the task it pushes.
        unsafe { link.as_ref() }.next.store(null_mut(), Ordering::Relaxed);
        if self.first.load(Ordering::Relaxed).is_null() {
            self.first.store(link.as_ptr(), Ordering::Relaxed);
        } else {
            let last = self.last.load(Ordering::Relaxed);
            // SAFETY: *linked*: the queue is not empty, so its last is a link of its own.
            unsafe { &*last }.next.store(link.as_ptr(), Ordering::Relaxed);
        }
        self.last.store(link.as_ptr(), Ordering::Relaxed);
    }

    /// # Safety
    ///
    /// *one consumer*; the back end does not need it, its twin does.
    #[inline]
    pub(super) unsafe fn pop(&self) -> Option<NonNull<Link>> {
        let _section = Section::enter();
        self.pop_within()
    }

    #[inline(always)]
    fn pop_within(&self) -> Option<NonNull<Link>> {
        let first = NonNull::new(self.first.load(Ordering::Relaxed))?;
        // SAFETY: *linked*.
        self.first.store(unsafe { first.as_ref() }.next.load(Ordering::Relaxed), Ordering::Relaxed);
        Some(first)
    }

    /// Pops a task and starts it, in one section.
    ///
    /// # Safety
    ///
    /// *one consumer*; the back end does not need it, its twin does.
    #[inline(always)]
    pub(super) unsafe fn pop_started(&self) -> Option<(TaskPtr, Start)> {
        let _section = Section::enter();
        let task = TaskPtr::from_link(self.pop_within()?);
        // SAFETY: it was in the queue, so its NOTIFIED is won and keeps it alive (*no orphan*).
        Some((task, unsafe { task.start_within() }))
    }

    /// # Safety
    ///
    /// *one consumer*; the back end does not need it, its twin does.
    #[inline]
    pub(super) unsafe fn is_empty(&self) -> bool {
        self.first.load(Ordering::Relaxed).is_null()
    }
}
