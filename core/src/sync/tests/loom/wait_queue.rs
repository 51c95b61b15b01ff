//! Wake-ups, cancellations, newcomers and the end at once.

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::lock::DefaultLock;
use crate::sync::WaitQueue;
use crate::test_util::{Plain, Polled, forever};

type Queue = WaitQueue<DefaultLock>;

/// Two wait, one is woken while the first goes away: somebody has the wake-up.
// Mutant: core/src/sync/wait_queue.rs :: self.queue.give_one(section, end); => let _ = (section, end);
#[test]
fn failure_021_wake_one_against_cancel() {
    loom::model(|| {
        let queue = Arc::new(Queue::new());
        let shared = queue.clone();
        let first = Polled::waiting(queue.wait());
        let mut second = Polled::waiting(queue.wait());
        let waker = thread::spawn(move || assert!(shared.wake_one()));
        drop(first);
        waker.join().unwrap();
        assert_eq!(second.wakes(), 1);
        assert_eq!(second.ready(), Ok(()));
    });
}

/// Who waits at the call is woken; who comes after it is not; in between either, but consistently.
// Mutant: core/src/sync/wait_queue.rs :: self.waiters.drain(LEAVING, Told::Wait, |last| *last != call); => self.waiters.drain(LINE, Told::Wait, |last| *last != call);
#[test]
fn failure_102_wake_all_against_a_new_waiter() {
    loom::model(|| {
        let shared = Arc::new((Queue::new(), AtomicBool::new(false)));
        let mut present = Polled::waiting(shared.0.wait());
        let waker = thread::spawn({
            let shared = shared.clone();
            move || {
                shared.0.wake_all();
                shared.1.store(true, Ordering::Release);
            }
        });
        let after = shared.1.load(Ordering::Acquire);
        let mut newcomer = Polled::new(shared.0.wait());
        let ready = newcomer.poll().is_ready();
        waker.join().unwrap();
        assert_eq!((present.wakes(), present.ready()), (1, Ok(())));
        assert!(!(after && (ready || newcomer.wakes() > 0)), "woken by a call that had returned");
        // If it was reached while it waited it was called; if not it is still in line.
        let reached = ready || newcomer.wakes() == 1;
        assert_eq!(newcomer.poll().is_ready(), reached);
        assert_eq!(shared.0.wake_one(), !reached);
    });
}

/// Two calls share the lane of those who leave; whoever is in it is called once, by either.
// Mutant: core/src/sync/wait_queue.rs :: |last| *last != call => |last| *last == call
#[test]
fn failure_102_two_calls_of_wake_all() {
    loom::model(|| {
        let queue = Arc::new(Queue::new());
        let shared = queue.clone();
        let mut first = Polled::waiting(queue.wait());
        let waker = thread::spawn(move || shared.wake_all());
        let mut second = Polled::new(queue.wait());
        let at_once = second.poll().is_ready();
        queue.wake_all();
        waker.join().unwrap();
        assert_eq!((first.wakes(), first.ready()), (1, Ok(())));
        assert_eq!((second.wakes(), second.ready()), (usize::from(!at_once), Ok(())));
    });
}

/// A wait that meets the end ends.
// Mutant: core/src/sync/wait_queue.rs :: self.change(|word| (word & !WAITING) | CLOSED);\n            section.append(LINE, LEAVING); => self.change(|word| (word & !WAITING) | CLOSED);
#[test]
fn close_against_wait() {
    loom::model(|| {
        let queue = Arc::new(Queue::new());
        let shared = queue.clone();
        let closer = thread::spawn(move || shared.close());
        let mut wait = Polled::new(queue.wait());
        let ended = wait.poll_twice().is_ready();
        closer.join().unwrap();
        assert!(ended || wait.wakes() == 1, "left waiting");
        assert!(wait.ready().is_err());
    });
}

/// The condition becomes true between the look and the wait.
// Mutant: core/src/sync/wait_queue.rs :: wait.as_mut().enable();\n            if condition() { => if condition() {
// Mutant: core/src/sync/wait_queue.rs :: compare_exchange_weak(word, kept(word), Ordering::Release, Ordering::Relaxed) => compare_exchange_weak(word, kept(word), Ordering::Relaxed, Ordering::Relaxed)
#[test]
fn wait_until_misses_no_change() {
    loom::model(|| {
        let shared = Arc::new((Queue::new(), AtomicBool::new(false)));
        let setter = thread::spawn({
            let shared = shared.clone();
            move || {
                shared.1.store(true, Ordering::Relaxed);
                shared.0.wake_one();
            }
        });
        let mut wait = Polled::new(shared.0.wait_until(|| shared.1.load(Ordering::Relaxed)));
        let ready = wait.poll().is_ready();
        setter.join().unwrap();
        assert!(ready || wait.wakes() == 1, "left waiting");
    });
}

