//! The end, and who waits for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::thread;

use crate::sync::{TaskTracker, WaitGroup};
use crate::test_util::Polled;

/// The last guard goes while a wait begins.
// Mutant: core/src/sync/wait_group/mod.rs :: section.append(WAITING, LEAVING); => {}
#[test]
fn last_guard_goes_while_a_wait_begins() {
    loom::model(|| {
        let group = Arc::new((WaitGroup::new(), AtomicUsize::new(0)));
        let other = group.clone();
        let first = Box::leak(Box::new(group.clone()));
        let guard = first.0.add();
        let thread = thread::spawn(move || {
            other.1.store(1, Ordering::Relaxed);
            drop(guard);
        });
        let mut wait = Polled::new(group.0.wait());
        let early = wait.poll().is_ready();
        if early {
            assert_eq!(group.1.load(Ordering::Relaxed), 1);
        }
        thread.join().unwrap();
        if !early {
            assert_eq!(wait.wakes(), 1, "not woken");
            wait.ready();
        }
    });

    use std::boxed::Box;
}

/// The last token goes while the tracker is closed: one of both completes it.
// Mutant: core/src/sync/wait_group/mod.rs :: if word == 0 { => if word == CLOSED {
#[test]
fn last_token_goes_while_the_tracker_is_closed() {
    loom::model(|| {
        let tracker = TaskTracker::new();
        let token = tracker.token();
        let mut wait = Polled::waiting(tracker.wait());
        let thread = thread::spawn(move || drop(token));
        tracker.close();
        thread.join().unwrap();
        assert_eq!(wait.wakes(), 1, "not woken");
        wait.ready();
    });
}
