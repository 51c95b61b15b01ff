//! A watched value that is borrowed.

use core::cell::Cell;
use std::format;
use std::sync::{Arc, Mutex};
use std::vec::Vec;

use crate::lock::LocalLock;
use crate::sync::Watch;
use crate::sync::watch::Ref;
use crate::sync::watch::error::{SendError, TrySendError};
use crate::test_util::{Event, Polled, Random, TestLock, TestWaker, forever, poll, send_sync};

type Slot<T> = Watch<T, TestLock>;

#[test]
fn every_receiver_sees_the_latest_value_once() {
    let slot = Slot::with_lock(0);
    let mut first = slot.subscribe();
    assert_eq!(first.has_changed(), Ok(false));
    slot.try_send(1).unwrap();
    let mut second = slot.subscribe();
    slot.try_send(2).unwrap();
    for receiver in [&mut first, &mut second] {
        assert_eq!(receiver.has_changed(), Ok(true));
        assert!(receiver.borrow().has_changed());
        assert_eq!(receiver.has_changed(), Ok(true), "to look is not to see");
        assert_eq!(Polled::new(receiver.changed()).ready(), Ok(()));
        assert_eq!((*receiver.borrow(), receiver.borrow().has_changed()), (2, false));
        assert!(Polled::new(receiver.changed()).poll().is_pending());
    }
    let mut clone = first.clone();
    clone.mark_changed();
    assert_eq!(clone.has_changed(), Ok(true));
    assert!(clone.borrow_and_update().has_changed());
    slot.try_send(3).unwrap();
    clone.mark_unchanged();
    assert_eq!((clone.has_changed(), first.has_changed()), (Ok(false), Ok(true)));
}

#[test]
fn close_lets_the_last_value_be_seen() {
    let slot = Slot::with_lock(0);
    let mut receiver = slot.subscribe();
    let mut other = slot.subscribe();
    let mut wait = Polled::waiting(other.changed());
    slot.try_send(1).unwrap();
    assert!(slot.close() && !slot.close() && receiver.is_closed());
    assert!(receiver.has_changed().is_err());
    assert_eq!(wait.ready(), Ok(()));
    drop(wait);
    assert!(Polled::new(other.changed()).ready().is_err());
    assert_eq!(Polled::new(receiver.changed()).ready(), Ok(()));
    assert!(Polled::new(receiver.changed()).ready().is_err());
    assert_eq!(*receiver.borrow(), 1);
    assert_eq!(slot.try_send(2), Err(TrySendError::Closed(2)));
    assert!(Polled::new(slot.send(2)).ready().is_err());
    assert!(slot.subscribe().is_closed());
}

/// Nothing comes after the end: who has heard of it may rely on that.
// Mutant: core/src/sync/watch/cell.rs :: if *section.state & CLOSED != 0 || !self => if !self
// Mutant: core/src/sync/watch/cell.rs :: section.append(WAITING, LEAVING);\n            self.call(section); => section.append(WAITING, LEAVING);
#[test]
fn close_gives_a_value_back_that_waits_to_be_sent() {
    let slot = Slot::with_lock(0);
    let mut receiver = slot.subscribe();
    let look = slot.borrow();
    let (mut one, mut two) = (Polled::waiting(slot.send(1)), Polled::waiting(slot.send(2)));
    slot.close();
    assert!(Polled::new(receiver.changed()).ready().is_err());
    assert_eq!((one.wakes(), two.wakes()), (1, 1), "the look may last for ever");
    assert_eq!(one.ready(), Err(SendError(1)));
    drop(look);
    assert_eq!(two.ready(), Err(SendError(2)));
    assert!(Polled::new(receiver.changed()).ready().is_err());
    assert_eq!(*receiver.borrow(), 0);
}

#[test]
fn value_waits_for_the_end_of_every_look() {
    let slot = Slot::with_lock(0);
    let mut receiver = slot.subscribe();
    let mut change = Polled::waiting(receiver.changed());
    let (one, two) = (slot.borrow(), slot.borrow());
    assert_eq!(slot.try_send(1), Err(TrySendError::Borrowed(1)));
    let mut first = Polled::waiting(slot.send(2));
    let mut second = Polled::waiting(slot.send(3));
    // Who looks goes before who waits to send: a task never waits for its own look.
    assert_eq!(*slot.borrow(), 0);
    drop(one);
    assert_eq!((first.wakes(), *two, change.wakes()), (0, 0, 0));
    drop(two);
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
    let three = slot.borrow();
    assert!(first.poll().is_pending());
    drop(three);
    assert_eq!(first.wakes(), 2);
    first.ready().unwrap();
    assert_eq!(change.wakes(), 1);
    change.ready().unwrap();
    second.ready().unwrap();
    assert_eq!(*slot.borrow(), 3);
}

