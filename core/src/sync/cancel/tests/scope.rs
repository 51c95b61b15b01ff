//! Scopes in their users' memory.

use std::boxed::Box;
use std::cell::Cell;
use std::future::{pending, ready};
use std::pin::{Pin, pin};
use std::vec::Vec;

use crate::lock::{LocalLock, RawLock};
use crate::sync::{CancellationScope, CancellationSource};
use crate::test_util::{Polled, TestLock, forever, panics, send_sync};

type Source = CancellationSource<TestLock>;

#[test]
fn cancels_what_is_below_and_nothing_else() {
    let source = Source::with_lock();
    let (a, d) = (pin!(source.child()), pin!(source.child()));
    let (a, d) = (a.as_ref(), d.as_ref());
    let (b, c) = (pin!(a.child()), pin!(a.child()));
    let (b, c) = (b.as_ref(), c.as_ref());
    let mut waits = [Polled::waiting(a.cancelled()), Polled::waiting(b.cancelled()), Polled::waiting(c.cancelled())];
    let mut beside = Polled::waiting(d.cancelled());
    b.cancel();
    assert!(b.is_cancelled() && !a.is_cancelled() && !c.is_cancelled());
    assert_eq!(waits.each_ref().map(Polled::wakes), [0, 1, 0]);
    a.cancel();
    assert!(a.is_cancelled() && c.is_cancelled() && !d.is_cancelled() && !source.is_cancelled());
    assert_eq!(waits.each_ref().map(Polled::wakes), [1, 1, 1]);
    waits.iter_mut().for_each(Polled::ready);
    assert!(beside.poll().is_pending());
    let mut root = Polled::waiting(source.cancelled());
    source.cancel();
    source.cancel();
    root.ready();
    root.ready();
    beside.ready();
    assert_eq!(beside.wakes(), 1);
}

#[test]
fn scope_that_is_first_used_late_hears_of_an_early_cancel() {
    let source = Source::with_lock();
    let early = pin!(source.child());
    source.cancel();
    assert!(early.as_ref().is_cancelled());
    let late = pin!(early.as_ref().get_ref().tree_child(&source));
    Polled::new(late.as_ref().cancelled()).ready();
}

impl<'a> CancellationScope<'a, TestLock> {
    /// A child of the source, made from nowhere.
    fn tree_child(&self, source: &'a Source) -> Self {
        source.child()
    }
}

#[test]
fn child_of_a_scope_that_is_gone_hangs_below_what_was_above() {
    let source = Source::with_lock();
    let outer = Box::pin(source.child());
    // Its own borrow ends with the box below, so the child is made by hand of the source; see the token's tests for one
    // that outlives its parent.
    let inner = pin!(source.child());
    assert!(!outer.as_ref().is_cancelled() && !inner.as_ref().is_cancelled());
    drop(outer);
    source.cancel();
    assert!(inner.as_ref().is_cancelled());
}

#[test]
fn many_waiters_and_many_scopes_take_many_sections() {
    let source = Source::with_lock();
    let scopes: Vec<Pin<Box<CancellationScope<'_, TestLock>>>> = (0..30).map(|_| Box::pin(source.child())).collect();
    let mut waits: Vec<_> = scopes
        .iter()
        .enumerate()
        .flat_map(|(n, scope)| (0..n).map(|_| Polled::waiting(scope.as_ref().cancelled())))
        .collect();
    source.cancel();
    assert!(waits.iter().all(|wait| wait.wakes() == 1));
    waits.iter_mut().for_each(Polled::ready);
}

#[test]
fn run_until_cancelled_prefers_the_future_and_does_not_begin_when_cancelled() {
    let source = Source::with_lock();
    let scope = pin!(source.child());
    let scope = scope.as_ref();
    assert_eq!(Polled::new(scope.run_until_cancelled(ready(1))).ready(), Some(1));
    let mut run = Polled::waiting(scope.run_until_cancelled(pending::<()>()));
    scope.cancel();
    assert_eq!(run.wakes(), 1);
    assert_eq!(run.ready(), None);
    assert_eq!(Polled::new(scope.run_until_cancelled(ready(1))).ready(), None);
    assert_eq!(Polled::new(source.run_until_cancelled(ready(2))).ready(), Some(2));
}

#[test]
fn forgotten_wait_and_scope_stay_in_memory_that_stays() {
    let source = crate::test_util::forever(Source::with_lock());
    let scope = Pin::static_ref(crate::test_util::forever(source.child()));
    let mut wait = Box::pin(scope.cancelled());
    let waker = crate::test_util::TestWaker::new();
    assert!(crate::test_util::poll(wait.as_mut(), &waker).is_pending());
    // Forgotten, as far as the tree can tell; its memory stays.
    let wait = core::mem::ManuallyDrop::new(wait);
    source.cancel();
    assert!(scope.is_cancelled());
    assert_eq!((waker.wakes(), waker.alive()), (1, 0));
    drop(core::mem::ManuallyDrop::into_inner(wait));
}

#[test]
fn works_in_one_context_and_may_be_shared_by_threads() {
    let source = CancellationSource::<LocalLock>::with_lock();
    let scope = pin!(source.child());
    let mut wait = Polled::waiting(scope.as_ref().cancelled());
    source.cancel();
    wait.ready();
    let source = Source::with_lock();
    send_sync(&source);
    let scope = pin!(source.child());
    send_sync(&scope);
    send_sync(&scope.as_ref().cancelled());
    assert!(!panics(|| drop(source.child())), "a scope that was never used is in no tree");
}

std::thread_local! {
    /// What comes in after each section, as an interrupt may.
    static COMES_IN: Cell<Option<fn()>> = const { Cell::new(None) };
    static SECTIONS: Cell<usize> = const { Cell::new(0) };
    static MADE: Cell<usize> = const { Cell::new(0) };
}

/// Lets others come in whenever the last of it is released.
struct OpenLock(TestLock);

// SAFETY: one closure at a time is what the other one does.
unsafe impl RawLock for OpenLock {
    const INIT: Self = Self(TestLock::INIT);

    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        SECTIONS.set(SECTIONS.get() + 1);
        let answer = self.0.with(f);
        SECTIONS.set(SECTIONS.get() - 1);
        if SECTIONS.get() == 0
            && let Some(come_in) = COMES_IN.take()
        {
            come_in();
            COMES_IN.set(Some(come_in));
        }
        answer
    }
}

static OPEN: CancellationSource<OpenLock> = CancellationSource::with_lock();

std::thread_local! {
    static PARENT: Pin<&'static CancellationScope<'static, OpenLock>> = {
        Pin::static_ref(forever(OPEN.child()))
    };
}

/// Makes children of the parent until it is cancelled, or some that are not, as tasks that wait for one after the other do.
fn make() {
    for _ in 0..10 {
        while PARENT.with(|parent| !parent.is_cancelled()) && MADE.get() < 1_000 {
            MADE.set(MADE.get() + 1);
            if !Pin::static_ref(forever(PARENT.with(|parent| parent.child()))).is_cancelled() {
                break;
            }
        }
    }
}

/// Who adds children whenever it can does not keep a `cancel` from its end.
// Mutant: core/src/sync/cancel/tree.rs :: self.leave(row);\n        }); => });
#[test]
fn children_that_are_made_meanwhile_keep_no_cancel_from_its_end() {
    make();
    COMES_IN.set(Some(make));
    OPEN.cancel();
    COMES_IN.set(None);
    assert!(PARENT.with(|parent| parent.is_cancelled()));
    assert!(MADE.get() < 100, "{} were made", MADE.get());
}
