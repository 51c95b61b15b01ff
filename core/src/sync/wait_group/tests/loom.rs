//! The end, and who waits for it: from its wait on, and not for an end before that.

use std::sync::Arc;

use loom::thread;

use crate::sync::{TaskTracker, WaitGroup};
use crate::test_util::{Plain, Polled};

/// The last guard goes while a wait begins.
// Mutant: core/src/sync/wait_group/mod.rs :: section.append(WAITING, LEAVING); => {}
#[test]
fn last_guard_goes_while_a_wait_begins() {
    loom::model(|| {
        let (group, work) = (Arc::new(WaitGroup::new()), Plain::new());
        let first = Box::leak(Box::new(group.clone()));
        let guard = first.add();
        let thread = thread::spawn({
            let work = work.clone();
            move || {
                work.set();
                drop(guard);
            }
        });
        let mut wait = Polled::new(group.wait());
        let early = wait.poll().is_ready();
        if early {
            assert!(work.is_set());
        }
        thread.join().unwrap();
        if !early {
            assert_eq!(wait.wakes(), 1, "not woken");
            wait.ready();
        }
    });

    use std::boxed::Box;
}

/// The last token goes while the tracker is closed: one of both completes it.
// Mutant: core/src/sync/wait_group/mod.rs :: Ordering::AcqRel), 0) => Ordering::AcqRel), CLOSED)
#[test]
fn last_token_goes_while_the_tracker_is_closed() {
    loom::model(|| {
        let tracker = TaskTracker::new();
        let token = tracker.token();
        let mut wait = Polled::waiting(tracker.wait());
        let thread = thread::spawn(move || drop(token));
        tracker.close();
        thread.join().unwrap();
        assert_eq!(wait.wakes(), 1, "not woken");
        wait.ready();
    });
}

/// Works on a thread of its own, and says so.
fn work(work: &Arc<Plain>, then: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    let work = work.clone();
    thread::spawn(move || {
        work.set();
        then();
    })
}

