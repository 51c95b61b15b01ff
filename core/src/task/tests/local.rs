//! Values of a task, and futures that borrow: how they could reach the wrong one, or too late.

use core::cell::{Cell, RefCell};
use core::future::{Future, pending, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use std::boxed::Box;
use std::rc::Rc;
use std::string::String;
use std::sync::{Arc, Mutex};
use std::vec::Vec;

use super::util::{Home, Line, ready};
use crate::future::{PollExt as _, yield_now};
use crate::task::{ScopedJoinHandle, scope};
use crate::test_util::{Event, TestWaker, panics};

crate::task_local! {
    /// With documentation.
    pub(crate) static NUMBER: u32;
    static TEXT: String
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    (0..10_000).find_map(|_| poll(future.as_mut()).now()).expect("it is ready some time")
}

/// A constant in the type of a value is the user's, though something of the macro's was once called like it.
#[test]
fn names_in_a_type_are_those_of_the_user() {
    const PLACE: usize = 3;
    crate::task_local! { static ARRAY: [u8; PLACE] }
    ARRAY.sync_scope([1; 3], || assert_eq!(ARRAY.get(), [1; 3]));
}

/// The value goes with its task, from thread to thread.
#[test]
fn a_task_has_its_value_on_every_thread_and_nobody_else_does() {
    let (one, two) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let task = |n: u32, seen: &Arc<Mutex<Vec<u32>>>| {
        let seen = seen.clone();
        Box::pin(NUMBER.scope(n, async move {
            for _ in 0..4 {
                seen.lock().unwrap().push(NUMBER.get());
                yield_now().await;
            }
        }))
    };
    let (mut first, mut second) = (task(1, &one), task(2, &two));
    for _ in 0..2 {
        let _ = (poll(first.as_mut()), poll(second.as_mut()));
        assert!(NUMBER.try_get().is_err());
        std::thread::scope(|threads| {
            threads.spawn(|| {
                let _ = (poll(second.as_mut()), poll(first.as_mut()));
                assert!(NUMBER.try_get().is_err());
            });
        });
    }
    assert_eq!((&*one.lock().unwrap(), &*two.lock().unwrap()), (&std::vec![1; 4], &std::vec![2; 4]));
}

#[test]
fn scopes_nest_and_end_with_a_panic_too() {
    NUMBER.sync_scope(1, || {
        NUMBER.sync_scope(2, || assert_eq!(NUMBER.get(), 2));
        assert!(panics(|| NUMBER.sync_scope(3, || panic!("as planned"))));
        assert_eq!(NUMBER.with(|n| *n), 1);
        assert!(panics(|| NUMBER.with(|_| NUMBER.sync_scope(4, || ()))), "while it is looked at");
        assert_eq!(NUMBER.get(), 1);
    });
    assert_eq!(std::format!("{}", NUMBER.try_get().unwrap_err()), "the task-local value is not set");
    assert!(panics(|| NUMBER.with(|_| ())));
}

/// Tells what it finds when it is dropped.
struct Finds<'a>(&'a Cell<Option<u32>>);

impl Drop for Finds<'_> {
    fn drop(&mut self) {
        self.0.set(NUMBER.try_get().ok());
    }
}

// Mutant: core/src/task/local.rs :: future.set(None);\n            } => }
// Mutant: core/src/task/local.rs :: let _ = key.swapped(value, || future.set(None)); => let _ = (key, value); future.set(None);
#[test]
fn a_future_finds_its_value_when_it_is_dropped() {
    let found = Cell::new(None);
    let finds = Finds(&found);
    let ready = poll_fn(move |_| {
        let _ = &finds;
        Poll::Ready(())
    });
    let mut done = pin!(NUMBER.scope(5, ready));
    assert!(poll(done.as_mut()).is_ready());
    assert_eq!(found.take(), Some(5), "when it is ready, not later");
    assert!(panics(|| {
        let _ = poll(done.as_mut());
    }));

    let finds = Finds(&found);
    drop(NUMBER.scope(6, async move {
        let _finds = finds;
    }));
    assert_eq!(found.take(), Some(6), "before its first poll");
    let finds = Finds(&found);
    let mut held = Box::pin(NUMBER.scope(7, async {
        yield_now().await;
        drop(finds);
    }));
    assert!(poll(held.as_mut()).is_pending());
    drop(held);
    assert_eq!(found.take(), Some(7));
}

