//! Wakers, clones and destructors that panic or call back.

use std::boxed::Box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::vec::Vec;

use crate::sync::Broadcast;
use crate::sync::broadcast::error::TryRecvError;
use crate::test_util::{Event, Polled, TestLock, TestWaker, forever, panics, poll};

type Ring<T, const N: usize> = Broadcast<T, N, TestLock>;

/// A clone that panics brings the message back for the others, who miss nothing. For its receiver it was there: a message that
/// cannot be cloned does not stand before all that come after it.
// Mutant: core/src/sync/broadcast/receiver.rs :: value: Some(value) }; => value: Some(value) }; drop(lent.value.clone());
#[test]
fn failure_099_panic_in_a_clone_loses_no_message() {
    #[derive(Debug)]
    struct Bomb(Arc<AtomicBool>);
    impl Clone for Bomb {
        fn clone(&self) -> Self {
            assert!(!self.0.swap(false, Ordering::Relaxed), "clone");
            Self(self.0.clone())
        }
    }
    let ring = Ring::<Bomb, 2>::with_lock();
    let (mut one, mut two) = (ring.subscribe(), ring.subscribe());
    let armed = Arc::new(AtomicBool::new(true));
    for _ in 0..2 {
        ring.send(Bomb(armed.clone())).unwrap();
    }
    assert!(panics(|| drop(one.try_recv())));
    assert_eq!((one.len(), two.len(), ring.len()), (1, 2, 2));
    armed.store(true, Ordering::Relaxed);
    assert!(panics(|| drop(Polled::new(one.recv()).poll())));
    assert_eq!((one.len(), two.len(), ring.len()), (0, 2, 2));
    assert!(matches!(one.try_recv(), Err(TryRecvError::Empty)));
    // The last one gets what was sent: there is no clone that could panic.
    armed.store(true, Ordering::Relaxed);
    assert!(two.try_recv().is_ok() && two.try_recv().is_ok());
    assert!(ring.is_empty());
    assert_eq!(Arc::strong_count(&armed), 1);
}

/// A receiver with many messages goes, and the destructor of one of them panics: the others are dropped, each once.
// Mutant: core/src/sync/broadcast/ring.rs :: if let Err(payload) = guard::run(|| drop(old)) { => if let Err(payload) = Ok::<(), guard::Payload>(drop(old)) {
#[test]
fn failure_099_panic_in_a_destructor_when_a_receiver_goes() {
    struct Bomb(usize, usize, Arc<AtomicUsize>);
    impl Clone for Bomb {
        fn clone(&self) -> Self {
            Self(self.0, usize::MAX, self.2.clone())
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            self.2.fetch_add(1, Ordering::Relaxed);
            assert_ne!(self.0, self.1, "destructor");
        }
    }
    const MANY: usize = 32;
    for bad in (0..MANY).step_by(if cfg!(miri) { 7 } else { 1 }) {
        let ring = Ring::<Bomb, MANY>::with_lock();
        let dropped = Arc::new(AtomicUsize::new(0));
        let receiver = ring.subscribe();
        for n in 0..MANY {
            assert!(ring.send(Bomb(n, bad, dropped.clone())).is_ok());
        }
        assert!(panics(|| drop(receiver)));
        assert_eq!(dropped.load(Ordering::Relaxed), MANY);
        assert_eq!((ring.receiver_count(), ring.len()), (0, 0));
        let _again = ring.subscribe();
        assert!(ring.send(Bomb(0, 1, dropped.clone())).is_ok());
    }
}

