//! Channels on the heap: each side against the end of the other.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec::Vec;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::sync::{mpmc, mpsc};
use crate::test_util::{Plain, Polled, TestWaker};

/// Polls to the end, but only after wake-ups: a thread that is not woken is stuck, and the model says so.
fn run<F: core::future::Future>(future: F) -> F::Output {
    let mut future = Polled::new(future);
    loop {
        let seen = future.wakes();
        if let Poll::Ready(output) = future.poll() {
            return output;
        }
        while future.wakes() == seen {
            thread::yield_now();
        }
    }
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

// Mutant: core/src/sync/channel/alloc.rs :: self.chan.flow.close();\n    }\n}\n\nimpl<B: Spill> Drop for Receivers<B> => self.chan.flow.is_closed();\n    }\n}\n\nimpl<B: Spill> Drop for Receivers<B>
#[test]
fn last_sender_goes_while_the_receiver_begins_to_wait() {
    loom::model(|| {
        let (tx, mut rx) = mpsc::channel(1);
        let sender = thread::spawn(move || {
            let other = tx.clone();
            tx.try_send(1).unwrap();
            drop(tx);
            drop(other);
        });
        assert_eq!((run(rx.recv()), run(rx.recv())), (Some(1), None));
        sender.join().unwrap();
    });
}

/// Whoever loses the race drops the message or gets it back: never both, never none.
// Mutant: core/src/sync/channel/flow.rs :: section.state.deserted = true;\n            section.state.taken |= SHUT; => section.state.deserted = true;
#[test]
fn failure_096_send_against_the_drop_of_the_receiver() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = mpsc::channel(1);
        assert!(tx.try_send(Counted(drops.clone())).is_ok());
        let message = Counted(drops.clone());
        let sender = thread::spawn(move || {
            let sent = run(tx.send(message)).is_ok();
            (tx, sent)
        });
        drop(rx);
        let (tx, sent) = sender.join().unwrap();
        assert!(!sent, "there was no room");
        assert_eq!((drops.load(Ordering::Relaxed), tx.capacity()), (2, 1));
    });
}

/// The message of a permit is dropped with the receiver or by the permit, while the sender still lives.
// Mutant: core/src/sync/channel/flow.rs :: if section.state.deserted { => if false {
#[test]
fn failure_096_permit_against_the_drop_of_the_receiver() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = mpsc::channel(1);
        let permit = tx.clone().try_reserve_owned().unwrap();
        let message = Counted(drops.clone());
        let sender = thread::spawn(move || permit.send(message));
        drop(rx);
        let back = sender.join().unwrap();
        assert_eq!((drops.load(Ordering::Relaxed), tx.capacity()), (1, 1));
        drop((tx, back));
    });
}

/// The last permit of a closed channel goes while the receiver begins to wait for it.
// Mutant: core/src/sync/channel/flow.rs :: if ended {\n            self.tell_end(); => if false {\n            self.tell_end();
#[test]
fn last_permit_is_given_back_while_the_receiver_waits_for_the_end() {
    loom::model(|| {
        let (tx, mut rx) = mpsc::channel::<u8>(1);
        let permit = tx.clone().try_reserve_owned().unwrap();
        rx.close();
        let holder = thread::spawn(move || drop(permit));
        assert_eq!(run(rx.recv()), None);
        holder.join().unwrap();
        drop(tx);
    });
}

/// One who gathers goes away while room is freed: what it had goes to the next.
// Mutant: core/src/sync/channel/flow/reserve.rs :: const SETTLES: bool = true; => const SETTLES: bool = false;
#[test]
fn failure_023_gathering_is_given_up_while_room_is_freed() {
    loom::model(|| {
        let (tx, mut rx) = mpsc::channel(2);
        tx.try_send(0).unwrap();
        tx.try_send(1).unwrap();
        let many = Polled::waiting(tx.reserve_many(2));
        let mut next = Polled::waiting(tx.send(2));
        let receiver = thread::spawn(move || {
            assert_eq!(rx.try_recv(), Ok(0));
            rx
        });
        drop(many);
        let _rx = receiver.join().unwrap();
        assert_eq!((next.wakes(), next.ready()), (1, Ok(())));
    });
}

