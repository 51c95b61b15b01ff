#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
//! Runs tasks on one core or thread.
//!
//! An [`Executor`] polls what its run queue holds, first in, first out, expires its timers, and parks when nothing is
//! left. On a chip it is a `static`, its tasks live in static arenas, and nothing allocates; with feature `std` there is also
//! `SharedExecutor`, which takes boxed tasks and is the current-thread runtime of the std tier. The parker is any
//! [`Park`](zokio_core::park::Park); what a device does is of no concern here.
//!
//! [`context::Current`] is where the pointer to the current context is kept, for every executor of the program: a thread-local, or
//! where there are no threads a `static`, with which a program asserts that [one core](context#one-core) runs executors.

#[cfg(feature = "std")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
mod clock;
mod config;
pub mod context;
mod executor;
#[cfg(feature = "defmt")]
mod formats;
#[cfg(feature = "std")]
mod local;
#[cfg(feature = "std")]
mod local_set;
mod main_future;
mod memory;
#[cfg(all(test, any(loom, shuttle), feature = "std"))]
mod model_park;
#[cfg(all(test, loom, feature = "std"))]
mod models;
mod order;
#[cfg(feature = "std")]
mod pause;
#[cfg(feature = "std")]
mod random;
#[cfg(all(test, shuttle, feature = "std"))]
mod schedules;
#[cfg(feature = "std")]
mod shared;
mod spawner;
mod step;

#[cfg(feature = "std")]
pub use clock::ExecutorClock;
pub use config::{Config, Pool, Setup, Timed};
pub use executor::{Executor, POLLS_PER_TURN};
#[cfg(feature = "std")]
pub use local::LocalSpawner;
#[cfg(feature = "std")]
pub use local_set::{Drivers, LocalSet};
pub use main_future::NestedBlockOn;
#[cfg(feature = "std")]
pub use shared::{Options, SharedExecutor, SharedSeat, SharedSpawner};
pub use spawner::{SendSpawner, Spawner, StaticOffer};
pub use step::{Seat, Static as StaticSeat, Stepper};