#[test]
fn a_value_can_be_taken_back() {
    let mut future = pin!(TEXT.scope("mine".into(), async { TEXT.with(String::len) }));
    assert_eq!(poll(future.as_mut()), Poll::Ready(4));
    assert_eq!(future.as_mut().take_value().as_deref(), Some("mine"));
    assert_eq!(future.as_mut().take_value(), None);
}

#[test]
fn scoped_futures_borrow_and_all_end_before_the_scope_does() {
    let words = [String::from("one"), String::from("three")];
    let letters = Cell::new(0);
    let not_send = Rc::new(1);
    let sum = run(scope(async |scope| {
        let handles: Vec<_> = words
            .iter()
            .map(|word| {
                let (letters, not_send) = (&letters, not_send.clone());
                scope.spawn(async move {
                    for _ in 0..word.len() {
                        yield_now().await;
                        letters.set(letters.get() + *not_send);
                    }
                    word.len()
                })
            })
            .collect();
        let mut sum = 0;
        for handle in handles {
            sum += handle.await;
        }
        drop(scope.spawn(async {
            yield_now().await;
            letters.set(letters.get() + 100);
        }));
        sum
    }));
    assert_eq!((sum, letters.get(), Rc::strong_count(&not_send)), (8, 108, 1));
}

/// Only who was woken is polled.
#[test]
fn failure_107_a_scope_polls_who_was_woken() {
    let polls = Cell::new(0);
    let wakers = std::cell::RefCell::new(Vec::new());
    let waker = TestWaker::new();
    let raw = waker.waker();
    let mut cx = Context::from_waker(&raw);
    let mut scope = pin!(scope(async |scope| {
        for _ in 0..100 {
            drop(scope.spawn(poll_fn(|cx| {
                polls.set(polls.get() + 1);
                wakers.borrow_mut().push(cx.waker().clone());
                if polls.get() > 100 { Poll::Ready(()) } else { Poll::Pending }
            })));
        }
    }));
    while wakers.borrow().len() < 100 {
        assert!(scope.as_mut().poll(&mut cx).is_pending());
    }
    let all = wakers.take();
    for (done, waker) in all.into_iter().enumerate() {
        waker.wake();
        assert_eq!(scope.as_mut().poll(&mut cx).is_ready(), done == 99);
    }
    assert_eq!(polls.get(), 200);
}

#[test]
fn a_scope_that_is_dropped_drops_what_was_spawned_and_one_that_is_forgotten_is_silent() {
    let dropped = Cell::new(0);
    struct Counts<'a>(&'a Cell<u32>);
    impl Drop for Counts<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let make = || {
        Box::pin(scope(async |scope| {
            let counts = Counts(&dropped);
            drop(scope.spawn(async move {
                let _counts = counts;
                pending::<()>().await;
            }));
            pending::<()>().await;
        }))
    };
    for polls in 0..4 {
        let before = dropped.get();
        let mut scope = make();
        (0..polls).for_each(|_| assert!(poll(scope.as_mut()).is_pending()));
        drop(scope);
        assert_eq!(dropped.get() - before, u32::from(polls > 0));
    }
    let waker = TestWaker::new();
    let raw = waker.waker();
    let mut forgotten = make();
    assert!(forgotten.as_mut().poll(&mut Context::from_waker(&raw)).is_pending());
    // The interpreter counts what is never freed, and is right; there it is dropped.
    if cfg!(miri) { drop(forgotten) } else { core::mem::forget(forgotten) }
}

