//! Turns: who has one, who is passed, who never comes.

use std::boxed::Box;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::vec::Vec;

use crate::lock::LocalLock;
use crate::sync::{MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard, TryLockError};
use crate::test_util::{Event, Polled, Random, TestLock, TestWaker, forever, panics, poll, send_sync};

type Value<T> = Mutex<T, TestLock>;

#[test]
fn one_guard_at_a_time() {
    let mut mutex = Value::with_lock(1);
    let mut guard = Polled::new(mutex.lock()).ready();
    *guard += 1;
    assert_eq!(mutex.try_lock().err(), Some(TryLockError(())));
    let mut wait = Polled::waiting(mutex.lock());
    drop(guard);
    assert_eq!(wait.wakes(), 1);
    *wait.ready() += 1;
    drop(wait);
    assert_eq!(*mutex.try_lock().unwrap(), 3);
    assert_eq!(*mutex.get_mut(), 3);
    assert_eq!(mutex.into_inner(), 3);
}

#[test]
fn waiters_get_their_turn_in_order() {
    let mutex = Value::with_lock(());
    let mut guard = mutex.try_lock().ok();
    let mut waits: Vec<_> = (0..3).map(|_| Polled::waiting(mutex.lock())).collect();
    for turn in 0..3 {
        drop(guard.take());
        for (n, wait) in waits.iter_mut().enumerate() {
            assert_eq!(wait.wakes(), usize::from(n <= turn));
        }
        guard = Some(waits[turn].ready());
    }
}

// Mutant: core/src/sync/permits.rs :: return Step::Wait(Told::Owed(self.need)); => return Step::Wait(Told::Wait(self.need));
#[test]
fn woken_waiter_is_passed_once_and_then_handed_the_mutex() {
    let mutex = Value::with_lock(());
    let guard = mutex.try_lock().unwrap();
    let mut wait = Polled::waiting(mutex.lock());
    drop(guard);
    // Anybody's, until the one that was woken runs.
    drop(mutex.try_lock().unwrap());
    let barged = mutex.try_lock().unwrap();
    assert!(wait.poll().is_pending(), "two guards");
    let mut late = Polled::waiting(mutex.lock());
    drop(barged);
    assert!(mutex.try_lock().is_err(), "passed twice");
    assert_eq!((wait.wakes(), late.wakes()), (2, 0));
    drop(wait.ready());
    assert_eq!(late.wakes(), 1);
    drop(late.ready());
    assert!(mutex.try_lock().is_ok());
}

/// One that begins to wait while the first in line is on its way is called when that one has done.
// Mutant: core/src/sync/permits.rs :: section.step_out(0);\n        // *all or patient*: nothing is left to give, but ASK must be right for who is first now.\n        self.permits.serve(section, 0); => section.step_out(0);
#[test]
fn who_comes_behind_one_that_was_woken_is_called_in_turn() {
    let mutex = Value::with_lock(());
    let guard = mutex.try_lock().unwrap();
    let mut first = Polled::waiting(mutex.lock());
    drop(guard);
    let barged = mutex.try_lock().unwrap();
    let mut second = Polled::waiting(mutex.lock());
    drop(barged);
    let guard = first.ready();
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    drop(guard);
    assert_eq!(second.wakes(), 1, "nobody called it");
    drop(second.ready());
    assert!(mutex.try_lock().is_ok());
}

