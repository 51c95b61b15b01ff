//! Permits given, taken, given up and ended at once.

use std::sync::Arc;
use std::task::Poll;

use loom::thread;

use crate::atomic::UnsafeCell;
use crate::lock::DefaultLock;
use crate::sync::{Semaphore, TryAcquireError};
use crate::test_util::{Plain, Polled};

type Permits = Semaphore<DefaultLock>;

/// Polls to the end, but only after wake-ups: a thread that is not woken is stuck, and the model says so.
fn run<F: core::future::Future>(future: F) -> F::Output {
    let mut future = Polled::new(future);
    loop {
        let seen = future.wakes();
        if let Poll::Ready(output) = future.poll() {
            return output;
        }
        while future.wakes() == seen {
            thread::yield_now();
        }
    }
}

/// A cell that the model watches: an access that did not happen before another one is found.
struct Watched(UnsafeCell<usize>);

// SAFETY: the models below see to it that one thread has it at a time.
unsafe impl Sync for Watched {}
// SAFETY: as above.
unsafe impl Send for Watched {}

impl Watched {
    fn add(&self) -> usize {
        self.0.with_mut(|value| {
            // SAFETY: the model checks that nobody else has it.
            unsafe { *value += 1 };
            // SAFETY: as above.
            unsafe { *value }
        })
    }
}

/// What was done before a permit was given is seen by who takes it, waiting for it or not.
// Mutant: core/src/sync/permits.rs :: compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed) => compare_exchange_weak(word, next, Ordering::Relaxed, Ordering::Relaxed)
// Mutant: core/src/sync/permits.rs :: compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed) => compare_exchange_weak(word, next, Ordering::Relaxed, Ordering::Relaxed)
// Mutant: core/src/sync/permits.rs :: if word & ASK != 0 {\n                return self.hand_over(count); => if word & ASK == 77 {\n                return self.hand_over(count);
#[test]
fn permit_carries_what_came_before() {
    loom::model(|| {
        let shared = Arc::new((Permits::new(0), Watched(UnsafeCell::new(0))));
        let giver = thread::spawn({
            let shared = shared.clone();
            move || {
                shared.1.add();
                shared.0.add_permits(1);
            }
        });
        run(shared.0.acquire()).unwrap().forget();
        assert_eq!(shared.1.add(), 2);
        giver.join().unwrap();
    });
}

/// Two gifts for one who needs both: whichever comes last calls.
// Mutant: core/src/sync/permits.rs :: (false, _) => word | ASK, => (false, _) => word & !ASK,
#[test]
fn failure_100_two_gifts_for_one_waiter() {
    loom::model(|| {
        let semaphore = Arc::new(Permits::new(0));
        let mut wait = Polled::waiting(semaphore.acquire_many(2));
        let shared = semaphore.clone();
        let giver = thread::spawn(move || {
            shared.add_permits(1);
            let stolen = shared.try_acquire();
            assert_eq!(stolen.err(), Some(TryAcquireError::NoPermits), "past the line");
        });
        semaphore.add_permits(1);
        giver.join().unwrap();
        assert_eq!(wait.wakes(), 1, "left waiting");
        wait.ready().unwrap().forget();
        assert_eq!(semaphore.available_permits(), 0);
    });
}

/// A gift meets the end of the first in line: the next one gets it, and what is too much is there.
// Mutant: core/src/sync/permits.rs :: if word & ASK != 0 && permits(word) > 0 { => if word & ASK != 0 && permits(word) > 99 {
#[test]
fn failure_021_gift_against_cancel() {
    loom::model(|| {
        let semaphore = Arc::new(Permits::new(0));
        let first = Polled::waiting(semaphore.acquire_many(3));
        let mut others = [Polled::waiting(semaphore.acquire()), Polled::waiting(semaphore.acquire())];
        let shared = semaphore.clone();
        let giver = thread::spawn(move || shared.add_permits(2));
        // Or loom does not look at the order in which the gift is there already.
        thread::yield_now();
        drop(first);
        giver.join().unwrap();
        assert!(others.iter().all(|other| other.wakes() == 1), "left waiting");
        others.iter_mut().for_each(|other| other.ready().unwrap().forget());
        assert_eq!(semaphore.available_permits(), 0);
    });
}

