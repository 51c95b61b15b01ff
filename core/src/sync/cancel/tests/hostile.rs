//! Wakers that panic, or call back into the tree.

use std::boxed::Box;
use std::sync::Arc;
use std::vec::Vec;

use crate::sync::{CancellationSource, CancellationToken};
use crate::test_util::{Event, Polled, TestLock, TestWaker, forever, panics, poll};

/// Every waiter is woken, every child cancelled, and the panic reaches who cancels.
// Mutant: core/src/sync/waiters/wakes.rs :: if let Err(payload) = guard::run(|| waker.wake()) { => if let Err(payload) = Ok::<(), guard::Payload>(waker.wake()) {
#[test]
fn failure_109_panicking_waker_costs_no_other_its_cancel() {
    let root = CancellationToken::new();
    let tokens: Vec<_> = (0..40).map(|_| root.child_token()).collect();
    let hostile = TestWaker::panicking(Event::Wake);
    let mut waits = Vec::new();
    for token in &tokens {
        let mut bad = Polled::new(token.cancelled());
        bad.waker = hostile.clone();
        assert!(bad.poll().is_pending());
        waits.push(bad);
        waits.push(Polled::waiting(token.cancelled()));
    }
    assert!(panics(|| root.cancel()));
    assert!(tokens.iter().all(CancellationToken::is_cancelled));
    assert_eq!(hostile.wakes(), 40);
    for wait in &mut waits {
        wait.ready();
    }
    assert!(waits.iter().skip(1).step_by(2).all(|wait| wait.wakes() == 1));
}

#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let source = forever(CancellationSource::<TestLock>::with_lock());
        let hooked = TestWaker::hooked(move |now| {
            if now == event {
                let child = Box::pin(source.child());
                let mut wait = Polled::new(child.as_ref().cancelled());
                let _ = wait.poll();
                source.cancel();
                wait.ready();
                assert!(child.as_ref().is_cancelled());
            }
        });
        let mut wait = Box::pin(source.cancelled());
        let _ = poll(wait.as_mut(), &hooked);
        source.cancel();
        assert!(poll(wait.as_mut(), &TestWaker::new()).is_ready());
        drop(wait);
        hooked.unhook();
        assert_eq!(hooked.alive(), 0);
    }
}

/// The waker owns a token of the tree that is being cancelled, and drops the last handle of it.
#[test]
fn failure_098_waker_that_drops_tokens_of_the_tree() {
    let root = CancellationToken::new();
    let held = Arc::new(std::sync::Mutex::new(Some((root.child_token(), root.child_token().child_token()))));
    let inner = held.clone();
    let hooked = TestWaker::hooked(move |now| {
        if now == Event::Wake {
            let tokens = inner.lock().unwrap().take();
            drop(tokens);
        }
    });
    let mut wait = Polled::new(root.cancelled());
    wait.waker = hooked.clone();
    assert!(wait.poll().is_pending());
    root.cancel();
    wait.ready();
    assert!(held.lock().unwrap().is_none());
    hooked.unhook();
}
