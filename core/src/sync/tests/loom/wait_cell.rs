//! Registrations and wakes at once.

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

use crate::sync::WaitCell;
use crate::test_util::TestWaker;

/// The waiter's protocol: register, then look. Answers whether the condition was seen.
fn look(cell: &WaitCell, ready: &AtomicBool, waker: &TestWaker) -> bool {
    cell.register(&waker.waker());
    ready.load(Ordering::Relaxed)
}

// Mutant: core/src/sync/wait_cell.rs :: core::mem::swap(stored, &mut waker); => drop(waker.take());
#[test]
fn wake_is_not_lost_between_register_and_look() {
    loom::model(|| {
        let shared = Arc::new((WaitCell::new(), AtomicBool::new(false)));
        let waker = TestWaker::new();
        let producer = thread::spawn({
            let shared = shared.clone();
            move || {
                shared.1.store(true, Ordering::Relaxed);
                shared.0.wake();
            }
        });
        let seen = look(&shared.0, &shared.1, &waker);
        producer.join().unwrap();
        assert!(seen || waker.wakes() == 1);
    });
}

// Mutant: core/src/sync/wait_cell.rs :: Some(old) if replaced => old.wake(), => Some(old) if replaced => drop(old),
#[test]
fn failure_019_two_registrations_and_a_wake() {
    loom::model(|| {
        let shared = Arc::new((WaitCell::new(), AtomicBool::new(false)));
        let (first, second) = (TestWaker::new(), TestWaker::new());
        let other = thread::spawn({
            let (shared, first) = (shared.clone(), first.clone());
            move || look(&shared.0, &shared.1, &first)
        });
        let producer = thread::spawn({
            let shared = shared.clone();
            move || {
                shared.1.store(true, Ordering::Relaxed);
                shared.0.wake();
            }
        });
        let saw_second = look(&shared.0, &shared.1, &second);
        let saw_first = other.join().unwrap();
        producer.join().unwrap();
        assert!(saw_first || first.wakes() > 0, "first waiter forgotten");
        assert!(saw_second || second.wakes() > 0, "second waiter forgotten");
    });
}

// Mutant: core/src/task/waker.rs :: return place.take().map(Foreign::Taken); => return place.clone().map(Foreign::Taken);
#[test]
fn two_wakes_wake_once() {
    loom::model(|| {
        let cell = Arc::new(WaitCell::<crate::lock::DefaultLock>::new());
        let (waker, woken) = (TestWaker::new(), Arc::new(AtomicUsize::new(0)));
        cell.register(&waker.waker());
        let other = thread::spawn({
            let (cell, woken) = (cell.clone(), woken.clone());
            move || woken.fetch_add(usize::from(cell.wake()), Ordering::Relaxed)
        });
        woken.fetch_add(usize::from(cell.wake()), Ordering::Relaxed);
        other.join().unwrap();
        assert_eq!((woken.load(Ordering::Relaxed), waker.wakes()), (1, 1));
    });
}
