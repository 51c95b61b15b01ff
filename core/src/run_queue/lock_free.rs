//! A stack that the consumer takes as a whole and turns around: what it has taken comes first, in the order of the pushes.
//!
//! A push is one compare-and-swap, and whole when it is visible: the queue is never cut, and "empty" is never early. The
//! consumer looks at what others write only where it has nothing left, so most of its pops are plain loads and stores.
//! Order: all that was taken was pushed before all that was not, so first in, first out holds across both.

use core::ptr::{NonNull, null_mut};

use super::OneConsumer;
use crate::atomic::{AtomicBool, AtomicPtr, Ordering, fence, raise};
use crate::const_fn;
use crate::stack::reverse;
use crate::task::{Link, QueueOwner, Start, TaskPtr};

/// *linked*: from `top`, each link leads to the one pushed before it, and the oldest to the *end*; from `first`, each leads to
/// the one pushed after it, and the last to nothing. Each of them is owned by the queue, those from `first` by the consumer.
///
/// *end*: where `top` of an empty queue leads: to the owner, if that is *direct*, and else to nothing. So does a link that is in no
/// queue (*owner or link*), and one that is pushed to an empty queue, or taken when it is alone there, stays as it is.
///
/// *bound*: `top` of a direct owner's queue leads to the end before the owner is told to anybody.
#[derive(Debug)]
pub(super) struct Queue {
    /// The last pushed, of those that the consumer has not taken.
    top: AtomicPtr<Link>,
    /// The consumer's, and relaxed: the first of those that it has taken.
    first: AtomicPtr<Link>,
    /// The consumer's, and relaxed: where there is a first, the last of them.
    last: AtomicPtr<Link>,
}

/// Where the queue of this owner ends.
#[inline(always)]
fn end(owner: QueueOwner) -> *mut Link {
    if owner.direct { owner.link } else { null_mut() }
}

/// Whether it is cheaper to push for the consumer.
pub(crate) const OWN_PUSHES: bool = true;

impl Queue {
    const_fn! {
        pub(super) const fn new() -> Self {
            Self { top: AtomicPtr::new(null_mut()), first: AtomicPtr::new(null_mut()), last: AtomicPtr::new(null_mut()) }
        }
    }

    #[inline(always)]
    pub(super) fn push(&self, link: NonNull<Link>, _: QueueOwner) {
        // Ordering: relaxed: only compared, and never followed by a producer.
        self.push_onto(link, self.top.load(Ordering::Relaxed));
    }

    /// Pushes, where `top` was the last meanwhile.
    #[inline(always)]
    fn push_onto(&self, link: NonNull<Link>, top: *mut Link) {
        if let Err(now) = self.try_push(link, top) {
            self.push_again(link, now);
        }
    }

    /// Pushes unless somebody else pushes or takes meanwhile.
    #[inline(always)]
    fn try_push(&self, link: NonNull<Link>, top: *mut Link) -> Result<(), *mut Link> {
        // Relaxed: published by the exchange below.
        Self::next_of(&link).store(top, Ordering::Relaxed);
        // Ordering: the release pairs with the acquire in `take`: the task and its link are visible to who runs it.
        self.top.compare_exchange(top, link.as_ptr(), Ordering::Release, Ordering::Relaxed).map(|_| ())
    }

    /// Where a link leads to that is the caller's: of a task to be pushed, or *linked* and taken.
    #[inline(always)]
    fn next_of(link: &NonNull<Link>) -> &AtomicPtr<Link> {
        // SAFETY: the task of a link is alive until the pusher has pushed it, and then until it is popped (*no orphan*).
        &unsafe { link.as_ref() }.next
    }

    /// As [`push`](Self::push), by the consumer: without a read-modify-write where all that is queued has been taken.
    #[inline(always)]
    pub(super) fn push_own(&self, link: NonNull<Link>, _: OneConsumer, owner: QueueOwner) {
        self.push_beside(link, end(owner));
    }

