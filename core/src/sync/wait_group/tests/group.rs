//! Guards, and waits for them.

use std::boxed::Box;
use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::vec::Vec;

use crate::lock::LocalLock;
use crate::sync::WaitGroup;
use crate::test_util::{Event, Polled, TestLock, TestWaker, forever, panics, poll, send_sync};

type Group = WaitGroup<TestLock>;

#[test]
fn waits_for_every_guard() {
    let group = Group::with_lock();
    Polled::new(group.wait()).ready();
    let (one, two) = (group.add(), group.add());
    let mut waits = [Polled::waiting(group.wait()), Polled::waiting(group.wait())];
    let three = two.clone();
    drop(one);
    two.done();
    assert_eq!((group.len(), waits[0].wakes()), (1, 0));
    assert!(waits[0].poll().is_pending());
    drop(three);
    assert!(group.is_empty());
    for wait in &mut waits {
        assert_eq!(wait.wakes(), 1);
        wait.ready();
        wait.ready();
    }
    core::mem::forget(group.add());
    assert!(Polled::new(group.wait()).poll().is_pending());
}

// Mutant: core/src/sync/wait_group/mod.rs :: *section.state != self.seen => false
#[test]
fn wait_ends_though_others_have_begun_by_then() {
    let group = Group::with_lock();
    let guard = group.add();
    let mut waiting = Polled::waiting(group.wait());
    let mut unpolled = Polled::new(group.wait());
    drop(guard);
    let mut at_the_moment = Polled::new(group.wait());
    let _next = group.add();
    let mut late = Polled::new(group.wait());
    waiting.ready();
    unpolled.ready();
    at_the_moment.ready();
    assert!(late.poll().is_pending());
}

#[test]
fn failure_022_whoever_completes_it_wakes() {
    use crate::sync::TaskTracker;
    let tracker = TaskTracker::new();
    let mut wait = Polled::waiting(tracker.wait());
    assert!(!tracker.is_closed() && tracker.is_empty());
    assert!(tracker.close() && !tracker.close());
    assert_eq!(wait.wakes(), 1);
    wait.ready();
    let token = tracker.token();
    let again = token.clone();
    assert!(TaskTracker::ptr_eq(token.task_tracker(), &tracker));
    let mut wait = Polled::waiting(tracker.wait());
    assert!(tracker.reopen() && !tracker.reopen());
    drop((token, again));
    assert!(wait.poll().is_pending());
    let mut tracked = Polled::new(tracker.track_future(ready(5)));
    tracker.clone().close();
    assert_eq!((tracked.ready(), tracker.len()), (5, 1));
    drop(tracked);
    assert_eq!(wait.wakes(), 1);
    wait.ready();
    send_sync(&tracker);
    send_sync(&tracker.wait());
}

#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let group = forever(Group::with_lock());
        let entered = AtomicBool::new(false);
        let hooked = TestWaker::hooked(move |now| {
            if now == event && !entered.swap(true, Ordering::Relaxed) {
                let guard = group.add();
                let mut wait = Polled::waiting(group.wait());
                drop(guard);
                let _ = wait.poll();
            }
        });
        let guard = group.add();
        let mut wait = Box::pin(group.wait());
        let _ = poll(wait.as_mut(), &hooked);
        drop(guard);
        assert!(poll(wait.as_mut(), &TestWaker::new()).is_ready());
        drop(wait);
        hooked.unhook();
        assert_eq!(hooked.alive(), 0);
    }
}

#[test]
fn failure_109_panicking_waker_costs_no_other_its_wake() {
    let group = Group::with_lock();
    let guard = group.add();
    let hostile = TestWaker::panicking(Event::Wake);
    let mut first = Polled::new(group.wait());
    first.waker = hostile.clone();
    assert!(first.poll().is_pending());
    let mut second = Polled::waiting(group.wait());
    assert!(panics(|| drop(guard)));
    assert_eq!(second.wakes(), 1);
    second.ready();
    first.ready();
    hostile.unhook();
}

/// The end is there before all are woken: one that still has its waker looks, and that waker's drop panics.
// Mutant: core/src/sync/waiters/waiter.rs :: guard::swallow(|| this.place = Place::Done); => this.place = Place::Done;
#[test]
fn failure_109_panicking_waker_does_not_end_a_wait_that_is_over() {
    let group = forever(Group::with_lock());
    let guard = group.add();
    let armed = Arc::new(AtomicBool::new(false));
    let hostile = armed.clone();
    let mut last = Polled::new(group.wait());
    last.waker = TestWaker::hooked(move |event| assert!(event != Event::Drop || !hostile.load(Ordering::Relaxed)));
    let last = Arc::new(Mutex::new(last));
    let (looks, other) = (last.clone(), TestWaker::new());
    let mut first = Polled::new(group.wait());
    first.waker = TestWaker::hooked(move |event| {
        if event == Event::Wake {
            armed.store(true, Ordering::Relaxed);
            assert!(poll(looks.lock().unwrap().as_mut(), &other).is_ready());
            armed.store(false, Ordering::Relaxed);
        }
    });
    assert!(first.poll().is_pending());
    let mut others: Vec<_> = (0..8).map(|_| Polled::waiting(group.wait())).collect();
    assert!(last.lock().unwrap().poll().is_pending());
    drop(guard);
    first.ready();
    others.iter_mut().for_each(Polled::ready);
    assert_eq!((last.lock().unwrap().wakes(), others.len()), (0, 8), "it was not woken: it had gone");
    first.waker.unhook();
}

#[test]
fn works_in_one_context_and_may_be_shared_by_threads() {
    let local = WaitGroup::<LocalLock>::with_lock();
    let guard = local.add();
    let mut wait = Polled::waiting(local.wait());
    drop(guard);
    wait.ready();
    let group = Group::with_lock();
    send_sync(&group);
    send_sync(&group.add());
    send_sync(&group.wait());
}
