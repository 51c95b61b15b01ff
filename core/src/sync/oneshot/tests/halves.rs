//! What each half sees of the other.

use std::boxed::Box;
use std::format;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::vec::Vec;

use crate::sync::Oneshot;
use crate::sync::oneshot::error::{RecvError, TryRecvError};
use crate::sync::oneshot::{Home, Receiver, ReceiverOf, Sender, SenderOf, channel};
use crate::test_util::{Polled, Random, TestWaker, panics, poll, send_sync};

fn closed<H: Home>(sender: &mut SenderOf<H>, waker: &TestWaker) -> Poll<()> {
    sender.poll_closed(&mut Context::from_waker(&waker.waker()))
}

#[test]
fn value_arrives_before_and_after_the_wait_begins() {
    let (sender, receiver) = channel();
    assert_eq!(sender.send(1), Ok(()));
    assert_eq!(Polled::new(receiver).ready(), Ok(1));
    let (sender, receiver) = channel();
    let mut receiver = Polled::waiting(receiver);
    assert_eq!(sender.send(2), Ok(()));
    assert_eq!(receiver.wakes(), 1);
    assert_eq!(receiver.ready(), Ok(2));
    assert!(receiver.as_mut().is_terminated());
    assert_eq!(receiver.waker.alive(), 0);
}

#[test]
fn empty_closed_and_terminated_are_told_apart() {
    let (sender, mut receiver) = channel::<u8>();
    assert!(receiver.is_empty() && !receiver.is_terminated());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(sender);
    assert!(receiver.is_empty() && !receiver.is_terminated());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert!(receiver.is_terminated());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));

    let (sender, mut receiver) = channel();
    sender.send(3).unwrap();
    assert!(!receiver.is_empty() && !receiver.is_terminated());
    assert_eq!(receiver.try_recv(), Ok(3));
    assert!(receiver.is_empty() && receiver.is_terminated());
    receiver.close();

    let (sender, receiver) = channel::<u8>();
    drop(sender);
    assert_eq!(Polled::new(receiver).ready(), Err(RecvError(())));
}

#[test]
fn closed_receiver_refuses_the_value_and_keeps_what_was_sent() {
    let (sender, mut receiver) = channel();
    receiver.close();
    receiver.close();
    assert!(sender.is_closed());
    assert_eq!(sender.send(1), Err(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));

    let (sender, mut receiver) = channel();
    sender.send(2).unwrap();
    receiver.close();
    assert_eq!(receiver.try_recv(), Ok(2));

    // Closed, and the sender still there: nothing can come any more.
    let (sender, mut receiver) = channel::<u8>();
    receiver.close();
    assert!(Polled::new(receiver).ready().is_err());
    assert_eq!(sender.send(3), Err(3));
}

#[test]
fn failure_022_whoever_goes_wakes_whoever_waits() {
    let waker = TestWaker::new();
    // Receiver: close, drop.
    for drops in [false, true] {
        let (mut sender, mut receiver) = channel::<u8>();
        assert!(closed(&mut sender, &waker).is_pending());
        assert!(closed(&mut sender, &waker).is_pending());
        assert!(!sender.is_closed());
        if drops {
            drop(receiver);
        } else {
            receiver.close();
        }
        assert!(closed(&mut sender, &waker).is_ready());
        assert!(Polled::new(sender.closed()).poll().is_ready());
    }
    assert_eq!((waker.wakes(), waker.alive()), (2, 0));
    // Sender: drop.
    let (sender, receiver) = channel::<u8>();
    let mut receiver = Polled::waiting(receiver);
    drop(sender);
    assert_eq!(receiver.wakes(), 1);
    assert!(receiver.ready().is_err());
}

#[test]
fn same_task_is_stored_once_and_another_one_takes_its_place() {
    let (sender, mut receiver) = channel::<u8>();
    let (first, second) = (TestWaker::new(), TestWaker::new());
    for _ in 0..3 {
        assert!(poll(core::pin::Pin::new(&mut receiver), &first).is_pending());
    }
    assert_eq!((first.clones(), first.alive()), (1, 1));
    assert!(poll(core::pin::Pin::new(&mut receiver), &second).is_pending());
    assert_eq!((first.alive(), second.alive()), (0, 1));
    sender.send(1).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (0, 1));
}