/// One receive of two messages against a sender that goes away: the two behind it both get room.
// Mutant: core/src/sync/channel/flow.rs :: section.state.gathered += count; => section.state.gathered += count.min(1);
#[test]
fn failure_023_one_receive_of_many_makes_room_for_as_many() {
    loom::model(|| {
        let (tx, mut rx) = mpsc::channel(2);
        tx.try_send(0).unwrap();
        tx.try_send(1).unwrap();
        let first = Polled::waiting(tx.send(2));
        let (mut second, mut third) = (Polled::waiting(tx.send(3)), Polled::waiting(tx.send(4)));
        let receiver = thread::spawn(move || {
            let mut all = Vec::with_capacity(2);
            assert_eq!(Polled::new(rx.recv_many(&mut all, 2)).ready(), 2);
            rx
        });
        drop(first);
        let _rx = receiver.join().unwrap();
        assert_eq!((second.wakes(), second.ready()), (1, Ok(())));
        assert_eq!((third.wakes(), third.ready()), (1, Ok(())));
    });
}

/// A receiver moves from task to task while a message comes: the last one is woken, or finds it.
// Mutant: core/src/sync/waiters/alone.rs :: fresh = stored.replace(new); => if stored.is_none() { *stored = Some(new) }
#[test]
fn receiver_is_polled_by_another_task_while_a_message_comes() {
    loom::model(|| {
        let (tx, mut rx) = mpsc::channel(1);
        let (first, second) = (TestWaker::new(), TestWaker::new());
        let mut poll = |waker: &TestWaker| rx.poll_recv(&mut Context::from_waker(&waker.waker()));
        assert!(poll(&first).is_pending());
        let sender = thread::spawn(move || {
            tx.try_send(1).unwrap();
            tx
        });
        let seen = poll(&second);
        let _tx = sender.join().unwrap();
        assert!(seen.is_ready() || second.wakes() == 1 && poll(&second) == Poll::Ready(Some(1)));
    });
}

// Mutant: core/src/sync/channel/flow.rs :: (0..LANES).any( => (0..WATCHERS).any(
#[test]
fn closed_is_awaited_while_the_receiver_goes() {
    loom::model(|| {
        let (tx, rx) = mpsc::channel::<u8>(1);
        let waiter = thread::spawn(move || run(tx.closed()));
        drop(rx);
        waiter.join().unwrap();
    });
}

/// Messages of one sender stay in order beside those of another.
// Mutant: core/src/sync/channel/alloc.rs :: self.messages.push_back(message); => self.messages.push_front(message);
#[test]
fn messages_of_each_sender_stay_in_order() {
    loom::model(|| {
        let (tx, mut rx) = mpsc::unbounded_channel();
        let other = tx.clone();
        let sender = thread::spawn(move || (10..12).for_each(|n| other.send(n).unwrap()));
        tx.send(0).unwrap();
        tx.send(1).unwrap();
        drop(tx);
        let mut all = Vec::new();
        while let Some(n) = run(rx.recv()) {
            all.push(n);
        }
        sender.join().unwrap();
        assert_eq!(all.iter().filter(|n| **n < 10).collect::<Vec<_>>(), [&0, &1]);
        assert_eq!(all.iter().filter(|n| **n >= 10).collect::<Vec<_>>(), [&10, &11]);
    });
}

