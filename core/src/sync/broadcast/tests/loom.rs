//! Messages sent, cloned, overwritten and left at once.

use std::sync::Arc;
use std::task::Poll;

use loom::thread;

use crate::sync::Broadcast;
use crate::sync::broadcast::channel;
use crate::sync::broadcast::error::{RecvError, TryRecvError};
use crate::test_util::{Plain, Polled};

/// Whoever begins to wait is woken.
// Mutant: core/src/sync/broadcast/ring.rs :: section.append(WAITING, LEAVING);\n            (!section => (!section
#[test]
fn failure_020_wait_begins_while_a_message_is_sent() {
    loom::model(|| {
        let (sender, mut receiver) = channel(1);
        let thread = thread::spawn(move || {
            sender.send(1).unwrap();
            sender
        });
        let mut wait = Polled::new(receiver.recv());
        let early = wait.poll_twice();
        let _sender = thread.join().unwrap();
        if early.is_pending() {
            assert_eq!(wait.wakes(), 1, "not woken");
            assert_eq!(wait.ready(), Ok(1));
        }
    });
}

/// A message is overwritten while it is cloned: it is received whole or missed, and each is dropped once.
// Mutant: core/src/sync/broadcast/ring.rs :: if message.turn == position + 1 { => if true {
#[test]
fn failure_103_message_is_overwritten_while_it_is_cloned() {
    loom::model(|| {
        let ring = Arc::new(Broadcast::<Arc<u8>, 1>::new());
        let (one, two) = (Arc::new(1), Arc::new(2));
        let (mut first, mut second) = (ring.subscribe(), ring.subscribe());
        ring.send(one.clone()).unwrap();
        let (other, sent) = (ring.clone(), two.clone());
        let thread = thread::spawn(move || drop(other.send(sent)));
        let got = first.try_recv();
        assert!(matches!(got.as_deref(), Ok(1) | Err(TryRecvError::Lagged(1))));
        drop(got);
        thread.join().unwrap();
        assert_eq!(second.try_recv(), Err(TryRecvError::Lagged(1)));
        assert_eq!(second.try_recv().as_deref(), Ok(&2));
        assert_eq!(Arc::strong_count(&one), 1);
        drop((first, second));
        drop(ring);
        assert_eq!(Arc::strong_count(&two), 1);
    });
}

/// Two receive one message at once: one clones it, the other one waits for that or has it alone.
// Mutant: core/src/sync/broadcast/ring.rs :: message.wanted = true; => message.wanted = false;
#[test]
fn failure_043_two_receivers_of_one_message() {
    loom::model(|| {
        let (sender, mut first) = channel(1);
        let mut second = sender.subscribe();
        sender.send(7).unwrap();
        let thread = thread::spawn(move || {
            let mut wait = Polled::new(async move { first.recv().await });
            (wait.poll(), wait)
        });
        let mut wait = Polled::new(async move { second.recv().await });
        let here = (wait.poll(), wait);
        let there = thread.join().unwrap();
        gets(here);
        gets(there);
        assert!(sender.is_empty());
    });

    /// Whoever had to wait is woken, and gets it.
    fn gets<F: core::future::Future<Output = Result<u8, RecvError>>>((early, mut wait): (Poll<F::Output>, Polled<F>)) {
        if early.is_pending() {
            assert_eq!(wait.wakes(), 1, "not woken when the message was brought back");
            assert_eq!(wait.ready(), Ok(7));
        }
    }
}

/// A receiver goes while another one receives: the message is dropped by the last of them.
// Mutant: core/src/sync/broadcast/ring.rs :: if message.remaining == 0 { => if message.remaining == 1 {
#[test]
fn failure_103_receiver_goes_while_another_receives() {
    loom::model(|| {
        let (sender, mut first) = channel(2);
        let second = sender.subscribe();
        let message = Arc::new(());
        sender.send(message.clone()).unwrap();
        let thread = thread::spawn(move || drop(second));
        assert!(first.try_recv().is_ok());
        thread.join().unwrap();
        assert!(sender.is_empty());
        assert_eq!(Arc::strong_count(&message), 1);
    });
}

/// The last sender goes: who waits hears of it, after the last message.
// Mutant: core/src/sync/broadcast/ring.rs :: section.append(WAITING, LEAVING);\n            !core => !core
#[test]
fn failure_103_last_sender_goes_while_a_wait_begins() {
    loom::model(|| {
        let (sender, mut receiver) = channel::<u8>(1);
        let weak = sender.downgrade();
        let thread = thread::spawn(move || drop(sender));
        let mut wait = Polled::new(receiver.recv());
        let early = wait.poll();
        thread.join().unwrap();
        if early.is_pending() {
            assert_eq!(wait.wakes(), 1);
            assert_eq!(wait.ready(), Err(RecvError::Closed));
        }
        assert!(weak.upgrade().is_none());
    });
}

/// The last receiver goes while the sender waits for that, and sends.
// Mutant: core/src/sync/broadcast/ring.rs :: self.waiters.drain(GONE, (), |state| state.receivers > 0); => self.waiters.drain(GONE, (), |_| true);
#[test]
fn last_receiver_goes_while_closed_is_awaited() {
    loom::model(|| {
        let (sender, receiver) = channel(1);
        let message = Arc::new(());
        let thread = thread::spawn(move || drop(receiver));
        let _ = sender.send(message.clone());
        let mut wait = Polled::new(sender.closed());
        let early = wait.poll().is_ready();
        thread.join().unwrap();
        if !early {
            assert_eq!(wait.wakes(), 1);
            wait.ready();
        }
        assert_eq!(Arc::strong_count(&message), 1, "kept for a receiver that is gone");
    });
}

/// What each sender did that is gone is seen by who finds the channel closed by the last of them.
// Mutant: core/src/sync/broadcast/alloc.rs :: self.shared.senders.fetch_sub(1, Ordering::AcqRel) => self.shared.senders.fetch_sub(1, Ordering::Acquire)
// Mutant: core/src/sync/broadcast/alloc.rs :: self.shared.senders.fetch_sub(1, Ordering::AcqRel) => self.shared.senders.fetch_sub(1, Ordering::Release)
#[test]
fn receiver_finds_that_two_senders_are_gone() {
    loom::model(|| {
        let ((first, mut receiver), done) = (channel::<()>(1), [Plain::new(), Plain::new()]);
        let second = first.clone();
        let threads = [(first, done[0].clone()), (second, done[1].clone())].map(|(sender, done)| {
            thread::spawn(move || {
                done.set();
                drop(sender);
            })
        });
        if receiver.try_recv() == Err(TryRecvError::Closed) {
            assert!(done.iter().all(|done| done.is_set()));
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
