//! Tasks: how they are started, joined and ended, and where a chip keeps them.

use core::future::Future;

use zokio_core::ambient::Ambient;
use zokio_executor_local::context::Current;

pub use zokio_core::future::yield_now;
pub use zokio_core::task::{AbortHandle, Arena, Id, JoinError, JoinHandle, SpawnError};

/// Spawns a task on the runtime that polls the current one: into its arena on a chip, on the heap elsewhere.
///
/// # Panics
///
/// Where [`try_spawn`] gives an error, with its text.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match try_spawn(future) {
        Ok(handle) => handle,
        Err(error) => refused(&error),
    }
}

/// Spawns a task on the runtime that polls the current one: into its arena on a chip, on the heap elsewhere.
///
/// # Errors
///
/// Gives the future back where the arena is full, its slots are too small, the runtime shuts down, or there is none.
pub fn try_spawn<F>(future: F) -> Result<JoinHandle<F::Output>, SpawnError<F>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Current::with(|context| match context.and_then(|context| context.spawn()) {
        Some(place) => zokio_core::task::try_spawn_at(place, future),
        None => Err(SpawnError::NoExecutor(future)),
    })
}

#[cold]
#[track_caller]
fn refused(error: &dyn core::fmt::Display) -> ! {
    panic!("cannot spawn: {error}")
}