/// A place in line is reached by others only under the lock, also while its future is moved to another thread and
/// polled there with another waker, and ends there before the caller has come to it.
// Mutant: core/src/sync/waiters/waiter.rs :: entry.tag = None;\n                        if core::mem::replace(&mut entry.linked, false) { => entry.tag = None;\n                        if false {
#[test]
fn future_moves_between_threads_while_it_is_woken() {
    loom::model(|| {
        let queue: &'static Queue = forever(Queue::new());
        let mut wait = Polled::waiting(queue.wait());
        let first = core::mem::replace(&mut wait.waker, crate::test_util::TestWaker::new());
        let mover = thread::spawn(move || (wait.poll().is_ready(), wait));
        queue.wake_all();
        let (ready, mut wait) = mover.join().unwrap();
        assert!(ready || wait.wakes() == 1 || first.wakes() == 1 && wait.poll().is_ready());
        assert!(wait.poll().is_ready());
    });
}

/// Who finds itself woken with all, without a look under the lock, sees what came before that.
// Mutant: core/src/sync/wait_queue.rs :: let mut word = self.queue.word.load(Ordering::Acquire); => let mut word = self.queue.word.load(Ordering::Relaxed);
#[test]
fn wake_all_carries_what_came_before() {
    loom::model(|| {
        let (queue, done) = (Arc::new(Queue::new()), Plain::new());
        let mut present = Polled::waiting(queue.wait());
        let mut newcomer = Polled::new(queue.wait());
        let waker = thread::spawn({
            let (queue, done) = (queue.clone(), done.clone());
            move || {
                done.set();
                queue.wake_all();
            }
        });
        // loom tells only the last access of a cell from this one, and that is the other thread's own look: so it is let go
        // first.
        thread::yield_now();
        if newcomer.poll().is_ready() {
            assert!(done.is_set());
        }
        waker.join().unwrap();
        assert_eq!(present.ready(), Ok(()));
    });
}

/// A wait that begins after a call of `wake_all`, which does not reach it, is followed by a look that sees the change.
// Mutant: core/src/sync/wait_queue.rs :: let began = queue.word.load(Ordering::Acquire); => let began = queue.word.load(Ordering::Relaxed);
#[test]
fn wait_begins_and_looks_while_all_are_woken() {
    loom::model(|| {
        let shared = Arc::new((Queue::new(), AtomicBool::new(false)));
        let setter = thread::spawn({
            let shared = shared.clone();
            move || {
                shared.1.store(true, Ordering::Relaxed);
                shared.0.wake_all();
            }
        });
        let mut wait = Polled::new(shared.0.wait());
        let seen = shared.1.load(Ordering::Relaxed) || wait.poll().is_ready();
        setter.join().unwrap();
        assert!(seen || wait.wakes() == 1, "left waiting");
    });
}

/// Who finds the queue closed sees what came before that, also where it was about to take a permit.
// Mutant: core/src/sync/wait_queue.rs :: self.word.load(Ordering::Acquire) & CLOSED != 0 => self.word.load(Ordering::Relaxed) & CLOSED != 0
// Mutant: core/src/sync/wait_queue.rs :: Ordering::Acquire,\n                        Ordering::Acquire, => Ordering::Acquire,\n                        Ordering::Relaxed,
#[test]
fn close_carries_what_came_before() {
    fn model(closed: impl Fn(&Queue) -> bool + Send + Sync + 'static) {
        loom::model(move || {
            let (queue, done) = (Arc::new(Queue::with_permit()), Plain::new());
            queue.wake_one();
            let closer = thread::spawn({
                let (queue, done) = (queue.clone(), done.clone());
                move || {
                    done.set();
                    queue.close();
                }
            });
            // As in `wake_all_carries_what_came_before`.
            thread::yield_now();
            assert!(!closed(&queue) || done.is_set());
            closer.join().unwrap();
        });
    }
    model(Queue::is_closed);
    model(|queue| Polled::new(queue.wait()).ready().is_err());
}