#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let ring = forever(Ring::<u8, 2>::with_lock());
        let entered = AtomicBool::new(false);
        let hooked = TestWaker::hooked(move |now| {
            if now == event && !entered.swap(true, Ordering::Relaxed) {
                let mut receiver = ring.subscribe();
                ring.send(1).unwrap();
                assert_eq!(receiver.try_recv(), Ok(1));
                let _ = Polled::new(receiver.recv()).poll();
            }
        });
        let mut receiver = ring.subscribe();
        let mut wait = Box::pin(receiver.recv());
        let _ = poll(wait.as_mut(), &hooked);
        ring.send(2).unwrap();
        drop(wait);
        assert_eq!(receiver.try_recv(), Ok(if event == Event::Drop { 1 } else { 2 }), "{event:?}");
        drop(receiver);
        hooked.unhook();
        assert_eq!(hooked.alive(), 0);
    }
}

/// Clones and destructors of messages use the channel they are in.
#[test]
fn failure_072_message_re_enters_in_clone_and_drop() {
    struct Caller(&'static Ring<u8, 1>);
    impl Clone for Caller {
        fn clone(&self) -> Self {
            let _ = self.0.send(1);
            Self(self.0)
        }
    }
    impl Drop for Caller {
        fn drop(&mut self) {
            let mut receiver = self.0.subscribe();
            self.0.send(2).unwrap();
            assert_eq!(receiver.try_recv(), Ok(2));
        }
    }
    let inner = forever(Ring::<u8, 1>::with_lock());
    let ring = Ring::<Caller, 2>::with_lock();
    let (mut one, two) = (ring.subscribe(), ring.subscribe());
    ring.send(Caller(inner)).unwrap();
    assert!(one.try_recv().is_ok());
    (0..3).for_each(|_| assert!(ring.send(Caller(inner)).is_ok()));
    drop((one, two));
    assert!(ring.is_empty());
}

/// The message is sent over while it is cloned, by the clone itself.
#[test]
fn failure_103_clone_that_overwrites_its_own_message() {
    struct Over(&'static Ring<Over, 1>, Arc<()>, Arc<AtomicBool>);
    impl Clone for Over {
        fn clone(&self) -> Self {
            if self.2.swap(false, Ordering::Relaxed) {
                assert!(self.0.send(Self(self.0, self.1.clone(), self.2.clone())).is_ok());
            }
            Self(self.0, self.1.clone(), self.2.clone())
        }
    }
    let ring: &'static Ring<Over, 1> = forever(Ring::with_lock());
    let (alive, armed) = (Arc::new(()), Arc::new(AtomicBool::new(true)));
    let (mut one, mut two) = (ring.subscribe(), ring.subscribe());
    assert!(ring.send(Over(ring, alive.clone(), armed.clone())).is_ok());
    assert!(one.try_recv().is_ok());
    assert!(one.try_recv().is_ok());
    assert_eq!(two.try_recv().err(), Some(TryRecvError::Lagged(1)));
    assert!(two.try_recv().is_ok());
    assert_eq!(Arc::strong_count(&alive), 1);
}

// Mutant: core/src/sync/waiters/wakes.rs :: if let Err(payload) = guard::run(|| waker.wake()) { => if let Err(payload) = Ok::<(), guard::Payload>(waker.wake()) {
#[test]
fn failure_109_panicking_waker_costs_no_other_its_message() {
    let ring = Ring::<u8, 2>::with_lock();
    let hostile = TestWaker::panicking(Event::Wake);
    let mut receivers: Vec<_> = (0..20).map(|_| ring.subscribe()).collect();
    let mut waits: Vec<_> = receivers.iter_mut().map(|receiver| Polled::new(receiver.recv())).collect();
    for (n, wait) in waits.iter_mut().enumerate() {
        if n % 2 == 0 {
            wait.waker = hostile.clone();
        }
        assert!(wait.poll().is_pending());
    }
    assert!(panics(|| assert!(ring.send(1).is_ok())));
    assert_eq!(hostile.wakes(), 10);
    assert!(waits.iter().skip(1).step_by(2).all(|wait| wait.wakes() == 1));
    waits.iter_mut().for_each(|wait| assert_eq!(wait.ready(), Ok(1)));
    hostile.unhook();
}
