//! Runs tasks on all cores.
//!
//! A worker per core, each with a queue of its own, an inbox for what other threads send, and timers of its own. A worker
//! runs what its tasks wake and spawn; one that has nothing to do takes from the others, and one that finds nothing
//! sleeps. The [`Builder`] is handed what depends on the machine: how a worker waits ([`Park`](zokio_core::park::Park)),
//! where the current context is kept ([`Ambient`](zokio_core::ambient::Ambient)), and a clock per worker.
//!
//! | file | noun |
//! |---|---|
//! | `idle` | who sleeps and who searches: no wake-up is lost |
//! | `worker`, `steal` | the loop; where to look when there is nothing |
//! | `deque`, `overflow` | a worker's own queue; what does not fit into it |
//! | `home` | a worker as its tasks see it: inboxes, registry, memory |
//! | `shared`, `shutdown` | a runtime; how all of its tasks are dropped |
//! | `context`, `timers`, `metrics` | this thread's worker; clocks that ring; counters |

mod builder;
mod context;
mod deque;
mod handle;
mod home;
mod idle;
mod metrics;
mod overflow;
mod runtime;
mod shared;
mod shutdown;
mod steal;
mod timers;
mod worker;

pub use builder::{Builder, Seat};
pub use context::worker_index;
pub use handle::{Companion, EnterGuard, Handle};
pub use metrics::{Metrics, WorkerMetrics};
pub use runtime::Runtime;
pub use timers::WorkerClock;
