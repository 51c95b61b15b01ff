//! Permits and waiters at once.

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::lock::DefaultLock;
use crate::sync::Notify;
use crate::test_util::Polled;

type Bell = Notify<DefaultLock>;

/// The permit of a future that is dropped goes to the other one, or stays for the next.
// Mutant: core/src/sync/wait_queue.rs :: self.change(|word| if given { word & !WAITING } else { kept(word & !WAITING) }); => self.change(|word| word & !WAITING);
#[test]
fn failure_102_notify_one_against_a_drop() {
    loom::model(|| {
        let bell = Arc::new(Bell::new());
        let shared = bell.clone();
        let notifier = thread::spawn(move || shared.notify_one());
        let mut dropped = Polled::new(bell.notified());
        let taken = dropped.poll().is_ready();
        drop(dropped);
        notifier.join().unwrap();
        let left = Polled::new(bell.notified()).poll().is_ready();
        assert!(taken != left, "a permit was lost, or made");
    });
}

/// Two permits and two waiters on two threads: both are served.
// Mutant: core/src/sync/wait_queue.rs :: section.pop(LINE, Told::Yours(end)) => section.rouse(LINE, Told::Yours(end))
#[test]
fn two_permits_serve_two_waiters() {
    loom::model(|| {
        let bell = Arc::new(Bell::new());
        let mut first = Polled::waiting(bell.notified());
        let mut second = Polled::waiting(bell.notified());
        let notifier = thread::spawn({
            let bell = bell.clone();
            move || bell.notify_one()
        });
        bell.notify_one();
        notifier.join().unwrap();
        assert_eq!((first.wakes(), second.wakes()), (1, 1));
        first.ready();
        second.ready();
        assert!(Polled::new(bell.notified()).poll().is_pending());
    });
}

/// The documented protocol of several waiters: enable, look, wait.
// Mutant: core/src/sync/wait_queue.rs :: let began = queue.word.load(Ordering::Acquire); => let began = queue.word.load(Ordering::Acquire).wrapping_sub(EPOCH);
// Mutant: core/src/sync/wait_queue.rs :: Sight::Nothing => word | WAITING, => Sight::Nothing => word,
#[test]
fn failure_102_notify_waiters_against_enable_and_look() {
    loom::model(|| {
        let shared = Arc::new((Bell::new(), AtomicBool::new(false)));
        let setter = thread::spawn({
            let shared = shared.clone();
            move || {
                shared.1.store(true, Ordering::Relaxed);
                shared.0.notify_waiters();
            }
        });
        let mut wait = Polled::new(shared.0.notified());
        let mut seen = wait.as_mut().enable() || shared.1.load(Ordering::Relaxed);
        if !seen {
            seen = wait.poll().is_ready();
        }
        setter.join().unwrap();
        assert!(seen || wait.wakes() == 1, "left waiting");
        // No permit comes from it.
        assert!(Polled::new(shared.0.notified()).poll().is_pending());
    });
}

/// One waiter has both: the permit is there for another one, once.
// Mutant: core/src/sync/wait_queue.rs :: if (word ^ self.began) >= EPOCH { => if word ^ self.began == 77 {
#[test]
fn failure_102_notify_one_against_notify_waiters() {
    loom::model(|| {
        let bell = Arc::new(Bell::new());
        let shared = bell.clone();
        let mut wait = Polled::waiting(bell.notified());
        let notifier = thread::spawn(move || shared.notify_one());
        bell.notify_waiters();
        let told_by_one = wait.poll().is_ready();
        notifier.join().unwrap();
        assert!(told_by_one);
        drop(wait);
        // Either it was given the permit, and used it, or it was gone before and the permit is left.
        let left = Polled::new(bell.notified()).poll().is_ready();
        assert!(!(left && Polled::new(bell.notified()).poll().is_ready()), "one permit made two");
    });
}

/// A second wake-up finds the permit of the first one there: who takes it sees what came before either.
// Mutant: core/src/sync/wait_queue.rs :: Ordering::Acquire,\n                        Ordering::Acquire, => Ordering::Relaxed,\n                        Ordering::Acquire,
#[test]
fn permit_is_taken_while_it_is_given_again() {
    loom::model(|| {
        let shared = Arc::new((Bell::new(), AtomicBool::new(false)));
        shared.0.notify_one();
        let setter = thread::spawn({
            let shared = shared.clone();
            move || {
                shared.1.store(true, Ordering::Relaxed);
                shared.0.notify_one();
            }
        });
        Polled::new(shared.0.notified()).ready();
        let mut seen = shared.1.load(Ordering::Relaxed);
        let mut again = Polled::new(shared.0.notified());
        seen |= again.poll().is_ready();
        setter.join().unwrap();
        assert!(seen || again.wakes() == 1, "left waiting");
    });
}
