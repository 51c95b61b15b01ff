//! Races of a sleep with what its runtimes do to their queue: lend it, fill it, empty it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use loom::thread;

use super::loom::{Owner, at, timers};
use crate::test_util::Plain;
use crate::time::node::Closed;

/// A sleep is polled while one runtime ends and the next one takes its queue over: it is refused or woken by the first, or
/// served by the second; never left.
// Mutant: core/src/time/queue.rs :: self.queue.heap.with(Heap::reopen); => {}
#[test]
fn close_and_reopen_race_poll() {
    loom::model(|| {
        let timers = timers();
        let mut owner = Owner::new(timers, 10);
        let poller = thread::spawn(move || {
            let end = owner.poll();
            (owner, end)
        });
        timers.close();
        timers.reopen();
        let (mut owner, end) = poller.join().unwrap();
        match end {
            Poll::Ready(end) => assert_eq!(end, Err(Closed), "refused"),
            Poll::Pending if owner.woken() == 1 => assert_eq!(owner.poll(), Poll::Ready(Err(Closed)), "taken out"),
            Poll::Pending => {
                timers.clock().set(10);
                assert_eq!((timers.expire(), owner.woken()), (1, 1), "served by the next");
            }
        }
        // A reset one belongs to the next in any case.
        owner.node.as_mut().reset(at(20), at(10));
        assert!(owner.poll().is_pending());
        timers.clock().set(20);
        assert_eq!(timers.expire(), 1);
    });
}

/// A sleep is moved to the front while the executor goes to park: it hears of it.
// Mutant: core/src/time/queue.rs :: unsafe { (self.queue().ops.other)(self.0, &raw const *node) }; => {}
#[test]
fn failure_009_reset_to_earlier_races_park() {
    loom::model(|| {
        let timers = timers();
        let mut owner = Owner::new(timers, 50);
        assert!(owner.poll().is_pending());
        timers.clock().rearmed.store(0, Ordering::SeqCst);
        let resetter = thread::spawn(move || {
            owner.node.as_mut().reset(at(10), at(0));
            owner
        });
        // What the executor would park until; what came after that rings.
        let next = timers.next_deadline();
        let owner = resetter.join().unwrap();
        assert!(next == Some(at(10)) || timers.clock().rearmed.load(Ordering::SeqCst) == 1, "it would sleep on");
        assert_eq!(timers.next_deadline(), Some(at(10)));
        drop(owner);
    });
}

/// A sleep is moved to a deadline that has passed while it fires: one of the two wakes it, and only one.
// Mutant: core/src/time/node.rs :: Some(waker) if elapsed => waker.wake(), => Some(waker) if elapsed => drop(waker),
#[test]
fn failure_086_reset_to_elapsed_races_fire() {
    loom::model(|| {
        let timers = timers();
        let mut owner = Owner::new(timers, 10);
        assert!(owner.poll().is_pending());
        timers.clock().set(20);
        let resetter = thread::spawn(move || {
            owner.node.as_mut().reset(at(5), at(20));
            owner
        });
        timers.expire();
        let mut owner = resetter.join().unwrap();
        assert_eq!(owner.woken(), 1);
        assert_eq!(owner.poll(), Poll::Ready(Ok(())));
        assert_eq!(timers.next_deadline(), None);
    });
}

/// A sleep is dropped while its queue closes, maybe when two others were taken out and woken already: its waker goes once, and
/// the others are told.
// Mutant: core/src/time/heap.rs :: self.remove(first.node(), State::Closed) => self.remove(first.node(), State::Elapsed)
#[test]
fn close_races_drop() {
    loom::model(|| {
        let timers = timers();
        let mut dropped = Owner::new(timers, 30);
        let mut stay = [20, 10].map(|deadline| Owner::new(timers, deadline));
        assert!(dropped.poll().is_pending() && stay.iter_mut().all(|owner| owner.poll().is_pending()));
        let count = dropped.count.clone();
        let dropper = thread::spawn(move || drop(dropped));
        timers.close();
        dropper.join().unwrap();
        assert!(count.woken.load(Ordering::SeqCst) <= 1);
        assert_eq!(Arc::strong_count(&count), 1, "its waker is gone");
        assert!(stay.iter_mut().all(|owner| owner.woken() == 1 && owner.poll() == Poll::Ready(Err(Closed))));
    });
}

/// One thread's sleep goes while another's comes: each of the two changes is whole.
// Mutant: core/src/time/heap.rs :: self.set_root(melded); => {}
#[test]
fn insert_races_drop() {
    loom::model(|| {
        let timers = timers();
        let mut goes = Owner::new(timers, 10);
        let mut stays = Owner::new(timers, 30);
        let mut comes = Owner::new(timers, 20);
        assert!(goes.poll().is_pending() && stays.poll().is_pending());
        let dropper = thread::spawn(move || drop(goes));
        assert!(comes.poll().is_pending());
        dropper.join().unwrap();
        assert_eq!(timers.next_deadline(), Some(at(20)));
        timers.clock().set(30);
        assert_eq!(timers.expire(), 2);
        assert_eq!((comes.woken(), stays.woken()), (1, 1));
    });
}

/// Who finds its sleep elapsed at the first look sees what came before the call that let it elapse.
// Mutant: core/src/atomic.rs :: pointer.load(Ordering::Acquire) => pointer.load(Ordering::Relaxed)
#[test]
fn expiry_carries_what_came_before() {
    loom::model(|| {
        let (timers, done) = (timers(), Plain::new());
        let mut owner = Owner::new(timers, 10);
        assert!(owner.poll().is_pending());
        timers.clock().set(20);
        let expirer = thread::spawn({
            let done = done.clone();
            move || {
                done.set();
                timers.expire()
            }
        });
        if owner.node.as_mut().poll_fast(std::task::Waker::noop()).is_ready() {
            assert!(done.is_set());
        }
        assert_eq!(expirer.join().unwrap(), 1);
    });
}
