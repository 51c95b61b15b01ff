//! Senders that are counted, and threads.

use std::cell::Cell;
use std::sync::Arc;
use std::thread;
use std::vec::Vec;

use crate::sync::broadcast::error::{RecvError, TryRecvError};
use crate::sync::broadcast::{Sender, channel};
use crate::test_util::{Polled, panics, send_sync};

#[test]
fn capacity_is_checked_and_rounded_up() {
    assert!(panics(|| drop(channel::<u8>(0))));
    assert!(panics(|| drop(channel::<u8>(usize::MAX / 2 + 1))));
    assert!(panics(|| drop(channel::<u8>(usize::MAX))));
    let (sender, mut receiver) = channel(3);
    (0..4).for_each(|n| assert_eq!(sender.send(n).unwrap(), 1));
    assert_eq!(receiver.try_recv(), Ok(0));
    let (sender, mut receiver) = channel(1);
    sender.send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
}

// Mutant: core/src/sync/broadcast/receiver.rs :: blocking::refuse_in_a_poll(); =>
#[test]
fn blocking_inside_of_a_runtime_panics_and_loses_nothing() {
    let (sender, mut receiver) = channel(1);
    sender.send(1).unwrap();
    assert!(panics(|| crate::task::coop::in_main(|| _ = receiver.blocking_recv())));
    assert_eq!(receiver.blocking_recv(), Ok(1));
}

#[test]
fn last_sender_closes_and_a_weak_one_does_not_open_again() {
    let (sender, mut receiver) = channel(2);
    let other = sender.clone();
    let weak = other.downgrade();
    assert_eq!((sender.strong_count(), sender.weak_count(), weak.strong_count(), weak.weak_count()), (2, 1, 2, 1));
    assert_eq!((receiver.sender_strong_count(), receiver.sender_weak_count()), (2, 1));
    assert!(sender.same_channel(&other) && receiver.same_channel(&receiver.resubscribe()));
    drop(sender);
    other.send(1).unwrap();
    let again = weak.upgrade().unwrap();
    drop(other);
    assert!(!receiver.is_closed());
    drop(again);
    assert!(receiver.is_closed() && weak.clone().upgrade().is_none());
    let mut late = receiver.resubscribe();
    assert_eq!(late.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(Polled::new(receiver.recv()).ready(), Err(RecvError::Closed));
    assert_eq!(weak.weak_count(), 1);
}

/// A channel without receivers is not closed for ever.
#[test]
fn failure_103_receivers_may_come_back() {
    let (sender, receiver) = channel(2);
    let mut closed = Polled::waiting(sender.closed());
    drop(receiver);
    assert_eq!(closed.wakes(), 1);
    let mut receiver = sender.subscribe();
    // Somebody came before it looked.
    assert!(closed.poll().is_pending());
    assert!(sender.send(1).is_ok());
    assert_eq!(receiver.try_recv(), Ok(1));
    let mut wait = Polled::waiting(receiver.recv());
    assert!(sender.send(2).is_ok());
    assert_eq!(wait.ready(), Ok(2));
    drop(wait);
    drop(receiver);
    closed.ready();
    assert!(sender.send(3).is_err() && sender.is_empty());
    assert_eq!(Sender::<u8>::new(1).receiver_count(), 0);
}

/// A type whose clones must not happen at once: no two do, and it need only be `Send`.
#[test]
fn failure_043_messages_that_are_not_sync_are_cloned_one_at_a_time() {
    struct Counting(Cell<usize>, Arc<()>);
    impl Clone for Counting {
        fn clone(&self) -> Self {
            let before = self.0.get();
            self.0.set(before + 1);
            thread::yield_now();
            assert_eq!(self.0.get(), before + 1, "two clones at once");
            Self(Cell::new(0), self.1.clone())
        }
    }
    const ROUNDS: usize = if cfg!(miri) { 10 } else { 500 };
    const RECEIVERS: usize = 3;
    let (sender, first) = channel(ROUNDS);
    let mut receivers: Vec<_> = (1..RECEIVERS).map(|_| sender.subscribe()).collect();
    receivers.push(first);
    let alive = Arc::new(());
    thread::scope(|scope| {
        for (n, mut receiver) in receivers.into_iter().enumerate() {
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    if n == 0 {
                        assert!(receiver.blocking_recv().is_ok());
                        continue;
                    }
                    while let Err(error) = receiver.try_recv() {
                        assert_eq!(error, TryRecvError::Empty);
                        thread::yield_now();
                    }
                }
            });
        }
        for _ in 0..ROUNDS {
            assert_eq!(sender.send(Counting(Cell::new(0), alive.clone())).ok(), Some(RECEIVERS));
        }
    });
    assert!(sender.is_empty());
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn threads_lag_and_go_on() {
    const ROUNDS: u64 = if cfg!(miri) { 30 } else { 5_000 };
    let (sender, receiver) = channel(4);
    thread::scope(|scope| {
        for mut receiver in [receiver.resubscribe(), receiver] {
            scope.spawn(move || {
                let mut next = 0;
                loop {
                    match receiver.blocking_recv() {
                        Ok(message) => {
                            assert_eq!(message, next);
                            next += 1;
                        }
                        Err(RecvError::Lagged(missed)) => next += missed,
                        Err(RecvError::Closed) => break,
                    }
                }
                assert_eq!(next, ROUNDS);
            });
        }
        for n in 0..ROUNDS {
            sender.send(n).unwrap();
        }
        drop(sender);
    });
}

#[test]
fn sides_may_be_sent_and_shared() {
    let (sender, mut receiver) = channel::<Cell<u8>>(1);
    send_sync(&sender);
    send_sync(&sender.downgrade());
    send_sync(&sender.closed());
    send_sync(&receiver);
    send_sync(&receiver.recv());
}
