//! Shared by unit tests and models: wakers that count, re-enter and panic, and a lock that notices foreign code under it.
#![allow(dead_code)] // no one selection of features and tests uses all of it

use std::boxed::Box;
use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::vec::Vec;

use crate::lock::RawLock;

std::thread_local! {
    /// The locks that this thread holds.
    static HELD: RefCell<Vec<*const TestLock>> = const { RefCell::new(Vec::new()) };
}

/// A mutex that panics, instead of waiting for ever, where its own thread holds it already; every event of a
/// [`TestWaker`] panics under one too.
#[derive(Debug)]
pub(crate) struct TestLock(Mutex<()>);

// SAFETY: one closure at a time is what a mutex does.
unsafe impl RawLock for TestLock {
    const INIT: Self = Self(Mutex::new(()));

    fn with<R>(&self, f: impl FnOnce() -> R) -> R {
        struct Release;
        impl Drop for Release {
            fn drop(&mut self) {
                HELD.with_borrow_mut(Vec::pop);
            }
        }
        HELD.with_borrow_mut(|held| {
            assert!(!held.contains(&core::ptr::from_ref(self)), "a lock is taken inside itself");
            held.push(self);
        });
        let _release = Release;
        let _held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f()
    }
}

/// What happens to a waker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// It is cloned.
    Clone,
    /// It is woken, by value or by reference.
    Wake,
    /// It is dropped without being woken.
    Drop,
}

type Hook = Box<dyn Fn(Event) + Send + Sync>;

/// A task made of counters: hands out wakers, counts what happens to them and runs a hook at each event.
#[derive(Clone)]
pub(crate) struct TestWaker(Arc<Shared>);

struct Shared {
    wakes: AtomicUsize,
    clones: AtomicUsize,
    alive: AtomicUsize,
    hook: Mutex<Option<Arc<Hook>>>,
}

impl TestWaker {
    /// Counts only.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            wakes: AtomicUsize::new(0),
            clones: AtomicUsize::new(0),
            alive: AtomicUsize::new(0),
            hook: Mutex::new(None),
        }))
    }

    /// Counts, and runs `hook` at each event.
    pub(crate) fn hooked(hook: impl Fn(Event) + Send + Sync + 'static) -> Self {
        let this = Self::new();
        this.hook(hook);
        this
    }

    /// Runs `hook` at each event from now on.
    pub(crate) fn hook(&self, hook: impl Fn(Event) + Send + Sync + 'static) {
        *self.0.hook.lock().unwrap() = Some(Arc::new(Box::new(hook)));
    }

    /// Panics at each such event, unless the thread is panicking already.
    pub(crate) fn panicking(event: Event) -> Self {
        Self::hooked(move |now| assert!(now != event || std::thread::panicking(), "hostile waker"))
    }

    /// Removes the hook.
    pub(crate) fn unhook(&self) {
        let hook = self.0.hook.lock().unwrap().take();
        drop(hook);
    }

    /// A new waker.
    pub(crate) fn waker(&self) -> Waker {
        self.0.alive.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the table below keeps one `Arc` per waker: made here and in `clone`, given up in `wake` and `drop`.
        unsafe { Waker::new(Arc::into_raw(self.0.clone()).cast(), &TABLE) }
    }

    /// How often it was woken.
    pub(crate) fn wakes(&self) -> usize {
        self.0.wakes.load(Ordering::Relaxed)
    }

    /// How often a waker of it was cloned.
    pub(crate) fn clones(&self) -> usize {
        self.0.clones.load(Ordering::Relaxed)
    }

    /// Wakers that are there.
    pub(crate) fn alive(&self) -> usize {
        self.0.alive.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn event(&self, event: Event) {
        assert!(HELD.with_borrow(Vec::is_empty) || std::thread::panicking(), "a waker's {event:?} runs under a lock");
        let hook = self.hook.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(hook) = hook {
            hook(event);
        }
    }
}

static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

fn clone(data: *const ()) -> RawWaker {
    // SAFETY: `data` came from `Arc::into_raw` and the waker that is cloned keeps its count.
    let shared = unsafe { &*data.cast::<Shared>() };
    shared.event(Event::Clone);
    shared.clones.fetch_add(1, Ordering::Relaxed);
    shared.alive.fetch_add(1, Ordering::Relaxed);
    // SAFETY: as above; the count is the new waker's.
    unsafe { Arc::increment_strong_count(data.cast::<Shared>()) };
    RawWaker::new(data, &TABLE)
}

fn wake(data: *const ()) {
    // SAFETY: `data` came from `Arc::into_raw`, and the waker that is consumed gives its count up.
    let shared = unsafe { Arc::from_raw(data.cast::<Shared>()) };
    shared.alive.fetch_sub(1, Ordering::Relaxed);
    shared.wakes.fetch_add(1, Ordering::Relaxed);
    shared.event(Event::Wake);
}

fn wake_by_ref(data: *const ()) {
    // SAFETY: `data` came from `Arc::into_raw` and the waker keeps its count.
    let shared = unsafe { &*data.cast::<Shared>() };
    shared.wakes.fetch_add(1, Ordering::Relaxed);
    shared.event(Event::Wake);
}