// Mutant: core/src/sync/permits.rs :: if self.whole && before & FAIR == 0 => if self.whole
#[test]
fn fair_mutex_is_handed_over_at_every_unlock() {
    let mutex = Value::fair_with_lock(());
    let guard = mutex.try_lock().unwrap();
    let mut waits: Vec<_> = (0..3).map(|_| Polled::waiting(mutex.lock())).collect();
    drop(guard);
    for wait in &mut waits {
        assert!(mutex.try_lock().is_err(), "passed");
        assert!(Polled::new(mutex.lock()).poll().is_pending(), "passed");
        drop(wait.ready());
    }
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn guard_of_a_part_keeps_the_whole_locked() {
    let mutex = Value::with_lock((1, [2, 3]));
    let part = MutexGuard::map(mutex.try_lock().unwrap(), |whole| &mut whole.1);
    let mut item = MappedMutexGuard::map(part, |array| &mut array[1]);
    *item = 4;
    assert!(mutex.try_lock().is_err());
    let item = MappedMutexGuard::try_map(item, |_| None::<&mut u8>).unwrap_err();
    assert_eq!(std::format!("{item:?} {item}"), "4 4");
    assert!(mutex.try_lock().is_err());
    drop(MappedMutexGuard::try_map(item, |item| Some(item)).ok());
    let whole = MutexGuard::try_map(mutex.try_lock().unwrap(), |_| None::<&mut u8>).unwrap_err();
    assert!(mutex.try_lock().is_err());
    assert!(core::ptr::eq(MutexGuard::mutex(&whole), &mutex));
    drop(whole);
    assert!(panics(|| drop(MutexGuard::map(mutex.try_lock().unwrap(), |_| -> &mut u8 { panic!("in map") }))));
    assert_eq!(*mutex.try_lock().unwrap(), (1, [2, 4]));
}

#[test]
fn owned_guards_keep_the_mutex() {
    let mutex = Arc::new(Value::with_lock((1, 2)));
    let guard = Polled::new(mutex.clone().lock_owned()).ready();
    assert!(Arc::ptr_eq(OwnedMutexGuard::mutex(&guard), &mutex));
    assert!(mutex.clone().try_lock_owned().is_err());
    let mut wait = Polled::waiting(mutex.clone().lock_owned());
    drop(Polled::waiting(mutex.clone().lock_owned()));
    let weak = Arc::downgrade(&mutex);
    drop(mutex);
    let mut part = OwnedMutexGuard::map(guard, |pair| &mut pair.1);
    *part = 5;
    let part = OwnedMappedMutexGuard::try_map(part, |_| None::<&mut u8>).unwrap_err();
    drop(OwnedMappedMutexGuard::map(part, |part| part));
    let guard = OwnedMutexGuard::try_map(wait.ready(), |_| None::<&mut u8>).unwrap_err();
    assert_eq!(*guard, (1, 5));
    drop(wait);
    drop(guard);
    assert!(weak.upgrade().is_none());
}

/// Cancels the waiter at `cancelled`, in each stage that the first of three can be in, and sees everybody else served.
// Mutant: core/src/sync/permits.rs ::         }\n        self.permits.serve(section, 0);\n    } =>         }\n        let _ = section;\n    }
#[test]
fn failure_021_cancel_at_each_position_and_stage() {
    for stage in 0..5 {
        for cancelled in 0..3 {
            let mutex = Value::with_lock(());
            let mut guard = Some(mutex.try_lock().unwrap());
            let mut waits: Vec<_> = (0..3).map(|_| Polled::waiting(mutex.lock())).collect();
            match stage {
                0 => {}                  // waiting
                1 => drop(guard.take()), // woken, the mutex free
                _ => {
                    drop(guard.take());
                    guard = mutex.try_lock().ok(); // woken, the mutex taken past it
                    if stage >= 3 {
                        assert!(waits[0].poll().is_pending()); // passed
                    }
                    if stage == 4 {
                        drop(guard.take()); // granted
                    }
                }
            }
            drop(waits.remove(cancelled));
            drop(guard);
            for wait in &mut waits {
                assert!(wait.wakes() >= 1, "stage {stage}, cancelled {cancelled}: left waiting");
                drop(wait.ready());
            }
            assert!(mutex.try_lock().is_ok());
        }
    }
}

/// Random histories: never two guards, nobody left waiting for a free mutex, nobody passed twice.
#[test]
fn failure_100_conserves_the_right_in_random_histories() {
    for seed in 0..if cfg!(miri) { 4 } else { 400 } {
        let mut random = Random::new(seed);
        let mutex = Value::with_lock(());
        let mut guard = None;
        let mut waits = VecDeque::new();
        for _ in 0..if cfg!(miri) { 60 } else { 120 } {
            match random.below(6) {
                0 | 1 => waits.push_back(Polled::new(mutex.lock())),
                2 => guard = None,
                3 => {
                    if let Ok(taken) = mutex.try_lock() {
                        assert!(guard.replace(taken).is_none(), "seed {seed}");
                    }
                }
                4 if !waits.is_empty() => drop(waits.remove(random.below(waits.len()))),
                _ if !waits.is_empty() => {
                    let at = random.below(waits.len());
                    if let std::task::Poll::Ready(taken) = waits[at].poll() {
                        assert!(guard.replace(taken).is_none(), "seed {seed}");
                        waits.remove(at);
                    }
                }
                _ => {}
            }
        }
        // Executed to the end by wake-ups alone, but for those never polled.
        waits.retain_mut(|wait| match wait.poll() {
            std::task::Poll::Ready(taken) => {
                assert!(guard.replace(taken).is_none(), "seed {seed}");
                false
            }
            _ => true,
        });
        drop(guard);
        let mut seen: Vec<usize> = waits.iter().map(|_| 0).collect();
        while !waits.is_empty() {
            let woken = waits.iter().zip(&seen).position(|(wait, seen)| wait.wakes() > *seen);
            // A wake-up that was used up by the last poll above counts too.
            let at = woken.unwrap_or_else(|| panic!("seed {seed}: somebody waits for a free mutex"));
            seen[at] = waits[at].wakes();
            if let std::task::Poll::Ready(guard) = waits[at].poll() {
                waits.remove(at);
                seen.remove(at);
                drop(guard);
            }
        }
        assert!(mutex.try_lock().is_ok());
    }
}

#[test]
fn panic_with_a_guard_unlocks() {
    let mutex = Value::with_lock(0);
    assert!(panics(|| {
        *mutex.try_lock().unwrap() = 1;
        let _guard = mutex.try_lock().unwrap();
        panic!("in the critical part");
    }));
    assert_eq!(*mutex.try_lock().unwrap(), 1);
}

#[test]
fn forgotten_guard_keeps_it_locked() {
    let mutex = Value::with_lock(0);
    core::mem::forget(mutex.try_lock().unwrap());
    assert!(Polled::new(mutex.lock()).poll().is_pending());
}

#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let mutex = forever(Value::with_lock(0));
        let entered = AtomicBool::new(false);
        let hooked = TestWaker::hooked(move |now| {
            if now == event && !entered.swap(true, Ordering::Relaxed) {
                let mut other = Polled::new(mutex.lock());
                drop(other.poll());
                drop(mutex.try_lock());
            }
        });
        let guard = mutex.try_lock().unwrap();
        let mut wait = Polled::new(mutex.lock());
        for waker in [hooked.clone(), TestWaker::new(), hooked.clone()] {
            wait.waker = waker;
            assert!(wait.poll().is_pending());
        }
        drop(guard);
        *wait.ready() += 1;
        drop(wait);
        hooked.unhook();
        assert_eq!((hooked.alive(), *mutex.try_lock().unwrap()), (0, 1));
    }
}

