//! Waits that are forgotten at each state: they keep what they were given, and nobody else is harmed.
//!
//! A forgotten wait is in memory that stays, so a list may go on pointing to it. Under an interpreter these tests show that
//! nothing points to memory that went.

use std::sync::Arc;

use crate::sync::{Mutex, Notify, RwLock, Semaphore, WaitQueue};
use crate::test_util::{Polled, forever, forgotten, poll};

/// Forgotten before it was polled, while it waits, and when it was told: the one behind it gets what comes next.
// Mutant: core/src/sync/wait_queue.rs :: section.append(LINE, LEAVING);\n            *section.state => *section.state
#[test]
fn failure_053_forgotten_waits_of_a_notify_harm_nobody() {
    let notify = forever(Notify::new());
    forgotten(notify.notified());
    forgotten(Polled::waiting(notify.notified()));
    let told = Polled::waiting(notify.notified());
    let mut third = Polled::waiting(notify.notified());
    notify.notify_one(); // to the first, which keeps it
    notify.notify_one(); // to the second
    assert_eq!((told.wakes(), third.wakes()), (1, 0));
    forgotten(told);
    notify.notify_one();
    third.ready();
    forgotten(Polled::waiting(notify.notified()));
    let mut last = Polled::waiting(notify.notified());
    notify.notify_waiters();
    assert_eq!(last.wakes(), 1, "the one before it is gone");
    last.ready();
}

#[test]
fn failure_053_a_forgotten_wait_of_a_queue_that_closes() {
    let queue = forever(WaitQueue::new());
    forgotten(Polled::waiting(queue.wait()));
    let mut second = Polled::waiting(queue.wait());
    queue.close();
    assert!(second.ready().is_err());
    assert!(Polled::new(queue.wait()).ready().is_err());
}

/// Who is forgotten while it waits is as good as one that never runs; what it is handed stays handed.
#[test]
fn failure_053_forgotten_waits_of_locks_keep_what_they_are_given() {
    let value = Arc::new(());
    let mutex = forever(Mutex::new(value.clone()));
    forgotten(mutex.lock());
    let guard = mutex.try_lock().unwrap();
    forgotten(Polled::waiting(mutex.lock()));
    drop(guard);
    // Woken, and the mutex is free for whoever comes until that one has looked, which it never does.
    for _ in 0..3 {
        drop(mutex.try_lock().unwrap());
    }
    assert_eq!(Arc::strong_count(&value), 2);

    let lock = forever(RwLock::new(0));
    let reader = lock.try_read().unwrap();
    forgotten(Polled::waiting(lock.write()));
    drop(reader);
    let mut next = Polled::new(lock.read());
    // It either comes past or waits behind a writer that is not there: either is what a task that never runs does.
    let _ = poll(next.as_mut(), &crate::test_util::TestWaker::new());
}

/// A permit that a forgotten wait was given is gone, and no other.
#[test]
fn failure_053_forgotten_waits_of_a_semaphore_cost_their_own_permits_only() {
    let semaphore = forever(Semaphore::new(0));
    forgotten(semaphore.acquire());
    forgotten(Polled::waiting(semaphore.acquire_many(2)));
    let mut second = Polled::waiting(semaphore.acquire());
    semaphore.add_permits(2); // to the one that is not there
    assert_eq!((second.wakes(), semaphore.available_permits()), (0, 0));
    semaphore.add_permits(1);
    drop(second.ready().unwrap());
    assert_eq!(semaphore.available_permits(), 1);
}