/// A look ends, and the waker of one who waits for that keeps another look, beside which the others wait on within their
/// wakers: they are woken once, and again when that look ends.
// Mutant: core/src/sync/watch/cell.rs :: if core::mem::take(&mut first) {\n                self.call(section);\n            }\n            section.pop(LEAVING, ()) => if core::mem::take(&mut first) {\n                self.access.waited();\n            }\n            section.pop(ACCESS, ())
#[test]
fn look_ends_and_one_begins_within_a_waker() {
    std::thread_local! {
        static NEXT: Cell<Option<Ref<'static, usize, TestLock>>> = const { Cell::new(None) };
    }
    let slot: &'static Slot<usize> = forever(Slot::with_lock(0));
    let look = slot.borrow();
    let sends: Vec<_> = (0..20).map(|n| Arc::new(Mutex::new(Polled::new(slot.send(n))))).collect();
    for send in &sends {
        let own = send.clone();
        let mut send = send.lock().unwrap();
        send.waker = TestWaker::hooked(move |event| {
            if event == Event::Wake {
                NEXT.set(Some(NEXT.take().unwrap_or_else(|| slot.borrow())));
                let mut send = own.lock().unwrap();
                assert!(send.wakes() < 9, "it is woken for ever");
                assert!(send.poll().is_pending());
            }
        });
        assert!(send.poll().is_pending());
    }
    drop(look);
    sends.iter().for_each(|send| send.lock().unwrap().waker.unhook());
    drop(NEXT.take());
    assert!(sends.iter().all(|send| send.lock().unwrap().wakes() == 2), "left waiting");
    sends.iter().for_each(|send| send.lock().unwrap().ready().unwrap());
    assert_eq!(*slot.borrow(), 19);
}

#[test]
fn failure_105_send_that_is_dropped_sends_nothing_and_holds_nobody_up() {
    let value = Arc::new(());
    let slot = Slot::with_lock(Arc::new(()));
    let mut receiver = slot.subscribe();
    let look = slot.borrow();
    let dropped = Polled::waiting(slot.send(value.clone()));
    let mut kept = Polled::waiting(slot.send(value.clone()));
    drop(dropped);
    assert_eq!(Arc::strong_count(&value), 2);
    drop(look);
    kept.ready().unwrap();
    assert_eq!(Polled::new(receiver.changed()).ready(), Ok(()));
    // A change that was not reported is not seen: the wait may be dropped at every poll.
    let wait = Polled::waiting(receiver.changed());
    slot.try_send(value.clone()).unwrap();
    assert_eq!(wait.wakes(), 1);
    drop(wait);
    assert_eq!(receiver.has_changed(), Ok(true));
}

#[test]
fn version_wraps() {
    let slot = Slot::with_lock(0);
    let mut receiver = slot.subscribe();
    receiver.mark_changed();
    let mut other = receiver.clone();
    assert_eq!(receiver.has_changed(), Ok(true));
    receiver.mark_unchanged();
    assert_eq!(receiver.has_changed(), Ok(false));
    // Behind by one across the end of the numbers.
    assert_eq!(Polled::new(other.changed()).ready(), Ok(()));
    assert_eq!(other.has_changed(), Ok(false));
    assert!(format!("{slot:?} {receiver:?} {:?}", slot.borrow()).contains("version: 0"));
}

#[test]
fn forgotten_look_keeps_the_value_for_ever() {
    let slot = Slot::with_lock(0);
    core::mem::forget(slot.borrow());
    assert!(slot.try_send(1).is_err());
    let mut send = Polled::new(slot.send(1));
    assert!(send.poll().is_pending());
    assert_eq!(*slot.borrow(), 0);
}

/// Sends, looks, waits and drops at random, against the latest value and what each receiver has seen.
#[test]
fn failure_103_agrees_with_a_sequential_model() {
    for seed in 0..if cfg!(miri) { 4 } else { 300 } {
        let mut random = Random::new(seed);
        let slot = Slot::with_lock(0);
        let mut receivers: Vec<_> = (0..3).map(|_| (slot.subscribe(), 0)).collect();
        let (mut value, mut closed) = (0, false);
        for _ in 0..100 {
            let at = random.below(receivers.len());
            match random.below(9) {
                0 | 1 => {
                    let sent = slot.try_send(value + 1);
                    assert_eq!(sent.is_ok(), !closed, "seed {seed}");
                    value += usize::from(!closed);
                }
                2 if random.below(20) == 0 => closed |= slot.close(),
                3 => {
                    let (receiver, seen) = &mut receivers[at];
                    assert_eq!(receiver.has_changed().ok(), (!closed).then_some(*seen != value), "seed {seed}");
                }
                4 => {
                    let (receiver, seen) = &mut receivers[at];
                    let look = receiver.borrow_and_update();
                    assert_eq!((*look, look.has_changed()), (value, *seen != value), "seed {seed}");
                    *seen = value;
                }
                5 | 6 => {
                    let (receiver, seen) = &mut receivers[at];
                    let mut wait = Polled::new(receiver.changed());
                    match wait.poll() {
                        core::task::Poll::Ready(Ok(())) => assert_ne!(*seen, value, "seed {seed}"),
                        core::task::Poll::Ready(Err(_)) => assert!(closed && *seen == value, "seed {seed}"),
                        core::task::Poll::Pending => {
                            assert!(!closed && *seen == value, "seed {seed}");
                            slot.try_send(value + 1).unwrap();
                            value += 1;
                            assert_eq!(wait.wakes(), 1);
                            assert_eq!(wait.ready(), Ok(()));
                        }
                    }
                    *seen = value;
                }
                7 => {
                    let clone = receivers[at].clone();
                    receivers.push(clone);
                }
                _ if receivers.len() > 2 => drop(receivers.swap_remove(at)),
                _ => {}
            }
        }
    }
}

