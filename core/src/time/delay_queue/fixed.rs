//! The delay queue that has its memory in itself.

use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::{Expired, Key, Queue, Slot, Slots, after, no_such_key};
use crate::ambient::Ambient;
use crate::time::{Instant, Moment};

/// Values that come out when their time has come, `N` at most, without an allocator: pinned where it is, in a task or a
/// `static`.
///
/// It waits by the timers of the context in which the first value was put in.
///
/// With feature `futures-core` it is a `Stream`, which ends where [`poll_expired`](Self::poll_expired) says `None` and goes
/// on when something is put in.
pub struct FixedDelayQueue<T, const N: usize, A, I = Instant> {
    queue: Queue<T, [Slot<T>; N], A>,
    _tells: PhantomData<fn() -> I>,
}

/// A fixed delay queue has no room; here is the value.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Full<T>(pub T);

impl<T> core::fmt::Debug for Full<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Full").finish_non_exhaustive()
    }
}

impl<T> core::fmt::Display for Full<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the delay queue is full")
    }
}

impl<T> core::error::Error for Full<T> {}

impl<T, const N: usize> Slots<T> for [Slot<T>; N] {
    fn count(&self) -> usize {
        N
    }

    fn get(&self, slot: usize) -> Option<&Slot<T>> {
        <[Slot<T>]>::get(self, slot)
    }

    fn pinned(self: Pin<&mut Self>, slot: usize) -> Option<Pin<&mut Slot<T>>> {
        // SAFETY: *pinned in place*: the slots of a pinned array are not moved.
        let slots = unsafe { self.get_unchecked_mut() };
        let place = slots.get_mut(slot)?;
        // SAFETY: *pinned in place*.
        Some(unsafe { Pin::new_unchecked(place) })
    }

    fn grow(self: Pin<&mut Self>, _: usize) -> bool {
        false
    }
}

impl<T, const N: usize, A: Ambient, I: Moment> FixedDelayQueue<T, N, A, I> {
    /// An empty queue.
    #[must_use]
    pub const fn new() -> Self {
        let mut slots = [const { Slot::new(0) }; N];
        let mut slot = 0;
        while slot < N {
            slots[slot].next = slot + 1;
            slot += 1;
        }
        Self { queue: Queue::new(slots), _tells: PhantomData }
    }

    /// Puts a value in, which comes out after `timeout`. One that does not fit never does by itself.
    ///
    /// # Errors
    ///
    /// [`Full`], with the value, where there are `N` already.
    ///
    /// # Panics
    ///
    /// The first time, outside of a runtime or in one without a clock.
    ///
    /// # Cost
    ///
    /// A fixed number of steps. Wakes the task that waits, if this value is the first.
    #[track_caller]
    pub fn insert(self: Pin<&mut Self>, value: T, timeout: Duration) -> Result<Key, Full<T>> {
        self.queue().insert(value, after(timeout)).map_err(Full)
    }

    /// Puts a value in, which comes out at `when`.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Cost
    ///
    /// As [`insert`](Self::insert).
    #[track_caller]
    pub fn insert_at(self: Pin<&mut Self>, value: T, when: I) -> Result<Key, Full<T>> {
        self.queue().insert(value, |_| when.into()).map_err(Full)
    }

    /// Takes a value out before its time has come, if it is still there.
    ///
    /// # Cost
    ///
    /// As `remove`.
    pub fn try_remove(self: Pin<&mut Self>, key: &Key) -> Option<Expired<T, I>> {
        let (value, deadline) = self.queue().take(*key)?;
        Some(Expired { value, deadline, key: *key, _tells: PhantomData })
    }

    /// Takes a value out before its time has come.
    ///
    /// # Panics
    ///
    /// If it is not there any more; [`try_remove`](Self::try_remove) does not.
    ///
    /// # Cost
    ///
    /// O(log n) amortised, as taking a sleep out of its queue.
    #[track_caller]
    pub fn remove(self: Pin<&mut Self>, key: &Key) -> Expired<T, I> {
        self.try_remove(key).unwrap_or_else(|| no_such_key())
    }

    /// Lets a value stay for `timeout` from now on.
    ///
    /// # Panics
    ///
    /// If it is not there any more.
    #[track_caller]
    pub fn reset(self: Pin<&mut Self>, key: &Key, timeout: Duration) {
        if !self.queue().reset(*key, after(timeout)) {
            no_such_key();
        }
    }

    /// Lets a value stay until `when`.
    ///
    /// # Panics
    ///
    /// If it is not there any more.
    #[track_caller]
    pub fn reset_at(self: Pin<&mut Self>, key: &Key, when: I) {
        if !self.queue().reset(*key, |_| when.into()) {
            no_such_key();
        }
    }

    /// Takes all values out, and drops them. A task that waits learns that the queue is empty.
    pub fn clear(self: Pin<&mut Self>) {
        self.queue().clear();
    }

    /// Asks for the next value whose time has come; those of one deadline come in the order in which they were put in. `None`
    /// says that the queue is empty, not that it will stay so: the task is woken when something is put in.
    ///
    /// # Panics
    ///
    /// When it waits after the runtime of the first insertion was shut down.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: what has not been returned stays.
    ///
    /// # Cost
    ///
    /// Reads the clock; O(log n) amortised for each value; the lock of the runtime's timers where it has to wait for another
    /// deadline than before.
    pub fn poll_expired(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Expired<T, I>>> {
        self.queue().poll_expired(cx)
    }

    /// The value whose time comes next, or has come.
    ///
    /// # Cost
    ///
    /// A fixed number of steps.
    pub fn peek(&self) -> Option<Key> {
        self.queue.peek()
    }

    /// Until when a value stays.
    ///
    /// # Panics
    ///
    /// If it is not there any more.
    #[track_caller]
    pub fn deadline(&self, key: &Key) -> I {
        self.queue.deadline(*key).unwrap_or_else(|| no_such_key()).into()
    }

    /// How many values there are, those whose time has come among them.
    pub fn len(&self) -> usize {
        self.queue.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values there can be.
    pub const fn capacity(&self) -> usize {
        N
    }

    fn queue(self: Pin<&mut Self>) -> Pin<&mut Queue<T, [Slot<T>; N], A>> {
        // SAFETY: *pinned in place*: the queue is not moved out of a pinned `FixedDelayQueue`, which has no `Drop` of its own
        // and is `Unpin` only if the queue is.
        unsafe { self.map_unchecked_mut(|this| &mut this.queue) }
    }
}

impl<T, const N: usize, A: Ambient, I: Moment> Default for FixedDelayQueue<T, N, A, I> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize, A, I> core::fmt::Debug for FixedDelayQueue<T, N, A, I> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FixedDelayQueue").field("len", &self.queue.len).finish_non_exhaustive()
    }
}

#[cfg(feature = "futures-core")]
impl<T, const N: usize, A: Ambient, I: Moment> futures_core::Stream for FixedDelayQueue<T, N, A, I> {
    type Item = Expired<T, I>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Expired<T, I>>> {
        self.poll_expired(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), None)
    }
}
