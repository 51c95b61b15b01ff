//! The delay queue that grows.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::{Expired, Key, Queue, Slot, Slots, after, no_such_key};
use crate::ambient::Ambient;
use crate::time::{Instant, Moment};

/// Values that come out when their time has come, as many as there is memory for.
///
/// It waits by the timers of the context in which the first value was put in. It may move, also while it waits.
///
/// With feature `futures-core` it is a `Stream`, which ends where [`poll_expired`](Self::poll_expired) says `None` and goes
/// on when something is put in.
///
/// # Cost
///
/// One allocation for the queue, one for each value beyond the most that there were before, and those of a table that doubles; a
/// value takes 12 words beside itself, on a 64-bit target, that of the table among them.
pub struct DelayQueue<T, A, I = Instant> {
    queue: Pin<Box<Queue<T, Growing<T>, A>>>,
    _tells: PhantomData<fn() -> I>,
}

/// Slots that are made when they are needed, and kept until they are asked for.
///
/// *fresh*: the first generation of a slot that is made is none that a key of a slot given back has.
struct Growing<T> {
    table: Vec<Pin<Box<Slot<T>>>>,
    fresh: usize,
}

impl<T> Slots<T> for Growing<T> {
    fn count(&self) -> usize {
        self.table.len()
    }

    fn get(&self, slot: usize) -> Option<&Slot<T>> {
        self.table.get(slot).map(|slot| &**slot)
    }

    fn pinned(self: Pin<&mut Self>, slot: usize) -> Option<Pin<&mut Slot<T>>> {
        self.get_mut().table.get_mut(slot).map(Pin::as_mut)
    }

    fn grow(self: Pin<&mut Self>, next: usize) -> bool {
        let Self { table, fresh } = self.get_mut();
        table.push(Box::pin(Slot { generation: *fresh, ..Slot::new(next) }));
        true
    }
}

impl<T> Growing<T> {
    /// Gives back the free slots at the end. Those that are left are free in the order of their numbers; gives the first.
    fn compact(&mut self) -> usize {
        let Self { table, fresh } = self;
        while let Some(last) = table.pop_if(|last| last.value.is_none()) {
            // *fresh*. The keys of a free slot have generations before its own.
            *fresh = last.generation.max(*fresh);
        }
        table.shrink_to_fit();
        let mut free = table.len();
        for (slot, place) in table.iter_mut().enumerate().rev().filter(|(_, place)| place.value.is_none()) {
            *place.as_mut().project().3 = free;
            free = slot;
        }
        free
    }
}

impl<T, A: Ambient, I: Moment> DelayQueue<T, A, I> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// An empty queue with room in its table for so many values.
    #[must_use]
    pub fn with_capacity(values: usize) -> Self {
        let queue = Queue::new(Growing { table: Vec::with_capacity(values), fresh: 0 });
        Self { queue: Box::pin(queue), _tells: PhantomData }
    }

    /// Puts a value in, which comes out after `timeout`. One that does not fit never does by itself.
    ///
    /// # Panics
    ///
    /// The first time, outside of a runtime or in one without a clock.
    ///
    /// # Cost
    ///
    /// A fixed number of steps, and an allocation where there were never so many values, or their memory was given back by
    /// [`compact`](Self::compact); where the table grows all of it is moved. Wakes the task that waits, if this value is the first.
    #[track_caller]
    pub fn insert(&mut self, value: T, timeout: Duration) -> Key {
        self.put(value, after(timeout))
    }

    /// Puts a value in, which comes out at `when`.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
    ///
    /// # Cost
    ///
    /// As [`insert`](Self::insert).
    #[track_caller]
    pub fn insert_at(&mut self, value: T, when: I) -> Key {
        self.put(value, |_| when.into())
    }

    #[track_caller]
    fn put(&mut self, value: T, deadline: impl FnOnce(crate::time::Place) -> Instant) -> Key {
        match self.queue.as_mut().insert(value, deadline) {
            Ok(key) => key,
            Err(_refused) => unreachable!("its slots grow"),
        }
    }

    /// Takes a value out before its time has come, if it is still there.
    ///
    /// # Cost
    ///
    /// As `remove`.
    pub fn try_remove(&mut self, key: &Key) -> Option<Expired<T, I>> {
        let (value, deadline) = self.queue.as_mut().take(*key)?;
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
    pub fn remove(&mut self, key: &Key) -> Expired<T, I> {
        self.try_remove(key).unwrap_or_else(|| no_such_key())
    }

    /// Lets a value stay for `timeout` from now on.
    ///
    /// # Panics
    ///
    /// If it is not there any more.
    #[track_caller]
    pub fn reset(&mut self, key: &Key, timeout: Duration) {
        if !self.queue.as_mut().reset(*key, after(timeout)) {
            no_such_key();
        }
    }

    /// Lets a value stay until `when`.
    ///
    /// # Panics
    ///
    /// If it is not there any more.
    #[track_caller]
    pub fn reset_at(&mut self, key: &Key, when: I) {
        if !self.queue.as_mut().reset(*key, |_| when.into()) {
            no_such_key();
        }
    }

    /// Takes all values out, and drops them. A task that waits learns that the queue is empty.
    pub fn clear(&mut self) {
        self.queue.as_mut().clear();
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
    pub fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<Option<Expired<T, I>>> {
        self.queue.as_mut().poll_expired(cx)
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

    /// How many values there can be without another allocation of the table.
    pub fn capacity(&self) -> usize {
        self.queue.slots.table.capacity()
    }

    /// Makes room in its table for so many values beside those that are there.
    ///
    /// # Panics
    ///
    /// If the table would be larger than `isize::MAX` bytes.
    ///
    /// # Cost
    ///
    /// At most one allocation.
    pub fn reserve(&mut self, additional: usize) {
        let len = self.len();
        let slots = self.slots();
        let unused = slots.table.len() - len;
        slots.table.reserve(additional.saturating_sub(unused));
    }

    /// Gives back room in its table that was never used. The memory of values stays for those that come.
    ///
    /// # Cost
    ///
    /// At most one allocation.
    pub fn shrink_to_fit(&mut self) {
        self.slots().table.shrink_to_fit();
    }

    /// As [`shrink_to_fit`](Self::shrink_to_fit), and gives back the memory of values that are gone, all of it where the queue
    /// is empty. Keys stay what they are: a place before that of a value which is there is kept.
    ///
    /// # Cost
    ///
    /// A step for each place. At most one allocation.
    pub fn compact(&mut self) {
        let free = self.slots().compact();
        *self.queue.as_mut().parts().free = free;
    }

    fn slots(&mut self) -> &mut Growing<T> {
        self.queue.as_mut().parts().slots.get_mut()
    }
}

impl<T, A: Ambient, I: Moment> Default for DelayQueue<T, A, I> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, A, I> core::fmt::Debug for DelayQueue<T, A, I> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DelayQueue").field("len", &self.queue.len).finish_non_exhaustive()
    }
}

#[cfg(feature = "futures-core")]
impl<T, A: Ambient, I: Moment> futures_core::Stream for DelayQueue<T, A, I> {
    type Item = Expired<T, I>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Expired<T, I>>> {
        self.poll_expired(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), None)
    }
}

#[cfg(all(test, target_pointer_width = "64", not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn a_value_takes_twelve_words_beside_itself() {
        let words = |bytes: usize| bytes.div_ceil(size_of::<usize>());
        assert_eq!(words(size_of::<Slot<u64>>()) - 1 + words(size_of::<Pin<Box<Slot<u64>>>>()), 12);
    }
}
