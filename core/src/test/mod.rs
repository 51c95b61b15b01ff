//! Helpers for tests of futures: asserts on [`Poll`](core::task::Poll), wakers that count, a future as a task that is
//! polled by hand.
//!
//! | what | where |
//! |---|---|
//! | [`assert_ready!`], [`assert_ready_ok!`], [`assert_ready_err!`], [`assert_ready_eq!`], [`assert_pending!`] | everywhere |
//! | [`assert_ok!`], [`assert_err!`] | everywhere |
//! | [`Wakes`], a counter in a `static` that hands out wakers | everywhere |
#![cfg_attr(feature = "alloc", doc = "| [`task::spawn`], a future with a waker of its own | with `alloc` |")]
//!
//! None of them needs an executor. One whose polls are counted is `Stepper`, beside the executor.

mod asserts;
mod wakes;

#[cfg(feature = "alloc")]
#[path = "alloc.rs"]
pub mod task;

pub use self::wakes::Wakes;
pub use crate::{
    assert_err, assert_ok, assert_pending, assert_ready, assert_ready_eq, assert_ready_err, assert_ready_ok,
};

#[cfg(all(test, loom, feature = "std"))]
mod models;
