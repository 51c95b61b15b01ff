//! What does not fit into a worker's queue: first in, first out, behind a lock that is taken once per batch.
//!
//! Thieves may take from it, so that nothing in it waits for a worker that is busy with one long poll. Its memory grows to
//! the longest backlog the worker has had and stays, so a steady load allocates nothing.

use std::collections::VecDeque;

use zokio_core::atomic::{AtomicUsize, Ordering};
use zokio_core::lock::{DefaultLock, Lock};

use crate::deque::CAPACITY;

/// The most items that are moved at a time: half of a queue.
const BATCH: usize = CAPACITY / 2;

/// A worker's backlog.
#[derive(Debug)]
pub(crate) struct Overflow<T> {
    items: Lock<DefaultLock, VecDeque<T>>,
    /// The number of items, written under the lock, for those who only ask whether there are any.
    len: AtomicUsize,
}

impl<T> Overflow<T> {
    /// No items.
    pub(crate) fn new() -> Self {
        Self { items: Lock::new(VecDeque::new()), len: AtomicUsize::new(0) }
    }

    /// The number of items. Exact for whoever is ordered after the last change by a fence or a lock.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Appends all items of an iterator, whose `next` must be no foreign code.
    pub(crate) fn extend(&self, items: impl IntoIterator<Item = T>) {
        self.items.with(|queue| {
            queue.extend(items);
            self.len.store(queue.len(), Ordering::Relaxed);
        });
    }

    /// Takes up to `most` of the oldest items, and no more than a batch has room for.
    pub(crate) fn take(&self, most: usize) -> Batch<T> {
        let mut taken = Batch::new();
        self.items.with(|queue| {
            let count = queue.len().min(most).min(BATCH);
            queue.drain(..count).for_each(|item| taken.push(item));
            self.len.store(queue.len(), Ordering::Relaxed);
        });
        taken
    }
}

/// A few items on their way from one place to another; no allocation.
#[derive(Debug)]
pub(crate) struct Batch<T> {
    items: [Option<T>; BATCH],
    next: usize,
    end: usize,
}

impl<T> Batch<T> {
    /// The most items it holds.
    pub(crate) const ROOM: usize = BATCH;

    /// No items.
    pub(crate) fn new() -> Self {
        Self { items: [const { None }; BATCH], next: 0, end: 0 }
    }

    /// Appends; there must be room for it.
    pub(crate) fn push(&mut self, item: T) {
        self.items[self.end] = Some(item);
        self.end += 1;
    }
}

impl<T> Iterator for Batch<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let item = self.items.get_mut(self.next)?.take()?;
        self.next += 1;
        Some(item)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_takes_no_more_than_asked_for() {
        let overflow = Overflow::<usize>::new();
        assert!(overflow.take(BATCH).next().is_none());
        overflow.extend(0..100);
        assert_eq!(overflow.len(), 100);
        assert!(overflow.take(3).eq(0..3));
        assert!(overflow.take(1000).eq(3..3 + BATCH), "no more than a batch holds");
        overflow.extend(100..110);
        let mut rest = Vec::new();
        while overflow.len() > 0 {
            rest.extend(overflow.take(BATCH));
        }
        assert!(rest.into_iter().eq(3 + BATCH..110));
    }
}
