//! A runtime of one thread, whose tasks need not be `Send`.

use core::future::Future;
use core::marker::PhantomData;
use core::time::Duration;
use std::io;

use zokio_core::ambient::{Context, Offer};
use zokio_core::task::{JoinHandle, try_spawn_local_at};
use zokio_executor_local::LocalSpawner;
use zokio_hal::os::VirtualUnpark;

use super::builder::Builder;
use super::handle::{EnterGuard, Handle, Local};
use super::runtime::Runtime;
use super::stepper::Stepper;

/// What a [`LocalRuntime`] is built with. There is nothing to choose yet.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LocalOptions {
    /// The runtime is of one thread, and so are its options.
    _not_send: PhantomData<*const ()>,
}

/// A current-thread runtime that stays on its thread: [`spawn_local`](crate::task::spawn_local) on it takes futures that are
/// not `Send`, without a [`LocalSet`](crate::task::LocalSet).
///
/// Other threads spawn on it too, by its [`Handle`], what is `Send`. Dropping it drops its tasks.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
/// use zokio::runtime::{Builder, LocalOptions};
///
/// let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
/// let shared = Rc::new(5);
/// let task = runtime.block_on(async move { zokio::task::spawn_local(async move { *shared }).await });
/// assert_eq!(task?, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It stays on its thread:
///
/// ```compile_fail,E0277
/// let runtime = zokio::runtime::LocalRuntime::new().unwrap();
/// std::thread::spawn(move || drop(runtime));
/// ```
#[derive(Debug)]
pub struct LocalRuntime {
    runtime: Runtime,
    spawner: LocalSpawner<VirtualUnpark>,
}

// As for `Runtime`.
impl std::panic::UnwindSafe for LocalRuntime {}
impl std::panic::RefUnwindSafe for LocalRuntime {}

impl LocalRuntime {
    pub(super) fn assemble(mut runtime: Runtime) -> Self {
        let spawner = runtime.bind();
        Self { runtime, spawner }
    }

    /// A runtime with everything enabled.
    ///
    /// # Errors
    ///
    /// The operating system's, where it gives no descriptors.
    pub fn new() -> io::Result<Self> {
        Builder::new_current_thread().enable_all().build_local(LocalOptions::default())
    }

    /// What can be cloned and sent to other threads.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Spawns a task, which need not be `Send`. It runs inside of [`block_on`](Self::block_on).
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        match try_spawn_local_at(&self.spawner, future) {
            Ok(handle) => handle,
            Err(error) => panic!("cannot spawn: {error}"),
        }
    }

    /// Runs `call` on a thread that may block.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, call: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.runtime.spawn_blocking(call)
    }

    /// Runs a future on this thread until it is ready, and the tasks beside it.
    ///
    /// # Panics
    ///
    /// Panics inside an executor that polls, which it would stop. A panic of the future goes to the caller.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Takes the runtime, to run it step by step and count the polls; see [`Runtime::stepper`].
    pub fn stepper(&mut self) -> Stepper<'_> {
        self.runtime.stepper()
    }

    /// Makes this runtime the one of this thread until the guard is dropped. `spawn_local` spawns on it, in a task of a
    /// [`LocalSet`](crate::task::LocalSet) too.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle().enter_beside(None)
    }

    /// Drops every task, and waits for blocking work, at most for `timeout`.
    pub fn shutdown_timeout(self, timeout: Duration) {
        self.runtime.shutdown_timeout(timeout);
    }

    /// Drops every task, and waits for nothing. May be called anywhere.
    pub fn shutdown_background(self) {
        self.runtime.shutdown_background();
    }
}

/// What a current-thread runtime offers where it was entered.
pub(super) struct Entered {
    pub(super) local: Local,
    /// Of a local runtime, on its own thread.
    pub(super) spawner: Option<LocalSpawner<VirtualUnpark>>,
}

impl Offer for Entered {
    fn context(&self) -> Context<'_> {
        with_local(self.local.context(), self.spawner.as_ref())
    }
}

/// Adds where `spawn_local` puts tasks, if it may.
pub(super) fn with_local<'a>(context: Context<'a>, spawner: Option<&'a LocalSpawner<VirtualUnpark>>) -> Context<'a> {
    match spawner {
        Some(spawner) => context.with_local(spawner),
        None => context,
    }
}
