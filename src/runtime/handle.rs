//! A runtime as everybody else sees it.

use core::any::Any;
use core::fmt;
use core::future::Future;
use core::marker::PhantomData;
use std::sync::Arc;

use zokio_core::ambient::{Ambient, Context, Held, Offer};
use zokio_core::park::block_on;
use zokio_core::task::{JoinHandle, SpawnError, spawn_at, try_spawn_at};
use zokio_core::time::Timers;
use zokio_executor_local::context::Current;
use zokio_executor_local::{LocalSpawner, SharedSpawner};
#[cfg(feature = "rt-multi-thread")]
use zokio_executor_mt::Handle as MtHandle;
use zokio_hal::os::{self, Attending, ReactorHandle, VirtualTime, VirtualUnpark};

use super::blocking::Pool;
use super::id::Id;
use super::local::{Entered, with_local};
use crate::task::local_set;

#[cfg(feature = "rt-multi-thread")]
pub(super) type Workers = MtHandle<VirtualUnpark, Current>;

/// What kind of runtime it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// Tasks run on the thread that blocks on them.
    CurrentThread,
    /// Tasks run on worker threads.
    MultiThread,
}

/// Spawns tasks on a runtime from anywhere. Clones are cheap and keep no thread running.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) kind: Kind,
    pub(super) reactor: Option<ReactorHandle>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    #[cfg(feature = "rt-multi-thread")]
    MultiThread(Workers),
    CurrentThread(Local),
}

impl Offer for Kind {
    fn context(&self) -> Context<'_> {
        match self {
            #[cfg(feature = "rt-multi-thread")]
            Self::MultiThread(workers) => workers.context(),
            Self::CurrentThread(local) => local.context(),
        }
    }
}

/// What a current-thread runtime offers.
#[derive(Clone)]
pub(super) struct Local {
    pub(super) spawner: SharedSpawner<VirtualUnpark>,
    pub(super) timers: Option<&'static Timers>,
    pub(super) pool: Arc<Pool>,
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").finish_non_exhaustive()
    }
}

impl Offer for Local {
    fn context(&self) -> Context<'_> {
        let context = Context::EMPTY.with_spawn(&self.spawner).with_handle(self);
        match self.timers {
            Some(timers) => context.with_timers(timers),
            None => context,
        }
    }
}

/// There is no runtime in this context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryCurrentError(());

impl TryCurrentError {
    /// Whether no runtime was entered on this thread.
    #[must_use]
    pub fn is_missing_context(&self) -> bool {
        true
    }

    /// Whether the thread ends, and what it knew of its runtime is gone. Nobody can tell the two apart: never.
    #[must_use]
    pub fn is_thread_local_destroyed(&self) -> bool {
        false
    }
}

impl fmt::Display for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "there is no zokio runtime here: call this from a task, inside `Runtime::block_on`, or under `Handle::enter`",
        )
    }
}

impl core::error::Error for TryCurrentError {}

/// The runtime of a thread, until it is dropped. Guards are dropped in the reverse order of their making.
///
/// # Panics
///
/// Dropping one while a later one lives panics.
#[derive(Debug)]
#[must_use = "the runtime is left again when the guard is dropped"]
pub struct EnterGuard<'a> {
    _entered: Held<Current, Within>,
    /// It keeps what it needs; who holds it borrows the runtime all the same, as with tokio.
    _of: PhantomData<&'a Handle>,
}

/// What is entered, and its reactor, which is left after the context, or stays with it where the guard is dropped out of order.
struct Within {
    offered: Offered,
    _reactor: os::EnterGuard,
}

enum Offered {
    #[cfg(feature = "rt-multi-thread")]
    MultiThread(Workers),
    CurrentThread(Entered),
    Set(local_set::Entered),
}

impl Offer for Within {
    fn context(&self) -> Context<'_> {
        match &self.offered {
            #[cfg(feature = "rt-multi-thread")]
            Offered::MultiThread(workers) => workers.context(),
            Offered::CurrentThread(entered) => entered.context(),
            Offered::Set(set) => set.context(),
        }
    }
}

// As for `Runtime`.
impl std::panic::UnwindSafe for Handle {}
impl std::panic::RefUnwindSafe for Handle {}

