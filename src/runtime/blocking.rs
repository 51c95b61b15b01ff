//! The pool of threads that may block, as the tasks of one runtime use it.

use std::string::String;
use std::sync::Arc;

use zokio_core::task::JoinHandle;
use zokio_hal::os::{BlockingPool, Job, ReactorHandle, VirtualTime, spawn_blocking};

/// hal's pool, whose jobs find the runtime's reactor, and hold its time where it is if that is paused.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) pool: BlockingPool,
    pub(super) reactor: Option<ReactorHandle>,
    pub(super) time: Option<Arc<VirtualTime>>,
    /// Of the runtime.
    pub(super) name: Option<String>,
}

impl Pool {
    /// Runs `call` as a task on some thread of the pool, at some time. Where the pool takes no more work the handle answers
    /// that it was cancelled.
    #[track_caller]
    pub(super) fn spawn<R, F>(&self, call: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        spawn_blocking(&|job| self.submit(job), call)
    }

    fn submit(&self, job: Job) {
        let reactor = self.reactor.clone();
        let inhibit = self.time.as_ref().map(VirtualTime::inhibit);
        let job = move || {
            // Until who waits for the job has been woken.
            let _inhibit = inhibit;
            let _entered = reactor.map(|reactor| reactor.enter());
            job();
        };
        // One that comes back is dropped, which cancels its task.
        drop(self.pool.spawn(std::boxed::Box::new(job)));
    }
}
