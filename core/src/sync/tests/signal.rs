//! The last value, for one waiter, and wakers that do what they should not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sync::Signal;
use crate::test_util::{Event, Polled, TestLock, TestWaker, forgotten, panics};

type Bell = Signal<Arc<u8>, TestLock>;

#[test]
fn the_last_value_is_taken_once() {
    let signal = Bell::with_lock();
    assert!(!signal.signaled());
    let first = Arc::new(1);
    signal.signal(first.clone());
    signal.signal(Arc::new(2));
    assert_eq!(Arc::strong_count(&first), 1, "what was replaced is dropped");
    assert!(signal.signaled());
    assert_eq!(*Polled::new(signal.wait()).ready(), 2);
    assert!(!signal.signaled());
    assert_eq!(signal.try_take(), None);
}

#[test]
fn a_value_wakes_who_waits() {
    let signal = Bell::with_lock();
    let mut wait = Polled::waiting(signal.wait());
    assert!(wait.poll().is_pending());
    signal.signal(Arc::new(3));
    assert_eq!((wait.wakes(), *wait.ready(), wait.waker.alive()), (1, 3, 0));
    // And again: the future waits for the next.
    assert!(wait.poll().is_pending());
    signal.signal(Arc::new(4));
    assert_eq!((wait.wakes(), *wait.ready()), (2, 4));
}

// Mutant: core/src/sync/signal.rs :: drop(self.try_take()); => drop(self.state.with(|state| (state.value.take(), state.waker.take())));
#[test]
fn failure_022_reset_keeps_who_waits() {
    let signal = Bell::with_lock();
    let mut wait = Polled::waiting(signal.wait());
    signal.reset();
    signal.signal(Arc::new(1));
    assert_eq!(wait.wakes(), 1, "a reset lost the waiter");
    signal.reset();
    assert!(wait.poll().is_pending(), "what was taken back is not there");
    signal.signal(Arc::new(2));
    assert_eq!((wait.wakes(), *wait.ready()), (2, 2));
}

// Mutant: core/src/sync/signal.rs :: Some(old) if replaced => old.wake(), => Some(old) if replaced => drop(old),
#[test]
fn failure_019_replaced_waiter_is_woken() {
    let signal = Bell::with_lock();
    let first = Polled::waiting(signal.wait());
    let mut second = Polled::waiting(signal.wait());
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    signal.signal(Arc::new(1));
    assert_eq!((first.wakes(), second.wakes(), *second.ready()), (1, 1, 1));
}

#[test]
fn a_wait_that_is_dropped_loses_nothing() {
    let signal = Bell::with_lock();
    let wait = Polled::waiting(signal.wait());
    signal.signal(Arc::new(1));
    drop(wait);
    forgotten(Polled::new(signal.wait()));
    assert_eq!(*Polled::new(signal.wait()).ready(), 1);
}

// Mutant: core/src/sync/signal.rs :: if let Some(foreign) = foreign {\n            foreign.wake(|| self.state.with(|state| state.waker.take()));\n        }\n        drop(old); => drop(old);\n        if let Some(foreign) = foreign {\n            foreign.wake(|| self.state.with(|state| state.waker.take()));\n        }
#[test]
fn a_value_that_panics_when_dropped_does_not_lose_the_wake() {
    struct Hostile(bool);
    impl Drop for Hostile {
        fn drop(&mut self) {
            assert!(!self.0, "hostile value");
        }
    }
    let signal = Signal::<Hostile, TestLock>::with_lock();
    signal.signal(Hostile(true));
    // A waiter that came between, as `poll_wait` would have taken the value.
    let wait = TestWaker::new();
    signal.wait_behind(&wait.waker());
    assert!(panics(|| signal.signal(Hostile(false))));
    assert_eq!(wait.wakes(), 1);
}

/// A signal that is always there lets others have their turn, and waiting for one costs nothing.
// Mutant: core/src/sync/signal.rs :: coop.made_progress(); => drop(coop);
#[cfg(feature = "std")] // there is a budget
#[test]
fn failure_106_a_value_that_is_signalled_takes_a_unit() {
    use crate::task::coop::in_main;
    let signal = Bell::with_lock();
    let mut wait = Polled::new(signal.wait());
    in_main(|| {
        assert!((0..1000).all(|_| wait.poll().is_pending()));
        let taken = (0..1000).take_while(|_| {
            signal.signal(Arc::new(1));
            wait.poll().is_ready()
        });
        assert_eq!(taken.count(), 128);
    });
    assert!(signal.signaled());
    assert_eq!(*in_main(|| wait.ready()), 1);
}

#[test]
fn failure_072_hostile_wakers_and_values() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let signal = Arc::new(Bell::with_lock());
        let (again, entered) = (signal.clone(), AtomicBool::new(false));
        let hooked = TestWaker::hooked(move |now| {
            if now == event && !entered.swap(true, Ordering::Relaxed) {
                again.signal(Arc::new(7));
                again.reset();
                again.signal(Arc::new(8));
            }
        });
        let mut wait = Polled::new(signal.wait());
        wait.waker = hooked.clone();
        let _ = wait.poll();
        signal.signal(Arc::new(9));
        hooked.unhook();
        let last = *wait.ready();
        assert!(last == 8 || last == 9, "{event:?}: {last}");
    }
    for event in [Event::Clone, Event::Wake] {
        let signal = Bell::with_lock();
        let mut wait = Polled::new(signal.wait());
        wait.waker = TestWaker::panicking(event);
        let panicked = panics(|| _ = wait.poll()) | panics(|| signal.signal(Arc::new(1)));
        assert!(panicked, "{event:?}");
        wait.waker.unhook();
        assert_eq!(*wait.ready(), 1);
    }
}

#[test]
fn threads_may_share_it() {
    fn shared<T: Send + Sync>() {}
    shared::<Bell>();
    shared::<Signal<core::cell::Cell<u8>, TestLock>>();
}
