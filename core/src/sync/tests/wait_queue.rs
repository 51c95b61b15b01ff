//! Orders, cancellations, and wakers that do what they should not.

use std::boxed::Box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::vec::Vec;

use crate::lock::LocalLock;
use crate::sync::wait_queue::{Closed, WaitQueue};
use crate::test_util::{Event, Polled, TestLock, TestWaker, forever, panics, poll, send_sync};

type Queue = WaitQueue<TestLock>;

#[test]
fn wakes_in_order_one_by_one() {
    let queue = Queue::with_lock();
    assert!(!queue.wake_one());
    let mut waits: Vec<_> = (0..3).map(|_| Polled::waiting(queue.wait())).collect();
    for n in 0..3 {
        assert!(queue.wake_one());
        for (m, wait) in waits.iter().enumerate() {
            assert_eq!(wait.wakes(), usize::from(m <= n));
        }
    }
    assert!(!queue.wake_one());
    waits.iter_mut().for_each(|wait| assert_eq!(wait.ready(), Ok(())));
}

#[test]
fn wake_up_with_nobody_there_is_gone() {
    let queue = Queue::with_lock();
    queue.wake_one();
    assert!(Polled::new(queue.wait()).poll().is_pending());
}

#[test]
fn waker_of_the_last_poll_counts() {
    let queue = Queue::with_lock();
    let mut wait = Polled::waiting(queue.wait());
    let first = core::mem::replace(&mut wait.waker, TestWaker::new());
    assert!(wait.poll().is_pending());
    assert_eq!(first.alive(), 0);
    assert!(wait.poll().is_pending());
    assert_eq!((wait.waker.alive(), wait.waker.clones()), (1, 1));
    queue.wake_one();
    assert_eq!((first.wakes(), wait.wakes()), (0, 1));
}

#[test]
fn failure_021_cancel_at_each_position() {
    // `reached` of three waiters are woken one by one, then the one at `cancelled` is dropped.
    for reached in 0..=3 {
        for cancelled in 0..3 {
            let queue = Queue::with_lock();
            let mut waits: Vec<_> = (0..3).map(|_| Polled::waiting(queue.wait())).collect();
            for _ in 0..reached {
                assert!(queue.wake_one());
            }
            drop(waits.remove(cancelled));
            // Who had a wake-up passed it to the next in line, if there is one.
            let passed = if cancelled < reached { reached.min(2) } else { reached };
            for (place, wait) in waits.iter_mut().enumerate() {
                assert_eq!(wait.wakes(), usize::from(place < passed), "{reached} {cancelled} {place}");
                assert_eq!(wait.poll().is_ready(), place < passed);
            }
            for wait in waits.iter_mut().skip(passed) {
                assert!(queue.wake_one());
                assert_eq!(wait.ready(), Ok(()));
            }
            assert!(!queue.wake_one());
        }
    }
}

#[test]
fn failure_102_wake_all_reaches_those_present_and_no_later_ones() {
    for present in 0..20 {
        let queue = Arc::new(Queue::with_lock());
        let mut unpolled = Polled::new(queue.wait());
        let queues: Vec<_> = (0..present).map(|_| queue.clone()).collect();
        let mut waits: Vec<_> = queues.iter().map(|queue| Polled::waiting(queue.wait())).collect();
        queue.wake_all();
        let mut later = Polled::waiting(queue.wait());
        assert!(waits.iter().all(|wait| wait.wakes() == 1));
        waits.iter_mut().for_each(|wait| assert_eq!(wait.ready(), Ok(())));
        assert_eq!(unpolled.ready(), Ok(()));
        assert_eq!((later.wakes(), later.poll()), (0, Poll::Pending));
        assert!(queue.wake_one());
        assert_eq!(later.ready(), Ok(()));
    }
}

