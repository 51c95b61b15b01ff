//! Two who change one tree.

use loom::thread;

use crate::sync::CancellationToken;
use crate::test_util::{Plain, Polled};

/// A child of a token that is being cancelled is cancelled.
// Mutant: core/src/sync/cancel/tree.rs :: // Nobody waits before it is attached.\n                knot.bell.ring(); => // Nobody waits before it is attached.
#[test]
fn child_is_made_while_its_parent_is_cancelled() {
    loom::model(|| {
        let parent = CancellationToken::new().child_token();
        let canceller = parent.clone();
        let thread = thread::spawn(move || canceller.cancel());
        let child = parent.child_token();
        thread.join().unwrap();
        assert!(child.is_cancelled());
        drop(parent);
        Polled::new(child.cancelled_owned()).ready();
    });
}

/// The middle one goes, its child stays below the root.
// Mutant: core/src/sync/cancel/tree.rs :: if self.bell.ring() { => if false {
#[test]
fn token_between_is_dropped_while_the_root_is_cancelled() {
    loom::model(|| {
        let root = CancellationToken::new();
        let middle = root.child_token();
        let leaf = middle.child_token();
        let mut wait = Polled::waiting(leaf.clone().cancelled_owned());
        let thread = thread::spawn(move || drop(middle));
        root.cancel();
        assert!(leaf.is_cancelled());
        assert_eq!(wait.wakes(), 1);
        wait.ready();
        thread.join().unwrap();
    });
}

/// Whoever begins to wait is woken.
// Mutant: core/src/sync/cancel/tree.rs :: *section.state = true; => _ = &section.state;
#[test]
fn wait_begins_while_the_token_is_cancelled() {
    loom::model(|| {
        let token = CancellationToken::new().child_token();
        let canceller = token.clone();
        let thread = thread::spawn(move || canceller.cancel());
        let mut wait = Polled::new(token.cancelled());
        let early = wait.poll().is_ready();
        thread.join().unwrap();
        if !early {
            assert_eq!(wait.wakes(), 1);
            wait.ready();
        }
    });
}

/// A wait that is dropped is out of the list when its waker is taken.
// Mutant: core/src/sync/cancel/tree.rs :: section.pop(0, ()) => section.rouse(0, ()) && !section.is_empty(0) && false
#[test]
fn wait_is_dropped_while_the_token_is_cancelled() {
    loom::model(|| {
        let token = CancellationToken::new().child_token();
        let first = Polled::waiting(token.cancelled());
        let mut second = Polled::waiting(token.cancelled());
        let canceller = token.clone();
        let thread = thread::spawn(move || canceller.cancel());
        let waker = first.waker.clone();
        drop(first);
        thread.join().unwrap();
        assert_eq!(waker.alive(), 0);
        assert_eq!(second.wakes(), 1);
        second.ready();
    });
}

/// Whoever cancels a token finds all below it cancelled afterwards, though another one is cancelling what is above.
// Mutant: core/src/sync/cancel/tree.rs :: self.leave_all(|_| {});\n => if knot.is_none() {\n            self.leave_all(|_| {});\n        }\n
#[test]
fn parent_and_child_are_cancelled_at_once() {
    loom::model(|| {
        let root = CancellationToken::new();
        let child = root.child_token();
        let leaf = child.child_token();
        let thread = thread::spawn(move || root.cancel());
        child.cancel();
        assert!(leaf.is_cancelled());
        thread.join().unwrap();
    });
}

/// A child goes while its parent's cancel looks for it.
// Mutant: core/src/sync/cancel/tree.rs :: row.append(LIVE, LEAVING); => row.append(LEAVING, LIVE);
#[test]
fn child_is_dropped_while_its_parent_is_cancelled() {
    loom::model(|| {
        let root = CancellationToken::new();
        let (first, second) = (root.child_token(), root.child_token());
        let thread = thread::spawn(move || drop(first));
        root.cancel();
        assert!(second.is_cancelled());
        thread.join().unwrap();
        drop(second);
        assert!(root.child_token().is_cancelled());
    });
}

