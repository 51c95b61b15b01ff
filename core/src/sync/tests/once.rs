//! Values that are made or set once: by whom, who waits, and who is next if that one goes away.

use std::boxed::Box;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::vec::Vec;

use crate::sync::{OnceCell, SetError, SetOnce, SetOnceError};
use crate::test_util::{Event, Polled, TestLock, TestWaker, forever, panics, poll, send_sync};

type Cell<T> = OnceCell<T, TestLock>;
type Once<T> = SetOnce<T, TestLock>;

#[test]
fn value_is_made_once() {
    let mut cell = Cell::with_lock();
    assert!(!cell.initialized() && cell.get_mut().is_none());
    assert_eq!(*Polled::new(cell.get_or_init(async || 1)).ready(), 1);
    assert_eq!(*Polled::new(cell.get_or_init(async || unreachable!())).ready(), 1);
    assert_eq!(cell.set(2), Err(SetError::AlreadyInitializedError(2)));
    *cell.get_mut().unwrap() += 1;
    assert_eq!(std::format!("{cell:?}"), "OnceCell { value: Some(2) }");
    assert_eq!((cell.take(), cell.get()), (Some(2), None));
    assert_eq!((cell.set(3), cell.into_inner()), (Ok(()), Some(3)));
}

#[test]
fn others_wait_for_the_one_that_makes_it() {
    let cell = Cell::with_lock();
    let made = crate::sync::Notify::<TestLock>::with_lock();
    let mut maker = Polled::waiting(cell.get_or_init(async || {
        made.notified().await;
        7
    }));
    let mut others: Vec<_> = (0..3).map(|_| Polled::waiting(cell.get_or_init(async || unreachable!()))).collect();
    let refused = cell.set(8).unwrap_err();
    assert!(refused.is_initializing_err() && !refused.is_already_init_err());
    made.notify_one();
    assert_eq!(*maker.ready(), 7);
    for other in &mut others {
        assert_eq!((other.wakes(), *other.ready()), (1, 7));
    }
}

/// Whoever makes it fails, panics or is dropped: the next in line makes it.
// Mutant: core/src/sync/once_cell.rs :: let lease = Lease { permits: &self.permits, count: 1 };\n                let value => let lease = core::mem::ManuallyDrop::into_inner(core::mem::ManuallyDrop::new(Lease { permits: &self.permits, count: 0 }));\n                let value
#[test]
fn failure_021_next_in_line_makes_it() {
    for how in 0..3 {
        let cell = Cell::<u8>::with_lock();
        let end = crate::sync::Notify::<TestLock>::with_lock();
        let mut first = Box::pin(cell.get_or_try_init(async || {
            end.notified().await;
            assert!(how != 1, "while making it");
            Err::<u8, u8>(9)
        }));
        let waker = TestWaker::new();
        assert!(poll(first.as_mut(), &waker).is_pending());
        let mut second = Polled::waiting(cell.get_or_init(async || 2));
        let mut third = Polled::waiting(cell.get_or_init(async || 3));
        end.notify_one();
        match how {
            0 => assert_eq!(poll(first.as_mut(), &waker), Poll::Ready(Err(9))),
            1 => assert!(panics(|| assert!(poll(first.as_mut(), &waker).is_ready()))),
            _ => drop(first),
        }
        assert_eq!((second.wakes(), third.wakes()), (1, 0));
        if how == 2 {
            drop(second);
            assert_eq!((third.wakes(), *third.ready()), (1, 3));
        } else {
            assert_eq!((*second.ready(), *third.ready()), (2, 2));
        }
    }
}

#[test]
fn cells_are_made_copied_and_compared() {
    let full = OnceCell::const_new_with(1);
    assert_eq!(full.set(2), Err(SetError::AlreadyInitializedError(2)));
    assert_eq!(*Polled::new(full.get_or_init(async || 2)).ready(), 1);
    assert_eq!((full.clone(), OnceCell::new_with(Some(1))), (OnceCell::from(1), full));
    assert_eq!(OnceCell::<u8>::new_with(None), OnceCell::default());
    let once = SetOnce::const_new_with(1);
    assert_eq!(once.set(2), Err(SetOnceError(2)));
    assert_eq!(*Polled::new(once.wait()).ready(), 1);
    assert_eq!((once.clone(), SetOnce::new_with(Some(1))), (SetOnce::from(1), once));
    assert_eq!(SetOnce::<u8>::new_with(None), SetOnce::default());
    assert_eq!(std::format!("{}", SetError::InitializingError(1)), "the value is being made");
}