/// Between two batches of `wake_all`, the waker of the first waiter cancels some, wakes one, and lets others come.
// Mutant: core/src/sync/wait_queue.rs :: section.append(LINE, LEAVING);\n            *section.state = => *section.state =
#[test]
fn failure_102_list_changes_between_batches() {
    for present in [10, 17, 30] {
        let queue = forever(Queue::with_lock());
        let others = Arc::new(std::sync::Mutex::new(Vec::new()));
        let late = Arc::new(std::sync::Mutex::new(Vec::new()));
        let hook = {
            let (others, late) = (others.clone(), late.clone());
            let entered = AtomicBool::new(false);
            move |event| {
                if event != Event::Wake || entered.swap(true, Ordering::Relaxed) {
                    return;
                }
                late.lock().unwrap().push(Polled::waiting(queue.wait()));
                let mut others: std::sync::MutexGuard<'_, Vec<Polled<_>>> = others.lock().unwrap();
                // The last one, the first of the second batch, and one of the first batch.
                for cancelled in [present - 2, 7, 3] {
                    drop(others.remove(cancelled));
                }
                // One that is not called yet knows already.
                assert_eq!(others.last_mut().unwrap().ready(), Ok(()));
                // This goes to a later waiter, not to one that leaves anyway.
                assert!(queue.wake_one());
                late.lock().unwrap().push(Polled::waiting(queue.wait()));
                // A call inside the call.
                queue.wake_all();
                late.lock().unwrap().push(Polled::waiting(queue.wait()));
            }
        };
        let first = TestWaker::hooked(hook);
        let mut wait = Box::pin(queue.wait());
        assert!(poll(wait.as_mut(), &first).is_pending());
        others.lock().unwrap().extend((1..present).map(|_| Polled::waiting(queue.wait())));
        queue.wake_all();
        assert!(poll(wait.as_mut(), &first).is_ready());
        assert!(others.lock().unwrap().iter_mut().all(|wait| wait.poll().is_ready()));
        let late: Vec<usize> = late.lock().unwrap().iter_mut().map(|wait| wait.wakes()).collect();
        assert_eq!(late, [1, 1, 0]);
        first.unhook();
        let mut after = Polled::waiting(queue.wait());
        queue.wake_all();
        assert_eq!(after.ready(), Ok(()));
    }
}

#[test]
fn woken_with_all_passes_nothing_on() {
    let queue = Queue::with_lock();
    let first = Polled::waiting(queue.wait());
    queue.wake_all();
    let second = Polled::waiting(queue.wait());
    drop(first);
    assert_eq!(second.wakes(), 0);
}

#[test]
fn close_ends_every_wait() {
    let queue = Queue::with_lock();
    let mut woken = Polled::waiting(queue.wait());
    let mut waits: Vec<_> = (0..10).map(|_| Polled::waiting(queue.wait())).collect();
    let mut unpolled = Polled::new(queue.wait());
    assert!(queue.wake_one());
    assert!(!queue.is_closed());
    queue.close();
    queue.close();
    assert!(queue.is_closed());
    assert_eq!(woken.ready(), Ok(()));
    for wait in &mut waits {
        assert_eq!((wait.wakes(), wait.ready()), (1, Err(Closed(()))));
    }
    assert_eq!(unpolled.ready(), Err(Closed(())));
    assert_eq!(Polled::new(queue.wait()).ready(), Err(Closed(())));
    assert!(!queue.wake_one());
    queue.wake_all();
    drop(waits);
}

#[test]
fn enabled_holds_its_place_without_a_waker() {
    let queue = Queue::with_lock();
    let mut first = Polled::new(queue.wait());
    assert!(!first.as_mut().enable());
    let mut second = Polled::waiting(queue.wait());
    assert!(queue.wake_one());
    assert_eq!((second.wakes(), first.wakes()), (0, 0));
    assert!(first.as_mut().enable());
    assert_eq!(first.ready(), Ok(()));
    assert_eq!(first.ready(), Ok(()));
    drop(first);
    assert!(second.poll().is_pending());
}

#[test]
fn enabled_and_woken_passes_on_when_dropped() {
    let queue = Queue::with_lock();
    let mut first = Polled::new(queue.wait());
    assert!(!first.as_mut().enable());
    let mut second = Polled::waiting(queue.wait());
    assert!(queue.wake_one());
    drop(first);
    assert_eq!((second.wakes(), second.ready()), (1, Ok(())));
}

#[test]
fn wait_until_looks_after_it_took_its_place() {
    let queue = Queue::with_lock();
    let level = AtomicUsize::new(0);
    let mut wait = Polled::waiting(queue.wait_until(|| {
        // The condition is looked at with no lock held; a change in the middle of it is not missed.
        if level.fetch_add(1, Ordering::Relaxed) == 0 {
            queue.wake_all();
        }
        level.load(Ordering::Relaxed) > 2
    }));
    queue.wake_all();
    assert_eq!((wait.wakes(), wait.ready()), (1, Ok(())));
    let mut never = Polled::waiting(queue.wait_until(|| false));
    queue.close();
    assert_eq!(never.ready(), Err(Closed(())));
}

#[test]
fn forgotten_wait_stays_harmless() {
    let queue = Queue::with_lock();
    let mut wait = Box::pin(queue.wait());
    let waker = TestWaker::new();
    assert!(poll(wait.as_mut(), &waker).is_pending());
    // Never unlinked, and so never freed: a pinned box that leaks keeps its memory.
    let kept = Box::into_raw(Box::new(wait));
    let second = Polled::waiting(queue.wait());
    assert!(queue.wake_one());
    assert_eq!((waker.wakes(), second.wakes()), (1, 0));
    // SAFETY: from `into_raw` above.
    drop(unsafe { Box::from_raw(kept) });
    assert_eq!(second.wakes(), 1);
}

