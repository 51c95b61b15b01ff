//! Permits of mpsc: room that is reserved, given on, forgotten.

use core::future::Future;
use core::pin::Pin;
use std::boxed::Box;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::vec::Vec;

use crate::sync::mpsc::error::{TryRecvError, TrySendError};
use crate::sync::mpsc::{OwnedPermit, Permit, PermitIterator, channel};
use crate::test_util::{Counted, Polled, Random, forgotten};

// Mutant: core/src/sync/channel/flow.rs :: self.sealed() && self.store.is_empty() => self.closed() && self.store.is_empty()
#[test]
fn permits_that_are_out_are_still_received_after_close() {
    let (tx, mut rx) = channel(3);
    let (one, two) = (tx.try_reserve().unwrap(), tx.clone().try_reserve_owned().unwrap());
    rx.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert!(matches!(tx.try_reserve(), Err(TrySendError::Closed(()))));
    assert!(Polled::new(tx.reserve()).ready().is_err());
    let mut recv = Polled::waiting(rx.recv());
    one.send(1);
    assert_eq!((recv.wakes(), recv.ready()), (1, Some(1)));
    drop(recv);
    let mut recv = Polled::waiting(rx.recv());
    drop(two);
    assert_eq!((recv.wakes(), recv.ready()), (1, None));
    drop(recv);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(rx.capacity(), 3);
}

#[test]
fn owned_permits_give_the_sender_back() {
    let (tx, mut rx) = channel(1);
    let permit = Polled::new(tx.clone().reserve_owned()).ready().unwrap();
    assert!(permit.same_channel_as_sender(&tx));
    let Err(TrySendError::Full(tx)) = tx.try_reserve_owned() else { panic!("there is no room") };
    let back = permit.send(1);
    assert!(back.same_channel(&tx));
    assert_eq!(rx.try_recv(), Ok(1));
    let permit = tx.try_reserve_owned().unwrap();
    assert!(permit.same_channel_as_sender(&back));
    let other = channel::<u8>(1).0.try_reserve_owned().unwrap();
    assert!(!permit.same_channel_as_sender(&channel(1).0) && permit.same_channel(&permit));
    drop(other);
    let mut waiting = Polled::waiting(back.send(2));
    let tx = permit.release();
    assert_eq!((waiting.wakes(), waiting.ready()), (1, Ok(())));
    drop(waiting);
    drop((tx, back));
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(2), Err(TryRecvError::Disconnected)));
}

#[test]
fn many_permits_are_gathered_in_line() {
    let (tx, mut rx) = channel(4);
    for n in 0..3 {
        tx.try_send(n).unwrap();
    }
    assert!(matches!(tx.try_reserve_many(2), Err(TrySendError::Full(()))));
    assert!(Polled::new(tx.reserve_many(5)).ready().is_err(), "never so much room");
    assert_eq!(Polled::new(tx.reserve_many(0)).ready().unwrap().count(), 0);
    let mut many = Polled::waiting(tx.reserve_many(3));
    assert_eq!((tx.capacity(), tx.try_send(9)), (0, Err(TrySendError::Full(9))));
    let mut behind = Polled::waiting(tx.send(10));
    assert_eq!(rx.try_recv(), Ok(0));
    assert_eq!((many.wakes(), behind.wakes()), (0, 0));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!((many.wakes(), behind.wakes()), (1, 0));
    let mut permits = many.ready().unwrap();
    assert_eq!((permits.len(), permits.size_hint()), (3, (3, Some(3))));
    permits.next().unwrap().send(11);
    drop(permits);
    assert_eq!((behind.wakes(), behind.ready()), (1, Ok(())));
    assert_eq!(tx.capacity(), 1);
    let left: Vec<_> = core::iter::from_fn(|| rx.try_recv().ok()).collect();
    assert_eq!((left, tx.capacity()), (std::vec![2, 11, 10], 4));
}

