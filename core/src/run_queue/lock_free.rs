//! A linked queue: a producer swaps itself in as the last, then links the one before to itself.
//!
//! Between the two steps the queue is cut: the consumer sees its first part, and then "empty". It does not wait: the
//! producer unparks after its push. A stub takes the place of the last task when the last is taken; it is a link of the
//! queue's own and known by an address that no task has, so the queue may be moved and made in a `const`.
//!
//! # Source
//!
//! Dmitry Vyukov, "Intrusive MPSC node-based queue".

use core::ptr::{NonNull, null_mut, without_provenance_mut};

use crate::atomic::{AtomicPtr, Ordering, UnsafeCell};
use crate::const_fn;
use crate::task::{Link, Start, TaskPtr};

/// Stands for the queue's own link. Links are aligned, so none is here.
const STUB: *mut Link = without_provenance_mut(1);

/// *linked*: every link between first and last, but for those of unfinished pushes, leads to the next; each of them is
/// owned by the queue.
#[derive(Debug)]
pub(super) struct Queue {
    last: AtomicPtr<Link>,
    /// What the stub leads to.
    stub: AtomicPtr<Link>,
    /// The consumer's.
    first: UnsafeCell<*mut Link>,
}

impl Queue {
    const_fn! {
        pub(super) const fn new() -> Self {
            Self { last: AtomicPtr::new(STUB), stub: AtomicPtr::new(null_mut()), first: UnsafeCell::new(STUB) }
        }
    }

    /// What leads from `link` to the next.
    #[inline(always)]
    fn next(&self, link: *mut Link) -> &AtomicPtr<Link> {
        if link == STUB {
            &self.stub
        } else {
            // SAFETY: *linked*: it is in the queue, which owns it until the consumer has taken it.
            &unsafe { &*link }.next
        }
    }

    #[inline]
    pub(super) fn push(&self, link: NonNull<Link>) {
        self.append(link.as_ptr());
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

    #[inline]
    fn append(&self, link: *mut Link) {
        // Ordering: relaxed: published by the swap below.
        self.next(link).store(null_mut(), Ordering::Relaxed);
        // Ordering: AcqRel: the release publishes the null above to the producer that will swap this link out, the acquire
        // is that producer's side.
        let before = self.last.swap(link, Ordering::AcqRel);
        // Ordering: pairs with the acquire load in `pop`: the task behind `link` is visible to who runs it.
        self.next(before).store(link, Ordering::Release);
    }

    /// # Safety
    ///
    /// *one consumer*.
    #[inline]
    pub(super) unsafe fn pop(&self) -> Option<NonNull<Link>> {
        // SAFETY: *one consumer*.
        let mut first = self.first.with(|first| unsafe { *first });
        // Ordering: acquire, here and in the next: pairs with the release store of `append`.
        let mut next = self.next(first).load(Ordering::Acquire);
        if first == STUB {
            if next.is_null() {
                return None;
            }
            first = next;
            // SAFETY: *one consumer*.
            self.first.with_mut(|field| unsafe { *field = first });
            next = self.next(first).load(Ordering::Acquire);
        }
        if next.is_null() {
            // Ordering: relaxed: only compared. If it is another link, that one's producer has not linked it yet.
            if self.last.load(Ordering::Relaxed) != first {
                return None;
            }
            self.append(STUB);
            // Ordering: relaxed: whoever linked itself to `first` swapped `last` before `append` did, whose swap acquires
            // what it published.
            next = self.next(first).load(Ordering::Relaxed);
            if next.is_null() {
                return None;
            }
        }
        // SAFETY: *one consumer*.
        self.first.with_mut(|field| unsafe { *field = next });
        NonNull::new(first)
    }

    /// Pops a task and starts it.
    ///
    /// # Safety
    ///
    /// *one consumer*.
    #[inline]
    pub(super) unsafe fn pop_started(&self) -> Option<(TaskPtr, Start)> {
        // SAFETY: by this function's contract.
        let task = TaskPtr::from_link(unsafe { self.pop() }?);
        // SAFETY: it was in the queue, so its NOTIFIED is won and keeps it alive (*no orphan*).
        Some((task, unsafe { task.header() }.state.start()))
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
        first == STUB && self.stub.load(Ordering::Relaxed).is_null()
    }
}