fn drop_waker(data: *const ()) {
    // SAFETY: `data` came from `Arc::into_raw`, and the waker that is dropped gives its count up.
    let shared = unsafe { Arc::from_raw(data.cast::<Shared>()) };
    shared.alive.fetch_sub(1, Ordering::Relaxed);
    shared.event(Event::Drop);
}

/// Runs `f` and answers whether it panicked.
pub(crate) fn panics(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// Polls once with a waker of `waker`.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>, waker: &TestWaker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&waker.waker()))
}

/// Polls once with a waker that runs `come` while it is cloned. What is waited for is there then, and the clone is not needed:
/// it panics when it is dropped.
pub(crate) fn poll_as_it_comes<F: Future>(
    future: Pin<&mut F>,
    come: impl FnOnce() + Send + 'static,
) -> Poll<F::Output> {
    let come = Mutex::new(Some(come));
    let hostile = TestWaker::hooked(move |event| match event {
        Event::Clone => {
            let come = come.lock().unwrap().take();
            if let Some(come) = come {
                come();
            }
        }
        Event::Wake => {}
        Event::Drop => assert!(std::thread::panicking(), "hostile waker"),
    });
    let waker = hostile.waker();
    let poll = future.poll(&mut Context::from_waker(&waker));
    hostile.unhook();
    assert_eq!((hostile.clones(), hostile.alive()), (1, 1), "no clone was dropped");
    poll
}

/// A future on the heap, to be polled, moved into threads and dropped at will.
pub(crate) struct Polled<F> {
    future: Pin<Box<F>>,
    /// The task that polls it.
    pub(crate) waker: TestWaker,
}

impl<F: Future> Polled<F> {
    /// Not polled yet.
    pub(crate) fn new(future: F) -> Self {
        Self { future: Box::pin(future), waker: TestWaker::new() }
    }

    /// Polled once, and pending.
    pub(crate) fn waiting(future: F) -> Self {
        let mut this = Self::new(future);
        assert!(this.poll().is_pending());
        this
    }

    /// Polls it once.
    pub(crate) fn poll(&mut self) -> Poll<F::Output> {
        poll(self.future.as_mut(), &self.waker)
    }

    /// Polls it, and if it is pending once more, though nobody asked for that: as a branch of a join is.
    #[cfg(loom)]
    pub(crate) fn poll_twice(&mut self) -> Poll<F::Output> {
        match self.poll() {
            Poll::Pending => self.poll(),
            ready => ready,
        }
    }

    /// The output, which is there.
    pub(crate) fn ready(&mut self) -> F::Output {
        match self.poll() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("pending"),
        }
    }

    /// Woken so often.
    pub(crate) fn wakes(&self) -> usize {
        self.waker.wakes()
    }

    /// The future itself.
    pub(crate) fn as_mut(&mut self) -> Pin<&mut F> {
        self.future.as_mut()
    }
}

/// Counts its drop.
#[cfg(not(loom))]
pub(crate) struct Counted(pub(crate) Arc<AtomicUsize>);

#[cfg(not(loom))]
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Asserts at compile time that a value may be sent and shared.
pub(crate) fn send_sync<T: Send + Sync>(_: &T) {}

/// What is printed of a thing.
#[track_caller]
pub(crate) fn shows(thing: impl core::fmt::Debug, text: &str) {
    assert_eq!(std::format!("{thing:?}"), text);
}

/// An error with both faces.
#[track_caller]
pub(crate) fn says(error: impl core::error::Error, debug: &str, display: &str) {
    let faces = (std::format!("{error:?}"), std::format!("{error}"));
    assert_eq!((faces.0.as_str(), faces.1.as_str()), (debug, display));
}

/// A value for ever, reachable so that no leak is reported.
pub(crate) fn forever<T: 'static>(value: T) -> &'static T {
    let value = Box::leak(Box::new(value));
    keep(value);
    value
}

/// What `core::mem::forget` does, reachable so that no leak is reported.
pub(crate) fn forgotten<T>(value: T) {
    keep(Box::into_raw(Box::new(value)));
}

/// Lets whoever looks for leaks find `value`. Nothing looks at it again.
fn keep<T>(value: *mut T) {
    static KEPT: Mutex<Vec<AtomicPtr<()>>> = Mutex::new(Vec::new());
    KEPT.lock().unwrap().push(AtomicPtr::new(value.cast()));
}

/// A number that is no atomic: a model finds each access that did not happen before, or after, one that changes it.
#[cfg(loom)]
pub(crate) struct Plain(loom::cell::UnsafeCell<usize>);

// SAFETY: models share it, and check what this claims: that accesses are ordered.
#[cfg(loom)]
unsafe impl Sync for Plain {}

#[cfg(loom)]
impl Plain {
    /// Zero, to be shared.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(loom::cell::UnsafeCell::new(0)))
    }

    /// Writes it.
    pub(crate) fn set(&self) {
        // SAFETY: the model checks that nobody else has it.
        self.0.with_mut(|value| unsafe { *value = 1 });
    }

    /// Whether it was written before.
    pub(crate) fn is_set(&self) -> bool {
        // SAFETY: as above.
        self.0.with(|value| unsafe { *value == 1 })
    }
}

/// Numbers that look random and are the same in every run of a seed (xorshift).
pub(crate) struct Random(u64);

impl Random {
    /// The sequence of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The next number, below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}
