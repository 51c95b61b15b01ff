//! A wake on one thread, and a test that looks for it on another: it sees what the one who woke it wrote.

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::{Wakes, task};
use crate::test_util::{Plain, forever};

/// Writes and wakes on a thread of its own.
fn wakes(done: &Arc<Plain>, wake: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    let done = done.clone();
    thread::spawn(move || {
        done.set();
        wake();
    })
}

// Mutant: core/src/test/wakes.rs :: self.0.load(Ordering::Acquire) => self.0.load(Ordering::Relaxed)
// Mutant: core/src/test/wakes.rs :: self.0.swap(0, Ordering::Acquire) => self.0.swap(0, Ordering::Relaxed)
// Mutant: core/src/test/wakes.rs :: self.0.fetch_add(1, Ordering::Release); => self.0.fetch_add(1, Ordering::Relaxed);
#[test]
fn counted_wake_carries_what_came_before() {
    fn model(seen: fn(&Wakes) -> bool) {
        loom::model(move || {
            let (counter, done) = (forever(Wakes::new()), Plain::new());
            let waker = wakes(&done, || counter.waker().wake());
            assert!(!seen(counter) || done.is_set());
            waker.join().unwrap();
            assert!(counter.count() <= 1);
        });
    }
    model(Wakes::is_woken);
    model(|counter| counter.take() == 1);
}

// Mutant: core/src/test/alloc.rs :: self.woken.0.load(Ordering::Acquire) => self.woken.0.load(Ordering::Relaxed)
// Mutant: core/src/test/alloc.rs :: self.0.swap(true, Ordering::Release); => self.0.swap(true, Ordering::Relaxed);
#[test]
fn wake_of_a_task_carries_what_came_before() {
    loom::model(|| {
        let done = Plain::new();
        let mut task = task::spawn(());
        let raw = task.enter(|cx, _| cx.waker().clone());
        let waker = wakes(&done, || raw.wake());
        assert!(!task.is_woken() || done.is_set());
        waker.join().unwrap();
        assert!(task.is_woken());
    });
}

/// A poll takes the wake that was there, and sees what made it; or it is woken for it.
// Mutant: core/src/test/alloc.rs :: self.woken.0.swap(false, Ordering::Acquire); => self.woken.0.swap(false, Ordering::Relaxed);
// Mutant: core/src/test/alloc.rs :: self.0.swap(true, Ordering::Release); => self.0.store(true, Ordering::Release);
#[test]
fn poll_of_a_task_races_its_wake() {
    loom::model(|| {
        let ready = Arc::new(AtomicBool::new(false));
        let mut task = task::spawn(());
        let raw = task.enter(|cx, _| cx.waker().clone());
        let waker = thread::spawn({
            let ready = ready.clone();
            move || {
                ready.store(true, Ordering::Relaxed);
                raw.wake();
            }
        });
        let seen = task.enter(|_, _| ready.load(Ordering::Relaxed));
        waker.join().unwrap();
        assert!(seen || task.is_woken(), "left waiting");
    });
}