/// What each of two did is seen by who waits, though only the last one tells.
// Mutant: core/src/sync/wait_group/mod.rs :: word.fetch_sub(GUARD, Ordering::AcqRel) => word.fetch_sub(GUARD, Ordering::Release)
#[test]
fn two_tokens_go_while_one_waits() {
    loom::model(|| {
        let (tracker, done) = (TaskTracker::new(), [Plain::new(), Plain::new()]);
        let tokens = [tracker.token(), tracker.token()];
        tracker.close();
        let mut wait = Polled::waiting(tracker.wait());
        let mut threads = Vec::new();
        for (done, token) in done.iter().zip(tokens) {
            threads.push(work(done, || drop(token)));
        }
        if wait.poll().is_ready() {
            assert!(done.iter().all(|done| done.is_set()));
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });

    use std::vec::Vec;
}

/// What came before the close, and what was done under the token, is seen by who waits: whichever of both is last.
// Mutant: core/src/sync/wait_group/mod.rs :: word.fetch_or(CLOSED, Ordering::AcqRel) => word.fetch_or(CLOSED, Ordering::Release)
#[test]
fn token_goes_and_the_tracker_is_closed_while_one_waits() {
    loom::model(|| {
        let (tracker, done, closed) = (TaskTracker::new(), Plain::new(), Plain::new());
        let token = tracker.token();
        let mut wait = Polled::waiting(tracker.wait());
        let worker = work(&done, || drop(token));
        let closer = work(&closed, {
            let tracker = tracker.clone();
            move || assert!(tracker.close(), "it was open")
        });
        if wait.poll().is_ready() {
            assert!(done.is_set() && closed.is_set());
        }
        worker.join().unwrap();
        closer.join().unwrap();
    });
}

/// Who finds that another one has closed a tracker, or opened it again, sees what came before that.
// Mutant: core/src/sync/wait_group/mod.rs :: word.fetch_or(CLOSED, Ordering::AcqRel) => word.fetch_or(CLOSED, Ordering::Acquire)
// Mutant: core/src/sync/wait_group/mod.rs :: self.word.fetch_and(!CLOSED, Ordering::AcqRel) => self.word.fetch_and(!CLOSED, Ordering::Acquire)
// Mutant: core/src/sync/wait_group/mod.rs :: self.word.fetch_and(!CLOSED, Ordering::AcqRel) => self.word.fetch_and(!CLOSED, Ordering::Release)
// Mutant: core/src/sync/wait_group/mod.rs :: // Ordering: acquires what those did who are done; pairs with `leave`.\n        self.word.load(Ordering::Acquire) => self.word.load(Ordering::Relaxed)
#[test]
fn tracker_is_closed_and_opened() {
    loom::model(|| {
        let (tracker, closed, opened) = (TaskTracker::new(), Plain::new(), Plain::new());
        let closer = work(&closed, {
            let (tracker, opened) = (tracker.clone(), opened.clone());
            move || {
                tracker.close();
                assert!(tracker.is_closed() || opened.is_set());
            }
        });
        opened.set();
        assert!(!tracker.reopen() || closed.is_set());
        closer.join().unwrap();
    });
}

/// Who works while a wait begins is waited for, though another one was the last just before.
// Mutant: core/src/sync/wait_group/mod.rs :: self.finish(|word| word.fetch_sub(GUARD, Ordering::AcqRel), GUARD | CLOSED); => let before = self.word.fetch_sub(GUARD, Ordering::AcqRel);\n        self.finish(|_| before, GUARD | CLOSED);
#[test]
fn wait_begins_with_a_guard_of_its_own_while_the_last_one_goes() {
    loom::model(|| {
        let tracker = TaskTracker::new();
        let last = tracker.token();
        tracker.close();
        let thread = thread::spawn(move || drop(last));
        let token = tracker.token();
        let mut wait = Polled::waiting(tracker.wait());
        thread.join().unwrap();
        assert!(wait.poll().is_pending(), "over, though there is a token since before it began");
        drop(token);
        wait.ready();
    });
}

/// The same, where it is the close that completes it.
// Mutant: core/src/sync/wait_group/mod.rs :: self.finish(|word| word.fetch_or(CLOSED, Ordering::AcqRel), 0) => let before = self.word.fetch_or(CLOSED, Ordering::AcqRel);\n        self.finish(|_| before, 0)
#[test]
fn wait_begins_with_a_token_of_its_own_while_the_tracker_is_closed() {
    loom::model(|| {
        let tracker = TaskTracker::new();
        let closer = thread::spawn({
            let tracker = tracker.clone();
            move || tracker.close()
        });
        let token = tracker.token();
        let mut wait = Polled::waiting(tracker.wait());
        assert!(closer.join().unwrap(), "it was open");
        assert!(wait.poll().is_pending(), "over, though there is a token since before it began");
        drop(token);
        wait.ready();
    });
}

/// Who finds nobody at work sees what was done: also in a tracker that is open, where nobody is told. It looks from a thread
/// of its own: of two looks before a change a model tries to move but the last.
// Mutant: core/src/sync/wait_group/mod.rs :: word - GUARD, Ordering::Release, => word - GUARD, Ordering::Relaxed,
// Mutant: core/src/sync/wait_group/mod.rs :: word.fetch_sub(GUARD, Ordering::AcqRel) => word.fetch_sub(GUARD, Ordering::Acquire)
#[test]
fn last_token_goes_while_another_one_looks() {
    for closed in [false, true] {
        loom::model(move || {
            let (tracker, done) = (TaskTracker::new(), Plain::new());
            let token = tracker.token();
            if closed {
                tracker.close();
            }
            let looks = thread::spawn({
                let (tracker, done) = (tracker.clone(), done.clone());
                move || assert!(!tracker.is_empty() || done.is_set())
            });
            done.set();
            drop(token);
            looks.join().unwrap();
        });
    }
}
