//! Generations: who is let through, who leads, who is missing.

use std::boxed::Box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::vec::Vec;

use crate::sync::Barrier;
use crate::test_util::{Event, Polled, TestLock, TestWaker, forever, panics, poll, send_sync};

type Line = Barrier<TestLock>;

// Mutant: core/src/sync/barrier.rs :: if section.state.generation == self.generation { => if section.state.arrived > 0 {
#[test]
fn generations_pass_one_after_the_other() {
    for size in [2, 3, 20] {
        let barrier = Line::with_lock(size);
        let mut before: Vec<_> = (1..size).map(|_| Polled::waiting(barrier.wait())).collect();
        assert!(before.iter_mut().all(|wait| wait.poll().is_pending()));
        for _ in 0..3 {
            assert!(Polled::new(barrier.wait()).ready().is_leader());
            // The next generation gathers before the last one looks.
            let next: Vec<_> = (1..size).map(|_| Polled::waiting(barrier.wait())).collect();
            for wait in &mut before {
                assert_eq!((wait.wakes(), wait.ready().is_leader()), (1, false));
            }
            before = next;
        }
    }
}

#[test]
fn nobody_and_one_do_not_wait() {
    for size in [0, 1] {
        let barrier = Line::with_lock(size);
        assert!(Polled::new(barrier.wait()).ready().is_leader());
        assert!(Polled::new(barrier.wait()).ready().is_leader());
    }
    assert!(Polled::new(Line::with_lock(usize::MAX).wait()).poll().is_pending());
}

#[test]
fn failure_021_who_is_dropped_counts_as_arrived() {
    for cancelled in 0..3 {
        let barrier = Line::with_lock(4);
        let mut waits: Vec<_> = (0..3).map(|_| Polled::waiting(barrier.wait())).collect();
        drop(Polled::new(barrier.wait()));
        drop(waits.remove(cancelled));
        assert!(Polled::new(barrier.wait()).ready().is_leader());
        assert!(waits.iter_mut().all(|wait| wait.wakes() == 1 && wait.poll().is_ready()));
    }
}

#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let barrier = forever(Line::with_lock(3));
        let entered = AtomicBool::new(false);
        let hooked = TestWaker::hooked(move |now| {
            if now == event && !entered.swap(true, Ordering::Relaxed) {
                drop(Polled::new(barrier.wait()).poll());
            }
        });
        let mut wait = Polled::new(barrier.wait());
        for waker in [hooked.clone(), TestWaker::new(), hooked.clone()] {
            wait.waker = waker;
            assert!(wait.poll().is_pending());
        }
        for _ in 0..3 {
            drop(Polled::new(barrier.wait()).poll());
        }
        assert!(!wait.ready().is_leader());
        drop(wait);
        hooked.unhook();
        assert_eq!(hooked.alive(), 0);
    }
}

// Mutant: core/src/sync/barrier.rs :: guard::swallow(|| self.waiters.drain(LEAVING, (), |_| false)); => self.waiters.drain(LEAVING, (), |_| false);
#[test]
fn failure_109_panicking_waker_lets_all_others_through() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let barrier = Line::with_lock(4);
        let hostile = TestWaker::panicking(event);
        let mut wait = Box::pin(barrier.wait());
        let mut panicked = panics(|| assert!(poll(wait.as_mut(), &hostile).is_pending()));
        let mut others: Vec<_> = (0..2).map(|_| Polled::waiting(barrier.wait())).collect();
        // It learns that it is the leader, whomever it woke.
        assert!(Polled::new(barrier.wait()).ready().is_leader());
        panicked |= panics(|| drop(wait));
        assert!(panicked || event == Event::Wake, "{event:?}");
        assert!(others.iter_mut().all(|other| other.wakes() == 1 && other.poll().is_ready()), "{event:?}");
        hostile.unhook();
    }
}

#[test]
fn may_be_sent_and_shared() {
    let barrier = Line::with_lock(1);
    send_sync(&barrier);
    send_sync(&barrier.wait());
}
