//! Wakes against polls, completion, and the end of the last waker.

use core::task::Poll;
use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::{Drops, Watched, each_kind, each_one_runner, polling};
use crate::task::tests::util::Wakers;

/// A wake comes before, during or after a poll, and before or after completion: it is not lost, and nobody polls while
/// another does.
// Mutant: core/src/task/state/lock_free.rs :: if self.try_apply(Snapshot::requeue) { Idle::Requeue } => if self.try_apply(Snapshot::requeue) { Idle::Rest }
#[test]
fn wake_races_poll_and_completion() {
    each_kind(|line, boxed| {
        let (drops, wakers) = (Drops::default(), Wakers::default());
        let flag = Arc::new(AtomicBool::new(false));
        let (watched, seen, left) = (Watched::new(&drops), flag.clone(), wakers.clone());
        let handle = line.spawn(polling(watched, move |cx| {
            let waker = cx.waker().clone();
            drop(left.replace(waker));
            if seen.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
        }));
        handle.detach();
        line.turn();
        let waker = wakers.one();
        let waking = thread::spawn(move || {
            flag.store(true, Ordering::Relaxed);
            waker.wake();
        });
        wakers.one().wake();
        line.turn();
        waking.join().unwrap();
        line.turn();
        assert_eq!((line.completed(), drops.count()), (1, 1), "a wake was lost");
        drop(wakers.take());
        assert_eq!(line.released(), boxed);
    });
}

/// The task is notified already: the second wake publishes its data all the same.
// Mutant: core/src/task/state/lock_free.rs :: Snapshot(self.0.fetch_or(NOTIFIED, Ordering::AcqRel)) => Snapshot(self.0.fetch_or(NOTIFIED, Ordering::Acquire))
// Mutant: core/src/task/state/lock_free.rs :: Snapshot(self.0.fetch_or(NOTIFIED, Ordering::Release)) => Snapshot(self.0.fetch_or(NOTIFIED, Ordering::Relaxed))
#[test]
fn failure_003_the_second_wake_publishes_its_data() {
    each_kind(|line, boxed| {
        let wakers = Wakers::default();
        let flag = Arc::new(AtomicBool::new(false));
        let (seen, left) = (flag.clone(), wakers.clone());
        let mut polled = false;
        let task = line.spawn(core::future::poll_fn(move |cx| {
            if !core::mem::replace(&mut polled, true) {
                let waker = cx.waker().clone();
                drop(left.replace(waker));
            }
            if seen.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
        }));
        task.detach();
        line.turn();
        let waker = wakers.take().pop().unwrap();
        waker.wake_by_ref();
        let waking = thread::spawn(move || {
            // Relaxed: the wake must publish it.
            flag.store(true, Ordering::Relaxed);
            waker.wake();
        });
        line.turn();
        waking.join().unwrap();
        line.turn();
        assert_eq!(line.completed(), 1, "the poll did not see what came before the wake");
        assert_eq!(line.released(), boxed);
    });
}

/// Two slots were queued together, so that the link of the one led to the other, and are woken the moment they start: who wakes
/// finds the owner there.
// Mutant: core/src/run_queue/lock_free.rs :: Self::next_of(&link).store(owner.link, Ordering::Relaxed);\n            if one_runner { => if one_runner {
// Mutant: core/src/run_queue/lock_free.rs :: fence(Ordering::Release);\n            } => }
// Mutant: core/src/task/state/lock_free.rs :: self.0.fetch_sub(NOTIFIED, Ordering::AcqRel) => self.0.fetch_sub(NOTIFIED, Ordering::Acquire)
#[test]
fn a_wake_finds_the_owner_of_a_slot_just_taken() {
    each_one_runner(|line| {
        let wakers = Wakers::default();
        line.spawn(wakers.once()).detach();
        line.spawn(wakers.once()).detach();
        line.turn();
        let [one, two] = wakers.take().try_into().unwrap();
        one.wake_by_ref();
        two.wake_by_ref();
        let waking = thread::spawn(move || one.wake());
        line.turn();
        waking.join().unwrap();
        line.turn();
        assert_eq!((line.completed(), line.pop().is_none()), (2, true));
    });
}

/// Two wake one idle task: it is queued once.
// Mutant: core/src/task/state/mod.rs :: let wins = self.0 & (NOTIFIED | RUNNING | COMPLETE) == 0; => let wins = self.0 & (RUNNING | COMPLETE) == 0;
#[test]
fn one_of_two_wakes_queues_the_task() {
    each_kind(|line, boxed| {
        let (drops, wakers) = (Drops::default(), Wakers::default());
        let (watched, wait) = (Watched::new(&drops), wakers.once());
        line.spawn(async move {
            watched.touch();
            wait.await;
        })
        .detach();
        line.turn();
        let waker = wakers.take().pop().unwrap();
        let other = waker.clone();
        let waking = thread::spawn(move || other.wake());
        waker.wake();
        waking.join().unwrap();
        assert_eq!(line.turn(), 1);
        assert_eq!((line.completed(), drops.count(), line.released()), (1, 1, boxed));
    });
}

/// The last waker goes while the task completes: one of both frees it.
// Mutant: core/src/task/state/lock_free.rs :: Snapshot(self.0.fetch_sub(UNIT, Ordering::AcqRel)).drop_reference().0 => Snapshot(self.0.fetch_sub(UNIT, Ordering::Relaxed)).drop_reference().0
#[test]
fn the_last_waker_races_completion() {
    each_kind(|line, boxed| {
        let (drops, wakers) = (Drops::default(), Wakers::default());
        let (watched, wait) = (Watched::new(&drops), wakers.once());
        line.spawn(async move {
            watched.touch();
            wait.await;
        })
        .detach();
        line.turn();
        let waker = wakers.take().pop().unwrap();
        let other = waker.clone();
        let last = waker.clone();
        waker.wake();
        let first = thread::spawn(move || drop(other));
        let second = thread::spawn(move || drop(last));
        line.turn();
        first.join().unwrap();
        second.join().unwrap();
        assert_eq!((line.completed(), drops.count(), line.released()), (1, 1, boxed));
    });
}