/// Who has gathered what it wants is out of line: what becomes free after that goes on, whether it runs or not.
// Mutant: core/src/sync/channel/flow/reserve.rs :: if section.state.gathered < wanted { => if true {
// Mutant: core/src/sync/channel/flow/reserve.rs :: if told == Told::COME {\n            section.state.gathered += self.places; => if told == Told::COME {\n            section.state.gathered += 1;
// Mutant: core/src/sync/channel/flow/reserve.rs :: state.gathered += self.places;\n            }\n            return => state.gathered += 1;\n            }\n            return
#[test]
fn failure_023_who_has_gathered_enough_keeps_nobody_behind_it_waiting() {
    for (at_once, closes) in [(false, false), (true, false), (false, true), (true, true)] {
        let (tx, mut rx) = channel(3);
        (0..3).for_each(|n| tx.try_send(n).unwrap());
        let mut many = Polled::waiting(tx.reserve_many(2));
        let mut behind = Polled::waiting(tx.send(3));
        if at_once {
            assert_eq!(Polled::new(rx.recv_many(&mut Vec::new(), 3)).ready(), 3);
        } else {
            (0..3).for_each(|n| assert_eq!(rx.try_recv(), Ok(n)));
        }
        assert_eq!((many.wakes(), behind.wakes()), (1, 1));
        assert_eq!(behind.ready(), Ok(()));
        assert_eq!((rx.try_recv(), tx.capacity()), (Ok(3), 1));
        if closes {
            rx.close();
            assert!(many.ready().is_err());
        }
        drop(many);
        assert_eq!(tx.capacity(), 3);
    }
}

/// Who becomes the first in line because others went is given what it wants and no more, whether it runs or not: who wants the
/// rest is served.
// Mutant: core/src/sync/channel/flow/reserve.rs :: return Step::Wait(Told::wait_for(self.places)); => return Step::Wait(Told::wait_for(self.places + 2));
#[test]
fn failure_023_who_becomes_first_gathers_no_more_than_it_wants() {
    for (first_sends, forgets) in [(true, false), (true, true), (false, false), (false, true)] {
        if forgets && cfg!(miri) {
            continue; // the interpreter counts what is never freed, and is right
        }
        let (tx, mut rx) = channel(4);
        (0..4).for_each(|n| tx.try_send(n).unwrap());
        let tx = &tx;
        let mut first = Polled::waiting(Box::pin(async move {
            match first_sends {
                true => tx.send(10).await.is_ok(),
                false => tx.reserve_many(3).await.is_ok(),
            }
        }));
        let mut many = Polled::waiting(Box::pin(tx.reserve_many(2)));
        let mut behind = Polled::waiting(tx.send(11));
        if first_sends {
            (0..4).for_each(|n| assert_eq!(rx.try_recv(), Ok(n)));
            assert!(first.ready());
        } else {
            (0..3).for_each(|n| assert_eq!(rx.try_recv(), Ok(n)));
        }
        drop(first);
        assert_eq!((many.wakes(), behind.wakes()), (1, 1));
        assert_eq!(behind.ready(), Ok(()));
        let left: Vec<_> = core::iter::from_fn(|| rx.try_recv().ok()).collect();
        assert_eq!(left, if first_sends { [10, 11] } else { [3, 11] });
        assert_eq!(tx.capacity(), 2);
        if forgets {
            core::mem::forget(many);
        } else {
            assert_eq!(many.ready().unwrap().len(), 2);
        }
        assert_eq!(tx.capacity(), if forgets { 2 } else { 4 });
        tx.try_send(12).unwrap();
    }
}

/// Whoever gathers and goes away leaves what was gathered to those behind, at every stage.
// Mutant: core/src/sync/channel/flow/reserve.rs :: const SETTLES: bool = true; => const SETTLES: bool = false;
#[test]
fn failure_023_permits_and_gathered_room_go_to_the_next() {
    for freed in 0..=3 {
        for (first, second) in [(2, 1), (3, 1), (1, 2), (2, 2), (3, 3)] {
            let (tx, mut rx) = channel(3);
            let held = tx.try_reserve_many(3).unwrap();
            let mut held: Vec<_> = held.collect();
            let one = Polled::waiting(tx.reserve_many(first));
            let mut two = Polled::waiting(tx.reserve_many(second));
            held.truncate(3 - freed);
            drop(one);
            assert_eq!(two.wakes() > 0 && two.poll().is_ready(), freed >= second, "{freed} {first} {second}");
            drop(two);
            drop(held);
            assert_eq!(tx.capacity(), 3);
            assert_eq!(rx.try_recv(), Err::<u8, _>(TryRecvError::Empty));
        }
    }
}