#[test]
fn failure_109_panicking_waker_leaves_the_mutex_working() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let mutex = Value::with_lock(0);
        let hostile = TestWaker::panicking(event);
        let guard = mutex.try_lock().unwrap();
        let mut wait = Box::pin(mutex.lock());
        let mut panicked = panics(|| assert!(poll(wait.as_mut(), &hostile).is_pending()));
        let mut other = Polled::waiting(mutex.lock());
        panicked |= panics(|| drop(guard));
        panicked |= panics(|| drop(wait));
        assert!(panicked, "{event:?}");
        assert_eq!(other.wakes(), 1);
        drop(other.ready());
        hostile.unhook();
        assert!(mutex.try_lock().is_ok());
    }
}

#[test]
fn failure_109_polled_after_it_was_ready() {
    let mutex = Value::with_lock(0);
    let mut wait = Polled::new(mutex.lock());
    drop(wait.ready());
    assert!(panics(|| drop(wait.poll())));
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn shows_itself() {
    let mutex = Value::with_lock(7);
    assert_eq!(std::format!("{mutex:?}"), "Mutex { data: 7 }");
    let guard = mutex.try_lock().unwrap();
    assert_eq!(std::format!("{mutex:?} {guard:?} {guard}"), "Mutex { data: <locked> } 7 7");
}

#[test]
fn works_in_one_context_unsized_and_shared_by_threads() {
    let local = Mutex::<_, LocalLock>::with_lock([1, 2]);
    let slice: &Mutex<[i32], LocalLock> = &local;
    Polled::new(slice.lock()).ready()[0] = 5;
    assert_eq!(local.into_inner(), [5, 2]);
    // As for tokio's: a mutex of a value that may be sent may be shared, its guard may be sent.
    let mutex = Value::with_lock(core::cell::Cell::new(0));
    send_sync(&mutex);
    fn send<T: Send>(_: &T) {}
    send(&mutex.lock());
    send(&mutex.try_lock().unwrap());
    let plain = Value::with_lock(0);
    send_sync(&plain.lock());
    send_sync::<MutexGuard<'_, i32, TestLock>>(&plain.try_lock().unwrap());
    send_sync(&MutexGuard::map(plain.try_lock().unwrap(), |n| n));
    let owned = Arc::new(Value::with_lock(0));
    send_sync(&owned.clone().lock_owned());
    send_sync(&OwnedMutexGuard::map(owned.try_lock_owned().unwrap(), |n| n));
}

/// Who has used its budget up takes its turn all the same, and keeps it until it goes on.
// Mutant: core/src/sync/permits.rs :: Stage::Held(got) => { drop(got); Stage::New }
#[test]
fn failure_144_order_survives_a_budget_that_is_used_up() {
    for dropped in [false, true] {
        let mutex = Value::fair_with_lock(());
        let mut first = crate::task::coop::in_main(|| {
            for n in 0..128 {
                let mut lock = Polled::new(mutex.lock());
                assert!(lock.poll().is_ready(), "{n}");
            }
            let mut first = Polled::new(mutex.lock());
            assert!(first.poll().is_pending(), "the lock was free, the budget was not");
            assert_eq!(first.wakes(), 1);
            first
        });
        assert!(mutex.try_lock().is_err(), "its turn is gone");
        let mut second = Polled::waiting(mutex.lock());
        if dropped {
            drop(first);
        } else {
            drop(first.ready());
        }
        assert_eq!(second.wakes(), 1);
        drop(second.ready());
        assert!(mutex.try_lock().is_ok());
    }
}

// Mutant: core/src/sync/blocking.rs :: !crate::task::coop::is_budgeted(), => true,
#[test]
fn blocking_is_refused_in_a_poll_of_a_runtime() {
    let mutex = Value::with_lock(1);
    assert_eq!(*mutex.blocking_lock(), 1);
    assert!(panics(|| crate::task::coop::in_main(|| drop(mutex.blocking_lock()))));
    let guard = mutex.try_lock().unwrap();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| *mutex.blocking_lock() += 1);
        drop(guard);
        waiter.join().unwrap();
    });
    assert_eq!(mutex.into_inner(), 2);
}

