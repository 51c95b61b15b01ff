//! Channels on the heap: room, permits and messages, whoever goes away and whenever.

use core::future::Future;
use core::pin::Pin;
use std::boxed::Box;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::vec::Vec;

use crate::sync::mpsc::error::{SendError, TryRecvError, TrySendError};
use crate::sync::mpsc::{self, OwnedPermit, Permit, PermitIterator, Receiver, Sender, channel, unbounded_channel};
use crate::test_util::{Event, Polled, Random, TestWaker, forever, forgotten, panics, send_sync};

#[test]
fn messages_leave_in_order_until_the_senders_are_gone() {
    let (tx, mut rx) = channel(2);
    assert_eq!((tx.capacity(), tx.max_capacity(), rx.capacity(), rx.max_capacity()), (2, 2, 2, 2));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    let other = tx.clone();
    assert_eq!(tx.try_send(1), Ok(()));
    assert_eq!(Polled::new(other.send(2)).ready(), Ok(()));
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!((rx.len(), rx.is_empty(), tx.capacity()), (2, false, 0));
    let mut third = Polled::waiting(tx.send(3));
    assert_eq!(Polled::new(rx.recv()).ready(), Some(1));
    assert_eq!((third.wakes(), third.ready()), (1, Ok(())));
    drop(third);
    drop((tx, other));
    assert!(rx.is_closed());
    assert_eq!((rx.try_recv(), rx.try_recv(), rx.try_recv()), (Ok(2), Ok(3), Err(TryRecvError::Disconnected)));
    assert_eq!(Polled::new(rx.recv()).ready(), None);
}

#[test]
fn impossible_capacities_are_refused_with_a_sentence() {
    assert!(panics(|| drop(channel::<u8>(0))));
    assert!(panics(|| drop(channel::<u8>((usize::MAX >> 3) + 1))));
    assert!(panics(|| drop(channel::<u8>(usize::MAX))));
    let (tx, _rx) = channel::<u8>(usize::MAX >> 3);
    assert_eq!(tx.capacity(), usize::MAX >> 3);
    let (tx, mut rx) = channel::<()>(1);
    assert!(tx.try_send(()).is_ok() && tx.try_send(()).is_err() && rx.try_recv().is_ok());
}

#[test]
fn unbounded_takes_what_comes_and_shrinks_when_empty() {
    let (tx, mut rx) = unbounded_channel();
    for n in 0..5000 {
        tx.send(n).unwrap();
    }
    assert_eq!(rx.len(), 5000);
    let mut all = Vec::new();
    assert_eq!(Polled::new(rx.recv_many(&mut all, usize::MAX)).ready(), 5000);
    assert!(all.into_iter().eq(0..5000));
    let mut recv = Polled::waiting(rx.recv());
    tx.send(1).unwrap();
    assert_eq!((recv.wakes(), recv.ready()), (1, Some(1)));
    drop(recv);
    drop(rx);
    assert_eq!(tx.send(7), Err(SendError(7)));
    assert!(tx.is_closed());
}

#[test]
fn receiver_is_told_of_a_message_and_of_the_end_and_keeps_one_waker() {
    let (tx, mut rx) = channel::<u8>(1);
    let (first, second) = (TestWaker::new(), TestWaker::new());
    let poll =
        |rx: &mut Receiver<u8>, waker: &TestWaker| rx.poll_recv(&mut std::task::Context::from_waker(&waker.waker()));
    assert!(poll(&mut rx, &first).is_pending() && poll(&mut rx, &first).is_pending());
    assert_eq!(first.clones(), 1);
    assert!(poll(&mut rx, &second).is_pending());
    assert_eq!(first.alive(), 0);
    tx.try_send(1).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (0, 1));
    assert_eq!(poll(&mut rx, &second), Poll::Ready(Some(1)));
    assert!(poll(&mut rx, &second).is_pending());
    drop(tx);
    assert_eq!((second.wakes(), poll(&mut rx, &second)), (2, Poll::Ready(None)));
}

