//! Turns taken, passed and given up at once.

use std::sync::Arc;

use loom::thread;

use crate::atomic::UnsafeCell;
use crate::lock::DefaultLock;
use crate::sync::Mutex;
use crate::test_util::{Polled, forever};

/// A number that the model watches: two accesses at once are found.
struct Watched(UnsafeCell<usize>);

// SAFETY: reached under the mutex only; the model checks that it does its part.
unsafe impl Send for Watched {}

type Value = Mutex<Watched, DefaultLock>;

fn value() -> Arc<Value> {
    Arc::new(Mutex::new(Watched(UnsafeCell::new(0))))
}

fn add(value: &mut Watched) -> usize {
    value.0.with_mut(|value| {
        // SAFETY: `&mut` shows that nobody else uses it.
        unsafe { *value += 1 };
        // SAFETY: as above.
        unsafe { *value }
    })
}

/// Polls until it has its turn, but only after wake-ups: a thread that is not woken is stuck, and the model says so.
fn add_when_woken(value: &Value) {
    let mut lock = Polled::new(value.lock());
    loop {
        let seen = lock.wakes();
        if let core::task::Poll::Ready(mut guard) = lock.poll() {
            add(&mut guard);
            return;
        }
        while lock.wakes() == seen {
            thread::yield_now();
        }
    }
}

// Mutant: core/src/sync/permits.rs :: section.rouse(0, Told::Woken(need)); => section.front(0);
// Mutant: core/src/sync/permits.rs :: Err(Short::Taken) => word | ask, => Err(Short::Taken) => word,
// Mutant: core/src/sync/permits.rs :: self.word.compare_exchange(0, count as usize * ONE, Ordering::Release, Ordering::Relaxed) => self.word.compare_exchange(0, count as usize * ONE, Ordering::Relaxed, Ordering::Relaxed)
#[test]
fn two_threads_take_turns() {
    loom::model(|| {
        let value = value();
        let shared = value.clone();
        let other = thread::spawn(move || add_when_woken(&shared));
        add_when_woken(&value);
        other.join().unwrap();
        assert_eq!(add(&mut value.try_lock().unwrap()), 3);
    });
}

/// Unlocking meets a newcomer that barges in and a waiter: nobody is left, and never are there two guards.
// Mutant: core/src/sync/permits.rs :: return Step::Wait(Told::Owed(self.need)); => return Step::Wait(Told::Wait(self.need));
// Mutant: core/src/sync/permits.rs :: if permits(word) >= need { word - need * ONE } else { word | ASK } => if permits(word) >= need { word - need * ONE } else { word }
#[test]
fn unlock_against_a_barger_and_a_waiter() {
    loom::model(|| {
        let value: &'static Value = forever(Mutex::new(Watched(UnsafeCell::new(0))));
        let guard = value.try_lock().unwrap();
        let mut wait = Polled::waiting(value.lock());
        let barger = thread::spawn(move || {
            drop(guard);
            // Twice, so that a waiter could be passed twice.
            let mut taken = 0;
            for _ in 0..2 {
                if let Ok(mut guard) = value.try_lock() {
                    add(&mut guard);
                    taken += 1;
                }
            }
            taken
        });
        let mut polls = 0;
        let mut guard = loop {
            let seen = wait.wakes();
            polls += usize::from(seen > 0);
            match wait.poll() {
                core::task::Poll::Ready(guard) => break guard,
                core::task::Poll::Pending => {
                    while wait.wakes() == seen {
                        thread::yield_now();
                    }
                }
            }
        };
        // Passed once it is handed the mutex: the second poll is the last.
        assert!(polls <= 2, "passed twice");
        add(&mut guard);
        drop(guard);
        let taken = barger.join().unwrap();
        assert_eq!(add(&mut value.try_lock().unwrap()), taken + 2);
    });
}

/// Who unlocks calls a waiter, and the mutex is anybody's: who takes it past the waiter sees what was done under it.
// Mutant: core/src/sync/permits.rs :: self.word.store(f(word), Ordering::Release); => self.word.store(f(word), Ordering::Relaxed);
#[test]
fn unlock_past_a_waiter_shows_what_was_done() {
    loom::model(|| {
        let value = value();
        let mut guard = value.try_lock().unwrap();
        let wait = Polled::waiting(value.lock());
        let shared = value.clone();
        let barger = thread::spawn(move || {
            if let Ok(mut guard) = shared.try_lock() {
                add(&mut guard);
            }
        });
        add(&mut guard);
        drop(guard);
        barger.join().unwrap();
        drop(wait);
        assert!(add(&mut value.try_lock().unwrap()) >= 2);
    });
}

/// Who was handed the mutex takes it without the lock: it sees what was done under it, and nobody reaches its node again.
// Mutant: core/src/sync/waiters/mark.rs :: self.0.store(1, Ordering::Release); => self.0.store(1, Ordering::Relaxed);
// Mutant: core/src/sync/waiters/mark.rs :: self.0.load(Ordering::Acquire) != 0 => self.0.load(Ordering::Relaxed) != 0
#[test]
fn who_is_handed_the_mutex_sees_what_was_done() {
    loom::model(|| {
        let value: Arc<Value> = Arc::new(Mutex::fair(Watched(UnsafeCell::new(0))));
        let mut guard = value.clone().try_lock_owned().unwrap();
        let mut wait = Polled::waiting(value.lock());
        let unlocker = thread::spawn(move || add(&mut guard));
        let early = match wait.poll() {
            core::task::Poll::Ready(mut guard) => add(&mut guard) == 2,
            core::task::Poll::Pending => false,
        };
        unlocker.join().unwrap();
        assert!(early || wait.poll().is_ready());
    });
}

/// A waiter that was woken, or handed the mutex, goes away: the next one gets it.
// Mutant: core/src/sync/permits.rs ::         }\n        self.permits.serve(section, 0);\n    } =>         }\n        let _ = section;\n    }
#[test]
fn failure_100_unlock_against_cancel() {
    loom::model(|| {
        let value = value();
        let guard = value.try_lock().unwrap();
        let first = Polled::waiting(value.lock());
        let mut second = Polled::waiting(value.lock());
        let shared = value.clone();
        let barger = thread::spawn(move || drop(shared.try_lock()));
        drop(guard);
        drop(first);
        barger.join().unwrap();
        assert!(second.wakes() >= 1, "left waiting");
        if second.poll().is_pending() {
            panic!("woken for nothing");
        }
    });
}
