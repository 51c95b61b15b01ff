//! Two halves on two threads.

use std::future::Future;
use std::sync::Arc;
use std::task::Poll;

use loom::thread;

use crate::sync::oneshot::error::TryRecvError;
use crate::sync::oneshot::{Oneshot, Receiver, channel};
use crate::test_util::{Plain, Polled, TestWaker, forever, poll};

/// A value that tells whether it is alive.
type Value = Arc<()>;

fn pin(receiver: &mut Receiver<Value>) -> core::pin::Pin<&mut Receiver<Value>> {
    core::pin::Pin::new(receiver)
}

/// Whoever waits is woken, and finds the value.
// Mutant: core/src/sync/oneshot/receiver.rs :: home.word.raise(RX_WAITS) & COMPLETE == 0 => home.word.raise(RX_WAITS) < 99
#[test]
fn send_against_a_first_poll() {
    loom::model(|| {
        let (sender, receiver) = channel();
        let value = Value::default();
        let sent = value.clone();
        let thread = thread::spawn(move || sender.send(sent).unwrap());
        let mut receiver = Polled::new(receiver);
        let early = receiver.poll();
        thread.join().unwrap();
        if early.is_pending() {
            assert_eq!(receiver.wakes(), 1, "not woken");
            assert_eq!(receiver.ready(), Ok(value.clone()));
        }
        drop((early, receiver));
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

/// The sender still has to take the waker out when the receiver goes.
// Mutant: core/src/sync/oneshot/sender.rs :: if word & (RX_WAITS | TX_WAITS) == 0 { complete & !SENDER } else { complete } => complete & !SENDER
#[test]
fn failure_039_poll_and_drop_against_send() {
    loom::model(|| {
        let (sender, mut receiver) = channel();
        let waker = TestWaker::new();
        assert!(poll(pin(&mut receiver), &waker).is_pending());
        let value = Value::default();
        let sent = value.clone();
        let thread = thread::spawn(move || sender.send(sent).is_ok());
        drop(receiver);
        let sent = thread.join().unwrap();
        assert_eq!(Arc::strong_count(&value), 1, "sent: {sent}");
        assert_eq!(waker.alive(), 0);
    });
}

/// The value is with one of both, once.
// Mutant: core/src/sync/oneshot/sender.rs :: (word & CLOSED == 0).then_some(next) => Some(next)
#[test]
fn failure_040_close_and_try_recv_against_send() {
    loom::model(|| {
        let (sender, mut receiver) = channel();
        let value = Value::default();
        let sent = value.clone();
        let thread = thread::spawn(move || sender.send(sent));
        receiver.close();
        let received = receiver.try_recv();
        let sent = thread.join().unwrap();
        assert_eq!(sent.is_ok(), received.is_ok());
        assert_ne!(received.as_ref().err(), Some(&TryRecvError::Empty));
        assert_eq!(Arc::strong_count(&value), 2, "it is there once");
        drop((sent, received, receiver));
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

/// A waker that was replaced is dropped, the new one is woken or dropped.
// Mutant: core/src/sync/oneshot/receiver.rs :: .then_some(word & !RX_WAITS)).is_err() => .then_some(word)).is_err()
#[test]
fn failure_055_another_task_polls_while_the_value_is_sent() {
    loom::model(|| {
        let (sender, mut receiver) = channel();
        let (first, second) = (TestWaker::new(), TestWaker::new());
        assert!(poll(pin(&mut receiver), &first).is_pending());
        let thread = thread::spawn(move || sender.send(Value::default()).unwrap());
        let early = poll(pin(&mut receiver), &second);
        thread.join().unwrap();
        if early.is_pending() {
            assert_eq!(second.wakes(), 1);
            assert!(poll(pin(&mut receiver), &second).is_ready());
        }
        drop(receiver);
        assert_eq!((first.alive(), second.alive()), (0, 0));
    });
}

/// A sender that goes without a word wakes the receiver.
// Mutant: core/src/sync/oneshot/sender.rs :: if let Some(waker) = receiver { => if let Some(waker) = receiver.filter(|_| own.is_some()) {
#[test]
fn drop_of_the_sender_against_a_poll() {
    loom::model(|| {
        let (sender, receiver) = channel::<Value>();
        let thread = thread::spawn(move || drop(sender));
        let mut receiver = Polled::new(receiver);
        let early = receiver.poll();
        thread.join().unwrap();
        if early.is_pending() {
            assert_eq!(receiver.wakes(), 1, "not woken");
            assert!(receiver.ready().is_err());
        }
    });
}

/// A sender that waits for the end of the receiver is woken, and nobody keeps its waker.
// Mutant: core/src/sync/oneshot/sender.rs :: (word & CLOSED == 0).then_some(word | TX_WAITS)).is_ok() => Some(word | TX_WAITS)).is_ok()
#[test]
fn drop_of_the_receiver_against_poll_closed() {
    loom::model(|| {
        let (mut sender, receiver) = channel::<Value>();
        let waker = TestWaker::new();
        let thread = thread::spawn(move || drop(receiver));
        let early = closed(&mut sender, &waker);
        thread.join().unwrap();
        if early.is_pending() {
            assert_eq!(waker.wakes(), 1, "not woken");
        }
        assert!(closed(&mut sender, &waker).is_ready());
        assert_eq!(waker.alive(), 0);
        assert!(sender.send(Value::default()).is_err());
    });
}

fn closed(sender: &mut crate::sync::oneshot::Sender<Value>, waker: &TestWaker) -> Poll<()> {
    sender.poll_closed(&mut core::task::Context::from_waker(&waker.waker()))
}

/// Both wait for each other, and both go: each waker is dropped, the memory freed once.
// Mutant: core/src/sync/oneshot/receiver.rs :: if word & COMPLETE == 0 { RX_WAITS } else { 0 } => RX_WAITS
#[test]
fn failure_055_both_wait_and_both_go() {
    loom::model(|| {
        let (mut sender, mut receiver) = channel();
        let (tx, rx) = (TestWaker::new(), TestWaker::new());
        assert!(closed(&mut sender, &tx).is_pending());
        assert!(poll(pin(&mut receiver), &rx).is_pending());
        let value = Value::default();
        let sent = value.clone();
        let thread = thread::spawn(move || drop(sender.send(sent)));
        drop(receiver);
        thread.join().unwrap();
        assert_eq!((tx.alive(), rx.alive()), (0, 0));
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

/// Whoever of two that wait goes last reaches all cells, and sees what the other one did with them.
// Mutant: core/src/sync/oneshot/mod.rs :: fetch_sub(bit, Ordering::AcqRel) => fetch_sub(bit, Ordering::Acquire)
// Mutant: core/src/sync/oneshot/mod.rs :: fetch_sub(bit, Ordering::AcqRel) => fetch_sub(bit, Ordering::Release)
#[test]
fn last_of_two_that_wait_sees_what_the_other_one_did() {
    loom::model(|| {
        let oneshot: &'static Oneshot<usize> = forever(Oneshot::new());
        let (mut sender, mut receiver) = oneshot.split().unwrap();
        let (tx, rx) = (TestWaker::new(), TestWaker::new());
        let (tx, rx) = (tx.waker(), rx.waker());
        assert!(sender.poll_closed(&mut core::task::Context::from_waker(&tx)).is_pending());
        assert!(core::pin::Pin::new(&mut receiver).poll(&mut core::task::Context::from_waker(&rx)).is_pending());
        let thread = thread::spawn(move || _ = sender.send(1));
        drop(receiver);
        thread.join().unwrap();
        assert!(oneshot.split().is_some());
    });
}

/// The sender hears that the receiver is closed while it leaves its waker, and sees what came before that.
// Mutant: core/src/sync/oneshot/mod.rs :: compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Acquire) => compare_exchange_weak(word, next, Ordering::AcqRel, Ordering::Relaxed)
#[test]
fn close_carries_what_came_before() {
    loom::model(|| {
        let ((mut sender, mut receiver), done) = (channel::<Value>(), Plain::new());
        let thread = thread::spawn({
            let done = done.clone();
            move || {
                done.set();
                receiver.close();
            }
        });
        if closed(&mut sender, &TestWaker::new()).is_ready() {
            assert!(done.is_set());
        }
        thread.join().unwrap();
    });
}

/// The next pair is made as soon as the last one is gone, finds its cells left, and sees what came before that.
// Mutant: core/src/sync/oneshot/mod.rs :: self.0.compare_exchange(0, SENDER | RECEIVER, Ordering::Acquire, Ordering::Relaxed) => self.0.compare_exchange(0, SENDER | RECEIVER, Ordering::Relaxed, Ordering::Relaxed)
// Mutant: core/src/sync/oneshot/mod.rs :: self.0.store(0, Ordering::Release); => self.0.store(0, Ordering::Relaxed);
#[test]
fn next_pair_is_made_while_the_last_one_goes() {
    loom::model(|| {
        let oneshot: &'static Oneshot<usize> = forever(Oneshot::new());
        let ((sender, receiver), done) = (oneshot.split().unwrap(), Plain::new());
        let thread = thread::spawn({
            let done = done.clone();
            move || {
                sender.send(1).unwrap();
                done.set();
                drop(receiver);
            }
        });
        if let Some((sender, mut receiver)) = oneshot.split() {
            assert!(done.is_set());
            sender.send(2).unwrap();
            assert_eq!(receiver.try_recv(), Ok(2));
        }
        thread.join().unwrap();
    });
}
