//! The runtime as its owner sees it.

use core::future::Future;
use core::marker::PhantomData;
use core::time::Duration;
use std::boxed::Box;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::vec::Vec;

use zokio_core::ambient::Ambient;
use zokio_core::guard::swallow;
use zokio_core::park::{Park, Unpark};
use zokio_core::task::JoinHandle;
use zokio_core::time::{Clock, Timers};

use crate::builder::{Builder, Hook, Seat};
use crate::handle::{Companion, EnterGuard, Handle, is_polling};
use crate::metrics::Metrics;
use crate::shared::{Farewell, Shared};
use crate::shutdown;
use crate::timers::{Bell, WorkerClock};
use crate::worker::{self, Rhythm};

/// Worker threads and what they share. Dropping it stops them, drops every task and waits for the threads.
///
/// # Panics
///
/// Dropping it where tasks run (in a task, in `block_on`) panics, since it would wait for itself; the workers are told to
/// stop all the same. [`shutdown_background`](Self::shutdown_background) may be called there.
pub struct Runtime<P: Park, A: Ambient> {
    handle: Handle<P::Unpark, A>,
    threads: Vec<thread::JoinHandle<()>>,
    _park: PhantomData<fn() -> P>,
}

impl<P: Park + Send + 'static, A: Ambient> Runtime<P, A> {
    pub(crate) fn start<C>(seats: Vec<Seat<P, C>>, companion: Companion, builder: &Builder) -> io::Result<Self>
    where
        C: Clock + Send + Sync + 'static,
    {
        // Before anything is started: the name is the user's code.
        let starts: Vec<_> = seats.iter().map(|_| builder.thread()).collect::<io::Result<_>>()?;
        let places = seats.iter().map(|seat| {
            let timers: &'static Timers = seat.timers;
            (seat.park.unpark(), timers)
        });
        let (shared, queues) = Shared::new(places, companion, builder.offers_timers());
        let handle = Handle::new(shared.clone());
        let mut runtime = Self { handle, threads: Vec::with_capacity(queues.len()), _park: PhantomData };
        let mut failure = None;
        for (index, ((seat, queue), start)) in seats.into_iter().zip(queues).zip(starts).enumerate() {
            let Seat { park, timers } = seat;
            // The parker stays with its timers until all workers are over, also where its thread cannot be started.
            let park = Arc::new(Mutex::new(Some(park)));
            let unused = park.clone();
            if failure.is_none() {
                timers.reopen();
                timers.clock().attach(Some(Arc::new(Rings { shared: shared.clone(), index })));
                let (handle, rhythm, hooks) = (runtime.handle.clone(), builder.rhythm(), builder.hooks());
                let body = move || {
                    if let Some(park) = take(&park) {
                        work::<P, A, C>(handle, index, park, timers, queue, rhythm, hooks);
                    }
                };
                match start.spawn(body) {
                    Ok(thread) => {
                        runtime.threads.push(thread);
                        continue;
                    }
                    Err(error) => failure = Some(error),
                }
            }
            // Those that were started may have brought tasks here already.
            runtime.handle.inside(&shared.homes[index], || shutdown::abandon(&shared.homes[index]));
            shared.worker_stops(index, farewell(timers, take(&unused)));
        }
        match failure {
            None => Ok(runtime),
            Some(error) => {
                // Those that were started end, and are joined where that may be waited for.
                runtime.stop(None);
                Err(error)
            }
        }
    }
}

fn take<P>(place: &Mutex<Option<P>>) -> Option<P> {
    place.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Tells a worker of an earlier deadline, if it is parked.
struct Rings<U: Unpark> {
    shared: Arc<Shared<U>>,
    index: usize,
}

impl<U: Unpark> Bell for Rings<U> {
    fn ring(&self) {
        if self.shared.idle.is_parked(self.index) {
            self.shared.unpark(Some(self.index));
        }
    }
}

/// What is left to do when all workers are over.
fn farewell<P: Send + 'static, C: Clock + Send + Sync>(timers: &'static Timers<WorkerClock<C>>, park: P) -> Farewell {
    Box::new(move || {
        timers.clock().attach(None);
        timers.close();
        drop(park);
    })
}

/// The life of a worker thread.
fn work<P, A, C>(
    handle: Handle<P::Unpark, A>,
    index: usize,
    park: P,
    timers: &'static Timers<WorkerClock<C>>,
    queue: worker::Queue<P::Unpark>,
    rhythm: Rhythm,
    (on_start, on_stop): (Option<Hook>, Option<Hook>),
) where
    P: Park + Send + 'static,
    A: Ambient,
    C: Clock + Send + Sync + 'static,
{
    let shared = handle.shared().clone();
    let park = A::enter(&handle.context_of(&shared.homes[index]).with_polling(), || {
        run_hook(on_start);
        let park = worker::work(shared.clone(), queue, timers.clock().id(), index, park, timers, rhythm);
        run_hook(on_stop);
        park
    });
    shared.worker_stops(index, farewell(timers, park));
}

/// A hook that panics has told so by the panic hook; the worker goes on. What it owns is the user's as well.
fn run_hook(hook: Option<Hook>) {
    if let Some(hook) = hook {
        swallow(|| hook());
        swallow(|| drop(hook));
    }
}

impl<P: Park, A: Ambient> Runtime<P, A> {
    /// Starts a task.
    ///
    /// # Cost
    ///
    /// As [`Handle::spawn`].
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// Runs a future on this thread until it is ready; tasks run on the workers meanwhile.
    ///
    /// # Panics
    ///
    /// If this thread runs a runtime already. A panic of the future goes to the caller.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// What can be cloned and sent to other threads.
    #[must_use]
    pub fn handle(&self) -> &Handle<P::Unpark, A> {
        &self.handle
    }

    /// Makes this runtime the one of this thread until the guard is dropped.
    pub fn enter(&self) -> EnterGuard<P::Unpark, A> {
        self.handle.enter()
    }

    /// What the workers have done so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.handle.metrics()
    }

    /// Stops the workers, drops every task, and waits for both, at most for `timeout`. What is not over then is left to
    /// itself. Where tasks run it does not wait.
    pub fn shutdown_timeout(mut self, timeout: Duration) {
        self.stop(Some(timeout));
    }

    /// As [`shutdown_timeout`](Self::shutdown_timeout) without any waiting. May be called anywhere.
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }

    /// Waits for ever if there is no `timeout`.
    #[track_caller]
    fn stop(&mut self, timeout: Option<Duration>) {
        let threads = core::mem::take(&mut self.threads);
        let shared = self.handle.shared();
        // What waits in inboxes is dropped here.
        self.handle.inside(shared.home(), || shared.close());
        let may_wait = !is_polling::<A>();
        let timeout = if may_wait { timeout } else { Some(Duration::ZERO) };
        let stopped = shared.wait(timeout.unwrap_or(Duration::MAX));
        if stopped && may_wait {
            // They have nothing left to do.
            threads.into_iter().for_each(|thread| drop(thread.join()));
        }
    }
}

impl<P: Park, A: Ambient> Drop for Runtime<P, A> {
    fn drop(&mut self) {
        if self.handle.shared().is_closed() {
            return;
        }
        let inside = is_polling::<A>();
        self.stop(None);
        assert!(
            !inside || thread::panicking(),
            "a runtime was dropped where tasks run, and cannot wait for itself there: drop it on another thread, or call \
             `shutdown_background`"
        );
    }
}

impl<P: Park, A: Ambient> core::fmt::Debug for Runtime<P, A> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Runtime").field("handle", &self.handle).finish_non_exhaustive()
    }
}
