//! Permits, and who gets them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::vec::Vec;

use crate::lock::LocalLock;
use crate::sync::Notify;
use crate::test_util::{Event, Polled, Random, TestLock, TestWaker, forever, panics, poll, send_sync};

type Bell = Notify<TestLock>;

#[test]
fn one_permit_is_stored() {
    let bell = Bell::with_lock();
    bell.notify_one();
    bell.notify_one();
    Polled::new(bell.notified()).ready();
    assert!(Polled::new(bell.notified()).poll().is_pending());
}

#[test]
fn permit_stays_where_it_was_not_taken() {
    let bell = Bell::with_lock();
    bell.notify_one();
    drop(bell.notified());
    Polled::new(bell.notified()).ready();
}

#[test]
fn notify_waiters_stores_nothing_and_reaches_unpolled_futures() {
    let bell = Bell::with_lock();
    bell.notify_waiters();
    let mut before = Polled::new(bell.notified());
    assert!(before.poll().is_pending());
    let mut unpolled = Polled::new(bell.notified());
    bell.notify_waiters();
    let mut after = Polled::new(bell.notified());
    assert_eq!(before.wakes(), 1);
    before.ready();
    unpolled.ready();
    assert!(after.poll().is_pending());
}

#[test]
fn failure_102_future_told_with_all_leaves_the_permit() {
    let bell = Bell::with_lock();
    let mut unpolled = Polled::new(bell.notified());
    bell.notify_one();
    bell.notify_waiters();
    unpolled.ready();
    Polled::new(bell.notified()).ready();
    assert!(Polled::new(bell.notified()).poll().is_pending());
}

#[test]
fn failure_102_permit_of_a_dropped_future_is_passed_on() {
    let bell = Bell::with_lock();
    let first = Polled::waiting(bell.notified());
    let mut second = Polled::waiting(bell.notified());
    bell.notify_one();
    // Reached by both: the permit is still its own to pass on.
    bell.notify_waiters();
    drop(first);
    second.ready();
    Polled::new(bell.notified()).ready();

    let first = Polled::waiting(bell.notified());
    let mut second = Polled::waiting(bell.notified());
    bell.notify_one();
    drop(first);
    assert_eq!(second.wakes(), 1);
    second.ready();
    assert!(Polled::new(bell.notified()).poll().is_pending());
}

#[test]
fn enabled_takes_the_permit() {
    let bell = Bell::with_lock();
    bell.notify_one();
    let mut first = Polled::new(bell.notified());
    assert!(first.as_mut().enable());
    let mut second = Polled::waiting(bell.notified());
    first.ready();
    first.ready();
    drop(first);
    assert!(second.poll().is_pending());
}

/// Random histories against a permit, a line and the set of those told with all. A waiter is told at most once.
#[test]
fn failure_102_agrees_with_a_sequential_model() {
    for seed in 0..if cfg!(miri) { 4 } else { 400 } {
        let mut random = Random::new(seed);
        let bell = Bell::with_lock();
        let mut permit = false;
        let mut line = VecDeque::new();
        // Future, name, told by `notify_one`, told with all.
        let mut futures: Vec<(Polled<_>, usize, bool, bool)> = Vec::new();
        macro_rules! one {
            () => {
                match line.pop_front() {
                    None => permit = true,
                    Some(name) => futures.iter_mut().find(|future| future.1 == name).unwrap().2 = true,
                }
            };
        }
        for name in 0..if cfg!(miri) { 60 } else { 120 } {
            match random.below(8) {
                0 | 1 => futures.push((Polled::new(bell.notified()), name, false, false)),
                2 => {
                    bell.notify_one();
                    one!();
                }
                3 if random.below(3) == 0 => {
                    bell.notify_waiters();
                    line.clear();
                    futures.iter_mut().for_each(|future| future.3 = true);
                }
                4 if !futures.is_empty() => {
                    let (future, name, by_one, with_all) = futures.remove(random.below(futures.len()));
                    line.retain(|other| *other != name);
                    let _ = with_all;
                    drop(future);
                    if by_one {
                        one!();
                    }
                }
                _ if !futures.is_empty() => {
                    let at = random.below(futures.len());
                    let (future, name, by_one, with_all) = &mut futures[at];
                    let expected = *by_one || *with_all || core::mem::take(&mut permit);
                    let enabled = random.below(2) == 0;
                    let ready = if enabled { future.as_mut().enable() } else { future.poll().is_ready() };
                    assert_eq!(ready, expected, "seed {seed}");
                    if ready {
                        futures.remove(at);
                    } else if !line.contains(name) {
                        line.push_back(*name);
                    }
                }
                _ => {}
            }
        }
    }
}

