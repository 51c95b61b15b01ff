//! What each receiver gets.

use std::collections::VecDeque;
use std::format;
use std::sync::Arc;
use std::vec::Vec;

use crate::lock::LocalLock;
use crate::sync::Broadcast;
use crate::sync::broadcast::error::{RecvError, TryRecvError};
use crate::test_util::{Polled, Random, TestLock, send_sync};

type Ring<T, const N: usize> = Broadcast<T, N, TestLock>;

#[test]
fn every_receiver_gets_what_was_sent_while_it_was_there() {
    let ring = Ring::<u8, 4>::with_lock();
    assert_eq!(ring.send(0).unwrap_err().0, 0);
    let mut one = ring.subscribe();
    assert_eq!(ring.send(1).unwrap(), 1);
    let mut two = ring.subscribe();
    assert_eq!(ring.send(2).unwrap(), 2);
    assert_eq!((one.len(), two.len(), ring.len(), ring.receiver_count()), (2, 1, 2, 2));
    assert_eq!((one.try_recv(), one.try_recv(), one.try_recv()), (Ok(1), Ok(2), Err(TryRecvError::Empty)));
    assert_eq!((ring.len(), one.is_empty(), two.is_empty()), (1, true, false));
    assert_eq!(Polled::new(two.recv()).ready(), Ok(2));
    assert!(ring.is_empty());
    let mut wait = Polled::waiting(two.recv());
    ring.send(3).unwrap();
    assert_eq!((wait.wakes(), wait.ready()), (1, Ok(3)));
    drop(wait);
    assert_eq!(one.resubscribe().try_recv(), Err(TryRecvError::Empty));
    assert_eq!(one.try_recv(), Ok(3));
}

#[test]
fn slow_receiver_hears_how_many_it_missed() {
    let ring = Ring::<u8, 2>::with_lock();
    let mut slow = ring.subscribe();
    for n in 0..5 {
        ring.send(n).unwrap();
    }
    assert_eq!((slow.len(), ring.len()), (5, 2));
    assert_eq!(slow.try_recv(), Err(TryRecvError::Lagged(3)));
    assert_eq!(slow.len(), 2);
    assert_eq!(slow.try_recv(), Ok(3));
    ring.send(5).unwrap();
    ring.send(6).unwrap();
    assert_eq!(Polled::new(slow.recv()).ready(), Err(RecvError::Lagged(1)));
    assert_eq!((slow.try_recv(), slow.try_recv()), (Ok(5), Ok(6)));
    let one = Ring::<u8, 1>::with_lock();
    let mut receiver = one.subscribe();
    one.send(1).unwrap();
    one.send(2).unwrap();
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Err(TryRecvError::Lagged(1)), Ok(2)));
}

#[test]
fn close_lets_everything_be_received() {
    let ring = Ring::<u8, 2>::with_lock();
    let mut receiver = ring.subscribe();
    let mut other = ring.subscribe();
    let mut wait = Polled::waiting(other.recv());
    ring.send(1).unwrap();
    assert!(ring.close() && !ring.close() && ring.is_closed() && receiver.is_closed());
    assert_eq!(ring.send(2).unwrap_err().0, 2);
    assert_eq!(wait.ready(), Ok(1));
    drop(wait);
    let mut wait = Polled::new(other.recv());
    assert_eq!(wait.ready(), Err(RecvError::Closed));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(ring.subscribe().try_recv(), Err(TryRecvError::Closed));
}

/// The last to receive a message takes it; who goes without receiving it leaves it to the others.
#[test]
fn failure_103_messages_are_dropped_when_nobody_is_to_receive_them() {
    let ring = Ring::<Arc<u8>, 4>::with_lock();
    let message = Arc::new(0);
    let (mut one, two) = (ring.subscribe(), ring.subscribe());
    for _ in 0..3 {
        ring.send(message.clone()).unwrap();
    }
    assert!(one.try_recv().is_ok());
    assert_eq!(Arc::strong_count(&message), 4);
    drop(two);
    assert_eq!((Arc::strong_count(&message), ring.len()), (3, 2));
    let last = one.try_recv().unwrap();
    assert_eq!((Arc::strong_count(&last), ring.len()), (3, 1), "not a clone");
    drop((last, one));
    assert_eq!((Arc::strong_count(&message), ring.len()), (1, 0));
    // Behind, and overwritten.
    let slow = ring.subscribe();
    (0..9).for_each(|_| assert!(ring.send(message.clone()).is_ok()));
    assert_eq!(Arc::strong_count(&message), 5);
    drop(slow);
    assert_eq!(Arc::strong_count(&message), 1);
}