#[test]
fn closed_is_ready_when_the_receiver_closes_or_goes() {
    for close in [false, true] {
        let (tx, mut rx) = channel::<u8>(1);
        let mut closed = Polled::waiting(tx.closed());
        drop(Polled::waiting(tx.closed()));
        if close {
            rx.close()
        } else {
            drop(rx)
        }
        assert_eq!((closed.wakes(), closed.ready(), tx.is_closed()), (1, (), true));
        assert!(Polled::new(tx.closed()).poll().is_ready());
    }
}

// Mutant: core/src/sync/channel/flow.rs :: self.closed() && self.permits == 0 && self.store.is_empty() => self.closed() && self.store.is_empty()
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
// Mutant: core/src/sync/channel/flow.rs :: section.state.gathered -= 1;\n            section.pop(SENDERS, Told::Come);\n            return true; => section.state.gathered -= 1;\n            section.pop(SENDERS, Told::Come);\n            return false;
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

#[test]
fn recv_many_takes_up_to_its_limit() {
    let (tx, mut rx) = channel(8);
    let mut buffer = Vec::new();
    assert_eq!(Polled::new(rx.recv_many(&mut buffer, 0)).ready(), 0);
    let mut recv = Polled::waiting(rx.recv_many(&mut buffer, 3));
    for n in 0..5 {
        tx.try_send(n).unwrap();
    }
    assert_eq!((recv.wakes(), recv.ready()), (1, 3));
    drop(recv);
    drop(tx);
    assert_eq!(Polled::new(rx.recv_many(&mut buffer, 3)).ready(), 2);
    assert_eq!(Polled::new(rx.recv_many(&mut buffer, 3)).ready(), 0);
    assert_eq!(buffer, [0, 1, 2, 3, 4]);
}

#[test]
fn weak_senders_do_not_keep_the_channel_open() {
    let (tx, mut rx) = channel::<u8>(1);
    let weak = tx.downgrade();
    assert_eq!((tx.strong_count(), tx.weak_count(), weak.strong_count(), weak.weak_count()), (1, 1, 1, 1));
    let strong = weak.upgrade().unwrap();
    let copy = weak.clone();
    assert_eq!((rx.sender_strong_count(), rx.sender_weak_count()), (2, 2));
    drop(tx);
    strong.try_send(1).unwrap();
    drop(strong);
    assert!(weak.upgrade().is_none() && copy.upgrade().is_none());
    assert_eq!((rx.sender_strong_count(), rx.sender_weak_count()), (0, 0));
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Err(TryRecvError::Disconnected)));
    let (tx, _rx) = unbounded_channel::<u8>();
    let weak = tx.downgrade();
    assert_eq!((tx.strong_count(), tx.weak_count()), (1, 1));
    assert!(weak.upgrade().is_some_and(|other| other.same_channel(&tx)));
}

#[test]
fn threads_that_may_wait_send_and_receive() {
    let (tx, mut rx) = channel(1);
    let sender = std::thread::spawn(move || {
        for n in 0..100 {
            tx.blocking_send(n).unwrap();
        }
        tx
    });
    for n in 0..50 {
        assert_eq!(rx.blocking_recv(), Some(n));
    }
    let mut rest = Vec::new();
    while rest.len() < 50 {
        assert_ne!(rx.blocking_recv_many(&mut rest, 7), 0);
    }
    let tx = sender.join().unwrap();
    drop(tx);
    assert_eq!((rx.blocking_recv(), rx.blocking_recv_many(&mut rest, 1)), (None, 0));
    assert!(rest.into_iter().eq(50..100));
    let (tx, mut rx) = unbounded_channel();
    let sender = std::thread::spawn(move || tx.send(1).unwrap());
    let mut buffer = Vec::new();
    assert_eq!((rx.blocking_recv(), rx.blocking_recv_many(&mut buffer, 1)), (Some(1), 0));
    sender.join().unwrap();
}

