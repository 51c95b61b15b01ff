//! One waiter, and wakers that do what they should not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::sync::WaitCell;
use crate::test_util::{Event, TestLock, TestWaker, panics};

type Cell = WaitCell<TestLock>;

#[test]
fn wakes_once() {
    let (cell, waker) = (Cell::new(), TestWaker::new());
    assert!(!cell.wake());
    cell.register(&waker.waker());
    assert!(cell.wake());
    assert!(!cell.wake());
    assert_eq!(waker.wakes(), 1);
    assert_eq!(waker.alive(), 0);
}

#[test]
fn same_waker_is_kept() {
    let (cell, waker) = (Cell::new(), TestWaker::new());
    cell.register(&waker.waker());
    cell.register(&waker.waker());
    assert_eq!((waker.wakes(), waker.alive()), (0, 1));
}

#[test]
fn failure_019_replaced_waker_is_woken() {
    let (cell, first, second) = (Cell::new(), TestWaker::new(), TestWaker::new());
    cell.register(&first.waker());
    cell.register(&second.waker());
    assert_eq!((first.wakes(), first.alive(), second.wakes()), (1, 0, 0));
    assert!(cell.wake());
    assert_eq!((first.wakes(), second.wakes(), second.alive()), (1, 1, 0));
}

#[test]
fn take_does_not_wake_and_drop_drops() {
    let (cell, waker) = (Cell::new(), TestWaker::new());
    cell.register(&waker.waker());
    drop(cell.take());
    assert!(!cell.wake());
    cell.register(&waker.waker());
    drop(cell);
    assert_eq!((waker.wakes(), waker.alive()), (0, 0));
}

// Mutant: core/src/sync/wait_cell.rs :: Some(old) if replaced => old.wake(), => Some(old) if replaced => self.waker.with(|_| old.wake()),
#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let cell = Arc::new(Cell::new());
        let (again, other) = (cell.clone(), TestWaker::new());
        let entered = AtomicBool::new(false);
        let hooked = TestWaker::hooked(move |now| {
            if now == event && !entered.swap(true, Ordering::Relaxed) {
                drop(again.take());
                again.register(&other.waker());
                again.wake();
            }
        });
        cell.register(&hooked.waker());
        cell.register(&TestWaker::new().waker());
        cell.wake();
        hooked.unhook();
        // Whatever the hook did in between, the cell works.
        let after = TestWaker::new();
        cell.register(&after.waker());
        assert!(cell.wake());
        assert_eq!((after.wakes(), hooked.alive()), (1, 0));
    }
}

#[test]
fn failure_109_panicking_waker_leaves_the_cell_working() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let (cell, hostile, good) = (Cell::new(), TestWaker::panicking(event), TestWaker::new());
        let waker = hostile.waker();
        let mut panicked = panics(|| cell.register(&waker));
        panicked |= panics(|| cell.register(&good.waker()));
        hostile.unhook();
        drop(waker);
        // A wake consumes the waker, so that only `take` meets its destructor.
        assert_eq!(panicked, event != Event::Drop);
        cell.register(&good.waker());
        assert!(cell.wake());
        assert_eq!(good.alive(), 0);
        assert!(good.wakes() >= 1);
    }
    let (cell, hostile) = (Cell::new(), TestWaker::panicking(Event::Drop));
    let waker = hostile.waker();
    cell.register(&waker);
    assert!(panics(|| drop(cell.take())));
    assert!(!cell.wake());
    hostile.unhook();
}

#[test]
fn threads_may_share_it() {
    fn shared<T: Send + Sync>() {}
    shared::<Cell>();
}
