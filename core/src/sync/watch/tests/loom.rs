//! Values sent while others look, wait and go.

use std::sync::Arc;

use loom::thread;

use crate::sync::Watch;
use crate::sync::watch::channel;
use crate::test_util::{Plain, Polled};

/// A change is seen by the first look, or wakes.
// Mutant: core/src/sync/watch/cell.rs :: self.set_version(section, |version| version.wrapping_add(CHANGE)); => self.set_version(section, |version| version);
#[test]
fn failure_103_wait_begins_while_a_value_is_sent() {
    loom::model(|| {
        let (sender, mut receiver) = channel(0);
        let thread = thread::spawn(move || {
            sender.send(1).unwrap();
            sender
        });
        let mut wait = Polled::new(receiver.changed());
        let early = wait.poll_twice().is_ready();
        let _sender = thread.join().unwrap();
        if !early {
            assert_eq!(wait.wakes(), 1, "not woken");
            assert_eq!(wait.ready(), Ok(()));
        }
        drop(wait);
        assert_eq!(*receiver.borrow_and_update(), 1);
        assert!(!receiver.has_changed().unwrap(), "one value was seen twice");
    });
}

/// Two values at once: the one that waits is woken, and sees the last of them at the end.
// Mutant: core/src/sync/watch/cell.rs :: *section.state == version && section.pop(LEAVING, ())\n        });\n        (answer => *section.state == version && section.pop(ACCESS, ())\n        });\n        (answer
#[test]
fn failure_020_two_senders_against_one_who_waits() {
    loom::model(|| {
        let (sender, mut receiver) = channel(0);
        let other = sender.clone();
        let mut wait = Polled::waiting(receiver.changed());
        let thread = thread::spawn(move || other.send_replace(1));
        sender.send_replace(2);
        thread.join().unwrap();
        assert!(wait.wakes() >= 1);
        assert_eq!(wait.ready(), Ok(()));
        drop(wait);
        let last = *receiver.borrow_and_update();
        assert!(!receiver.has_changed().unwrap());
        assert_eq!(last, *sender.borrow());
    });
}

/// The last sender goes: who waits hears of it, and of the value before.
// Mutant: core/src/sync/watch/cell.rs :: self.set_version(section, |version| version | CLOSED); => self.set_version(section, |version| version);
#[test]
fn failure_103_last_sender_goes_while_a_wait_begins() {
    loom::model(|| {
        let (sender, mut receiver) = channel(0);
        let thread = thread::spawn(move || sender.send(1).unwrap());
        let mut wait = Polled::new(receiver.changed());
        let early = wait.poll();
        thread.join().unwrap();
        if early.is_pending() {
            assert!(wait.wakes() >= 1);
            assert_eq!(wait.ready(), Ok(()));
        }
        drop(wait);
        assert!(Polled::new(receiver.changed()).ready().is_err());
        assert_eq!(*receiver.borrow(), 1);
    });
}

/// Whoever looks sees a whole value, and keeps it while a new one waits for the end of the look.
// Mutant: core/src/sync/watch/access.rs :: (word & !(WAITED | PRESSED) == 0).then_some(word | WRITING) => Some(word | WRITING)
#[test]
fn look_against_a_value_that_is_sent() {
    loom::model(|| {
        let watch = Arc::new(Watch::<[usize; 2]>::new([0, 0]));
        let other = watch.clone();
        let thread = thread::spawn(move || other.try_send([1, 1]).is_ok());
        {
            let look = watch.borrow();
            assert_eq!(look[0], look[1]);
        }
        let sent = thread.join().unwrap();
        assert_eq!(watch.borrow()[1], usize::from(sent));
    });
}

/// A sender that waits for the end of a look is let in.
// Mutant: core/src/sync/watch/access.rs :: self.word.fetch_or(WAITED, Ordering::Relaxed); => let _ = WAITED;
// Mutant: core/src/sync/watch/cell.rs :: if !last {\n                self.watch.access.wait();\n            } => if !last && self.value.is_some() {\n                self.watch.access.wait();\n            }
#[test]
fn look_ends_while_a_sender_begins_to_wait_for_that() {
    loom::model(|| {
        let watch: &'static Watch<usize> = std::boxed::Box::leak(std::boxed::Box::new(Watch::new(0)));
        let look = watch.borrow();
        let thread = thread::spawn(move || {
            let mut send = Polled::new(watch.send(1));
            let early = send.poll().is_ready();
            (early, send)
        });
        drop(look);
        let (early, send) = thread.join().unwrap();
        assert!(early || send.wakes() == 1, "the sender waits for a look that has ended");
    });
}

