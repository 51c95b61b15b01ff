//! A context per thread, tasks by hand, random numbers by seed.

use std::any::Any;
use std::boxed::Box;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use std::vec::Vec;

pub use super::hand::{Count, Hand};
use crate::ambient::{self, Ambient, Current};
use crate::time::Timers;

/// Makes a value live for ever, somewhere where a leak checker finds it.
pub fn leak<T: Send + Sync>(value: T) -> &'static T {
    static KEPT: Mutex<Vec<&'static (dyn Any + Send + Sync)>> = Mutex::new(Vec::new());
    let value: &'static T = Box::leak(Box::new(value));
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(value);
    value
}

/// A queue for one test.
pub fn timers() -> &'static Timers<Hand> {
    leak(Timers::new(Hand::default()))
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

    unsafe fn swap(next: Current) -> Current {
        CURRENT.replace(next)
    }
}

/// Runs `f` in a context with `timers`.
pub fn within<R>(timers: &'static Timers<Hand>, f: impl FnOnce() -> R) -> R {
    Here::enter(&ambient::Context::EMPTY.with_timers(timers), f)
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