#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let slot = forever(Slot::with_lock(0));
        let hooked = TestWaker::hooked(move |now| {
            if now == event && *slot.borrow() < 5 {
                let next = *slot.borrow() + 1;
                slot.try_send(next).unwrap();
                let _ = Polled::new(slot.subscribe().changed()).poll();
            }
        });
        let mut receiver = slot.subscribe();
        let mut wait = std::boxed::Box::pin(receiver.changed());
        let _ = poll(wait.as_mut(), &hooked);
        slot.try_send(9).unwrap();
        drop(wait);
        let look = slot.borrow();
        let mut send = std::boxed::Box::pin(slot.send(10));
        let _ = poll(send.as_mut(), &hooked);
        drop(look);
        drop(send);
        hooked.unhook();
        assert_eq!(hooked.alive(), 0);
        assert_eq!(*slot.borrow(), 9);
    }
}

// Mutant: core/src/sync/waiters/wakes.rs :: if let Err(payload) = guard::run(|| waker.wake()) { => if let Err(payload) = Ok::<(), guard::Payload>(waker.wake()) {
#[cfg(feature = "std")] // panics are caught
#[test]
fn failure_109_panicking_waker_costs_no_other_its_change() {
    let slot = Slot::with_lock(0);
    let hostile = TestWaker::panicking(Event::Wake);
    let mut receivers: Vec<_> = (0..20).map(|_| slot.subscribe()).collect();
    let mut waits: Vec<_> = receivers.iter_mut().map(|receiver| Polled::new(receiver.changed())).collect();
    for (n, wait) in waits.iter_mut().enumerate() {
        if n % 2 == 0 {
            wait.waker = hostile.clone();
        }
        assert!(wait.poll().is_pending());
    }
    assert!(crate::test_util::panics(|| slot.try_send(1).unwrap()));
    assert_eq!(hostile.wakes(), 10);
    assert!(waits.iter().skip(1).step_by(2).all(|wait| wait.wakes() == 1));
    waits.iter_mut().for_each(|wait| wait.ready().unwrap());
    assert_eq!(*slot.borrow(), 1);
    hostile.unhook();
}

/// Within the waker of one who is told of a change another value is refused: it comes back, whatever the wakers do of those
/// whom that change has yet to reach.
// Mutant: core/src/sync/watch/cell.rs :: if put.is_err() { => if false {
#[cfg(feature = "std")] // panics are caught
#[test]
fn failure_109_value_that_is_refused_comes_back_while_others_are_woken() {
    let slot: &'static Slot<u8> = forever(Slot::with_lock(0));
    let mut receivers: Vec<_> = (0..20).map(|_| slot.subscribe()).collect();
    let mut waits: Vec<_> = receivers.iter_mut().map(|receiver| Polled::new(receiver.changed())).collect();
    let back = Arc::new(Mutex::new(None));
    let given = back.clone();
    waits[0].waker = TestWaker::hooked(move |event| {
        if event == Event::Wake {
            let look = slot.borrow();
            let refused = slot.try_send(2);
            *given.lock().unwrap() = Some(refused);
            drop(look);
        }
    });
    waits[8].waker = TestWaker::panicking(Event::Wake);
    assert!(waits.iter_mut().all(|wait| wait.poll().is_pending()));
    assert!(crate::test_util::panics(|| slot.try_send(1).unwrap()));
    assert_eq!(back.lock().unwrap().take(), Some(Err(TrySendError::Borrowed(2))));
    assert!(waits.iter().all(|wait| wait.wakes() == 1));
    waits.iter().for_each(|wait| wait.waker.unhook());
    waits.iter_mut().for_each(|wait| wait.ready().unwrap());
    assert_eq!(*slot.borrow(), 1);
}

#[test]
fn works_in_one_context_and_may_be_shared_by_threads() {
    let local = Watch::<u8, LocalLock>::with_lock(0);
    let mut receiver = local.subscribe();
    let mut wait = Polled::waiting(receiver.changed());
    local.try_send(1).unwrap();
    wait.ready().unwrap();
    let slot = Slot::with_lock(0);
    send_sync(&slot);
    let mut receiver = slot.subscribe();
    send_sync(&receiver);
    send_sync(&receiver.changed());
    send_sync(&slot.send(1));
    send_sync(&receiver.wait_for(|_| true));
    assert_eq!(Slot::<u8>::with_lock(0).borrow().checked_add(1), Some(1));
}