// Mutant: core/src/sync/set_once.rs :: self.queue.close_after(|| self.slot.put(value)).map_err(SetOnceError) => self.slot.put(value).map_err(SetOnceError)
#[test]
fn all_wait_for_what_is_set() {
    let once = Once::with_lock();
    let mut waits: Vec<_> = (0..20).map(|_| Polled::waiting(once.wait())).collect();
    drop(waits.pop());
    assert_eq!((once.get(), once.initialized()), (None, false));
    assert_eq!(once.set(5), Ok(()));
    for wait in &mut waits {
        assert_eq!((wait.wakes(), *wait.ready()), (1, 5));
    }
    assert_eq!(once.set(6), Err(SetOnceError(6)));
    assert_eq!(std::format!("{once:?}"), "SetOnce { value: Some(5) }");
    drop(waits);
    assert_eq!(once.into_inner(), Some(5));
}

#[test]
fn failure_072_waker_re_enters_in_clone_wake_and_drop() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let shared = forever((Cell::with_lock(), Once::with_lock()));
        let entered = AtomicBool::new(false);
        let hooked = TestWaker::hooked(move |now| {
            if now == event && !entered.swap(true, Ordering::Relaxed) {
                let _ = Polled::new(shared.0.get_or_init(async || 1)).poll();
                let _ = Polled::new(shared.1.wait()).poll();
                let _ = (shared.0.set(1), shared.1.get());
            }
        });
        let maker = Polled::waiting(shared.0.get_or_init(pending::<u8>));
        let (mut get, mut wait) = (Polled::new(shared.0.get_or_init(async || 2)), Polled::new(shared.1.wait()));
        for waker in [hooked.clone(), TestWaker::new(), hooked.clone()] {
            (get.waker, wait.waker) = (waker.clone(), waker);
            assert!(get.poll().is_pending() && wait.poll().is_pending());
        }
        drop(maker);
        shared.1.set(1).unwrap();
        get.ready();
        wait.ready();
        drop((get, wait));
        hooked.unhook();
        assert_eq!(hooked.alive(), 0);
    }
}

#[test]
fn failure_109_panicking_waker_keeps_nobody_from_the_value() {
    for event in [Event::Clone, Event::Wake, Event::Drop] {
        let (cell, once) = (Cell::with_lock(), Once::with_lock());
        let hostile = TestWaker::panicking(event);
        let maker = Polled::waiting(cell.get_or_init(pending::<u8>));
        let (mut get, mut wait) = (Box::pin(cell.get_or_init(async || 1)), Box::pin(once.wait()));
        let mut panicked = panics(|| assert!(poll(get.as_mut(), &hostile).is_pending()));
        panicked |= panics(|| assert!(poll(wait.as_mut(), &hostile).is_pending()));
        let (mut other_get, mut other_wait) =
            (Polled::waiting(cell.get_or_init(async || 2)), Polled::waiting(once.wait()));
        panicked |= panics(|| drop(maker));
        panicked |= panics(|| once.set(1_u8).unwrap());
        panicked |= panics(|| drop(get));
        panicked |= panics(|| drop(wait));
        assert!(panicked, "{event:?}");
        assert_eq!((other_get.wakes(), *other_get.ready()), (1, 2), "{event:?}");
        assert_eq!((other_wait.wakes(), *other_wait.ready()), (1, 1), "{event:?}");
        hostile.unhook();
    }
}

#[test]
fn may_be_sent_and_shared() {
    let shared = (Cell::with_lock(), Once::<u8>::with_lock());
    send_sync(&shared);
    send_sync(&shared.1.wait());
    fn send<T: Send>(_: &T) {}
    send(&shared.0.get_or_init(async || 1));
}
