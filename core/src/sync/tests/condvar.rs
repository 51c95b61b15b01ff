//! Conditions: no notification is lost, neither by waiting nor by giving up.

use std::boxed::Box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::vec::Vec;

use crate::sync::{Condvar, Mutex, Notify};
use crate::test_util::{Event, Polled, TestLock, TestWaker, forever, panics, poll, send_sync};

type Value<T> = Mutex<T, TestLock>;
type Changed = Condvar<TestLock>;

#[test]
fn waiter_lets_go_and_has_the_mutex_again() {
    let (mutex, changed) = (Value::with_lock(0), Changed::with_lock());
    changed.notify_one();
    let mut wait = Polled::new(changed.wait(mutex.try_lock().unwrap()));
    assert!(wait.poll().is_pending(), "a notification before it waited");
    let mut guard = mutex.try_lock().unwrap();
    *guard = 5;
    changed.notify_one();
    assert_eq!(wait.wakes(), 1);
    assert!(wait.poll().is_pending(), "two guards");
    drop(guard);
    assert_eq!(*wait.ready(), 5);
    drop(wait);
    assert!(mutex.try_lock().is_ok());
}

/// Whoever has the mutex next, from within the unlock even, finds the waiter in line.
// Mutant: core/src/sync/condvar.rs :: wait.as_mut().enable();\n => \n
#[test]
fn next_holder_of_the_mutex_finds_the_waiter() {
    let (mutex, changed): (&Value<()>, &Changed) = (forever(Value::with_lock(())), forever(Changed::with_lock()));
    let guard = mutex.try_lock().unwrap();
    let mut next = Polled::new(mutex.lock());
    next.waker = TestWaker::hooked(move |event| {
        if event == Event::Wake {
            changed.notify_one();
        }
    });
    assert!(next.poll().is_pending());
    let mut wait = Polled::new(changed.wait(guard));
    let is_told = wait.poll().is_ready() || {
        drop(next.ready());
        wait.poll().is_ready()
    };
    assert!(is_told, "notified while it let go of the mutex");
}

#[test]
fn waits_while_the_condition_holds() {
    let (mutex, changed) = (Value::with_lock(2), Changed::with_lock());
    let mut wait = Polled::waiting(changed.wait_while(mutex.try_lock().unwrap(), |left| *left > 0));
    for _ in 0..2 {
        assert!(wait.poll().is_pending());
        *mutex.try_lock().unwrap() -= 1;
        changed.notify_all();
    }
    assert_eq!(*wait.ready(), 0);
    let at_once =
        Polled::new(changed.wait_while(mutex.try_lock().unwrap_or_else(|_| unreachable!()), |_| false)).poll();
    assert!(at_once.is_ready());
}

#[test]
fn wait_ends_at_its_limit_with_the_mutex() {
    let (mutex, changed, limit) = (Value::with_lock(0), Changed::with_lock(), Notify::<TestLock>::with_lock());
    let mut wait = Polled::waiting(changed.wait_or(mutex.try_lock().unwrap(), limit.notified()));
    limit.notify_one();
    let guard = mutex.try_lock().unwrap();
    assert!(wait.poll().is_pending());
    drop(guard);
    let (guard, outcome) = wait.ready();
    assert!(outcome.timed_out());
    let mut wait = Polled::waiting(changed.wait_or(guard, limit.notified()));
    changed.notify_one();
    assert!(!wait.ready().1.timed_out());
}

/// A notification given to one that gives up, waiting or with the mutex still to lock, or at its limit, is another one's.
// Mutant: core/src/sync/condvar.rs :: queue.wake_one();\n        }\n => let _ = queue;\n        }\n
#[test]
fn failure_100_notification_of_one_that_gives_up_goes_on() {
    for stage in 0..3 {
        let (mutex, changed) = (Value::with_lock(0), Changed::with_lock());
        let mut first = Polled::waiting(changed.wait(mutex.try_lock().unwrap()));
        let mut second = Polled::waiting(changed.wait(mutex.try_lock().unwrap()));
        let guard = mutex.try_lock().unwrap();
        if stage > 0 {
            changed.notify_one();
        }
        if stage > 1 {
            assert!(first.poll().is_pending(), "it waits for the mutex now");
        }
        drop(first);
        if stage == 0 {
            changed.notify_one();
        }
        drop(guard);
        assert_eq!(second.wakes(), 1, "stage {stage}: lost");
        drop(second.ready());
        assert!(mutex.try_lock().is_ok());
    }
}

#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let shared = forever((Value::with_lock(0), Changed::with_lock()));
        let entered = AtomicBool::new(false);
        let hooked = TestWaker::hooked(move |now| {
            if now == event && !entered.swap(true, Ordering::Relaxed) {
                if let Ok(guard) = shared.0.try_lock() {
                    drop(Polled::new(shared.1.wait(guard)).poll());
                }
                shared.1.notify_all();
            }
        });
        let mut wait = Polled::new(shared.1.wait(shared.0.try_lock().unwrap()));
        for waker in [hooked.clone(), TestWaker::new(), hooked.clone()] {
            wait.waker = waker;
            if wait.poll().is_ready() {
                break;
            }
        }
        shared.1.notify_one();
        drop(wait);
        hooked.unhook();
        assert_eq!(hooked.alive(), 0);
        assert!(shared.0.try_lock().is_ok());
    }
}

#[test]
fn failure_109_panicking_waker_keeps_nobody_else_waiting() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let (mutex, changed) = (Value::with_lock(0), Changed::with_lock());
        let hostile = TestWaker::panicking(event);
        let mut wait = Box::pin(changed.wait(mutex.try_lock().unwrap()));
        let mut panicked = panics(|| assert!(poll(wait.as_mut(), &hostile).is_pending()));
        let mut others: Vec<_> = (0..2).map(|_| Polled::waiting(changed.wait(mutex.try_lock().unwrap()))).collect();
        panicked |= panics(|| changed.notify_all());
        panicked |= panics(|| drop(wait));
        assert!(panicked || event == Event::Drop, "{event:?}");
        for other in &mut others {
            assert_eq!(other.wakes(), 1, "{event:?}");
            drop(other.ready());
        }
        hostile.unhook();
    }
}

#[test]
fn may_be_sent_and_shared() {
    let (mutex, changed) = (Value::with_lock(0), Changed::with_lock());
    send_sync(&changed);
    fn send<T: Send>(_: &T) {}
    send(&changed.wait(mutex.try_lock().unwrap()));
    send(&changed.wait_while(mutex.try_lock().unwrap(), |_| true));
}
