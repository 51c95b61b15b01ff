//! A runtime as its owner sees it.

use core::any::Any;
use core::future::Future;
use core::time::Duration;
use std::time::Instant;

use zokio_core::ambient::Ambient;
use zokio_core::guard::swallow;
use zokio_core::task::JoinHandle;
use zokio_executor_local::context::Current;
use zokio_executor_local::{LocalSpawner, NestedBlockOn, SharedExecutor};
#[cfg(feature = "rt-multi-thread")]
use zokio_executor_mt::Runtime as Workers;
use zokio_hal::os::{ReactorHandle, VirtualPark, VirtualUnpark};

use super::handle::{EnterGuard, Handle, Kind};
use super::lease::{Lease, LocalTimers};
use super::seed::{RngSeed, Told};
use super::stepper::Stepper;
#[cfg(feature = "rt-multi-thread")]
use super::workers::LeasedPark;

/// Threads, a reactor, timers, a blocking pool: what runs tasks.
///
/// Dropping it drops every task, on the worker in whose queue it is or on that where it was spawned, those of a current-thread runtime on
/// the thread that drops it; and it waits: for its workers, and for the blocking work that has begun.
///
/// # Panics
///
/// Dropping it where tasks run panics, since it would wait for itself;
/// [`shutdown_background`](Self::shutdown_background) may be called there.
#[derive(Debug)]
pub struct Runtime {
    kind: Option<Owned>,
    handle: Handle,
    seed: Option<RngSeed>,
}

#[derive(Debug)]
pub(super) enum Owned {
    #[cfg(feature = "rt-multi-thread")]
    MultiThread(Workers<LeasedPark, Current>),
    /// Dropped in this order: the tasks before the lease of their timers.
    CurrentThread(SharedExecutor<VirtualPark>, Lease<LocalTimers>),
}

/// Whether this thread is inside of an executor that polls, and must not wait.
pub(super) fn is_polling() -> bool {
    Current::is_polling()
}

/// Panics where this thread is inside of an executor that polls.
#[track_caller]
pub(super) fn refuse_nesting() {
    if is_polling() {
        panic!("{}", NestedBlockOn::new());
    }
}

/// Drops the tasks, then unlinks what sleeps elsewhere on their timers, which may be lent again afterwards.
fn end(executor: SharedExecutor<VirtualPark>, handle: &Handle, lease: &Lease<LocalTimers>) {
    executor.end(handle.offered());
    // The wakers of others are called in there: what is to be ended after this is ended all the same.
    swallow(|| lease.timers.close());
}

impl Runtime {
    pub(super) fn assemble(kind: Owned, handle: Handle) -> Self {
        Self { kind: Some(kind), handle, seed: None }
    }

    pub(super) fn with_seed(mut self, seed: Option<RngSeed>) -> Self {
        self.seed = seed;
        self
    }

    /// Takes tasks that are not `Send`, on this thread.
    pub(super) fn bind(&mut self) -> LocalSpawner<VirtualUnpark> {
        match &mut self.kind {
            Some(Owned::CurrentThread(executor, _)) => executor.bind(),
            _ => unreachable!("only a current-thread runtime is made local"),
        }
    }

    /// What can be cloned and sent to other threads.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Spawns a task on this runtime.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// Runs `call` on a thread that may block.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, call: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.spawn_blocking(call)
    }

    /// Makes this runtime the one of this thread until the guard is dropped.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// Runs a future on this thread until it is ready. A current-thread runtime runs its tasks meanwhile, and only then.
    ///
    /// # Panics
    ///
    /// Panics inside an executor that polls, which it would stop. A panic of the future goes to the caller.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match (&self.kind, &self.handle.kind) {
            (Some(Owned::CurrentThread(executor, _)), Kind::CurrentThread(local)) => {
                let _reactor = ReactorHandle::enter_or_hide(self.handle.reactor.as_ref());
                let _told = Told(self.seed);
                let handle: &dyn Any = local;
                match executor.block_on(Some(handle), future) {
                    Ok(output) => output,
                    Err(error) => panic!("{error}"),
                }
            }
            _ => self.handle.block_on(future),
        }
    }

    /// Takes a current-thread runtime, to run it step by step and count the polls. Tasks are spawned meanwhile by a
    /// [`Handle`] that was cloned before, or by other tasks.
    ///
    /// # Panics
    ///
    /// Panics where it is a multi-thread runtime, whose workers run by themselves.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut runtime = zokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// let task = runtime.spawn(zokio::task::yield_now());
    /// let mut stepper = runtime.stepper();
    /// assert_eq!(stepper.run_once(), 1);
    /// assert!(!task.is_finished());
    /// assert_eq!(stepper.run_until_idle(), 1);
    /// assert!(task.is_finished());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn stepper(&mut self) -> Stepper<'_> {
        match (&mut self.kind, &self.handle.kind) {
            (Some(Owned::CurrentThread(executor, _)), Kind::CurrentThread(local)) => {
                Stepper::new(executor.step(Some(local)), self.handle.reactor.as_ref(), Told(self.seed))
            }
            _ => panic!("only a current-thread runtime can be run step by step: a multi-thread one runs by itself"),
        }
    }

    /// Stops, drops every task, and waits for both and for blocking work, at most for `timeout`. What is not over then is
    /// left to itself. Where tasks run it does not wait.
    pub fn shutdown_timeout(mut self, timeout: Duration) {
        self.stop(Some(timeout));
    }

    /// As [`shutdown_timeout`](Self::shutdown_timeout) without any waiting. May be called anywhere.
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }

    /// Waits for ever if there is no `timeout`, and not at all where tasks run.
    ///
    /// What is dropped on this thread is dropped in the runtime's context.
    fn stop(&mut self, timeout: Option<Duration>) {
        let Some(kind) = self.kind.take() else { return };
        let _reactor = ReactorHandle::enter_or_hide(self.handle.reactor.as_ref());
        let polling = is_polling();
        let timeout = if polling { Some(Duration::ZERO) } else { timeout };
        self.handle.run_here(polling, || self.stop_inside(kind, timeout));
    }

    fn stop_inside(&self, kind: Owned, timeout: Option<Duration>) {
        let start = Instant::now();
        // The tasks go before the reactor: those that hold sockets deregister them.
        let _lease = match kind {
            #[cfg(feature = "rt-multi-thread")]
            Owned::MultiThread(workers) => {
                match timeout {
                    Some(timeout) => workers.shutdown_timeout(timeout),
                    None => drop(workers),
                }
                None
            }
            Owned::CurrentThread(executor, lease) => {
                end(executor, &self.handle, &lease);
                // Given back at the end: the context offers these timers.
                Some(lease)
            }
        };
        self.handle.pool().pool.shutdown(timeout.map(|timeout| timeout.saturating_sub(start.elapsed())));
        if let Some(reactor) = &self.handle.reactor {
            reactor.shutdown();
        }
    }
}

// A panic that passes through leaves nothing of them half-changed: what may panic runs outside of their locks.
impl std::panic::UnwindSafe for Runtime {}
impl std::panic::RefUnwindSafe for Runtime {}

const DROPPED_INSIDE: &str = "a runtime was dropped where tasks run, and cannot wait for its tasks and blocking work \
                              there: drop it on another thread, or call `shutdown_background`";

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.kind.is_some() {
            self.stop(None);
            assert!(!is_polling() || std::thread::panicking(), "{DROPPED_INSIDE}");
        }
    }
}
