//! What is urgent leaves first, and equals in their order.

use std::vec::Vec;

use crate::sync::SendError;
use crate::sync::priority::channel;
#[cfg(feature = "heapless")]
use crate::sync::{PriorityChannel, TryRecvError, TrySendError};
#[cfg(feature = "heapless")]
use crate::test_util::TestLock;
use crate::test_util::{Polled, Random};

#[cfg(feature = "heapless")]
#[test]
fn the_urgent_overtake_and_equals_do_not() {
    let channel = PriorityChannel::<_, 4, TestLock>::with_lock();
    let mut waiting = Polled::waiting(channel.recv());
    channel.try_send(1, "a").unwrap();
    assert_eq!((waiting.wakes(), waiting.ready()), (1, Some("a")));
    drop(waiting);
    for (priority, message) in [(1, "b"), (7, "c"), (1, "d"), (7, "e")] {
        assert_eq!(Polled::new(channel.send(priority, message)).ready(), Ok(()));
    }
    assert_eq!(channel.try_send(9, "f"), Err(TrySendError::Full("f")));
    let mut late = Polled::waiting(channel.send(9, "g"));
    assert_eq!((channel.len(), channel.capacity(), channel.max_capacity()), (4, 0, 4));
    assert_eq!(channel.try_recv(), Ok("c"));
    assert_eq!((late.wakes(), late.ready()), (1, Ok(())));
    drop(late);
    channel.close();
    let rest: Vec<_> = core::iter::from_fn(|| channel.try_recv().ok()).collect();
    assert_eq!(rest, ["g", "e", "b", "d"]);
    assert_eq!((Polled::new(channel.recv()).ready(), channel.try_recv()), (None, Err(TryRecvError::Disconnected)));
    assert_eq!(Polled::new(channel.send(1, "h")).ready(), Err(SendError("h")));
}

/// Random histories against a list that is sorted by priority, and by turn among equals.
// Mutant: core/src/sync/priority/store.rs :: self.priority.cmp(&other.priority).then_with(earlier) => self.priority.cmp(&other.priority)
#[test]
fn failure_101_agrees_with_a_sorted_list_in_random_histories() {
    for seed in 0..if cfg!(miri) { 2 } else { 100 } {
        let mut random = Random::new(seed);
        let (tx, rx) = channel(8);
        let mut model: Vec<(u32, usize)> = Vec::new();
        for n in 0..200 {
            if random.below(2) == 0 {
                let priority = random.below(3) as u32;
                let sent = tx.try_send(priority, n).is_ok();
                assert_eq!(sent, model.len() < 8);
                if sent {
                    let at = model.iter().position(|other| other.0 < priority).unwrap_or(model.len());
                    model.insert(at, (priority, n));
                }
            } else {
                let expected = if model.is_empty() { None } else { Some(model.remove(0).1) };
                assert_eq!(rx.try_recv().ok(), expected, "seed {seed}");
            }
            assert_eq!((rx.len(), tx.capacity()), (model.len(), 8 - model.len()));
        }
    }
}

#[test]
fn handles_close_as_others_do() {
    let (tx, rx) = channel(2);
    let other = tx.clone();
    drop(tx);
    other.try_send(1, 1).unwrap();
    drop(other);
    assert!(rx.is_closed());
    assert_eq!((Polled::new(rx.recv()).ready(), Polled::new(rx.clone().recv()).ready()), (Some(1), None));
    let (tx, rx) = channel(1);
    tx.try_send(0, 1).unwrap();
    let mut send = Polled::waiting(tx.send(1, 2));
    drop(rx);
    assert_eq!((send.wakes(), send.ready(), tx.is_closed()), (1, Err(SendError(2)), true));
}