#[test]
fn a_panic_of_a_scoped_future_comes_out_and_drops_the_rest() {
    let rest = Rc::new(());
    let mut scope = Box::pin(scope(async |scope| {
        let keep = rest.clone();
        drop(scope.spawn(async move {
            pending::<()>().await;
            drop(keep);
        }));
        drop(scope.spawn(async { panic!("as planned") }));
    }));
    assert!(poll(scope.as_mut()).is_pending());
    assert!(panics(|| {
        let _ = poll(scope.as_mut());
    }));
    drop(scope);
    assert_eq!(Rc::strong_count(&rest), 1);
}

/// Who awaits a handle outside of the scope is woken when the scope is dropped, and when another of its futures panics: it is
/// over, and the next poll says so.
// Mutant: core/src/task/local_scope/alloc.rs :: guard::swallow(|| joiner.wake()); => drop(joiner);
// Mutant: core/src/task/local_scope/alloc.rs :: self.shared = None; => let _ = &self.shared;
#[test]
fn a_scope_that_is_given_up_wakes_who_waits_for_its_futures() {
    std::thread_local! {
        static WAITS: RefCell<Option<ScopedJoinHandle<()>>> = const { RefCell::new(None) };
        static SEEN: Cell<bool> = const { Cell::new(false) };
    }
    for panicking in [false, true] {
        SEEN.set(false);
        let mut running = Box::pin(scope(async |scope| {
            WAITS.set(Some(scope.spawn(pending::<()>())));
            yield_now().await;
            assert!(!panicking, "as planned");
            pending::<()>().await;
        }));
        assert!(poll(running.as_mut()).is_pending());
        let joiner = TestWaker::hooked(|event| {
            if event == Event::Wake {
                SEEN.set(WAITS.with_borrow(|handle| handle.as_ref().unwrap().is_finished()));
            }
        });
        let raw = joiner.waker();
        let mut cx = Context::from_waker(&raw);
        WAITS.with_borrow_mut(|handle| assert!(Pin::new(handle.as_mut().unwrap()).poll(&mut cx).is_pending()));
        let given_up = panics(|| {
            let _ = poll(running.as_mut());
        });
        assert_eq!((given_up, joiner.wakes()), (panicking, usize::from(panicking)));
        drop(running);
        assert_eq!(joiner.wakes(), 1, "it waits for ever");
        assert!(SEEN.get(), "who is woken finds it running");
        let mut handle = WAITS.take().unwrap();
        assert!(panics(|| {
            let _ = Pin::new(&mut handle).poll(&mut cx);
        }));
        joiner.unhook();
    }
}

/// The waker of who waits panics when the scope is dropped: that comes to nobody who has a hand in it.
// Mutant: core/src/task/local_scope/alloc.rs :: guard::swallow(|| joiner.wake()); => joiner.wake();
#[test]
fn a_scope_that_is_given_up_survives_who_waits() {
    let seat = RefCell::new(None);
    let mut running = Box::pin(scope(async |scope| {
        *seat.borrow_mut() = Some(scope.spawn(pending::<()>()));
        pending::<()>().await;
    }));
    assert!(poll(running.as_mut()).is_pending());
    let mut handle = seat.take().unwrap();
    let hostile = TestWaker::panicking(Event::Wake);
    assert!(Pin::new(&mut handle).poll(&mut Context::from_waker(&hostile.waker())).is_pending());
    assert!(!panics(|| drop(running)));
    assert_eq!(hostile.wakes(), 1);
}

#[test]
fn a_scope_runs_inside_of_a_task() {
    let line = <Line>::new(Home::Boxed);
    let mut handle = line.spawn_local(async {
        let numbers = [1, 2, 3];
        scope(async |scope| {
            let mut sum = 0;
            for number in &numbers {
                sum += scope.spawn(async move { *number }).await;
            }
            sum
        })
        .await
    });
    line.turn();
    assert_eq!(ready(&mut handle).unwrap(), 6);
}