/// The last handle of a token is in the future that waits for it, which is dropped.
// Mutant: core/src/sync/cancel/tree.rs :: knot.unlink(row);\n            }\n            !is_full => }\n            !is_full
#[test]
fn owned_wait_is_dropped_while_the_root_is_cancelled() {
    loom::model(|| {
        let root = CancellationToken::new();
        let wait = Polled::waiting(root.child_token().cancelled_owned());
        let waker = wait.waker.clone();
        let thread = thread::spawn(move || drop(wait));
        root.cancel();
        thread.join().unwrap();
        assert_eq!(waker.alive(), 0);
        assert!(waker.wakes() <= 1);
    });
}

/// Two scopes of one static source are hung up at once, each by its first use.
// Mutant: core/src/sync/cancel/source.rs :: parent: Some(self.knot()) => parent: None
#[test]
fn scope_is_first_used_by_two_threads() {
    loom::model(|| {
        use std::sync::Arc;
        let shared = Arc::new(Holder::new());
        let other = shared.clone();
        let thread = thread::spawn(move || other.with(|scope| scope.is_cancelled()));
        shared.with(|scope| scope.cancel());
        thread.join().unwrap();
        assert!(shared.with(|scope| scope.is_cancelled()));
        let late = core::pin::pin!(shared.0.child());
        assert!(late.as_ref().is_cancelled());
    });

    use core::pin::Pin;

    use crate::sync::{CancellationScope, CancellationSource};

    /// A scope with its source, both for ever.
    struct Holder(Pin<&'static CancellationScope<'static>>);

    impl Holder {
        fn new() -> Self {
            let source: &'static CancellationSource =
                std::boxed::Box::leak(std::boxed::Box::new(CancellationSource::new()));
            Self(Pin::static_ref(std::boxed::Box::leak(std::boxed::Box::new(source.child()))))
        }

        fn with<R>(&self, f: impl FnOnce(Pin<&CancellationScope<'static>>) -> R) -> R {
            f(self.0)
        }
    }
}

/// Who only looks sees what came before the cancel.
// Mutant: core/src/sync/cancel/tree.rs :: self.cancelled.load(Ordering::Acquire) => self.cancelled.load(Ordering::Relaxed)
// Mutant: core/src/sync/cancel/tree.rs :: self.cancelled.store(true, Ordering::Release); => self.cancelled.store(true, Ordering::Relaxed);
#[test]
fn cancel_carries_what_came_before() {
    loom::model(|| {
        let (token, done) = (CancellationToken::new(), Plain::new());
        let thread = thread::spawn({
            let (token, done) = (token.clone(), done.clone());
            move || {
                done.set();
                token.cancel();
            }
        });
        assert!(!token.is_cancelled() || done.is_set());
        thread.join().unwrap();
    });
}

/// A scope of a cancelled source is first used by two threads: both find it cancelled, and whoever waits is ready.
// Mutant: core/src/sync/cancel/tree.rs :: self.attached.store(true, Ordering::Release); => self.attached.store(true, Ordering::Relaxed);
// Mutant: core/src/sync/cancel/tree.rs :: self.attached.load(Ordering::Acquire) => self.attached.load(Ordering::Relaxed)
// Mutant: core/src/sync/cancel/tree.rs :: if knot.attached.load(Ordering::Relaxed) { => if knot.attached.swap(true, Ordering::AcqRel) {
#[test]
fn scope_below_a_cancelled_source_is_first_used_by_two_threads() {
    use crate::sync::{CancellationScope, CancellationSource};
    use crate::test_util::forever;
    use core::pin::Pin;

    loom::model(|| {
        let source: &'static CancellationSource = forever(CancellationSource::new());
        source.cancel();
        let scope: Pin<&'static CancellationScope<'static>> = Pin::static_ref(forever(source.child()));
        let thread = thread::spawn(move || assert!(scope.is_cancelled()));
        let mut wait = Polled::new(scope.cancelled());
        assert!(scope.is_cancelled());
        wait.ready();
        thread.join().unwrap();
    });
}

/// Who sees that it is cancelled need not wait for that.
// Mutant: core/src/sync/cancel/tree.rs :: self.waiters.with(|section| {\n            *section.state = true; => self.cancelled.store(true, Ordering::Release);\n        self.waiters.with(|section| {\n            *section.state = true;
#[test]
fn who_sees_that_it_is_cancelled_finds_the_wait_over() {
    loom::model(|| {
        let token = CancellationToken::new().child_token();
        let canceller = token.clone();
        let thread = thread::spawn(move || canceller.cancel());
        if token.is_cancelled() {
            Polled::new(token.cancelled()).ready();
        }
        thread.join().unwrap();
    });
}

/// A child that is being cancelled by itself is not below the root any more; who has cancelled the root finds it cancelled.
// Mutant: core/src/sync/cancel/tree.rs :: self.leave_all(|_| {});\n => if knot.is_some() {\n            self.leave_all(|_| {});\n        }\n
#[test]
fn who_has_cancelled_the_root_finds_every_wait_below_over() {
    loom::model(|| {
        let root = CancellationToken::new();
        let child = root.child_token();
        let canceller = child.clone();
        let thread = thread::spawn(move || canceller.cancel());
        root.cancel();
        Polled::new(child.cancelled()).ready();
        thread.join().unwrap();
    });
}

/// Whoever sees that a token is cancelled, by itself or by what is above, sees that of what is below, also of what comes meanwhile.
fn who_sees_that_it_is_cancelled_sees_that_of_its_children(by_itself: bool) {
    loom::model(move || {
        let root = CancellationToken::new();
        let parent = root.child_token();
        let first = parent.child_token();
        let canceller = if by_itself { &parent } else { &root }.clone();
        let thread = thread::spawn(move || canceller.cancel());
        let second = parent.child_token();
        if parent.is_cancelled() {
            assert!(first.is_cancelled() && second.is_cancelled());
        }
        thread.join().unwrap();
        assert!(second.is_cancelled());
    });
}

// Mutant: core/src/sync/cancel/tree.rs :: knot.move_to(row, LEAVING); => knot.ring(row);
#[test]
fn who_is_cancelled_comes_after_its_children() {
    who_sees_that_it_is_cancelled_sees_that_of_its_children(true);
}

// Mutant: core/src/sync/cancel/tree.rs :: if row.front(LEAVING) == Some(open) { => if true {
#[test]
fn who_is_below_the_one_that_is_cancelled_comes_after_its_children() {
    who_sees_that_it_is_cancelled_sees_that_of_its_children(false);
}

/// The same where the root and one further down are cancelled at once.
// Mutant: core/src/sync/cancel/tree.rs :: self.leave_all(|row| match knot { => self.row.with(|row| match knot {
#[test]
fn who_sees_that_it_is_cancelled_by_two_sees_that_of_its_children() {
    loom::model(|| {
        let root = CancellationToken::new();
        let parent = root.child_token();
        let child = parent.child_token();
        let (one, two) = (root.clone(), child.clone());
        let threads = [thread::spawn(move || one.cancel()), thread::spawn(move || two.cancel())];
        if parent.is_cancelled() {
            assert!(child.is_cancelled());
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Who finds a child cancelled and makes another one finds the token cancelled, though somebody else cancels it: no loop that makes
/// children until the token is cancelled depends on that one.
// Mutant: core/src/sync/cancel/tree.rs :: self.leave(row);\n        }); => });
#[test]
fn who_makes_a_child_of_what_is_being_cancelled_helps() {
    loom::model(|| {
        let token = CancellationToken::new();
        let (first, second) = (token.child_token(), token.child_token());
        let canceller = token.clone();
        let thread = thread::spawn(move || canceller.cancel());
        if first.is_cancelled() {
            let third = token.child_token();
            assert!(token.is_cancelled() && second.is_cancelled() && third.is_cancelled());
        }
        thread.join().unwrap();
        assert!(token.is_cancelled());
    });
}
