//! A thread of an operating system is one more board, and its reactor one more driver.
//!
//! | part | what it is |
//! |---|---|
//! | [`SystemClock`] | the clock: nanoseconds since long before the process first asked |
//! | [`Driver`], [`WorkerPark`], [`WorkerUnpark`] | how n workers wait: one of them in the reactor, the others each on their own |
//! | [`VirtualTime`], [`VirtualPark`], [`RuntimeClock`] | the time of a runtime, where a test may stop and move it |
//! | [`ThreadPark`] | how a thread waits that needs no reactor |
//! | [`ReactorHandle`] | where sockets register; found through a thread-local slot or handed over |
//! | `net` | `TcpListener`, `TcpStream` and its halves (feature `net`, and with it the reactor) |
//! | [`BlockingPool`], [`spawn_blocking`] | threads for calls that block; such a call as a task |
//! | `signal` | Ctrl-C as a future (feature `signal`) |
//! | [`topology`] | how many processors there are |
//!
//! # The way of an event
//!
//! 1. `epoll_wait` (or its like) returns in [`WorkerPark::park`](zokio_core::park::Park::park): `readiness`.
//! 2. The token names a slot and its generation; a stale one is dropped here: `slab`.
//! 3. The slot's word for that direction takes the event: `direction`.
//! 4. Whoever waits is woken, with no lock held.
//! 5. The task runs, tries its operation, and when that would block clears exactly what it saw.
//!
//! There is no unsafe code in this module, but for what the read buffers of tokio's and hyper's traits ask for, and what
//! whoever schedules tasks promises.

#![deny(unsafe_code)]

#[cfg(feature = "net")]
mod alarm;
mod blocking;
mod clock;
mod current;
#[cfg(feature = "net")]
mod direction;
#[cfg(feature = "net")]
mod interest;
#[cfg(feature = "net")]
pub mod net;
#[cfg(not(feature = "net"))]
mod no_reactor;
mod park;
#[cfg(feature = "net")]
mod readiness;
#[cfg(feature = "net")]
mod registration;
#[cfg(all(feature = "signal", unix))]
pub mod signal;
#[cfg(feature = "net")]
mod slab;
mod sync;
#[cfg(test)]
mod testing;
mod thread_park;
pub mod topology;
mod virtual_time;

pub use blocking::{Blocking, BlockingPool, Job, Reason, Rejected, spawn_blocking};
pub use clock::SystemClock;
pub use current::EnterGuard;
#[cfg(feature = "net")]
pub use interest::{Interest, Ready};
#[cfg(not(feature = "net"))]
pub use no_reactor::ReactorHandle;
pub use park::{Driver, WorkerPark, WorkerUnpark};
#[cfg(feature = "net")]
pub use readiness::ReactorHandle;
pub use thread_park::{ThreadPark, ThreadUnpark};
pub use virtual_time::{Attending, Inhibit, RuntimeClock, VirtualPark, VirtualTime, VirtualUnpark};