/// The end meets one who comes and one who gives: nobody waits for ever, no permit is lost.
// Mutant: core/src/sync/permits.rs :: Err(Short::Closed) => word, => Err(Short::Closed) => word & !CLOSED,
#[test]
fn close_against_acquire_and_give() {
    loom::model(|| {
        let semaphore = Arc::new(Permits::new(0));
        let closer = thread::spawn({
            let semaphore = semaphore.clone();
            move || semaphore.close()
        });
        let giver = thread::spawn({
            let semaphore = semaphore.clone();
            move || semaphore.add_permits(1)
        });
        let got = run(semaphore.acquire()).map(|permit| permit.forget()).is_ok();
        closer.join().unwrap();
        giver.join().unwrap();
        assert_eq!(semaphore.available_permits(), usize::from(!got));
        assert_eq!(semaphore.try_acquire().err(), Some(TryAcquireError::Closed));
    });
}

/// Permits taken away meet one who needs them: the sum is right, and nobody sleeps beside a permit.
// Mutant: core/src/sync/permits.rs :: if word & ASK == 0 { permits(word).min(count) } else { 0 } => permits(word).min(count)
#[test]
fn forget_against_acquire() {
    loom::model(|| {
        let semaphore = Arc::new(Permits::new(1));
        let shared = semaphore.clone();
        let forgetter = thread::spawn(move || shared.forget_permits(1));
        let mut wait = Polled::new(semaphore.acquire_many(2));
        assert!(wait.poll().is_pending());
        let forgotten = forgetter.join().unwrap();
        // What was there when it began to wait is on its way to it.
        semaphore.add_permits(1);
        assert_eq!(semaphore.forget_permits(1), 0);
        assert_eq!(wait.poll().is_ready(), forgotten == 0);
    });
}

/// Who only looks how many permits there are sees what came before they were given.
// Mutant: core/src/sync/permits.rs :: let word = self.word.load(Ordering::Acquire);\n        // What is there => let word = self.word.load(Ordering::Relaxed);\n        // What is there
#[test]
fn count_carries_what_came_before() {
    loom::model(|| {
        let (semaphore, done) = (Arc::new(Permits::new(0)), Plain::new());
        let giver = thread::spawn({
            let (semaphore, done) = (semaphore.clone(), done.clone());
            move || {
                done.set();
                semaphore.add_permits(1);
            }
        });
        // loom tells only the last access of a cell from this one, and that is the other thread's own look: so it is let go
        // first.
        thread::yield_now();
        assert!(semaphore.available_permits() == 0 || done.is_set());
        giver.join().unwrap();
    });
}

/// The end meets one that polls though nobody woke it: a semaphore that never had a permit gives none.
// Mutant: core/src/sync/permits.rs :: self.change_within(|word| if last { (word | CLOSED) & !ASK } else { word | CLOSED });\n            section.pop(0, Told::Granted(0)) => let more = section.pop(0, Told::Granted(0));\n            self.change_within(|word| if last { (word | CLOSED) & !ASK } else { word | CLOSED });\n            more
#[test]
fn close_against_a_poll_that_nobody_asked_for() {
    loom::model(|| {
        let semaphore = Arc::new(Permits::new(0));
        let mut wait = Polled::waiting(semaphore.acquire());
        let shared = semaphore.clone();
        let closer = thread::spawn(move || shared.close());
        let early = wait.poll();
        closer.join().unwrap();
        let outcome = if let Poll::Ready(outcome) = early { outcome } else { wait.ready() };
        assert!(outcome.is_err(), "a permit that nobody gave");
        assert_eq!(semaphore.available_permits(), 0);
    });
}