// Mutant: core/src/sync/oneshot/receiver.rs :: if let Some(waker) = sender { => if let Some(waker) = sender.filter(|_| own.is_some()) {
#[test]
fn failure_055_a_waker_is_dropped_with_the_wait() {
    let (sender, receiver) = channel::<u8>();
    let receiver = Polled::waiting(receiver);
    let waker = receiver.waker.clone();
    drop(receiver);
    assert_eq!(waker.alive(), 0, "the sender keeps the task of a receiver that is gone");
    assert_eq!(sender.send(1), Err(1));
    let (mut sender, receiver) = channel::<u8>();
    assert!(closed(&mut sender, &waker).is_pending());
    drop(sender);
    assert_eq!(waker.alive(), 0, "the receiver keeps the task of a sender that is gone");
    drop(receiver);
    let (mut sender, receiver) = channel::<u8>();
    assert!(closed(&mut sender, &waker).is_pending());
    drop(receiver);
    assert_eq!(waker.wakes(), 1);
}

#[test]
fn polled_after_ready_panics_and_forgotten_halves_leave_the_other_usable() {
    let (sender, receiver) = channel();
    sender.send(1).unwrap();
    let mut receiver = Polled::new(receiver);
    assert_eq!(receiver.ready(), Ok(1));
    assert!(panics(|| assert!(receiver.poll().is_ready())));

    static SLOT: Oneshot<u8> = Oneshot::new();
    let (sender, mut receiver) = SLOT.split().unwrap();
    core::mem::forget(sender);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(receiver);
    assert!(SLOT.split().is_none(), "a forgotten half is there for ever");
}

#[test]
fn static_slot_is_used_again_when_both_are_gone() {
    static SLOT: Oneshot<Box<u8>> = Oneshot::new();
    let waker = TestWaker::new();
    for n in 0..3 {
        let (mut sender, receiver) = SLOT.split().unwrap();
        assert!(closed(&mut sender, &waker).is_pending());
        let mut receiver = Polled::waiting(receiver);
        sender.send(Box::new(n)).unwrap();
        assert!(SLOT.split().is_none(), "the receiver is there");
        assert_eq!(receiver.ready(), Ok(Box::new(n)));
    }
    // What nobody took does not reach the next pair.
    let (sender, receiver) = SLOT.split().unwrap();
    sender.send(Box::new(9)).unwrap();
    drop(receiver);
    let (sender, mut receiver) = SLOT.split().unwrap();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(receiver);
    assert!(SLOT.split().is_none(), "the sender is there");
    drop(sender);
    assert!(SLOT.split().is_some());
    assert_eq!(waker.alive(), 0);
}

/// Random histories of both halves against what is known of them; each value is dropped once.
#[test]
fn agrees_with_a_sequential_model() {
    for seed in 0..if cfg!(miri) { 20 } else { 3_000 } {
        let mut random = Random::new(seed);
        let value = Arc::new(());
        let (sender, receiver) = channel();
        let (mut sender, mut receiver): (Option<Sender<_>>, Option<Receiver<_>>) = (Some(sender), Some(receiver));
        let tasks: Vec<TestWaker> = (0..4).map(|_| TestWaker::new()).collect();
        let (mut sent, mut shut, mut taken) = (false, false, false);
        let (mut tx_waits, mut rx_waits): (Option<usize>, Option<usize>) = (None, None);
        let mut wakes = [0; 4];
        for _ in 0..12 {
            match (random.below(8), &mut sender, &mut receiver) {
                (0, tx @ Some(_), _) if random.below(3) == 0 => {
                    let ok = tx.take().unwrap().send(value.clone()).is_ok();
                    assert_eq!(ok, !shut, "seed {seed}");
                    sent = ok;
                    tx_waits = None;
                    wakes_of(&mut rx_waits, &mut wakes, !shut);
                }
                (1, tx @ Some(_), _) if random.below(3) == 0 => {
                    *tx = None;
                    tx_waits = None;
                    wakes_of(&mut rx_waits, &mut wakes, !shut);
                }
                (2, Some(tx), _) => {
                    let task = random.below(2);
                    assert_eq!(closed(tx, &tasks[task]).is_ready(), shut, "seed {seed}");
                    tx_waits = (!shut).then_some(task);
                }
                (3, _, Some(rx)) if random.below(2) == 0 => {
                    rx.close();
                    if !taken {
                        shut = true;
                        wakes_of(&mut tx_waits, &mut wakes, true);
                    }
                }
                (4, _, rx @ Some(_)) if random.below(3) == 0 => {
                    *rx = None;
                    sent = false;
                    rx_waits = None;
                    if !taken {
                        shut = true;
                        wakes_of(&mut tx_waits, &mut wakes, true);
                    }
                }
                (5, _, Some(rx)) => {
                    let gone = sender.is_none() || shut;
                    let expected = match (sent, gone || taken) {
                        (true, _) => Ok(()),
                        (_, true) => Err(TryRecvError::Closed),
                        _ => Err(TryRecvError::Empty),
                    };
                    assert_eq!(rx.try_recv().map(drop), expected, "seed {seed}");
                    finish(expected != Err(TryRecvError::Empty), &mut sent, &mut taken, &mut shut);
                    if taken {
                        rx_waits = None;
                        wakes_of(&mut tx_waits, &mut wakes, true);
                    }
                }
                (6, _, Some(rx)) if !taken => {
                    let task = 2 + random.below(2);
                    let ready = sent || sender.is_none() || shut;
                    let polled = poll(core::pin::Pin::new(rx), &tasks[task]);
                    assert_eq!(polled.is_ready(), ready, "seed {seed}");
                    rx_waits = (!ready).then_some(task);
                    finish(ready, &mut sent, &mut taken, &mut shut);
                    if taken {
                        wakes_of(&mut tx_waits, &mut wakes, true);
                    }
                }
                (_, _, Some(rx)) => {
                    assert_eq!(rx.is_empty(), !sent, "seed {seed}");
                    assert_eq!(rx.is_terminated(), taken);
                    let _ = format!("{rx:?} {sender:?}");
                }
                _ => {}
            }
            if let Some(sender) = &sender {
                assert_eq!(sender.is_closed(), shut, "seed {seed}");
            }
            let seen: Vec<usize> = tasks.iter().map(TestWaker::wakes).collect();
            assert_eq!(seen, wakes, "seed {seed}");
            assert_eq!(Arc::strong_count(&value), 1 + usize::from(sent), "seed {seed}");
        }
        drop((sender, receiver));
        assert!(tasks.iter().all(|task| task.alive() == 0), "seed {seed}");
        assert_eq!(Arc::strong_count(&value), 1, "seed {seed}");
    }

    fn wakes_of(waits: &mut Option<usize>, wakes: &mut [usize; 4], yes: bool) {
        if let Some(task) = waits.take().filter(|_| yes) {
            wakes[task] += 1;
        }
    }

    fn finish(ready: bool, sent: &mut bool, taken: &mut bool, shut: &mut bool) {
        if ready {
            *sent = false;
            *taken = true;
            *shut = true;
        }
    }
}

