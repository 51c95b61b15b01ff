//! What the combinators share in their tests: polling by hand, counted wakes, futures that keep a diary.

extern crate std;

#[cfg(feature = "std")]
mod ext;
mod graph;
mod join;
#[cfg(all(feature = "std", not(loom)))]
mod join_all;
#[cfg(all(feature = "std", not(loom)))]
mod looks;
mod macros;
mod select;
mod size;

use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::vec::Vec;

use super::*;

/// Counts wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl std::task::Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls once with a waker that nobody looks at.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls to the end: the output, and how many polls it took.
fn run<F: Future>(future: F) -> (F::Output, usize) {
    let mut future = pin!(future);
    for polls in 1..1000 {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return (output, polls);
        }
    }
    panic!("still pending after 999 polls");
}

/// What happened, in order.
#[derive(Clone, Default)]
struct Diary(Rc<RefCell<Vec<(char, &'static str)>>>);

impl Diary {
    fn write(&self, who: char, what: &'static str) {
        self.0.borrow_mut().push((who, what));
    }

    /// Who did that, in order.
    fn who(&self, what: &str) -> std::string::String {
        self.0.borrow().iter().filter(|entry| entry.1 == what).map(|entry| entry.0).collect()
    }

    /// A future that is pending `pending` times and then gives a value; both say when they are dropped.
    fn future(&self, name: char, pending: usize) -> Entry {
        Entry {
            name,
            pending,
            diary: self.clone(),
            at: Cell::new(core::ptr::null()),
            _pinned: core::marker::PhantomPinned,
        }
    }
}

/// A future that writes down its polls and its drop, and refuses to be polled elsewhere than before, or too often.
struct Entry {
    name: char,
    pending: usize,
    diary: Diary,
    at: Cell<*const Self>,
    _pinned: core::marker::PhantomPinned,
}

impl Future for Entry {
    type Output = Value;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Value> {
        let here: *const Self = &raw const *self;
        let before = self.at.replace(here);
        assert!(before.is_null() || before == here, "a pinned future was moved");
        self.diary.write(self.name, "polled");
        let (name, diary) = (self.name, self.diary.clone());
        // SAFETY: a plain counter changes; nothing moves.
        let this = unsafe { self.get_unchecked_mut() };
        if this.pending > 0 {
            this.pending -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        diary.write(name, "ready");
        Poll::Ready(Value { name, diary })
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let before = self.at.get();
        assert!(before.is_null() || before == &raw const *self, "a pinned future was moved before its drop");
        self.diary.write(self.name, "future dropped");
    }
}

/// What an [`Entry`] gives.
struct Value {
    name: char,
    diary: Diary,
}

impl Drop for Value {
    fn drop(&mut self) {
        self.diary.write(self.name, "value dropped");
    }
}

/// Drops what `make` makes after every number of polls from none to `polls`, and checks that each of `names` was
/// dropped exactly once, and its value too if it gave one.
fn cancel_at_every_poll<F: Future>(names: &str, polls: usize, make: impl Fn(&Diary) -> F) {
    for cut in 0..=polls {
        let diary = Diary::default();
        {
            let mut future = pin!(make(&diary));
            for _ in 0..cut {
                if poll(future.as_mut()).is_ready() {
                    break;
                }
            }
        }
        for name in names.chars() {
            let count = |what: &str| diary.who(what).matches(name).count();
            assert_eq!(count("future dropped"), 1, "{name} after {cut} polls");
            assert_eq!(count("value dropped"), count("ready"), "value of {name} after {cut} polls");
        }
    }
}

/// Self-referential after its first poll: writes through the pointer it has kept.
async fn points_into_itself(turns: usize) -> usize {
    let mut count = 0;
    let counter = &mut count;
    for _ in 0..turns {
        yield_now().await;
        *counter += 1;
    }
    count
}

/// A future of a given size that is never ready, as a stand-in where only sizes matter.
struct Block<const BYTES: usize>(#[allow(dead_code)] [u8; BYTES]);

impl<const BYTES: usize> Future for Block<BYTES> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

#[test]
fn yield_now_is_pending_once_and_wakes_once() {
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(yield_now());
    assert!(future.as_mut().poll(&mut cx).is_pending());
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    assert!(future.as_mut().poll(&mut cx).is_ready());
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
}

#[test]
fn poll_once_uses_the_waker_of_the_task_and_keeps_a_borrowed_future() {
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    let diary = Diary::default();
    let mut future = pin!(diary.future('a', 1));
    {
        let once = pin!(poll_once(future.as_mut()));
        assert!(matches!(once.poll(&mut cx), Poll::Ready(None)));
    }
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    let (value, polls) = run(poll_once(future.as_mut()));
    assert!(value.is_some());
    assert_eq!(polls, 1);
    assert_eq!(diary.who("future dropped"), "");
}

#[test]
fn poll_once_drops_what_it_owns() {
    cancel_at_every_poll("a", 1, |diary| poll_once(diary.future('a', 3)));
}
