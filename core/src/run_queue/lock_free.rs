//! A stack that the consumer takes as a whole and turns around: what it has taken comes first, in the order of the pushes.
//!
//! A push is one compare-and-swap, and whole when it is visible: the queue is never cut, and "empty" is never early. The
//! consumer looks at what others write only where it has nothing left, so most of its pops are plain loads and stores.
//! Order: all that was taken was pushed before all that was not, so first in, first out holds across both.

use core::ptr::{NonNull, null_mut};

use crate::atomic::{AtomicPtr, Ordering, UnsafeCell};
use crate::const_fn;
use crate::stack::reverse;
use crate::task::{Link, Schedule, Start, TaskPtr};

/// *linked*: from `top`, each link leads to the one pushed before it, and the oldest to nothing; from `first`, each leads to
/// the one pushed after it, and the last to nothing. Each of them is owned by the queue, those from `first` by the consumer.
#[derive(Debug)]
pub(super) struct Queue {
    /// The last pushed, of those that the consumer has not taken.
    top: AtomicPtr<Link>,
    /// The consumer's: the first of those that it has taken.
    first: UnsafeCell<*mut Link>,
}

impl Queue {
    const_fn! {
        pub(super) const fn new() -> Self {
            Self { top: AtomicPtr::new(null_mut()), first: UnsafeCell::new(null_mut()) }
        }
    }

    #[inline(always)]
    pub(super) fn push(&self, link: NonNull<Link>) {
        if !self.try_push(link) {
            self.push_again(link);
        }
    }

    /// Pushes unless somebody else pushes or takes meanwhile.
    #[inline(always)]
    fn try_push(&self, link: NonNull<Link>) -> bool {
        // Ordering: relaxed: only compared, and never followed by a producer.
        let top = self.top.load(Ordering::Relaxed);
        // SAFETY: the pusher owns the link of the task it pushes. Relaxed: published by the exchange below.
        unsafe { link.as_ref() }.next.store(top, Ordering::Relaxed);
        // Ordering: the release pairs with the acquire in `take`: the task and its link are visible to who runs it.
        self.top.compare_exchange(top, link.as_ptr(), Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Out of the way of those who push at the first attempt.
    #[cold]
    #[inline(never)]
    fn push_again(&self, link: NonNull<Link>) {
        while !self.try_push(link) {}
    }

    /// Nothing: the queue does not know where it lies. Its twin does.
    pub(super) fn bind(&self) {}

    /// As [`push`](Self::push).
    ///
    /// # Safety
    ///
    /// None; its twin needs it.
    #[inline(always)]
    pub(super) unsafe fn push_bound(&self, link: NonNull<Link>) {
        self.push(link);
    }

    /// As [`push`](Self::push): there are no sections.
    ///
    /// # Safety
    ///
    /// None; its twin needs it.
    #[inline(always)]
    pub(super) unsafe fn push_within(&self, link: NonNull<Link>) {
        self.push(link);
    }

    /// # Safety
    ///
    /// *one consumer*.
    #[inline(always)]
    pub(super) unsafe fn pop(&self) -> Option<NonNull<Link>> {
        // SAFETY: *linked*: in the queue, whose it is until it is popped.
        let next_of = |link: NonNull<Link>| unsafe { link.as_ref() }.next.load(Ordering::Relaxed);
        // SAFETY: *one consumer*.
        let mut first = NonNull::new(self.first.with(|first| unsafe { *first }));
        if first.is_none() {
            // Ordering: relaxed: only compared; most looks at an empty queue end here.
            if self.top.load(Ordering::Relaxed).is_null() {
                return None;
            }
            // Ordering: acquire: pairs with the release of every push that is taken: they form one release sequence.
            let taken = NonNull::new(self.top.swap(null_mut(), Ordering::Acquire))?;
            if next_of(taken).is_null() {
                return Some(taken); // alone: nothing is left again
            }
            first = NonNull::new(reverse(taken.as_ptr()));
        }
        let first = first?;
        // SAFETY: *one consumer*.
        self.first.with_mut(|field| unsafe { *field = next_of(first) });
        Some(first)
    }

    /// Pops a task of scheduler `S` and starts it.
    ///
    /// # Safety
    ///
    /// *one consumer*.
    #[inline(always)]
    pub(super) unsafe fn pop_started<S: Schedule>(&self) -> Option<(TaskPtr, Start)> {
        // SAFETY: by this function's contract.
        let task = TaskPtr::from_link(unsafe { self.pop() }?);
        // SAFETY: it was in the queue, so its NOTIFIED is won and keeps it alive (*no orphan*).
        Some((task, unsafe { task.header() }.state.start_by(S::ONE_RUNNER)))
    }

    /// # Safety
    ///
    /// *one consumer*.
    #[inline]
    pub(super) unsafe fn is_empty(&self) -> bool {
        // SAFETY: *one consumer*.
        let first = self.first.with(|first| unsafe { *first });
        // Ordering: relaxed: what is seen here is acquired by the pop that takes it. Whoever parks on this answer has a fence
        // between its "I sleep" and this load.
        first.is_null() && self.top.load(Ordering::Relaxed).is_null()
    }
}
