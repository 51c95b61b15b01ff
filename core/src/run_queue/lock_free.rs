//! A stack that the consumer takes as a whole and turns around: what it has taken comes first, in the order of the pushes.
//!
//! A push is one compare-and-swap, and whole when it is visible: the queue is never cut, and "empty" is never early. The
//! consumer looks at what others write only where it has nothing left, so most of its pops are plain loads and stores.
//! Order: all that was taken was pushed before all that was not, so first in, first out holds across both.

use core::ptr::{NonNull, null_mut};

use super::OneConsumer;
use crate::atomic::{AtomicPtr, Ordering};
use crate::const_fn;
use crate::stack::reverse;
use crate::task::{Link, QueueOwner, Start, TaskPtr};

/// *linked*: from `top`, each link leads to the one pushed before it, and the oldest to nothing; from `first`, each leads to
/// the one pushed after it, and the last to nothing. Each of them is owned by the queue, those from `first` by the consumer.
#[derive(Debug)]
pub(super) struct Queue {
    /// The last pushed, of those that the consumer has not taken.
    top: AtomicPtr<Link>,
    /// The consumer's, and relaxed: the first of those that it has taken.
    first: AtomicPtr<Link>,
    /// The consumer's, and relaxed: where there is a first, the last of them.
    last: AtomicPtr<Link>,
}

impl Queue {
    const_fn! {
        pub(super) const fn new() -> Self {
            Self { top: AtomicPtr::new(null_mut()), first: AtomicPtr::new(null_mut()), last: AtomicPtr::new(null_mut()) }
        }
    }

    #[inline(always)]
    pub(super) fn push(&self, link: NonNull<Link>, _: QueueOwner) {
        self.push_any(link);
    }

    #[inline(always)]
    fn push_any(&self, link: NonNull<Link>) {
        if !self.try_push(link) {
            self.push_again(link);
        }
    }

    /// Pushes unless somebody else pushes or takes meanwhile.
    #[inline(always)]
    fn try_push(&self, link: NonNull<Link>) -> bool {
        // Ordering: relaxed: only compared, and never followed by a producer.
        let top = self.top.load(Ordering::Relaxed);
        // Relaxed: published by the exchange below.
        Self::next_of(&link).store(top, Ordering::Relaxed);
        // Ordering: the release pairs with the acquire in `take`: the task and its link are visible to who runs it.
        self.top.compare_exchange(top, link.as_ptr(), Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Where a link leads to that is the caller's: of a task to be pushed, or *linked* and taken.
    #[inline(always)]
    fn next_of(link: &NonNull<Link>) -> &AtomicPtr<Link> {
        // SAFETY: the task of a link is alive until the pusher has pushed it, and then until it is popped (*no orphan*).
        &unsafe { link.as_ref() }.next
    }

    /// As [`push`](Self::push), by the consumer: without a read-modify-write where all that is queued has been taken.
    #[inline]
    pub(super) fn push_own(&self, link: NonNull<Link>, _: OneConsumer, _: QueueOwner) {
        // Ordering: relaxed: only compared. Who pushes from now on comes behind this one, or beside it.
        if !self.top.load(Ordering::Relaxed).is_null() {
            return self.push_any(link);
        }
        Self::next_of(&link).store(null_mut(), Ordering::Relaxed);
        let last = match self.first.load(Ordering::Relaxed).is_null() {
            true => None,
            false => NonNull::new(self.last.load(Ordering::Relaxed)),
        };
        match last {
            Some(last) => Self::next_of(&last).store(link.as_ptr(), Ordering::Relaxed),
            None => self.first.store(link.as_ptr(), Ordering::Relaxed),
        }
        self.last.store(link.as_ptr(), Ordering::Relaxed);
    }

    /// Out of the way of those who push at the first attempt.
    #[cold]
    #[inline(never)]
    fn push_again(&self, link: NonNull<Link>) {
        while !self.try_push(link) {}
    }

    /// Nothing: the queue does not know where it lies. Its twin does.
    pub(super) fn bind(&self, _: QueueOwner) {}

    /// As [`push`](Self::push).
    ///
    /// # Safety
    ///
    /// None; its twin needs it.
    #[inline(always)]
    pub(super) unsafe fn push_bound(&self, link: NonNull<Link>) {
        self.push_any(link);
    }

    /// As [`push`](Self::push): there are no sections.
    ///
    /// # Safety
    ///
    /// None; its twin needs it.
    #[inline(always)]
    pub(super) unsafe fn push_within(&self, link: NonNull<Link>) {
        self.push_any(link);
    }

    /// Takes the first, and makes its link lead to the owner.
    #[inline(always)]
    pub(super) fn pop(&self, _: OneConsumer, owner: QueueOwner) -> Option<NonNull<Link>> {
        let link = self.take()?;
        Self::next_of(&link).store(owner.link, Ordering::Relaxed);
        Some(link)
    }

    #[inline(always)]
    fn take(&self) -> Option<NonNull<Link>> {
        let mut first = NonNull::new(self.first.load(Ordering::Relaxed));
        if first.is_none() {
            // Ordering: relaxed: only compared; most looks at an empty queue end here.
            if self.top.load(Ordering::Relaxed).is_null() {
                return None;
            }
            // Ordering: acquire: pairs with the release of every push that is taken: they form one release sequence.
            let taken = NonNull::new(self.top.swap(null_mut(), Ordering::Acquire))?;
            if Self::next_of(&taken).load(Ordering::Relaxed).is_null() {
                return Some(taken); // alone: nothing is left again
            }
            self.last.store(taken.as_ptr(), Ordering::Relaxed);
            first = NonNull::new(reverse(taken.as_ptr()));
        }
        let first = first?;
        self.first.store(Self::next_of(&first).load(Ordering::Relaxed), Ordering::Relaxed);
        Some(first)
    }

    /// Pops a task and starts it, as one that has one runner or many.
    #[inline(always)]
    pub(super) fn pop_started(
        &self,
        consumer: OneConsumer,
        owner: QueueOwner,
        one_runner: bool,
    ) -> Option<(TaskPtr, Start)> {
        let task = TaskPtr::from_link(self.pop(consumer, owner)?);
        // SAFETY: it was in the queue, so its NOTIFIED is won and keeps it alive (*no orphan*).
        Some((task, unsafe { task.header() }.state.start_by(one_runner)))
    }

    /// Whether there is nothing to take.
    #[inline]
    pub(super) fn is_empty(&self, _: OneConsumer, _: QueueOwner) -> bool {
        let first = self.first.load(Ordering::Relaxed);
        // Ordering: relaxed: what is seen here is acquired by the pop that takes it. Whoever parks on this answer has a fence
        // between its "I sleep" and this load.
        first.is_null() && self.top.load(Ordering::Relaxed).is_null()
    }
}
