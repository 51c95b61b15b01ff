//! A runtime as everybody else sees it.

use core::future::Future;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use std::boxed::Box;
use std::sync::Arc;

use zokio_core::ambient::{Ambient, Context, Entered};
use zokio_core::park::Unpark;
use zokio_core::task::{JoinHandle, spawn_at};

use crate::home::Home;
use crate::metrics::Metrics;
use crate::shared::Shared;
use crate::{blocking, context, thread};

/// What kind of runtime it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// Tasks run on the thread that blocks on them.
    CurrentThread,
    /// Tasks run on worker threads.
    MultiThread,
}

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

    /// Runs `call` on a thread that may block, with this runtime as its context. Aborting it has an effect only before it
    /// starts. If the pool takes no more work, the handle answers that it was cancelled.
    ///
    /// # Cost
    ///
    /// Two allocations, and what the pool costs.
    #[track_caller]
    pub fn spawn_blocking<R: Send + 'static>(&self, call: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
        let handle = self.clone();
        blocking::spawn(&*self.shared.blocking, move || handle.enter_with(handle.shared.home(), call))
    }

    /// Runs a future on this thread until it is ready; tasks run on the workers meanwhile.
    ///
    /// # Panics
    ///
    /// If this thread runs a runtime already. A panic of the future goes to the caller.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let Some(_entered) = context::Entered::new() else {
            panic!(
                "cannot start a runtime from within a runtime: this thread already runs one, and blocking it would stop \
                 its tasks; await the future instead"
            );
        };
        self.enter_with(self.shared.home(), || thread::run(future))
    }

    /// Makes this runtime the one of this thread until the guard is dropped.
    pub fn enter(&self) -> EnterGuard<U, A> {
        EnterGuard::new(self.clone())
    }

    /// What the workers have done so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.shared.metrics()
    }

    /// What kind of runtime it is.
    #[must_use]
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        RuntimeFlavor::MultiThread
    }

    /// Runs `f` with this runtime as the context: spawns and timers go to `home`.
    pub(crate) fn enter_with<R>(&self, home: &Home<U>, f: impl FnOnce() -> R) -> R {
        A::enter(&self.context(home), f)
    }

    fn context<'a>(&'a self, home: &'a Home<U>) -> Context<'a> {
        Context::EMPTY.with_timers(home.timers).with_handle(self).with_spawn(home)
    }
}

impl<U: Unpark, A: Ambient> core::fmt::Debug for Handle<U, A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Handle").field("workers", &self.shared.homes.len()).finish_non_exhaustive()
    }
}

/// The runtime of a thread, until it is dropped. Guards are dropped in the reverse order of their making.
///
/// # Panics
///
/// Dropping one while a later one lives panics; that runtime then stays the thread's for as long as the later guard lives.
#[must_use = "the runtime is left again when the guard is dropped"]
pub struct EnterGuard<U: Unpark, A: Ambient> {
    /// Restores what was before, unless the guard is dropped out of order.
    entered: ManuallyDrop<Entered<A>>,
    /// *Own or leaked*: freed only after `entered` has been dropped as the innermost one; a guard that is forgotten or
    /// dropped out of order leaves it to the thread for ever.
    place: NonNull<Place<U, A>>,
}

/// What must stay where it is while the context is the current one.
struct Place<U: Unpark, A: Ambient> {
    context: Option<Context<'static>>,
    handle: Handle<U, A>,
}

impl<U: Unpark, A: Ambient> EnterGuard<U, A> {
    fn new(handle: Handle<U, A>) -> Self {
        let place = NonNull::from(Box::leak(Box::new(Place { context: None, handle })));
        // SAFETY: *own or leaked*: the place outlives the context, which is in it and holds this reference.
        let handle: &'static Handle<U, A> = unsafe { &(*place.as_ptr()).handle };
        // SAFETY: just made, and nobody else knows it; the handle beside it is only read.
        let context = unsafe { &mut (*place.as_ptr()).context };
        let context = NonNull::from(context.insert(handle.context(handle.shared.home())));
        // SAFETY: *own or leaked*: the context is alive until `entered` has been dropped as the innermost guard, here on
        // this thread, since neither is `Send`.
        let entered = unsafe { A::enter_raw(context) };
        Self { entered: ManuallyDrop::new(entered), place }
    }
}

impl<U: Unpark, A: Ambient> Drop for EnterGuard<U, A> {
    fn drop(&mut self) {
        let place = self.place.as_ptr();
        // SAFETY: *own or leaked*: not freed yet, and only read since it was made.
        let own = unsafe { &(*place).context }.as_ref().map(NonNull::from);
        if A::get() != own {
            assert!(
                std::thread::panicking(),
                "the guards of `enter` were dropped out of order: drop the one made last first"
            );
            return;
        }
        // SAFETY: once, here, and it is the innermost guard: its context is the current one.
        unsafe { ManuallyDrop::drop(&mut self.entered) };
        // SAFETY: *own or leaked*: made of a box, and no longer the current context.
        drop(unsafe { Box::from_raw(place) });
    }
}

impl<U: Unpark, A: Ambient> core::fmt::Debug for EnterGuard<U, A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}
