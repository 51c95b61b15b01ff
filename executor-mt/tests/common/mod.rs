//! A machine for tests: a parker of a mutex and a condition variable, a thread-local context, the system's clock.
#![allow(dead_code)] // no one test uses all of it

use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex, OnceLock};

use zokio_core::ambient::{Ambient, Current};
use zokio_core::park::{Park, Unpark};
use zokio_core::time::{Clock, Instant, Timers};
use zokio_executor_mt as mt;
use zokio_executor_mt::WorkerClock;

std::thread_local! {
    static CURRENT: Cell<Current> = const { Cell::new(None) };
}

/// The context of a thread.
#[derive(Debug)]
pub struct Here;

// SAFETY: one variable per thread, and nothing else is done with it.
unsafe impl Ambient for Here {
    fn get() -> Current {
        CURRENT.get()
    }

    unsafe fn swap(next: Current) -> Current {
        CURRENT.replace(next)
    }
}

/// Time since the first call.
#[derive(Debug, Clone, Copy)]
pub struct System;

pub fn now() -> Instant {
    static EPOCH: OnceLock<std::time::Instant> = OnceLock::new();
    Instant::from_nanos(EPOCH.get_or_init(std::time::Instant::now).elapsed().as_nanos() as u64)
}

impl Clock for System {
    fn now(&self) -> Instant {
        now()
    }
}

/// Parks a thread; `jobs` run on it when it wakes, as the events of a driver would.
#[derive(Default)]
pub struct TestPark(Arc<State>);

#[derive(Default)]
struct State {
    unparked: Mutex<bool>,
    changed: Condvar,
}

/// Unparks it.
#[derive(Clone)]
pub struct TestUnpark(Arc<State>);

impl Unpark for TestUnpark {
    fn unpark(&self) {
        *self.0.unparked.lock().unwrap() = true;
        self.0.changed.notify_one();
    }
}

impl Park for TestPark {
    type Unpark = TestUnpark;

    fn unpark(&self) -> TestUnpark {
        TestUnpark(self.0.clone())
    }

    fn park(&mut self, deadline: Option<Instant>, is_idle: impl FnOnce() -> bool) {
        if !is_idle() {
            return;
        }
        let mut unparked = self.0.unparked.lock().unwrap();
        while !*unparked {
            unparked = match deadline {
                None => self.0.changed.wait(unparked).unwrap(),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(now());
                    if left.is_zero() {
                        break;
                    }
                    self.0.changed.wait_timeout(unparked, left).unwrap().0
                }
            };
        }
        *unparked = false;
    }

    fn poll(&mut self) {}
}

pub type Runtime = mt::Runtime<TestPark, Here>;
pub type Handle = mt::Handle<TestUnpark, Here>;

/// A seat with timers of its own, leaked.
pub fn seat() -> mt::Seat<TestPark, System> {
    /// Remembered, so that a leak checker does not report them.
    static ALL: Mutex<Vec<&'static Timers<WorkerClock<System>>>> = Mutex::new(Vec::new());
    let timers: &'static Timers<WorkerClock<System>> = Box::leak(Box::new(Timers::new(WorkerClock::new(System))));
    ALL.lock().unwrap().push(timers);
    mt::Seat { park: TestPark::default(), timers }
}

/// Starts what a builder describes.
pub fn build(builder: &mut mt::Builder) -> Runtime {
    let seats = (0..builder.threads()).map(|_| seat()).collect();
    builder.build(seats, Arc::new(())).expect("threads can be started")
}

/// A runtime of so many workers.
pub fn runtime(workers: usize) -> Runtime {
    build(mt::Builder::new().worker_threads(workers))
}

/// Counts its drops.
pub struct Dropped(pub Arc<std::sync::atomic::AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

/// Pending once, woken at once.
pub fn yield_now() -> impl Future<Output = ()> + Send {
    let mut yielded = false;
    std::future::poll_fn(move |cx| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
}

/// Answers whether `f` panics, and with what text.
pub fn panic_text<R>(f: impl FnOnce() -> R) -> Option<String> {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(f()))).err()?;
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_string());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
}

/// Panics of tasks are part of these tests: keeps them from filling the output.
pub fn quiet() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let planned = info.payload().downcast_ref::<&str>().is_some_and(|text| text.starts_with("planned"));
            if !planned {
                hook(info);
            }
        }));
    });
}
