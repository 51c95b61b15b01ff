//! Runtimes: how they are built, run and left.
//!
//! A [`Runtime`] is a value: there may be several. [`Builder::new_multi_thread`] gives worker threads that steal from each
//! other, [`Builder::new_current_thread`] runs its tasks inside [`Runtime::block_on`].

mod blocking;
mod builder;
mod handle;
mod id;
mod lease;
mod local;
#[allow(clippy::module_inception)]
mod runtime;
mod seed;
mod stepper;
#[cfg(feature = "rt-multi-thread")]
mod workers;

pub use builder::{Builder, UnhandledPanic};
pub use handle::{EnterGuard, Handle, RuntimeFlavor, TryCurrentError};
pub use id::Id;
pub use local::{LocalOptions, LocalRuntime};
pub use runtime::Runtime;
pub use seed::RngSeed;
pub use stepper::Stepper;
#[cfg(feature = "rt-multi-thread")]
pub use zokio_executor_mt::{Metrics, WorkerMetrics, worker_index};