/// Both of two receivers go while a message is sent: it is dropped once, with them or by its sender.
// Mutant: core/src/sync/channel/flow.rs :: section.state.deserted = true;\n            section.state.taken |= SHUT; => section.state.deserted = true;
#[test]
fn failure_048_last_receivers_go_while_a_message_is_sent() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = mpmc::channel(1);
        let other = rx.clone();
        let receiver = thread::spawn(move || drop(other));
        let message = Counted(drops.clone());
        let sender = thread::spawn(move || {
            let _given_back = tx.try_send(message);
            tx
        });
        drop(rx);
        receiver.join().unwrap();
        let tx = sender.join().unwrap();
        assert_eq!((drops.load(Ordering::Relaxed), tx.len(), tx.capacity()), (1, 0, 1));
    });
}

/// A sender begins to wait while a message in hand is given out: it finds the place or is told of it, and what was done
/// before the receive is seen after the send.
// Mutant: core/src/sync/channel/flow.rs :: recount(section, true);\n            if !section => recount(section, false);\n            if !section
// Mutant: core/src/sync/channel/hand.rs :: fetch_add(ONE, Ordering::Release) => fetch_add(ONE, Ordering::Relaxed)
// Mutant: core/src/sync/channel/hand.rs :: fetch_or(ASKED, Ordering::Acquire) => fetch_or(ASKED, Ordering::Relaxed)
#[test]
fn failure_023_message_in_hand_is_given_out_while_a_wait_begins() {
    loom::model(|| {
        let ((tx, mut rx), done) = (mpsc::channel(2), Plain::new());
        in_hand(&tx, &mut rx);
        let receiver = gives_out(rx, done.clone());
        let mut wait = Polled::new(tx.send(3));
        let early = wait.poll().is_ready();
        assert!(!early || done.is_set(), "the place was free before it was freed");
        let _rx = receiver.join().unwrap();
        if !early {
            assert_eq!((wait.wakes(), wait.ready()), (1, Ok(())), "not told");
        }
    });
}

/// A place is freed without the lock while a sender stands in line: nobody else takes it.
// Mutant: core/src/sync/channel/flow.rs :: if section.is_empty(SENDERS) {\n        let store => {\n        let store
#[test]
fn place_of_a_message_in_hand_goes_to_who_stands_in_line() {
    loom::model(|| {
        let (tx, mut rx) = mpsc::channel(2);
        in_hand(&tx, &mut rx);
        let mut wait = Polled::waiting(tx.send(3));
        let receiver = gives_out(rx, Plain::new());
        assert!(tx.try_send(4).is_err(), "one in line was passed by");
        let _rx = receiver.join().unwrap();
        assert_eq!((wait.wakes(), wait.ready()), (1, Ok(())), "not told");
    });
}

/// Who finds that a place was freed without waiting for it, sees what was done before that.
// Mutant: core/src/sync/channel/hand.rs :: load(Ordering::Acquire) => load(Ordering::Relaxed)
#[test]
fn message_in_hand_is_given_out_while_room_is_looked_for() {
    loom::model(|| {
        let ((tx, mut rx), done) = (mpsc::channel(2), Plain::new());
        in_hand(&tx, &mut rx);
        let receiver = gives_out(rx, done.clone());
        assert!(tx.try_send(3).is_err() || done.is_set());
        let _rx = receiver.join().unwrap();
        assert_eq!(tx.capacity() + _rx.len(), 2);
    });
}

/// Fills a channel of two places: one message is in hand, one is not.
fn in_hand(tx: &mpsc::Sender<u8>, rx: &mut mpsc::Receiver<u8>) {
    tx.try_send(0).unwrap();
    tx.try_send(1).unwrap();
    assert_eq!(Polled::new(rx.recv()).ready(), Some(0));
    tx.try_send(2).unwrap();
}

/// Another thread does something, and then receives the message that is in hand.
fn gives_out(mut rx: mpsc::Receiver<u8>, done: Arc<Plain>) -> thread::JoinHandle<mpsc::Receiver<u8>> {
    thread::spawn(move || {
        done.set();
        assert_eq!(rx.try_recv(), Ok(1));
        rx
    })
}