#[test]
fn failure_105_receive_that_is_dropped_loses_nothing() {
    let ring = Ring::<u8, 2>::with_lock();
    let (mut one, mut two) = (ring.subscribe(), ring.subscribe());
    let wait = Polled::waiting(one.recv());
    ring.send(1).unwrap();
    assert_eq!(wait.wakes(), 1);
    drop(wait);
    drop(two.recv());
    assert_eq!((one.try_recv(), two.try_recv()), (Ok(1), Ok(1)));
}

#[test]
fn forgotten_receiver_keeps_messages_until_they_are_overwritten() {
    let ring = Ring::<u8, 2>::with_lock();
    core::mem::forget(ring.subscribe());
    let mut receiver = ring.subscribe();
    for n in 0..4 {
        assert_eq!(ring.send(n).unwrap(), 2);
        assert_eq!(receiver.try_recv(), Ok(n));
    }
    assert_eq!((ring.len(), ring.receiver_count()), (2, 2));
}

/// Random sends, receives, joins and goings against a list of all messages.
// Mutant: core/src/sync/broadcast/ring.rs :: Ok(Outcome::Lagged { missed: oldest - next, next: oldest }) => Ok(Outcome::Lagged { missed: oldest - next, next: oldest + 1 })
#[test]
fn failure_103_agrees_with_a_sequential_model() {
    const N: usize = 4;
    for seed in 0..if cfg!(miri) { 4 } else { 500 } {
        let mut random = Random::new(seed);
        let ring = Ring::<Arc<usize>, N>::with_lock();
        let mut receivers: Vec<_> = (0..2).map(|_| (ring.subscribe(), VecDeque::<usize>::new())).collect();
        let mut sent: Vec<Arc<usize>> = Vec::new();
        for _ in 0..if cfg!(miri) { 60 } else { 150 } {
            let at = if receivers.is_empty() { 0 } else { random.below(receivers.len()) };
            match random.below(8) {
                0..=2 => {
                    let message = Arc::new(sent.len());
                    let answer = ring.send(message.clone());
                    assert_eq!(answer.ok(), (!receivers.is_empty()).then_some(receivers.len()), "seed {seed}");
                    if !receivers.is_empty() {
                        receivers.iter_mut().for_each(|(_, missing)| missing.push_back(*message));
                        sent.push(message);
                    }
                }
                3 | 4 if !receivers.is_empty() => {
                    let (receiver, missing) = &mut receivers[at];
                    assert_eq!(receiver.len(), missing.len(), "seed {seed}");
                    let expected = if missing.len() > N {
                        let missed = missing.len() - N;
                        missing.drain(..missed);
                        Err(TryRecvError::Lagged(missed as u64))
                    } else {
                        missing.pop_front().ok_or(TryRecvError::Empty)
                    };
                    assert_eq!(receiver.try_recv().map(|message| *message), expected, "seed {seed}");
                }
                5 if !receivers.is_empty() && receivers[at].1.is_empty() => {
                    let (receiver, _) = &mut receivers[at];
                    let mut wait = Polled::waiting(receiver.recv());
                    let message = Arc::new(sent.len());
                    sent.push(message.clone());
                    ring.send(message).unwrap();
                    assert_eq!(wait.wakes(), 1);
                    assert_eq!(wait.ready().map(|message| *message), Ok(sent.len() - 1), "seed {seed}");
                    drop(wait);
                    for (n, (_, missing)) in receivers.iter_mut().enumerate() {
                        if n != at {
                            missing.push_back(sent.len() - 1);
                        }
                    }
                }
                6 => receivers.push((ring.subscribe(), VecDeque::new())),
                7 if !receivers.is_empty() => drop(receivers.swap_remove(at)),
                _ => {}
            }
            // Kept is what is among the last `N` and has yet to be received.
            let oldest = sent.len().saturating_sub(N);
            let kept = |n: &usize| *n >= oldest && receivers.iter().any(|(_, missing)| missing.contains(n));
            assert_eq!(ring.len(), (0..sent.len()).filter(kept).count(), "seed {seed}");
            for (n, message) in sent.iter().enumerate() {
                assert_eq!(Arc::strong_count(message), 1 + usize::from(kept(&n)), "seed {seed}");
            }
        }
    }
}

#[test]
fn works_in_one_context_and_may_be_shared_by_threads() {
    let local = Broadcast::<u8, 2, LocalLock>::with_lock();
    let mut receiver = local.subscribe();
    let mut wait = Polled::waiting(receiver.recv());
    local.send(1).unwrap();
    assert_eq!(wait.ready(), Ok(1));
    // A message need only be `Send`, as with tokio: it is never looked at by two at once.
    let ring = Ring::<core::cell::Cell<u8>, 2>::with_lock();
    send_sync(&ring);
    let mut receiver = ring.subscribe();
    send_sync(&receiver);
    send_sync(&receiver.recv());
    assert!(format!("{ring:?} {receiver:?}").contains("receivers: 1"));
}