#[test]
fn blocking_inside_of_a_runtime_panics_and_loses_nothing() {
    let (tx, mut rx) = channel(1);
    crate::task::coop::in_main(|| {
        assert!(panics(|| assert!(tx.blocking_send(1).is_ok())));
        assert!(panics(|| assert!(rx.blocking_recv().is_none())));
    });
    assert_eq!((tx.blocking_send(2), rx.blocking_recv()), (Ok(()), Some(2)));
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
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

/// Many messages, half of them received, and the rest dropped with either side last: each is dropped once.
#[test]
fn failure_048_unbounded_messages_are_dropped_once_whoever_goes_last() {
    for received in [0, 1, 31, 32, 33, 100] {
        for receiver_first in [false, true] {
            let drops = Arc::new(AtomicUsize::new(0));
            let (tx, mut rx) = unbounded_channel();
            for _ in 0..100 {
                assert!(tx.send(Counted(drops.clone())).is_ok());
            }
            for _ in 0..received {
                drop(rx.try_recv().ok());
            }
            assert_eq!(drops.load(Ordering::Relaxed), received);
            if receiver_first {
                drop(rx);
                assert_eq!(drops.load(Ordering::Relaxed), 100);
                drop(tx);
            } else {
                drop(tx);
                drop(rx);
            }
            assert_eq!((drops.load(Ordering::Relaxed), Arc::strong_count(&drops)), (100, 1));
        }
    }
}

/// Messages of 4 KiB, and room for very many of them, on a stack of 192 KiB: no buffer is built on the stack.
#[test]
fn failure_051_large_messages_are_not_built_on_the_stack_in_blocks() {
    let thread = std::thread::Builder::new().stack_size(192 * 1024).spawn(|| {
        let (tx, mut rx) = channel::<[u8; 4096]>(1_000_000);
        for n in 0..40 {
            assert!(tx.try_send([n; 4096]).is_ok());
        }
        for n in 0..40 {
            assert_eq!(rx.try_recv().map(|message| message[4095]), Ok(n));
        }
    });
    thread.unwrap().join().unwrap();
}

/// The receiver goes, and a destructor panics: every message is dropped once all the same, and the senders are told first.
// Mutant: core/src/sync/channel/alloc.rs :: drop(messages); => core::mem::forget(messages);
#[test]
fn failure_099_panic_in_a_destructor_as_the_receiver_goes() {
    struct Noisy(u8, Arc<Mutex<Vec<u8>>>, bool);
    impl Drop for Noisy {
        fn drop(&mut self) {
            self.1.lock().unwrap_or_else(PoisonError::into_inner).push(self.0);
            assert!(!self.2, "hostile message");
        }
    }
    for hostile in 0..5 {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (tx, rx) = channel(4);
        for n in 0..4 {
            assert!(tx.try_send(Noisy(n, seen.clone(), n == hostile)).is_ok());
        }
        let mut waiting = Polled::waiting(tx.send(Noisy(9, seen.clone(), false)));
        assert_eq!(panics(move || drop(rx)), hostile < 4);
        assert_eq!(*seen.lock().unwrap_or_else(PoisonError::into_inner), [0, 1, 2, 3], "hostile {hostile}");
        assert!(waiting.wakes() == 1 && matches!(waiting.poll(), Poll::Ready(Err(SendError(_)))));
    }
}

/// Wakers of both sides, and of those who wait for the end, use the channel again and take a lock of their own.
#[test]
fn failure_097_wakes_with_no_lock_held_when_either_side_goes() {
    let scheduler = forever(Mutex::new(Vec::new()));
    let (tx, mut rx) = channel::<u8>(1);
    let tx: &'static Sender<u8> = forever(tx);
    let hooked = |n: usize| {
        TestWaker::hooked(move |event| {
            if event == Event::Wake {
                scheduler.try_lock().expect("woken under the scheduler's lock").push(n);
                let _ = (tx.capacity(), tx.is_closed(), tx.try_send(9));
            }
        })
    };
    let mut recv = Polled::new(rx.recv());
    recv.waker = hooked(0);
    assert!(recv.poll().is_pending());
    tx.try_send(1).unwrap();
    recv.waker.unhook();
    drop(recv);
    let mut sends: Vec<_> = (0..12).map(|n| Polled::new(tx.send(n))).collect();
    let mut closed = Polled::new(tx.closed());
    closed.waker = hooked(20);
    assert!(closed.poll().is_pending());
    for (n, send) in sends.iter_mut().enumerate() {
        send.waker = hooked(n + 1);
        assert!(send.poll().is_pending());
    }
    drop(rx);
    assert_eq!(*scheduler.lock().unwrap(), (0..13).chain([20]).collect::<Vec<_>>());
    sends.iter_mut().for_each(|send| assert!(send.ready().is_err()));
    sends.iter().for_each(|send| send.waker.unhook());
    closed.waker.unhook();
}

#[test]
fn failure_072_waker_re_enters_where_it_stands_in_no_line() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let (tx, mut rx) = channel::<u8>(1);
        let tx = Arc::new(tx);
        let entered = Arc::new(AtomicUsize::new(0));
        let hooked = TestWaker::hooked({
            let (tx, entered) = (tx.clone(), entered.clone());
            move |now| {
                if now == event && entered.fetch_add(1, Ordering::Relaxed) == 0 {
                    let _ = tx.try_send(7);
                    let _ = Polled::new(tx.send(8)).poll();
                    let _ = tx.try_reserve();
                }
            }
        });
        let mut seen = 0;
        for waker in [hooked.clone(), TestWaker::new(), hooked.clone()] {
            seen += usize::from(rx.poll_recv(&mut std::task::Context::from_waker(&waker.waker())).is_ready());
            let _ = tx.try_send(1);
            seen += usize::from(rx.try_recv().is_ok());
        }
        assert!(seen >= 3 && entered.load(Ordering::Relaxed) > 0);
        hooked.unhook();
        drop(rx);
        assert_eq!(hooked.alive(), 0);
    }
}

