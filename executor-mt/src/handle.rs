//! A runtime as everybody else sees it.

use core::any::Any;
use core::future::Future;
use core::marker::PhantomData;
use std::sync::Arc;

use zokio_core::ambient::{Ambient, Context, Held, Offer};
use zokio_core::park::{Unpark, block_on};
use zokio_core::task::{JoinHandle, SpawnError, spawn_at, try_spawn_at};

use crate::home::Home;
use crate::metrics::Metrics;
use crate::shared::Shared;

/// What belongs to a runtime and is none of the workers' business: who made it finds it again in each handle.
pub type Companion = Arc<dyn Any + Send + Sync>;

/// Spawns tasks on a runtime from anywhere. Clones are cheap and keep no worker running.
pub struct Handle<U: Unpark, A: Ambient> {
    shared: Arc<Shared<U>>,
    _ambient: PhantomData<fn() -> A>,
}

impl<U: Unpark, A: Ambient> Clone for Handle<U, A> {
    fn clone(&self) -> Self {
        Self::new(self.shared.clone())
    }
}

impl<U: Unpark, A: Ambient> Handle<U, A> {
    pub(crate) fn new(shared: Arc<Shared<U>>) -> Self {
        Self { shared, _ambient: PhantomData }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<U>> {
        &self.shared
    }

    /// Starts a task. After a shutdown its future is dropped here, and the handle answers that it was cancelled.
    ///
    /// # Cost
    ///
    /// One allocation. On a worker of the same runtime the task goes to the worker's own queue; elsewhere into an inbox by
    /// one atomic operation, and at most one sleeping worker is woken.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_at(self.shared.home(), future)
    }

    /// Starts a task, if the runtime still takes tasks.
    ///
    /// # Errors
    ///
    /// Gives the future back after a shutdown.
    pub fn try_spawn<F>(&self, future: F) -> Result<JoinHandle<F::Output>, SpawnError<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if self.shared.is_closed() {
            return Err(SpawnError::Closed(future));
        }
        try_spawn_at(self.shared.home(), future)
    }

    /// Runs a future on this thread until it is ready; tasks run on the workers meanwhile.
    ///
    /// # Panics
    ///
    /// If this thread runs a runtime already. A panic of the future goes to the caller.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        assert!(
            !is_polling::<A>(),
            "cannot start a runtime from within a runtime: this thread already runs an executor, and blocking it would stop \
             its tasks; await the future instead"
        );
        A::enter(&self.context_of(self.shared.home()).with_polling(), || block_on(future))
    }

    /// Makes this runtime the one of this thread until the guard is dropped.
    pub fn enter(&self) -> EnterGuard<U, A> {
        Held::new(self.clone())
    }

    /// What was given to the builder to be found again.
    pub fn companion(&self) -> &(dyn Any + Send + Sync) {
        &*self.shared.companion
    }

    /// What the workers have done so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.shared.metrics()
    }

    pub(crate) fn context_of<'a>(&'a self, home: &'a Home<U>) -> Context<'a> {
        let context = Context::EMPTY.with_handle(self).with_spawn(home);
        if self.shared.offer_timers { context.with_timers(home.timers) } else { context }
    }

    /// Drops tasks in the context in which the workers drop theirs. It is that of an executor that polls only where there is
    /// one around it.
    pub(crate) fn inside(&self, home: &Home<U>, drops: impl FnOnce()) {
        let context = self.context_of(home);
        A::enter(&if is_polling::<A>() { context.with_polling() } else { context }, drops);
    }
}

/// Whether this thread runs an executor, of whatever kind, so that it must not block.
pub(crate) fn is_polling<A: Ambient>() -> bool {
    A::is_polling()
}

impl<U: Unpark, A: Ambient> core::fmt::Debug for Handle<U, A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Handle").field("workers", &self.shared.homes.len()).finish_non_exhaustive()
    }
}

/// The runtime of a thread, until it is dropped. Guards are dropped in the reverse order of their making.
pub type EnterGuard<U, A> = Held<A, Handle<U, A>>;

impl<U: Unpark, A: Ambient> Offer for Handle<U, A> {
    fn context(&self) -> Context<'_> {
        self.context_of(self.shared.home())
    }
}