std::thread_local! {
    static SECTIONS: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
}

/// Counts how often it is taken.
struct CountingLock(TestLock);

// SAFETY: that of the lock inside.
unsafe impl crate::lock::RawLock for CountingLock {
    const INIT: Self = Self(TestLock::INIT);

    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        SECTIONS.set(SECTIONS.get() + 1);
        self.0.with(f)
    }
}

// Mutant: core/src/sync/waiters/mark.rs :: self.0.load(Ordering::Acquire) != 0 => self.0.load(Ordering::Acquire) > 1
#[test]
fn who_is_handed_the_mutex_takes_it_without_the_lock() {
    let mutex: Mutex<u8, CountingLock> = Mutex::fair_with_lock(0);
    let guard = mutex.try_lock().unwrap();
    let mut wait = Polled::waiting(mutex.lock());
    drop(guard);
    let before = SECTIONS.get();
    assert!(wait.poll().is_ready());
    assert_eq!(SECTIONS.get(), before);
}

#[test]
fn failure_021_who_was_handed_the_mutex_and_goes_away_passes_it_on() {
    let mutex: Mutex<u8, CountingLock> = Mutex::fair_with_lock(0);
    let guard = mutex.try_lock().unwrap();
    let (first, mut second) = (Polled::waiting(mutex.lock()), Polled::waiting(mutex.lock()));
    drop(guard);
    drop(first);
    assert_eq!(second.wakes(), 1);
    assert!(second.poll().is_ready());
}
