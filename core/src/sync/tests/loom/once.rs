//! Values set, made and awaited at once.

use core::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use loom::thread;

use crate::lock::DefaultLock;
use crate::sync::{Barrier, Condvar, Mutex, OnceCell, SetOnce};
use crate::test_util::{Polled, forever};

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

/// Two set it, one waits: one of both values, whole, which is there for who was too late.
// Mutant: core/src/sync/set_once.rs :: self.queue.close_after(|| self.slot.put(value)).map_err(SetOnceError) => self.slot.put(value).map_err(SetOnceError)?;\n        self.queue.close();\n        Ok(())
// Mutant: core/src/sync/slot.rs :: self.state.store(FULL, Ordering::Release); => self.state.store(FULL, Ordering::Relaxed);
// Mutant: core/src/sync/slot.rs :: if self.state.load(Ordering::Acquire) != FULL { => if self.state.load(Ordering::Relaxed) != FULL {
#[test]
fn set_against_set_and_look() {
    loom::model(|| {
        let once = Arc::new(SetOnce::<usize, DefaultLock>::with_lock());
        let setter = thread::spawn({
            let once = once.clone();
            move || once.set(1).is_ok()
        });
        let looker = thread::spawn({
            let once = once.clone();
            move || once.get().copied()
        });
        let mine = once.set(2).is_ok();
        assert!(once.initialized());
        let theirs = setter.join().unwrap();
        assert!(mine != theirs, "one of both");
        let value = if mine { 2 } else { 1 };
        assert!(looker.join().unwrap().is_none_or(|seen| seen == value));
        assert_eq!(run(once.wait()), &value);
    });
}

// Mutant: core/src/sync/set_once.rs :: self.queue.close_after(|| self.slot.put(value)).map_err(SetOnceError) => self.queue.close();\n        self.slot.put(value).map_err(SetOnceError)
#[test]
fn set_against_wait() {
    loom::model(|| {
        let once = Arc::new(SetOnce::<usize, DefaultLock>::with_lock());
        let shared = once.clone();
        let setter = thread::spawn(move || shared.set(1).unwrap());
        let mut wait = Polled::new(once.wait());
        let at_once = wait.poll_twice().is_ready();
        setter.join().unwrap();
        assert!(at_once || wait.wakes() == 1 && *wait.ready() == 1);
    });
}

/// Two make it, one gives up: the other one makes it, and nobody makes it twice.
// Mutant: core/src/sync/permits.rs :: let _ = short == Short::Closed && self.is_closed(); => let _ = short;
// Mutant: core/src/sync/once_cell.rs :: guard::swallow(|| self.permits.close()); => guard::swallow(|| ());
#[test]
fn failure_021_two_make_it_and_one_gives_up() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::<usize, DefaultLock>::with_lock());
        let shared = cell.clone();
        let fails = thread::spawn(move || run(shared.get_or_try_init(async || Err::<usize, ()>(()))).copied());
        let made = *run(cell.get_or_init(async || 1));
        assert_eq!(made, 1);
        assert!(fails.join().unwrap().is_ok_and(|seen| seen == 1) || cell.initialized());
        assert_eq!(run(cell.get_or_init(async || 2)), &1);
    });
}

/// Whoever makes the value is done while the next in line polls, though nobody woke it: the value is made once.
// Mutant: core/src/sync/permits.rs :: self.change_within(|word| if last { (word | CLOSED) & !ASK } else { word | CLOSED });\n            section.pop(0, Told::Granted(0)) => let more = section.pop(0, Told::Granted(0));\n            self.change_within(|word| if last { (word | CLOSED) & !ASK } else { word | CLOSED });\n            more
#[test]
fn made_once_though_the_next_polls_unasked() {
    loom::model(|| {
        let cell = forever(OnceCell::<usize, DefaultLock>::with_lock());
        let mut polls = 0;
        // Pending once.
        let first = async move || {
            poll_fn(|_| {
                polls += 1;
                if polls == 1 { Poll::Pending } else { Poll::Ready(1) }
            })
            .await
        };
        let mut maker = Polled::waiting(cell.get_or_init(first));
        let mut next = Polled::waiting(cell.get_or_init(async || 2));
        let other = thread::spawn(move || *maker.ready());
        let early = next.poll();
        assert_eq!(other.join().unwrap(), 1);
        let seen = if let Poll::Ready(seen) = early { seen } else { next.ready() };
        assert_eq!(*seen, 1, "made twice");
    });
}

/// Two pass the line twice: each time one leads.
// Mutant: core/src/sync/barrier.rs :: section.append(LINE, LEAVING);\n => \n
#[test]
fn barrier_passes_both_each_time() {
    loom::model(|| {
        let barrier = Arc::new(Barrier::<DefaultLock>::with_lock(2));
        let shared = barrier.clone();
        let other = thread::spawn(move || [run(shared.wait()).is_leader(), run(shared.wait()).is_leader()]);
        let mine = [run(barrier.wait()).is_leader(), run(barrier.wait()).is_leader()];
        let theirs = other.join().unwrap();
        assert!(mine[0] != theirs[0] && mine[1] != theirs[1], "{mine:?} {theirs:?}");
    });
}

/// The value changes while it is waited for: the change is heard.
// Mutant: core/src/sync/condvar.rs :: wait.as_mut().enable();\n            drop(guard); => drop(guard);
#[test]
fn condition_against_notification() {
    loom::model(|| {
        let shared = Arc::new((Mutex::<bool, DefaultLock>::with_lock(false), Condvar::<DefaultLock>::with_lock()));
        let setter = thread::spawn({
            let shared = shared.clone();
            move || {
                *run(shared.0.lock()) = true;
                shared.1.notify_one();
            }
        });
        assert!(*run(async { shared.1.wait_while(shared.0.lock().await, |set| !*set).await }));
        setter.join().unwrap();
    });
}

/// A notification meets the end of the one it is for: another one hears it.
// Mutant: core/src/sync/condvar.rs :: queue.wake_one();\n        }\n => let _ = queue;\n        }\n
#[test]
fn failure_021_notification_against_one_that_gives_up() {
    loom::model(|| {
        let shared = Arc::new((Mutex::<(), DefaultLock>::with_lock(()), Condvar::<DefaultLock>::with_lock()));
        let mut first = Polled::waiting(shared.1.wait(shared.0.try_lock().unwrap()));
        let mut second = Polled::waiting(shared.1.wait(shared.0.try_lock().unwrap()));
        let notifier = thread::spawn({
            let shared = shared.clone();
            move || {
                let guard = run(shared.0.lock());
                shared.1.notify_one();
                drop(guard);
            }
        });
        let served = first.poll().is_ready();
        drop(first);
        notifier.join().unwrap();
        assert!(served || second.wakes() == 1, "lost");
        assert_eq!(second.poll().is_ready(), second.wakes() == 1);
    });
}
