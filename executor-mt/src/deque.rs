//! A worker's own queue, from which others may steal: the one seam over crossbeam-deque.
//!
//! Held to [`CAPACITY`] entries, the size at which crossbeam-deque starts and below which it never shrinks, so that it
//! neither grows nor copies nor frees: what does not fit goes to the worker's [`Overflow`](crate::overflow::Overflow).
//! First in, first out, so that a task that always yields waits for the others.
//!
//! The inside of crossbeam-deque cannot be modelled (it reads slots that others may be writing, and throws the copy away,
//! which Miri reports as a race), so models, shuttle and Miri run on a stand-in with the same operations.

/// The most entries a queue holds. Few under shuttle, whose tests go beyond it.
pub(crate) const CAPACITY: usize = if cfg!(shuttle) { 4 } else { 64 };

/// The most entries one steal moves.
const BATCH: usize = CAPACITY / 2;

#[cfg(not(any(loom, shuttle, miri)))]
mod imp {
    use super::{BATCH, CAPACITY};
    use crossbeam_deque::{Steal, Stealer, Worker};

    /// The worker's end.
    #[derive(Debug)]
    pub(crate) struct Owner<T>(Worker<T>);

    /// Everybody else's end.
    #[derive(Debug)]
    pub(crate) struct Thief<T>(Stealer<T>);

    /// An empty queue.
    pub(crate) fn deque<T>() -> (Owner<T>, Thief<T>) {
        let worker = Worker::new_fifo();
        let stealer = worker.stealer();
        (Owner(worker), Thief(stealer))
    }

    impl<T> Owner<T> {
        /// Appends; gives the item back if the queue is full.
        #[inline]
        pub(crate) fn push(&self, item: T) -> Result<(), T> {
            if self.0.len() >= CAPACITY {
                return Err(item);
            }
            self.0.push(item);
            Ok(())
        }

        /// Takes the oldest.
        #[inline]
        pub(crate) fn pop(&self) -> Option<T> {
            self.0.pop()
        }

        /// The number of items; others may be taking some.
        #[inline]
        pub(crate) fn len(&self) -> usize {
            self.0.len()
        }
    }

    impl<T> Thief<T> {
        /// Takes up to half: one to run now, the rest into `own`, which is empty.
        pub(crate) fn steal(&self, own: &Owner<T>) -> Option<T> {
            loop {
                match self.0.steal_batch_with_limit_and_pop(&own.0, BATCH) {
                    Steal::Success(item) => return Some(item),
                    Steal::Empty => return None,
                    // Somebody else took it meanwhile, so somebody makes progress.
                    Steal::Retry => core::hint::spin_loop(),
                }
            }
        }

        /// Whether there is nothing to steal now.
        pub(crate) fn is_empty(&self) -> bool {
            self.0.is_empty()
        }

        /// The number of items now.
        pub(crate) fn len(&self) -> usize {
            self.0.len()
        }
    }
}

#[cfg(any(loom, shuttle, miri))]
mod imp {
    use super::{BATCH, CAPACITY};
    #[cfg(loom)]
    use loom::sync::{Arc, Mutex};
    #[cfg(shuttle)]
    use shuttle::sync::{Arc, Mutex};
    use std::collections::VecDeque;
    #[cfg(not(any(loom, shuttle)))]
    use std::sync::{Arc, Mutex};

    #[derive(Debug)]
    pub(crate) struct Owner<T>(Arc<Mutex<VecDeque<T>>>);
    #[derive(Debug)]
    pub(crate) struct Thief<T>(Arc<Mutex<VecDeque<T>>>);

    pub(crate) fn deque<T>() -> (Owner<T>, Thief<T>) {
        let queue = Arc::new(Mutex::new(VecDeque::new()));
        (Owner(queue.clone()), Thief(queue))
    }

    impl<T> Owner<T> {
        pub(crate) fn push(&self, item: T) -> Result<(), T> {
            let mut queue = self.0.lock().unwrap();
            if queue.len() >= CAPACITY {
                return Err(item);
            }
            queue.push_back(item);
            Ok(())
        }

        pub(crate) fn pop(&self) -> Option<T> {
            self.0.lock().unwrap().pop_front()
        }

        pub(crate) fn len(&self) -> usize {
            self.0.lock().unwrap().len()
        }
    }

    impl<T> Thief<T> {
        pub(crate) fn steal(&self, own: &Owner<T>) -> Option<T> {
            let mut batch = {
                let mut queue = self.0.lock().unwrap();
                let half = queue.len().div_ceil(2).min(BATCH);
                queue.drain(..half).collect::<VecDeque<T>>()
            };
            let first = batch.pop_front();
            own.0.lock().unwrap().append(&mut batch);
            first
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.len() == 0
        }

        pub(crate) fn len(&self) -> usize {
            self.0.lock().unwrap().len()
        }
    }
}

pub(crate) use imp::{Owner, Thief, deque};

#[cfg(all(test, not(any(loom, shuttle, miri))))]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    #[test]
    fn holds_its_capacity_and_no_more_in_order() {
        let (owner, thief) = deque::<usize>();
        for item in 0..CAPACITY {
            assert_eq!(owner.push(item), Ok(()));
        }
        assert_eq!(owner.push(99), Err(99));
        assert_eq!(owner.pop(), Some(0));
        assert_eq!(owner.push(CAPACITY), Ok(()));
        assert!(!thief.is_empty());
        for item in 1..=CAPACITY {
            assert_eq!(owner.pop(), Some(item));
        }
        assert_eq!(owner.pop(), None);
        assert!(thief.is_empty());
    }

    #[test]
    fn a_thief_takes_half() {
        let (owner, thief) = deque::<usize>();
        for item in 0..10 {
            owner.push(item).unwrap();
        }
        let (other, _) = deque::<usize>();
        assert_eq!(thief.steal(&other), Some(0));
        assert_eq!(other.len() + 1 + owner.len(), 10);
        assert_eq!(other.len() + 1, 5);
        assert_eq!(other.pop(), Some(1));
        assert_eq!(thief.steal(&deque().0), Some(5), "five were taken");
    }

    #[test]
    fn every_item_is_taken_exactly_once() {
        const ITEMS: usize = if cfg!(miri) { 500 } else { 200_000 };
        let seen: Vec<AtomicU32> = (0..ITEMS).map(|_| AtomicU32::new(0)).collect();
        let over = AtomicBool::new(false);
        let (owner, thief) = deque::<usize>();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let (own, _) = deque::<usize>();
                    while !over.load(Ordering::Relaxed) || !thief.is_empty() {
                        let mut item = thief.steal(&own);
                        while let Some(index) = item {
                            seen[index].fetch_add(1, Ordering::Relaxed);
                            item = own.pop();
                        }
                        std::thread::yield_now();
                    }
                });
            }
            for item in 0..ITEMS {
                let mut item = item;
                while let Err(back) = owner.push(item) {
                    item = back;
                    if let Some(oldest) = owner.pop() {
                        seen[oldest].fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            while let Some(index) = owner.pop() {
                seen[index].fetch_add(1, Ordering::Relaxed);
            }
            over.store(true, Ordering::Relaxed);
        });
        assert!(seen.iter().all(|count| count.load(Ordering::Relaxed) == 1));
    }
}
