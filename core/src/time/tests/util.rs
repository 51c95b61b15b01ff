//! A clock moved by hand, a context per thread, wakers that count.

use std::boxed::Box;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::ambient::{self, Ambient, Current};
use crate::time::{Clock, Instant, Timers};

/// A clock that stands until it is moved, and counts what the queue told it.
#[derive(Debug, Default)]
pub struct Hand {
    nanos: AtomicU64,
    pub rearmed: AtomicUsize,
}

impl Hand {
    pub fn set(&self, nanos: u64) {
        self.nanos.store(nanos, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.nanos.load(Ordering::SeqCst))
    }

    fn rearm(&self, _: Instant) {
        self.rearmed.fetch_add(1, Ordering::SeqCst);
    }
}

/// A queue for one test. Queues are for ever, so it is leaked.
pub fn timers() -> &'static Timers<Hand> {
    Box::leak(Box::new(Timers::new(Hand::default())))
}

pub const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

std::thread_local! {
    static CURRENT: Cell<Current> = const { Cell::new(None) };
}

/// A context per thread.
pub struct Here;

// SAFETY: a thread-local cell is reached by its thread only.
unsafe impl Ambient for Here {
    fn get() -> Current {
        CURRENT.get()
    }

    fn swap(next: Current) -> Current {
        CURRENT.replace(next)
    }
}

/// Runs `f` in a context with `timers`.
pub fn within<R>(timers: &'static Timers<Hand>, f: impl FnOnce() -> R) -> R {
    Here::enter(&ambient::Context::EMPTY.with_timers(timers), f)
}

/// Counts how often it was woken, and remembers when relative to the others.
#[derive(Debug, Default)]
pub struct Count {
    pub woken: AtomicUsize,
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::SeqCst);
    }
}

/// A future in a box with a waker of its own.
pub struct Task<F> {
    pub future: Pin<Box<F>>,
    pub count: Arc<Count>,
}

impl<F: Future> Task<F> {
    pub fn new(future: F) -> Self {
        Self { future: Box::pin(future), count: Arc::default() }
    }

    pub fn poll(&mut self) -> Poll<F::Output> {
        let waker = Waker::from(self.count.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    pub fn woken(&self) -> usize {
        self.count.woken.load(Ordering::SeqCst)
    }

    /// Wakers of this task that are still held by somebody.
    pub fn wakers(&self) -> usize {
        Arc::strong_count(&self.count) - 1
    }
}

/// xorshift64*: seeded, so that a failure can be repeated.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }
}