/// Room for several at once wakes as many: an iterator that is dropped, and one receive of many.
// Mutant: core/src/sync/channel/flow/reserve.rs :: section.pop(SENDERS, Told::COME);\n        }\n    }\n    section.state.gathered > 0 => section.pop(SENDERS, Told::COME);\n        }\n    }\n    false
#[test]
fn failure_023_room_for_many_wakes_as_many() {
    for at_once in 0..=20 {
        let (tx, mut rx) = channel(20);
        let permits = tx.try_reserve_many(20).unwrap();
        let mut sends: Vec<_> = (0..30).map(|n| Polled::waiting(tx.send(n))).collect();
        let mut held: Vec<_> = permits.collect();
        let kept = held.split_off(at_once);
        drop(held);
        let woken: Vec<_> = sends.iter().map(Polled::wakes).collect();
        assert!(woken[..at_once].iter().all(|wakes| *wakes == 1) && woken[at_once..].iter().all(|wakes| *wakes == 0));
        sends.drain(..at_once).for_each(|mut send| send.ready().unwrap());
        let mut buffer = Vec::new();
        if at_once > 0 {
            assert_eq!(Polled::new(rx.recv_many(&mut buffer, 10)).ready(), at_once.min(10));
            let woken = sends.iter().filter(|send| send.wakes() == 1).count();
            assert_eq!(woken, at_once.min(10));
        }
        drop((sends, kept));
        while let Ok(message) = rx.try_recv() {
            buffer.push(message);
        }
        assert!(buffer.into_iter().eq(0..at_once));
        assert_eq!(tx.capacity(), 20);
    }
}

/// A permit that outlives the receiver: what it sends is dropped there and then, and not with the last sender.
// Mutant: core/src/sync/channel/flow.rs :: if section.state.deserted { => if false {
#[test]
fn failure_096_permit_sent_after_receiver_is_gone_is_dropped_at_once() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = channel(4);
    let (one, two) = (tx.try_reserve().unwrap(), tx.clone().try_reserve_owned().unwrap());
    assert!(tx.try_send(Counted(drops.clone())).is_ok());
    drop(rx);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    one.send(Counted(drops.clone()));
    assert_eq!(drops.load(Ordering::Relaxed), 2);
    drop(two.send(Counted(drops.clone())));
    assert_eq!((drops.load(Ordering::Relaxed), tx.capacity()), (3, 4));
    assert!(tx.try_send(Counted(drops.clone())).is_err());
    assert_eq!(drops.load(Ordering::Relaxed), 4);
}

/// Futures and permits that are forgotten take their places away and nothing else.
#[test]
fn forgotten_permits_and_futures_hold_their_own_place_only() {
    let (tx, mut rx) = channel::<u8>(3);
    core::mem::forget(tx.try_reserve().unwrap());
    forgotten(tx.send(9));
    tx.try_send(1).unwrap();
    assert_eq!((tx.capacity(), rx.try_recv(), tx.capacity()), (1, Ok(1), 2));
    rx.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "the forgotten permit may still be used");
}

type Boxed<'a, T> = Polled<Pin<Box<dyn Future<Output = T> + 'a>>>;

enum Pending<'a> {
    Send(Boxed<'a, bool>, usize),
    Reserve(Boxed<'a, Option<PermitIterator<'a, usize>>>),
    Owned(Boxed<'a, Option<OwnedPermit<usize>>>),
}

/// Polls one of those who wait, and keeps what it gives.
fn advance<'a>(
    at: usize,
    line: &mut Vec<Pending<'a>>,
    inside: &mut VecDeque<usize>,
    permits: &mut Vec<Permit<'a, usize>>,
    owned: &mut Vec<OwnedPermit<usize>>,
) -> bool {
    let ready = match &mut line[at] {
        Pending::Send(send, n) => match send.poll() {
            Poll::Ready(true) => {
                inside.push_back(*n);
                true
            }
            other => other.is_ready(),
        },
        Pending::Reserve(reserve) => match reserve.poll() {
            Poll::Ready(Some(many)) => {
                permits.extend(many);
                true
            }
            other => other.is_ready(),
        },
        Pending::Owned(reserve) => match reserve.poll() {
            Poll::Ready(Some(one)) => {
                owned.push(one);
                true
            }
            other => other.is_ready(),
        },
    };
    if ready {
        drop(line.remove(at));
    }
    ready
}

