//! Channels on the heap: room, permits and messages, whoever goes away and whenever.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::vec::Vec;

use crate::sync::mpsc::error::{SendError, TryRecvError, TrySendError};
use crate::sync::mpsc::{self, Receiver, Sender, channel, unbounded_channel};
use crate::test_util::{Counted, Event, Polled, TestWaker, forever, panics, send_sync};

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

// Mutant: core/src/sync/mpsc/receiver.rs :: buffer.reserve(limit.min(self.flow().len().max(1))); => {}
#[test]
fn messages_of_no_size_need_room_and_no_memory() {
    let most = usize::MAX >> 3;
    let (tx, mut rx) = mpsc::channel(most);
    (0..3).for_each(|_| tx.try_send(()).unwrap());
    assert_eq!(rx.try_recv(), Ok(()));
    // A buffer that takes no more of them: nothing is lost.
    let mut full = std::vec![(); usize::MAX];
    assert!(panics(|| _ = Polled::new(rx.recv_many(&mut full, usize::MAX)).poll()));
    assert_eq!((rx.len(), tx.capacity()), (2, most - 2));
    let mut room_for_one = std::vec![(); usize::MAX - 1];
    assert_eq!(Polled::new(rx.recv_many(&mut room_for_one, 1)).ready(), 1);
    assert_eq!((rx.len(), tx.capacity()), (1, most - 1));
    // All the room there is, and none, and more than there is.
    let mut all = Polled::waiting(tx.reserve_many(most));
    assert_eq!(rx.try_recv(), Ok(()));
    assert_eq!(all.wakes(), 1);
    assert_eq!(all.ready().unwrap().len(), most);
    drop(all);
    assert_eq!(tx.capacity(), most);
    assert!(tx.try_reserve_many(usize::MAX).is_err() && tx.try_reserve_many(0).is_ok());
    assert!(Polled::new(tx.reserve_many(usize::MAX)).ready().is_err());
    drop(Polled::new(tx.reserve_many(0)).ready().unwrap());
    // Closed too, as tokio's.
    rx.close();
    assert!(matches!(tx.try_reserve_many(most + 1), Err(TrySendError::Full(()))));
    assert!(matches!(tx.try_reserve_many(most), Err(TrySendError::Closed(()))));
}

/// A loop of calls that ask for nothing ends its poll as any other does.
// Mutant: core/src/sync/mpsc/receiver.rs :: if limit == 0 { => if limit == 0 { return Poll::Ready(0);
#[test]
fn recv_many_of_nothing_takes_a_unit_of_budget() {
    let (_tx, mut rx) = channel::<u8>(1);
    let mut ready = |_: &_| Polled::new(rx.recv_many(&mut Vec::new(), 0)).poll().is_ready();
    let rounds = crate::task::coop::in_main(|| (0..1000).take_while(&mut ready).count());
    assert_eq!(rounds, 128);
}

/// Who is weak counts as long as it is there, also where nobody is left to become.
// Mutant: core/src/sync/channel/alloc.rs :: Self::of(&self.chan) => Self { chan: self.chan.clone() }
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
    assert_eq!((rx.sender_strong_count(), rx.sender_weak_count()), (0, 2));
    assert_eq!((copy.strong_count(), copy.weak_count()), (0, 2));
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Err(TryRecvError::Disconnected)));
    drop((copy, rx));
    assert_eq!(weak.weak_count(), 1);
    let (tx, rx) = unbounded_channel::<u8>();
    let weak = tx.downgrade();
    assert_eq!((tx.strong_count(), tx.weak_count()), (1, 1));
    assert!(weak.upgrade().is_some_and(|other| other.same_channel(&tx)));
    drop(tx);
    assert_eq!((rx.sender_strong_count(), rx.sender_weak_count()), (0, 1));
    assert_eq!((weak.strong_count(), weak.weak_count()), (0, 1));
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

/// Handles may be used on both sides of a caught panic, whatever the messages are: else this does not compile.
#[test]
fn handles_cross_a_caught_panic() {
    fn crosses<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>(_: &T) {}
    let (tx, rx) = channel::<core::cell::Cell<u8>>(1);
    crosses(&(&tx, &rx, &tx.downgrade()));
    let (tx, rx) = unbounded_channel::<core::cell::Cell<u8>>();
    crosses(&(&tx, &rx, &tx.downgrade()));
    tx.send(core::cell::Cell::new(7)).unwrap();
    let caught = std::panic::catch_unwind(move || {
        let _rx = rx;
        panic!("with a handle");
    });
    assert!(caught.is_err());
    assert!(tx.is_closed());
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