#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let bell = forever(Bell::with_lock());
        let entered = AtomicBool::new(false);
        let hooked = TestWaker::hooked(move |now| {
            if now == event && !entered.swap(true, Ordering::Relaxed) {
                let mut other = Polled::new(bell.notified());
                let _ = other.poll();
                bell.notify_one();
                drop(other);
                bell.notify_waiters();
            }
        });
        let mut wait = Polled::new(bell.notified());
        wait.waker = hooked.clone();
        let _ = wait.poll();
        wait.waker = TestWaker::new();
        let _ = wait.poll();
        wait.waker = hooked.clone();
        let _ = wait.poll();
        bell.notify_one();
        wait.ready();
        drop(wait);
        hooked.unhook();
        assert_eq!(hooked.alive(), 0);
    }
}

#[test]
fn failure_109_panicking_waker_loses_no_permit() {
    for event in [Event::Clone, Event::Wake] {
        let bell = Bell::with_lock();
        let hostile = TestWaker::panicking(event);
        let mut wait = std::boxed::Box::pin(bell.notified());
        let polled = panics(|| assert!(poll(wait.as_mut(), &hostile).is_pending()));
        assert_eq!(polled, event == Event::Clone);
        assert_eq!(panics(|| bell.notify_one()), event == Event::Wake);
        drop(wait);
        Polled::new(bell.notified()).ready();
        assert!(Polled::new(bell.notified()).poll().is_pending());
    }
}

#[test]
fn works_in_one_context_and_may_be_shared_by_threads() {
    let local = Notify::<LocalLock>::with_lock();
    let mut wait = Polled::waiting(local.notified());
    local.notify_one();
    wait.ready();
    let bell = Bell::with_lock();
    send_sync(&bell);
    send_sync(&bell.notified());
}

// Mutant: core/src/sync/wait_queue.rs :: End::Last => section.pop_last(LINE, Told::Yours(end)), => End::Last => section.pop(LINE, Told::Yours(end)),
#[test]
fn last_comes_first_if_so_asked() {
    let bell = Notify::<TestLock>::with_lock();
    bell.notify_last();
    Polled::new(bell.notified()).ready();
    let mut waits: std::vec::Vec<_> = (0..4).map(|_| Polled::waiting(bell.notified())).collect();
    bell.notify_last();
    bell.notify_one();
    assert_eq!(waits.iter().map(Polled::wakes).collect::<std::vec::Vec<_>>(), [1, 0, 0, 1]);
    // Unused, it goes to the last one again.
    drop(waits.pop());
    assert_eq!(waits.iter().map(Polled::wakes).collect::<std::vec::Vec<_>>(), [1, 0, 1]);
    // And that of the first to the first.
    drop(waits.remove(0));
    assert_eq!(waits.iter().map(Polled::wakes).collect::<std::vec::Vec<_>>(), [1, 1]);
    waits.iter_mut().for_each(|wait| wait.ready());
}

#[test]
fn owned_waits_keep_what_they_wait_for() {
    let bell = std::sync::Arc::new(Notify::<TestLock>::with_lock());
    let mut unpolled = Polled::new(bell.clone().notified_owned());
    let mut enabled = Polled::new(bell.clone().notified_owned());
    assert!(!enabled.as_mut().enable());
    let dropped = Polled::waiting(bell.clone().notified_owned());
    send_sync(&bell.clone().notified_owned());
    bell.notify_one();
    bell.notify_one();
    drop(dropped);
    enabled.ready();
    unpolled.ready(); // the permit that the dropped one left
    let mut reached = Polled::new(bell.clone().notified_owned());
    bell.notify_waiters();
    reached.ready();
    let weak = std::sync::Arc::downgrade(&bell);
    drop(bell);
    drop((unpolled, enabled));
    assert!(weak.upgrade().is_some());
    drop(reached);
    assert!(weak.upgrade().is_none());
}
