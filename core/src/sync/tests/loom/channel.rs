//! Messages, room and the end at once.

use std::sync::Arc;
use std::task::Poll;

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::lock::DefaultLock;
use crate::sync::{Channel, TryRecvError};
use crate::test_util::{Polled, forever};

type Line<T> = Channel<T, 1, DefaultLock>;

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

/// Three messages through room for one.
// Mutant: core/src/sync/channel/flow.rs :: unsafe { section.state.store.push(message) };\n    call(section); => unsafe { section.state.store.push(message) };
// Mutant: core/src/sync/channel/flow.rs :: section.state.taken += 1;\n        give(section);\n    }\n    Some(message) => }\n    Some(message)
#[test]
fn messages_arrive_in_order() {
    loom::model(|| {
        let channel = Arc::new(Line::new());
        let shared = channel.clone();
        let sender = thread::spawn(move || {
            for n in 0..3 {
                run(shared.send(n)).unwrap();
            }
            shared.close();
        });
        for n in 0..3 {
            assert_eq!(run(channel.recv()), Some(n));
        }
        assert_eq!(run(channel.recv()), None);
        sender.join().unwrap();
    });
}

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A sender that waits meets a receiver that takes one, closes and drains: as many drops as messages, none in the
/// channel afterwards.
// Mutant: core/src/sync/channel/flow.rs :: Step::Wait(Told::WAIT) };\n        if !finds_room(section) { => Step::Wait(Told::WAIT) };\n        if !section.state.has_room() && told != Some(Told::COME) {
#[test]
fn failure_096_message_sent_while_receiver_drops() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let channel = Arc::new(Line::new());
        assert!(channel.try_send(Counted(drops.clone())).is_ok());
        let sender = thread::spawn({
            let (channel, message) = (channel.clone(), Counted(drops.clone()));
            move || run(channel.send(message)).is_ok()
        });
        let mut received = usize::from(channel.try_recv().is_ok());
        channel.close();
        while channel.try_recv().is_ok() {
            received += 1;
        }
        let sent = sender.join().unwrap();
        assert!(matches!(channel.try_recv(), Err(TryRecvError::Disconnected)), "a message came after the end");
        assert_eq!(received, 1 + usize::from(sent));
        assert_eq!(drops.load(Ordering::Relaxed), 2);
    });
}

/// A message for a receiver that goes away is there for the other one.
// Mutant: core/src/sync/channel/flow.rs :: if told == Told::COME && !section.state.store.is_empty() { => if told == Told::WAIT && !section.state.store.is_empty() {
#[test]
fn failure_021_send_against_a_cancelled_receiver() {
    loom::model(|| {
        let channel = Arc::new(Line::new());
        let first = Polled::waiting(channel.recv());
        let mut second = Polled::waiting(channel.recv());
        let shared = channel.clone();
        let sender = thread::spawn(move || shared.try_send(1).unwrap());
        drop(first);
        sender.join().unwrap();
        assert_eq!((second.wakes(), second.ready()), (1, Some(1)));
    });
}

/// Room for a sender that goes away belongs to the next.
// Mutant: core/src/sync/channel/flow.rs :: if told == Told::COME {\n            give(section); => if told == Told::WAIT {\n            give(section);
#[test]
fn failure_021_recv_against_a_cancelled_sender() {
    loom::model(|| {
        let channel = Arc::new(Line::new());
        channel.try_send(0).unwrap();
        let first = Polled::waiting(channel.send(1));
        let mut second = Polled::waiting(channel.send(2));
        let shared = channel.clone();
        let receiver = thread::spawn(move || assert_eq!(shared.try_recv(), Ok(0)));
        drop(first);
        receiver.join().unwrap();
        assert_eq!((second.wakes(), second.ready()), (1, Ok(())));
        assert_eq!(channel.try_recv(), Ok(2));
    });
}

/// A receiver and a sender on either side of the end: both come to one.
// Mutant: core/src/sync/channel/flow.rs :: (0..LANES).any( => (0..1).any(
// Mutant: core/src/sync/channel/flow.rs :: (0..LANES).any( => (1..LANES).any(
#[test]
fn close_against_send_and_recv() {
    loom::model(|| {
        let (full, empty) = (Arc::new(Line::new()), Arc::new(Line::<u8>::new()));
        full.try_send(0).unwrap();
        let closer = thread::spawn({
            let (full, empty) = (full.clone(), empty.clone());
            move || (full.close(), empty.close())
        });
        let (mut send, mut recv) = (Polled::new(full.send(1)), Polled::new(empty.recv()));
        let (sent, received) = (send.poll_twice().is_ready(), recv.poll_twice().is_ready());
        closer.join().unwrap();
        assert!(sent || send.wakes() == 1 && send.ready().is_err());
        assert!(received || recv.wakes() == 1 && recv.ready().is_none());
    });
}

/// The channel is closed while its last permit is dropped: who waits hears of the end, from whichever comes last.
// Mutant: core/src/sync/channel/flow.rs :: section.state.gathered += permits;\n            section.state.sealed() => section.state.gathered += permits;\n            false
// Mutant: core/src/sync/channel/flow.rs :: (sealed || lane != RECEIVERS) && section.pop(lane, Told::WAIT) => lane != RECEIVERS && section.pop(lane, Told::WAIT)
#[test]
fn close_against_the_last_permit() {
    loom::model(|| {
        let channel: &'static Line<u8> = forever(Line::new());
        let permit = channel.try_reserve().unwrap();
        let mut recv = Polled::waiting(channel.recv());
        let closer = thread::spawn(move || channel.close());
        drop(permit);
        closer.join().unwrap();
        assert_eq!((recv.wakes(), recv.ready()), (1, None), "left waiting");
    });
}