/// What each way of waiting loses when it is dropped, at every stage: before it waits, while it waits, and when it was
/// told to come.
#[test]
fn failure_105_cancelled_at_every_stage_loses_what_the_docs_say() {
    for stage in 0..3 {
        let (tx, mut rx) = channel::<u8>(1);
        // recv, recv_many: nothing.
        for many in [false, true] {
            let mut buffer = Vec::new();
            let mut recv = Polled::new(async {
                if many { rx.recv_many(&mut buffer, 2).await } else { usize::from(rx.recv().await.is_some()) }
            });
            assert!(stage == 0 || recv.poll().is_pending());
            if stage == 2 {
                tx.try_send(1).unwrap();
            }
            drop(recv);
            assert!(buffer.is_empty());
            assert_eq!(rx.try_recv().is_ok(), stage == 2);
        }
        // send: the message, and the place in line, which goes to the next. reserve: the place in line.
        for what in 0..3 {
            tx.try_send(0).unwrap();
            let mut first = Polled::new(async {
                match what {
                    0 => drop(tx.send(1).await),
                    1 => drop(tx.reserve().await),
                    _ => drop(tx.reserve_many(1).await),
                }
            });
            assert!(stage == 0 || first.poll().is_pending());
            let mut next = Polled::waiting(tx.send(2));
            if stage == 2 {
                assert_eq!(rx.try_recv(), Ok(0));
                assert_eq!((first.wakes(), next.wakes()), (1, 0));
            }
            drop(first);
            if stage < 2 {
                assert_eq!(rx.try_recv(), Ok(0));
            }
            assert_eq!((next.wakes(), next.ready()), (1, Ok(())));
            assert_eq!((rx.try_recv(), tx.capacity()), (Ok(2), 1));
        }
    }
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

#[test]
fn handles_and_futures_may_be_sent() {
    let (tx, rx) = channel::<core::cell::Cell<u8>>(1);
    send_sync(&tx);
    send_sync(&rx);
    send_sync(&tx.downgrade());
    fn send<T: Send>(_: &T) {}
    send(&tx.send(core::cell::Cell::new(1)));
    send(&tx.reserve());
    send(&tx.reserve_many(1));
    send(&tx.closed());
    send(&tx.clone().reserve_owned());
    send_sync(&mpsc::unbounded_channel::<u8>());
}
