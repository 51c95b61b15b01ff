//! Channels with many receivers: who goes last, and who gets what.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::vec::Vec;

use crate::sync::mpmc::{channel, unbounded_channel};
use crate::sync::{SendError, TryRecvError, TrySendError};
use crate::test_util::{Counted, Polled, panics, send_sync};

#[test]
fn each_message_goes_to_one_receiver_in_line() {
    let (tx, rx) = channel(2);
    let other = rx.clone();
    assert_eq!((tx.sender_count(), rx.sender_count(), rx.receiver_count()), (1, 1, 2));
    let (mut first, mut second) = (Polled::waiting(rx.recv()), Polled::waiting(other.recv()));
    tx.try_send(1).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    tx.try_send(2).unwrap();
    assert_eq!((second.ready(), first.ready()), (Some(1), Some(2)));
    drop((first, second));
    let third = Polled::waiting(rx.recv());
    let mut fourth = Polled::waiting(other.recv());
    tx.try_send(3).unwrap();
    drop(third);
    assert_eq!((fourth.wakes(), fourth.ready()), (1, Some(3)));
    assert!(tx.same_channel(&tx.clone()) && rx.same_channel(&other));
}

#[test]
fn closes_with_the_last_handle_of_either_side_and_by_hand() {
    let (tx, rx) = channel(2);
    let (tx2, rx2) = (tx.clone(), rx.clone());
    drop((tx, rx));
    tx2.try_send(1).unwrap();
    let mut closed = Polled::waiting(tx2.closed());
    assert!(tx2.close() && !rx2.close() && rx2.is_closed());
    assert_eq!((closed.wakes(), closed.ready()), (1, ()));
    assert_eq!(tx2.try_send(2), Err(TrySendError::Closed(2)));
    assert_eq!((rx2.try_recv(), rx2.try_recv()), (Ok(1), Err(TryRecvError::Disconnected)));
    let (tx, rx) = unbounded_channel::<u8>();
    assert_eq!((tx.max_capacity(), channel::<u8>(3).0.max_capacity()), (None, Some(3)));
    let mut recv = Polled::waiting(rx.recv());
    drop(tx);
    assert_eq!((recv.wakes(), recv.ready()), (1, None));
    assert!(panics(|| drop(channel::<u8>(0))));
}

/// The last receiver goes, with messages inside and a sender in line: all dropped or given back, and none later.
#[test]
fn failure_096_last_receiver_empties_the_channel() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = channel(2);
    let other = rx.clone();
    for _ in 0..2 {
        assert!(tx.try_send(Counted(drops.clone())).is_ok());
    }
    let mut send = Polled::waiting(tx.send(Counted(drops.clone())));
    drop(rx);
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    drop(other);
    assert_eq!((drops.load(Ordering::Relaxed), send.wakes()), (2, 1));
    assert!(matches!(send.ready(), Err(SendError(_))));
    assert_eq!((drops.load(Ordering::Relaxed), tx.len(), tx.capacity()), (3, 0, 2));
    assert!(matches!(tx.try_send(Counted(drops.clone())), Err(TrySendError::Closed(_))));
}

#[test]
fn unbounded_never_waits() {
    let (tx, rx) = unbounded_channel();
    for n in 0..1000 {
        assert_eq!(Polled::new(tx.send(n)).ready(), Ok(()));
    }
    let all: Vec<_> = core::iter::from_fn(|| rx.try_recv().ok()).collect();
    assert!(all.into_iter().eq(0..1000));
    send_sync(&tx);
    send_sync(&rx);
}
