//! Tasks with a name.

use core::future::Future;
use std::io;

use zokio_core::task::named;

use super::{JoinHandle, LocalSet, SpawnError, try_spawn, try_spawn_local};
use crate::runtime::Handle;

/// Sets what a task is called, and spawns it.
///
/// A name costs one small allocation, and is told by [`name`](super::name) inside of the task. As in tokio a task that
/// cannot be spawned is an error here, where [`spawn`](super::spawn) panics.
///
/// # Examples
///
/// ```
/// # let runtime = zokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let task = zokio::task::Builder::new().name("worker").spawn(async { zokio::task::name() })?;
/// assert_eq!(task.await?.as_deref(), Some("worker"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a builder does nothing until it spawns"]
pub struct Builder<'a> {
    name: Option<&'a str>,
}

impl<'a> Builder<'a> {
    /// A task without a name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls the task so.
    pub fn name(self, name: &'a str) -> Self {
        Self { name: Some(name) }
    }

    /// Spawns the task on the runtime of the current context.
    ///
    /// # Errors
    ///
    /// Where there is no runtime here.
    pub fn spawn<F>(self, future: F) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match self.name {
            Some(name) => try_spawn(named(name, future)).map_err(refused),
            None => try_spawn(future).map_err(refused),
        }
    }

    /// Spawns the task on a runtime.
    ///
    /// # Errors
    ///
    /// Where the runtime has shut down.
    pub fn spawn_on<F>(self, future: F, handle: &Handle) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match self.name {
            Some(name) => handle.try_spawn(named(name, future)).map_err(refused),
            None => handle.try_spawn(future).map_err(refused),
        }
    }

    /// Spawns a task that need not be `Send`, where the executor never leaves this thread.
    ///
    /// # Errors
    ///
    /// Where there is no such executor here.
    pub fn spawn_local<F>(self, future: F) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        match self.name {
            Some(name) => try_spawn_local(named(name, future)).map_err(refused),
            None => try_spawn_local(future).map_err(refused),
        }
    }

    /// Spawns a task that need not be `Send` on a set of local tasks, whether or not that runs now.
    ///
    /// # Errors
    ///
    /// None yet.
    pub fn spawn_local_on<F>(self, future: F, local_set: &LocalSet) -> io::Result<JoinHandle<F::Output>>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Ok(match self.name {
            Some(name) => local_set.spawn_local(named(name, future)),
            None => local_set.spawn_local(future),
        })
    }

    /// Runs `call` on a thread that may block, of the runtime of the current context. The name is not kept.
    ///
    /// # Errors
    ///
    /// Where there is no runtime here.
    pub fn spawn_blocking<R: Send + 'static>(
        self,
        call: impl FnOnce() -> R + Send + 'static,
    ) -> io::Result<JoinHandle<R>> {
        let handle = Handle::try_current().map_err(io::Error::other)?;
        self.spawn_blocking_on(call, &handle)
    }

    /// Runs `call` on a thread that may block, of a runtime. The name is not kept.
    ///
    /// # Errors
    ///
    /// None yet: where the runtime has shut down, the handle says that the call was cancelled.
    pub fn spawn_blocking_on<R: Send + 'static>(
        self,
        call: impl FnOnce() -> R + Send + 'static,
        handle: &Handle,
    ) -> io::Result<JoinHandle<R>> {
        Ok(handle.spawn_blocking(call))
    }
}

/// The future is dropped, and the reason told.
fn refused<F>(error: SpawnError<F>) -> io::Error {
    io::Error::other(std::format!("cannot spawn: {error}"))
}