    /// Pushes to what has been taken, where that is all.
    #[inline(always)]
    fn push_beside(&self, link: NonNull<Link>, end: *mut Link) {
        // Ordering: relaxed: only compared. Who pushes from now on comes behind this one, or beside it.
        let top = self.top.load(Ordering::Relaxed);
        if top != end {
            return self.push_onto(link, top);
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
    fn push_again(&self, link: NonNull<Link>, mut top: *mut Link) {
        while let Err(now) = self.try_push(link, top) {
            top = now;
        }
    }

    /// Makes an empty queue of a direct owner end at it.
    #[inline(always)]
    pub(super) fn bind(&self, owner: QueueOwner) {
        if owner.direct && self.top.load(Ordering::Relaxed).is_null() {
            // Relaxed: who learns of the owner learns it of somebody who has been here. Where it fails another one was first.
            let _ = self.top.compare_exchange(null_mut(), owner.link, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// As [`bind`](Self::bind), where a flag that is raised was not up.
    #[inline(always)]
    pub(super) fn bind_and_raise(&self, owner: QueueOwner, flag: &AtomicBool) -> bool {
        let raised = raise(flag);
        if raised {
            self.bind(owner);
        }
        raised
    }

    /// Where the queue ends, to compare: its owner is direct and begins with it.
    #[inline(always)]
    fn own_end(&self) -> *mut Link {
        (&raw const *self).cast_mut().cast()
    }

    /// As [`push`](Self::push), of a direct owner's task, whose link leads to it. `own`: as [`push_own`](Self::push_own).
    ///
    /// # Safety
    ///
    /// If `own`, *one consumer*.
    #[inline(always)]
    pub(super) unsafe fn push_bound(&self, link: NonNull<Link>, own: bool) {
        if own { self.push_beside(link, self.own_end()) } else { self.push_first(link) }
    }

    /// As [`push_bound`](Self::push_bound): there are no sections.
    ///
    /// # Safety
    ///
    /// As for `push_bound`.
    #[inline(always)]
    pub(super) unsafe fn push_claimed(&self, link: NonNull<Link>, own: bool) {
        if own { self.push_beside(link, self.own_end()) } else { self.push_first(link) }
    }

    /// As [`push_bound`](Self::push_bound), of a task that has been started before, behind a fence that releases or a change of its
    /// word that does.
    ///
    /// # Safety
    ///
    /// None; its twin needs it.
    #[inline(always)]
    pub(super) unsafe fn push_within(&self, link: NonNull<Link>) {
        self.push_known(link);
    }

    /// Pushes, most likely to an empty queue.
    #[inline(always)]
    fn push_first(&self, link: NonNull<Link>) {
        // Ordering: the release pairs with the acquire in `take`, as that of `try_push`.
        match self.top.compare_exchange(self.own_end(), link.as_ptr(), Ordering::Release, Ordering::Relaxed) {
            Ok(_) => {}
            Err(top) => self.push_onto(link, top),
        }
    }

    /// As [`push_first`](Self::push_first), of a task whose link the consumer knows, as it popped it before; and what its start must
    /// see is released already.
    #[inline(always)]
    fn push_known(&self, link: NonNull<Link>) {
        // Ordering: relaxed: what is published, a fence releases, to the acquire in `take`, or a change of the task's word, to its
        // start; nothing was written since.
        match self.top.compare_exchange(self.own_end(), link.as_ptr(), Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => {}
            Err(top) => self.push_onto(link, top),
        }
    }

    /// Takes the first, and makes its link lead to the owner.
    #[inline(always)]
    pub(super) fn pop(&self, consumer: OneConsumer, owner: QueueOwner) -> Option<NonNull<Link>> {
        let (link, leads) = self.take(consumer, owner)?;
        if !leads {
            Self::next_of(&link).store(owner.link, Ordering::Relaxed);
        }
        Some(link)
    }

    /// Takes the first, and says whether its link leads to the owner.
    #[inline(always)]
    fn take(&self, _: OneConsumer, owner: QueueOwner) -> Option<(NonNull<Link>, bool)> {
        let mut first = NonNull::new(self.first.load(Ordering::Relaxed));
        if first.is_none() {
            // Ordering: relaxed: only compared; most looks at an empty queue end here.
            if self.top.load(Ordering::Relaxed) == end(owner) {
                return None;
            }
            let taken = self.top.swap(end(owner), Ordering::Relaxed);
            // Ordering: the acquire pairs with the release of every push that is taken: they form one release sequence. The
            // release is for the start of a task that is alone, see `pop_started`.
            fence(Ordering::AcqRel);
            // SAFETY: it was not empty, and nobody but the consumer empties it; *bound*, if null is not the end.
            let taken = unsafe { NonNull::new_unchecked(taken) };
            if Self::next_of(&taken).load(Ordering::Relaxed) == end(owner) {
                return Some((taken, owner.direct)); // alone: nothing is left again
            }
            self.last.store(taken.as_ptr(), Ordering::Relaxed);
            first = NonNull::new(reverse(taken.as_ptr(), end(owner)));
        }
        let first = first?;
        self.first.store(Self::next_of(&first).load(Ordering::Relaxed), Ordering::Relaxed);
        Some((first, false))
    }

    /// Pops a task and starts it, as one that has one runner or many.
    #[inline(always)]
    pub(super) fn pop_started(
        &self,
        consumer: OneConsumer,
        owner: QueueOwner,
        one_runner: bool,
    ) -> Option<(TaskPtr, Start)> {
        let (link, leads) = self.take(consumer, owner)?;
        if !leads {
            Self::next_of(&link).store(owner.link, Ordering::Relaxed);
            if one_runner {
                // Ordering: the start must release the link that was written just now. One that was alone is as the fence in `take`
                // found it.
                fence(Ordering::Release);
            }
        }
        let task = TaskPtr::from_link(link);
        // SAFETY: it was in the queue, so its NOTIFIED is won and keeps it alive (*no orphan*).
        let state = &unsafe { task.header() }.state;
        Some((task, if one_runner { state.start_released() } else { state.start() }))
    }

    /// Whether there is nothing to take.
    #[inline]
    pub(super) fn is_empty(&self, _: OneConsumer, owner: QueueOwner) -> bool {
        let first = self.first.load(Ordering::Relaxed);
        // Ordering: relaxed: what is seen here is acquired by the pop that takes it. Whoever parks on this answer has a fence
        // between its "I sleep" and this load.
        first.is_null() && self.top.load(Ordering::Relaxed) == end(owner)
    }
}