/// A [`TestWaker`] panics at any event under a [`TestLock`]; this runs every event that a wait can lead to.
// Mutant: core/src/sync/waiters/waiter.rs :: core::mem::swap(&mut entry.waker, &mut fresh); => drop(core::mem::replace(&mut entry.waker, fresh.take()));
#[test]
fn failure_098_no_event_of_a_waker_happens_under_the_lock() {
    let queue = Queue::with_lock();
    let mut wait = Polled::waiting(queue.wait());
    // Replaced: clone of the new one, drop of the old one.
    let old = core::mem::replace(&mut wait.waker, TestWaker::new());
    assert!(wait.poll().is_pending());
    assert_eq!((old.alive(), wait.waker.clones()), (0, 1));
    // Cancelled: drop. Woken by each of the ways there are: wake.
    let waker = wait.waker.clone();
    drop(wait);
    assert_eq!(waker.alive(), 0);
    for way in 0..4 {
        let first = Polled::waiting(queue.wait());
        let mut wait = Polled::waiting(queue.wait());
        match way {
            0 => assert!(queue.wake_one() && queue.wake_one()),
            1 => {
                assert!(queue.wake_one());
                drop(first);
            }
            2 => queue.wake_all(),
            _ => queue.close(),
        }
        assert_eq!((wait.wakes(), wait.waker.alive()), (1, 0));
        assert!(wait.poll().is_ready());
    }
}

// Mutant: core/src/sync/waiters.rs :: let (answer, woken) = self.section(f);\n        if let Some(waker) = woken {\n            waker.wake();\n        }\n        answer => self.section(|s| { let a = f(s); if let Some(w) = s.woken.take() { w.wake(); } a }).0
#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let queue = forever(Queue::with_lock());
        let entered = AtomicBool::new(false);
        let hooked = TestWaker::hooked(move |now| {
            if now == event && !entered.swap(true, Ordering::Relaxed) {
                let wait = Polled::waiting(queue.wait());
                queue.wake_one();
                drop(wait);
                queue.wake_all();
            }
        });
        let mut other = Polled::waiting(queue.wait());
        let mut wait = Box::pin(queue.wait());
        let _ = poll(wait.as_mut(), &hooked);
        // The same future by another task: the stored waker is replaced.
        let _ = poll(wait.as_mut(), &TestWaker::new());
        let _ = poll(wait.as_mut(), &hooked);
        queue.wake_one();
        queue.wake_all();
        assert!(poll(wait.as_mut(), &hooked).is_ready());
        assert!(other.poll().is_ready());
        drop(wait);
        hooked.unhook();
        assert_eq!(hooked.alive(), 0);
        let mut after = Polled::waiting(queue.wait());
        assert!(queue.wake_one());
        assert_eq!(after.ready(), Ok(()));
    }
}

#[test]
fn failure_109_panicking_waker_leaves_the_queue_working() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let queue = Queue::with_lock();
        let hostile = TestWaker::panicking(event);
        let mut panicked = false;
        let (mut before, mut wait) = (Polled::waiting(queue.wait()), Box::pin(queue.wait()));
        panicked |= panics(|| assert!(poll(wait.as_mut(), &hostile).is_pending()));
        panicked |= panics(|| assert!(poll(wait.as_mut(), &TestWaker::new()).is_pending()));
        let _ = panics(|| assert!(poll(wait.as_mut(), &hostile).is_pending()));
        let mut after = Polled::waiting(queue.wait());
        for _ in 0..3 {
            panicked |= panics(|| assert!(queue.wake_one()));
        }
        assert!(panicked);
        hostile.unhook();
        assert!(poll(wait.as_mut(), &hostile).is_ready());
        assert_eq!((before.ready(), after.ready()), (Ok(()), Ok(())));
        drop(wait);
        assert_eq!(hostile.alive(), 0);
    }
}

/// Two of twenty wakers panic, in different batches; all others are woken, and the first panic is seen.
#[cfg(feature = "std")] // without it a panic is not caught
#[test]
fn failure_109_wake_all_goes_on_after_a_panic() {
    for close in [false, true] {
        let queue = Queue::with_lock();
        let mut waits: Vec<_> = (0..20).map(|_| Polled::new(queue.wait())).collect();
        for (n, wait) in waits.iter_mut().enumerate() {
            if [2, 11].contains(&n) {
                wait.waker = TestWaker::panicking(Event::Wake);
            }
            assert!(wait.poll().is_pending());
        }
        assert!(panics(|| if close { queue.close() } else { queue.wake_all() }));
        assert!(waits.iter().all(|wait| wait.wakes() == 1));
        assert!(waits.iter_mut().all(|wait| wait.poll().is_ready()));
    }
}

#[test]
fn works_in_one_context_and_may_be_shared_by_threads() {
    let local = WaitQueue::<LocalLock>::with_lock();
    let mut wait = Polled::waiting(local.wait());
    assert!(local.wake_one());
    assert_eq!(wait.ready(), Ok(()));
    let queue = Queue::with_lock();
    send_sync(&queue);
    send_sync(&queue.wait());
}
