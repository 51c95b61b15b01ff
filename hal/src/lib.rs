#![no_std]
//! Turns outside events into wakes, or waits for one.
//!
//! | | bare metal | WASI | an operating system |
//! |---|---|---|---|
//! | what waits | [`alarm::Idle`] | `wasi::Poll` | `os` |
//! | what happens | an interrupt: [`counter`], [`alarm`] | a ready descriptor | a ready descriptor |
//!
//! Nothing here depends on an executor.

#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod alarm;
pub mod counter;
pub mod metal;