impl Handle {
    /// What it offers.
    pub(crate) fn context(&self) -> Context<'_> {
        self.kind.context()
    }

    /// What an executor of one thread offers as its handle.
    pub(super) fn offered(&self) -> Option<&dyn Any> {
        match &self.kind {
            #[cfg(feature = "rt-multi-thread")]
            Kind::MultiThread(_) => None,
            Kind::CurrentThread(local) => Some(local),
        }
    }

    /// What spawns local tasks on this runtime, where it is a local one and this is its thread.
    fn to_local(&self) -> Option<LocalSpawner<VirtualUnpark>> {
        match &self.kind {
            #[cfg(feature = "rt-multi-thread")]
            Kind::MultiThread(_) => None,
            Kind::CurrentThread(local) => local.spawner.to_local(),
        }
    }

    /// Runs `call` in the context that this runtime has on this thread, which is that of an executor that polls, or not.
    pub(super) fn run_here<R>(&self, polling: bool, call: impl FnOnce() -> R) -> R {
        let local = self.to_local();
        let context = with_local(self.context(), local.as_ref());
        Current::enter(&if polling { context.with_polling() } else { context }, call)
    }

    /// The runtime of the current context.
    ///
    /// # Panics
    ///
    /// Panics where there is none; [`try_current`](Self::try_current) does not.
    #[track_caller]
    #[must_use]
    pub fn current() -> Self {
        match Self::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    /// The runtime of the current context.
    ///
    /// # Errors
    ///
    /// Gives [`TryCurrentError`] where there is none.
    pub fn try_current() -> Result<Self, TryCurrentError> {
        let reactor = ReactorHandle::current().ok();
        Current::with(|context| {
            let handle: &dyn Any = context.and_then(Context::handle).ok_or(TryCurrentError(()))?;
            #[cfg(feature = "rt-multi-thread")]
            if let Some(workers) = handle.downcast_ref::<Workers>() {
                return Ok(Self { kind: Kind::MultiThread(workers.clone()), reactor });
            }
            let local = handle.downcast_ref::<Local>().ok_or(TryCurrentError(()))?;
            Ok(Self { kind: Kind::CurrentThread(local.clone()), reactor })
        })
    }

    /// Spawns a task on this runtime. Where it has shut down the future is dropped here, and the handle answers that it was
    /// cancelled.
    ///
    /// # Cost
    ///
    /// One allocation and one push; at most one sleeping thread is woken.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match &self.kind {
            #[cfg(feature = "rt-multi-thread")]
            Kind::MultiThread(workers) => workers.spawn(future),
            Kind::CurrentThread(local) => spawn_at(&local.spawner, future),
        }
    }

    /// Spawns a task on this runtime, if it still takes tasks.
    ///
    /// # Errors
    ///
    /// Gives the future back where the runtime shuts down.
    pub fn try_spawn<F>(&self, future: F) -> Result<JoinHandle<F::Output>, SpawnError<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match &self.kind {
            #[cfg(feature = "rt-multi-thread")]
            Kind::MultiThread(workers) => workers.try_spawn(future),
            Kind::CurrentThread(local) if local.spawner.is_closed() => Err(SpawnError::Closed(future)),
            Kind::CurrentThread(local) => try_spawn_at(&local.spawner, future),
        }
    }

    /// Runs `call` on a thread that may block, with this runtime as its context. Aborting it has an effect only before it
    /// starts; where the pool takes no more work the handle answers that it was cancelled.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, call: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let own = self.kind.clone();
        self.pool().spawn(move || Current::enter(&own.context(), call))
    }

    /// Runs a future on this thread until it is ready. On a current-thread runtime this drives no task, timer or socket:
    /// its own [`Runtime::block_on`](super::Runtime::block_on) does, and where none runs, a future that needs them waits.
    ///
    /// # Panics
    ///
    /// Panics inside an executor that polls, which it would stop.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match self.virtual_time() {
            Some(time) => self.block_here(Attending::new(time, future)),
            None => self.block_here(future),
        }
    }

    #[track_caller]
    fn block_here<F: Future>(&self, future: F) -> F::Output {
        let _reactor = ReactorHandle::enter_or_hide(self.reactor.as_ref());
        match &self.kind {
            #[cfg(feature = "rt-multi-thread")]
            Kind::MultiThread(workers) => workers.block_on(future),
            Kind::CurrentThread(_) => {
                super::runtime::refuse_nesting();
                self.run_here(true, || block_on(future))
            }
        }
    }

    /// The runtime's time, if it may be told something.
    pub(crate) fn virtual_time(&self) -> Option<&Arc<VirtualTime>> {
        self.pool().time.as_ref()
    }

    /// Where its blocking work runs.
    pub(super) fn pool(&self) -> &Pool {
        match &self.kind {
            #[cfg(feature = "rt-multi-thread")]
            Kind::MultiThread(workers) => workers.companion().downcast_ref().expect("it was built with a pool"),
            Kind::CurrentThread(local) => &local.pool,
        }
    }

    /// Makes this runtime the one of this thread until the guard is dropped. In a task of a
    /// [`LocalSet`](crate::task::LocalSet) `spawn_local` still spawns on the set; elsewhere on this runtime, where it is a
    /// [`LocalRuntime`](super::LocalRuntime) and this is its thread.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.enter_beside(local_set::Entered::beside(self))
    }

    /// As `enter`, with a set beside this runtime, or none.
    pub(super) fn enter_beside(&self, set: Option<local_set::Entered>) -> EnterGuard<'_> {
        let reactor = ReactorHandle::enter_or_hide(self.reactor.as_ref());
        let offered = match (set, &self.kind) {
            (Some(set), _) => Offered::Set(set),
            #[cfg(feature = "rt-multi-thread")]
            (None, Kind::MultiThread(workers)) => Offered::MultiThread(workers.clone()),
            (None, Kind::CurrentThread(local)) => {
                Offered::CurrentThread(Entered { local: local.clone(), spawner: self.to_local() })
            }
        };
        EnterGuard { _entered: Held::new(Within { offered, _reactor: reactor }), _of: PhantomData }
    }

    /// What kind of runtime it is.
    #[must_use]
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        match &self.kind {
            #[cfg(feature = "rt-multi-thread")]
            Kind::MultiThread(_) => RuntimeFlavor::MultiThread,
            Kind::CurrentThread(_) => RuntimeFlavor::CurrentThread,
        }
    }

    /// Which runtime it is.
    #[must_use]
    pub fn id(&self) -> Id {
        // There is one pool for each, as long as there is a handle.
        Id::of(self.pool())
    }

    /// What the runtime is called, where [`Builder::name`](super::Builder::name) gave it a name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.pool().name.as_deref()
    }

    /// What the workers have done so far; `None` for a current-thread runtime, which does not count.
    #[cfg(feature = "rt-multi-thread")]
    #[must_use]
    pub fn metrics(&self) -> Option<zokio_executor_mt::Metrics> {
        match &self.kind {
            Kind::MultiThread(workers) => Some(workers.metrics()),
            Kind::CurrentThread(_) => None,
        }
    }

    /// How many sockets are registered with the runtime's reactor; `None` without one.
    #[must_use]
    pub fn registered_sockets(&self) -> Option<usize> {
        self.reactor.as_ref().map(ReactorHandle::registered)
    }
}