/// Random histories of everything a sender can do, against a queue and a count: order, room, and nobody left waiting
/// beside what is there.
// Mutant: core/src/sync/channel/flow/reserve.rs :: section.state.gathered += room; => let _ = room;
#[test]
fn failure_101_permits_room_and_messages_agree_with_a_count() {
    const ROOM: usize = 4;
    for seed in 0..if cfg!(miri) { 3 } else { 300 } {
        let mut random = Random::new(seed);
        let (tx, mut rx) = channel::<usize>(ROOM);
        let tx = &tx;
        let mut inside = VecDeque::new();
        let mut permits = Vec::new();
        let mut owned = Vec::new();
        let mut line: Vec<Pending<'_>> = Vec::new();
        let mut closed = false;
        for n in 0..if cfg!(miri) { 60 } else { 200 } {
            match random.below(16) {
                0 | 1 => {
                    line.push(Pending::Send(Polled::new(Box::pin(async move { tx.send(n).await.is_ok() })), n));
                }
                2 => {
                    let many = random.below(ROOM + 1);
                    line.push(Pending::Reserve(Polled::new(Box::pin(async move { tx.reserve_many(many).await.ok() }))));
                }
                3 => {
                    let own = tx.clone();
                    line.push(Pending::Owned(Polled::new(Box::pin(async move { own.reserve_owned().await.ok() }))));
                }
                4 if tx.try_send(n).is_ok() => {
                    assert!(!closed);
                    inside.push_back(n);
                }
                5 => {
                    if let Ok(many) = tx.try_reserve_many(random.below(3)) {
                        permits.extend(many);
                    }
                }
                6 if !permits.is_empty() => {
                    permits.swap_remove(random.below(permits.len())).send(n);
                    inside.push_back(n);
                }
                7 if !permits.is_empty() => drop(permits.swap_remove(random.below(permits.len()))),
                8 if !owned.is_empty() => {
                    let one: OwnedPermit<usize> = owned.swap_remove(random.below(owned.len()));
                    if random.below(2) == 0 {
                        drop(one.release());
                    } else {
                        drop(one.send(n));
                        inside.push_back(n);
                    }
                }
                9 => assert_eq!(rx.try_recv().ok(), inside.pop_front(), "seed {seed}"),
                10 | 13 => match Polled::new(rx.recv()).poll() {
                    Poll::Ready(message) => assert_eq!(message, inside.pop_front(), "seed {seed}"),
                    Poll::Pending => assert!(inside.is_empty(), "seed {seed}"),
                },
                14 if !inside.is_empty() => {
                    let (mut many, limit) = (Vec::new(), random.below(3) + 1);
                    let count = Polled::new(rx.recv_many(&mut many, limit)).ready();
                    assert_eq!(count, limit.min(inside.len()), "seed {seed}");
                    assert_eq!(many, inside.drain(..count).collect::<Vec<_>>(), "seed {seed}");
                }
                11 if !line.is_empty() => drop(line.remove(random.below(line.len()))),
                12 if n > 150 && random.below(20) == 0 => {
                    rx.close();
                    closed = true;
                }
                _ if !line.is_empty() => {
                    let at = random.below(line.len());
                    advance(at, &mut line, &mut inside, &mut permits, &mut owned);
                }
                _ => {}
            }
            // Not each time: what nobody has looked at yet must be right as well.
            if random.below(3) == 0 {
                assert_eq!(rx.len(), inside.len(), "seed {seed}");
                let all = rx.len() + permits.len() + owned.len() + tx.capacity();
                assert!(if line.is_empty() { all == ROOM } else { all <= ROOM }, "seed {seed}: {all}");
            }
        }
        // Everybody is polled once, then only who was woken; then permits go, until nothing moves.
        let mut seen: Vec<usize> = line.iter().map(|_| usize::MAX).collect();
        loop {
            let mut moved = false;
            for at in (0..line.len()).rev() {
                let wakes = match &line[at] {
                    Pending::Send(send, _) => send.wakes(),
                    Pending::Reserve(reserve) => reserve.wakes(),
                    Pending::Owned(reserve) => reserve.wakes(),
                };
                if core::mem::replace(&mut seen[at], wakes) != wakes {
                    moved = true;
                    if advance(at, &mut line, &mut inside, &mut permits, &mut owned) {
                        seen.remove(at);
                    }
                }
            }
            moved |= permits.pop().is_some() | owned.pop().is_some();
            if !moved {
                assert_eq!(rx.try_recv().ok(), inside.pop_front());
                if line.is_empty() && inside.is_empty() {
                    break;
                }
            }
        }
        assert_eq!((rx.len(), tx.capacity()), (0, ROOM), "seed {seed}");
        assert_eq!(rx.try_recv().unwrap_err() == TryRecvError::Disconnected, closed);
    }
}
