//! Tasks: spawning, waiting for them, aborting them.

#[cfg(feature = "rt")]
pub(crate) mod local_set;

use core::future::Future;

use zokio_core::ambient::Ambient;
use zokio_core::task::{try_spawn_at, try_spawn_local_at};
use zokio_executor_local::context::Current;

#[cfg(feature = "rt")]
mod builder;
#[cfg(feature = "rt")]
mod join_set;
#[cfg(feature = "rt")]
mod tracker;

#[cfg(feature = "rt")]
pub use self::builder::Builder;
#[cfg(feature = "rt")]
pub use self::join_set::JoinSet;
pub use zokio_core::future::yield_now;
pub use zokio_core::task::{
    AbortHandle, AbortOnDrop, AbortOnDropHandle, FixedJoinSet, Id, IntoTask, JoinError, JoinHandle, Slots, SpawnError,
    consume_budget, coop, coop::Unconstrained, id, try_id, unconstrained,
};
#[cfg(feature = "rt")]
pub use zokio_core::task::{AccessError, LocalKey, LocalScope, ScopedJoinHandle, TaskLocalFuture, name, scope};

#[cfg(feature = "rt")]
pub use self::tracker::TaskTracker;
#[cfg(feature = "rt")]
pub use local_set::{LocalEnterGuard, LocalSet};

/// A tracker of tasks and what belongs to it, under the path that it has in tokio-util.
#[cfg(feature = "rt")]
pub mod task_tracker {
    pub use super::tracker::{TaskTracker, TaskTrackerToken, TaskTrackerWaitFuture, TrackedFuture};
}

/// Futures of this module, under tokio's path.
#[cfg(feature = "rt")]
pub mod futures {
    pub use zokio_core::task::TaskLocalFuture;
}

/// Static memory for up to `SLOTS` tasks at a time, each with up to `BYTES` bytes beside its header; see
/// [`zokio_core::task::Arena`]. `spawn` and its like use the executor of the current context.
///
/// # Examples
///
/// That a future fits is checked when the program is built. This one does:
///
/// ```
/// use zokio::task::{Arena, yield_now};
///
/// static ARENA: Arena<1, 64> = Arena::new();
///
/// async fn fits() -> usize {
///     let room = [0_u8; 16];
///     yield_now().await;
///     room.len()
/// }
///
/// fn start() {
///     ARENA.spawn(fits());
/// }
/// # let _ = start as fn();
/// ```
///
/// and this one does not:
///
/// ```compile_fail,E0080
/// use zokio::task::{Arena, yield_now};
///
/// static ARENA: Arena<1, 64> = Arena::new();
///
/// async fn does_not_fit() -> usize {
///     let room = [0_u8; 160];
///     yield_now().await;
///     room.len()
/// }
///
/// fn start() {
///     ARENA.spawn(does_not_fit());
/// }
/// # let _ = start as fn();
/// ```
pub type Arena<const SLOTS: usize, const BYTES: usize> = zokio_core::task::Arena<SLOTS, BYTES, Current>;

/// What a function with [`#[zokio::task]`](macro@crate::task) gives; see [`zokio_core::task::SpawnToken`]. `spawn` and its
/// like use the executor of the current context.
pub type SpawnToken<F> = zokio_core::task::SpawnToken<F, Current>;

/// What the attribute expands to.
#[doc(hidden)]
pub mod __private {
    pub use zokio_core::task::pool_bytes;
}

/// Spawns a task on the executor of the current context.
///
/// # Panics
///
/// Panics where [`try_spawn`] gives an error, with its text: outside of every runtime, and on a chip where the pool is
/// full (the pool's name and size are told) or its slots too small (both sizes are told).
///
/// # Cost
///
/// On a chip a slot is claimed, else there is one allocation; then one push.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match try_spawn(future) {
        Ok(handle) => handle,
        Err(error) => panic!("cannot spawn: {error}"),
    }
}

/// Spawns a task on the executor of the current context, if it can.
///
/// # Errors
///
/// Gives the future back: there is no executor here, or its pool is full or too small. Where a runtime of the standard
/// library has shut down, the task is cancelled at once, and its handle says so.
pub fn try_spawn<F>(future: F) -> Result<JoinHandle<F::Output>, SpawnError<F>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Current::with(|context| match context.and_then(|context| context.spawn()) {
        Some(place) => try_spawn_at(place, future),
        None => Err(SpawnError::NoExecutor(future)),
    })
}

/// Spawns a task that need not be `Send` on the executor that runs on this core or thread and never leaves it: with feature
/// `std` that of the local set or the local runtime that is polled here.
///
/// # Errors
///
/// As [`try_spawn`]; and [`SpawnError::NoExecutor`] where the executor's tasks may run on another thread.
///
/// # Cost
///
/// As [`spawn`]; but on a chip no interrupt may call it, save in a task of an executor that it itself runs: what need not be `Send` may
/// not go from it to the tasks that it interrupts. The program asserts that, since the context cannot tell.
pub fn try_spawn_local<F>(future: F) -> Result<JoinHandle<F::Output>, SpawnError<F>>
where
    F: Future + 'static,
    F::Output: 'static,
{
    Current::with(|context| match context.and_then(|context| context.local()) {
        Some(place) => try_spawn_local_at(place, future),
        None => Err(SpawnError::NoExecutor(future)),
    })
}

/// As [`try_spawn_local`], for programs where a refusal is a mistake.
///
/// # Panics
///
/// Panics where `try_spawn_local` gives an error, with its text.
///
/// # Cost
///
/// As `try_spawn_local`, also in what an interrupt may not do.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    match try_spawn_local(future) {
        Ok(handle) => handle,
        Err(error) => panic!("cannot spawn: {error}"),
    }
}

/// Runs `call` on a thread that may block.
///
/// Where a thread was idle or could be started it runs to its end, also if the runtime ends at once, which waits for it
/// unless told otherwise. Where all threads were busy it is cancelled then, as one is that was aborted before it began.
///
/// # Panics
///
/// Panics outside of every runtime.
#[cfg(feature = "rt")]
#[track_caller]
pub fn spawn_blocking<F, R>(call: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    crate::runtime::Handle::current().spawn_blocking(call)
}
