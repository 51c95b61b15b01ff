//! What the one receiver of a channel has in hand.

use std::sync::{Arc, Mutex};
use std::vec::Vec;

use crate::sync::mpsc::error::TrySendError;
use crate::sync::mpsc::{Receiver, Sender, channel};
use crate::test_util::Polled;

/// A channel of three places: of three messages one was received, and two are in hand.
fn two_in_hand() -> (Sender<usize>, Receiver<usize>) {
    let (tx, mut rx) = channel(3);
    for n in 0..3 {
        tx.try_send(n).unwrap();
    }
    assert_eq!(Polled::new(rx.recv()).ready(), Some(0));
    (tx, rx)
}

/// A receiver takes all messages in hand: each place is free when its message is received, and not before.
// Mutant: core/src/sync/channel/flow.rs :: section.state.taken += others; => let _ = others;
#[test]
fn messages_in_hand_keep_their_places() {
    let (tx, mut rx) = two_in_hand();
    assert_eq!((rx.len(), tx.capacity(), rx.is_empty()), (2, 1, false));
    tx.try_send(3).unwrap();
    assert_eq!(tx.try_send(4), Err(TrySendError::Full(4)));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!((rx.len(), rx.capacity()), (2, 1));
    assert!(tx.try_reserve_many(2).is_err());
    tx.try_send(4).unwrap();
    let mut many = Vec::new();
    assert_eq!(Polled::new(rx.recv_many(&mut many, 9)).ready(), 3);
    assert_eq!((many, rx.len(), rx.capacity()), (std::vec![2, 3, 4], 0, 3));
}

/// A sender waits while messages are in hand: the next one that is received makes room for it, and for nobody else.
// Mutant: core/src/sync/channel/hand.rs :: Some((message, before & ASKED != 0)) => Some((message, before & ASKED == usize::MAX))
#[test]
fn failure_023_message_in_hand_makes_room_for_who_waits() {
    let (tx, mut rx) = two_in_hand();
    tx.try_send(3).unwrap();
    let mut waits = [4, 5].map(|n| Polled::waiting(tx.send(n)));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(tx.try_send(9), Err(TrySendError::Full(9)));
    assert_eq!((waits[0].wakes(), waits[1].wakes(), tx.capacity()), (1, 0, 0));
    assert_eq!(waits[0].ready(), Ok(()));
    assert_eq!(Polled::new(rx.recv()).ready(), Some(2));
    assert_eq!((waits[1].wakes(), waits[1].ready()), (1, Ok(())));
    for n in 3..6 {
        assert_eq!((rx.len(), rx.try_recv()), (6 - n, Ok(n)));
    }
    assert_eq!((tx.capacity(), rx.len()), (3, 0));
}

/// The receiver goes with messages in hand: all are dropped, in their order.
// Mutant: core/src/sync/channel/alloc.rs :: hand.messages.append(&mut self.messages); => self.messages.append(&mut hand.messages);
#[test]
fn failure_099_messages_in_hand_are_dropped_before_the_others() {
    struct Noted(usize, Arc<Mutex<Vec<usize>>>);
    impl Drop for Noted {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(self.0);
        }
    }
    let noted = Arc::default();
    let (tx, mut rx) = channel(4);
    for n in 0..3 {
        assert!(tx.try_send(Noted(n, Arc::clone(&noted))).is_ok());
    }
    drop(Polled::new(rx.recv()).ready());
    assert!(tx.try_send(Noted(3, noted.clone())).is_ok());
    drop(rx);
    assert_eq!(*noted.lock().unwrap(), [0, 1, 2, 3]);
    assert_eq!(tx.capacity(), 4);
}
