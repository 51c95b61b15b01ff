#![no_std]
//! Turns outside events into wakes, or waits for one.
//!
//! | | bare metal | WASI | an operating system |
//! |---|---|---|---|
//! | what waits | [`alarm::Idle`] | `wasi::Poll` | `os` |
//! | what happens | an interrupt: [`irq`], [`counter`] | a ready descriptor | a ready descriptor |
//!
//! Nothing here depends on an executor.

#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod alarm;
pub mod counter;
#[cfg(feature = "defmt")]
mod formats;
pub mod irq;
pub mod metal;
#[cfg(feature = "os")]
pub mod os;
#[cfg(any(all(feature = "wasi", target_os = "wasi"), all(test, not(loom))))]
pub mod wasi;