#[test]
fn threads_block_for_a_value_and_for_its_absence() {
    let (sender, receiver) = channel();
    let (back, end) = channel();
    thread::scope(|scope| {
        scope.spawn(move || back.send(receiver.blocking_recv().unwrap() + 1));
        sender.send(1).unwrap();
        assert_eq!(end.blocking_recv(), Ok(2));
    });
    let (sender, receiver) = channel::<u8>();
    thread::scope(|scope| {
        let waiting = scope.spawn(move || receiver.blocking_recv());
        drop(sender);
        assert!(waiting.join().unwrap().is_err());
    });
}

#[test]
fn pairs_race_on_threads() {
    const ROUNDS: usize = if cfg!(miri) { 20 } else { 2_000 };
    let slot = Oneshot::<Arc<usize>>::new();
    let value = Arc::new(7);
    for round in 0..ROUNDS {
        let (sender, receiver): (SenderOf<_>, ReceiverOf<_>) = slot.split().unwrap();
        let sent = value.clone();
        thread::scope(|scope| {
            scope.spawn(move || drop(sender.send(sent)));
            if round % 2 == 0 {
                assert_eq!(receiver.blocking_recv().as_deref(), Ok(&7));
            } else {
                let mut receiver = Polled::new(receiver);
                let _ = receiver.poll();
            }
        });
        assert_eq!(Arc::strong_count(&value), 1);
    }
}

/// Who leaves second frees the whole while the first may still be in the call by which it left. Only Miri sees what that call
/// borrows: the test fails there, for some seeds, where `update` and `lower` are methods of the whole, whose value is a byte
/// so that there is something beside the atomics.
#[test]
fn halves_on_the_heap_leave_while_the_other_one_frees_them() {
    const ROUNDS: usize = if cfg!(miri) { 20 } else { 2_000 };
    for round in 0..ROUNDS {
        let (sender, receiver) = channel::<u8>();
        thread::scope(|scope| {
            scope.spawn(move || {
                if round % 3 == 0 {
                    drop(sender);
                } else {
                    let _refused = sender.send(7);
                }
            });
            let mut receiver = Polled::new(receiver);
            if round % 2 == 0 {
                let _ = receiver.poll();
            }
        });
    }
}

#[test]
fn both_forms_may_be_sent_and_shared_where_the_value_may_be_sent() {
    let (sender, receiver) = channel::<core::cell::Cell<u8>>();
    send_sync(&sender);
    send_sync(&receiver);
    let slot = Oneshot::<core::cell::Cell<u8>>::new();
    send_sync(&slot);
    let (sender, receiver) = slot.split().unwrap();
    send_sync(&sender);
    send_sync(&receiver);
    assert_eq!(core::mem::size_of_val(&sender), core::mem::size_of::<usize>());
    assert_eq!(core::mem::size_of_val(&receiver), 3 * core::mem::size_of::<usize>());
}