/// Somebody gives way while the press ends, or a value moves in, which ends it: it is let in.
// Mutant: core/src/sync/watch/cell.rs :: // Those who gave way.\n        if self.access.end_write() { => if self.access.end_write() && false {
// Mutant: core/src/sync/watch/cell.rs :: guard::swallow(|| self.let_in()); => guard::swallow(|| ());
#[test]
fn who_gives_way_is_let_in() {
    for sends in [false, true] {
        loom::model(move || {
            let watch: &'static Watch<usize> = std::boxed::Box::leak(std::boxed::Box::new(Watch::new(0)));
            let press = watch.press(1).unwrap();
            let thread = thread::spawn(move || {
                if !sends || watch.try_send(1).is_err() {
                    watch.ease(press);
                }
            });
            let mut read = Polled::new(watch.read());
            let early = read.poll();
            thread.join().unwrap();
            if early.is_pending() {
                assert!(read.wakes() >= 1, "not let in");
                assert_eq!(*read.ready(), usize::from(sends));
            }
        });
    }
}

/// The last receiver goes while the sender waits for that.
// Mutant: core/src/sync/watch/alloc.rs :: |_| self.0.receivers.load(Ordering::Relaxed) > 0 => |_| true
// Mutant: core/src/sync/watch/alloc.rs :: if self.receivers.load(Ordering::Acquire) == 0 { => if self.receivers.load(Ordering::Relaxed) == 0 {
#[test]
fn last_receiver_goes_while_closed_is_awaited() {
    loom::model(|| {
        let ((sender, receiver), done) = (channel(0), Plain::new());
        let thread = thread::spawn({
            let done = done.clone();
            move || {
                done.set();
                drop(receiver);
            }
        });
        let mut wait = Polled::new(sender.closed());
        let early = wait.poll_twice().is_ready();
        assert!(!early || done.is_set());
        thread.join().unwrap();
        if !early {
            assert_eq!(wait.wakes(), 1);
            wait.ready();
        }
        drop(wait);
        assert!(sender.send(1).is_err());
    });
}

/// What a receiver did that is gone is seen by who finds that none is left.
// Mutant: core/src/sync/watch/alloc.rs :: self.0.receivers.fetch_sub(1, Ordering::Release) => self.0.receivers.fetch_sub(1, Ordering::Relaxed)
// Mutant: core/src/sync/watch/alloc.rs :: self.shared.receivers.load(Ordering::Acquire) => self.shared.receivers.load(Ordering::Relaxed)
#[test]
fn sender_finds_that_two_receivers_are_gone() {
    loom::model(|| {
        let ((sender, first), done) = (channel(0), [Plain::new(), Plain::new()]);
        let second = first.clone();
        let threads = [(first, done[0].clone()), (second, done[1].clone())].map(|(receiver, done)| {
            thread::spawn(move || {
                done.set();
                drop(receiver);
            })
        });
        assert!(!sender.is_closed() || done.iter().all(|done| done.is_set()));
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// What each sender did that is gone is seen by who finds the channel closed by the last of them.
// Mutant: core/src/sync/watch/alloc.rs :: self.shared.senders.fetch_sub(1, Ordering::AcqRel) => self.shared.senders.fetch_sub(1, Ordering::Acquire)
// Mutant: core/src/sync/watch/alloc.rs :: self.shared.senders.fetch_sub(1, Ordering::AcqRel) => self.shared.senders.fetch_sub(1, Ordering::Release)
#[test]
fn receiver_finds_that_two_senders_are_gone() {
    loom::model(|| {
        let ((first, receiver), done) = (channel(0), [Plain::new(), Plain::new()]);
        let second = first.clone();
        let threads = [(first, done[0].clone()), (second, done[1].clone())].map(|(sender, done)| {
            thread::spawn(move || {
                done.set();
                drop(sender);
            })
        });
        assert!(receiver.has_changed().is_ok() || done.iter().all(|done| done.is_set()));
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Who only asks whether there is a new value sees what came before it.
// Mutant: core/src/sync/watch/cell.rs :: self.version.load(Ordering::Acquire) => self.version.load(Ordering::Relaxed)
// Mutant: core/src/sync/watch/cell.rs :: self.version.store(*section.state, Ordering::Release); => self.version.store(*section.state, Ordering::Relaxed);
#[test]
fn version_carries_what_came_before() {
    loom::model(|| {
        let ((sender, receiver), done) = (channel(0), Plain::new());
        let thread = thread::spawn({
            let done = done.clone();
            move || {
                done.set();
                sender.send(1).unwrap();
                sender
            }
        });
        assert!(!receiver.has_changed().unwrap() || done.is_set());
        thread.join().unwrap();
    });
}
